//! The line charts: tasks in flight, and latency.

use maud::{Markup, PreEscaped, html};

use super::scroll::scroll_box;
use crate::chart::{in_flight, latency};
use crate::model::{Run, Terms};
use crate::text::{capitalized, plural};

pub(super) fn charts(runs: &[&Run], terms: &Terms) -> Markup {
    let tasks = plural(terms.task);
    html! {
        (chart(
            &capitalized(&format!("{tasks} in flight")),
            terms.in_flight,
            &in_flight(runs, terms).draw(),
        ))
        (chart(
            "Latency",
            &format!("The share of {tasks} that took no longer than a given time, not counting the queue."),
            &latency(runs, terms).draw(),
        ))
    }
}

/// Returns a chart with its heading, in a box with its own scroll bar.
pub(super) fn chart(name: &str, explanation: &str, svg: &str) -> Markup {
    html! {
        h2 { (name) }
        p.faint { (explanation) }
        (scroll_box(name, "wide", &PreEscaped(svg.to_owned())))
    }
}
