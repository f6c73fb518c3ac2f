//! Boxes with their own scroll bars, so that wide content never makes the page wider.

use maud::{Markup, html};

/// Returns a box for wide content. It can be focused, so that the keyboard can scroll it. Boxes of class `wide` say on a
/// narrow screen that they can be scrolled.
pub(super) fn scroll_box(name: &str, class: &str, content: &Markup) -> Markup {
    html! {
        div class={ "scroll " (class) } tabindex="0" role="region" aria-label=(name) { (content) }
    }
}
