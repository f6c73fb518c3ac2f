//! The HTML page of a comparison.
//!
//! It is one self-contained file, and complete without its script. Names, messages and labels from the program are
//! always escaped. The page is also well-formed XML, so that tests can check it with a strict parser: void elements are
//! closed, and the script contains neither `&` nor `<`.
//!
//! * `images`: the images that a page shows beside the names of tasks
//! * `records`: a table of the outcome and times of each task in each run
//! * `sections`: the sections of a page, from the heading to the charts
//! * `tests`: the page parsed as XML, and hostile text in all outputs

mod images;
mod records;
mod sections;
#[cfg(test)]
mod tests;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::images::Embedded;
use self::sections::scroll_box;
use crate::chart::{COLOURS, STYLE, xml_char};
use crate::model::Comparison;
use crate::statistics::{series, shown_runs};
use crate::text::conclusion_in_words;

pub use self::images::Images;

const SCRIPT: &str = include_str!("page.js");

/// The style of elements, and of the classes that only pages have.
const ELEMENTS: &str = include_str!("base.css");
const CLASSES: &str = include_str!("page.css");

/// Returns the HTML page of a comparison, with `images` beside the names of tasks.
///
/// ```
/// # mod made_up { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/made_up/sleeps.rs")); }
/// # use made_up::sleeps;
/// use comparison::{Images, page};
///
/// let page = page(&sleeps(), &Images::default());
/// assert!(page.starts_with("<!DOCTYPE html>"));
/// ```
pub fn page(comparison: &Comparison, images: &Images) -> String {
    let images = Embedded::new(images);
    let page = html! {
        (DOCTYPE) "\n"
        html lang="en" {
            head { (head(comparison, &images)) }
            "\n"
            body {
                main { (content(comparison, &images)) }
                "\n"
                div #card hidden="" {}
                "\n"
                script { "\n" (PreEscaped(SCRIPT)) }
            }
        }
        "\n"
    };
    // Applied to the whole page, so that no text can be forgotten.
    page.into_string().chars().map(xml_char).collect()
}

fn head(comparison: &Comparison, images: &Embedded) -> Markup {
    html! {
        (PreEscaped("<meta charset=\"utf-8\"/>\n"))
        (PreEscaped("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"))
        title { (comparison.title) }
        style {
            "\n"
            @for part in [COLOURS, ELEMENTS, STYLE, CLASSES, &images.style] {
                (PreEscaped(part))
            }
        }
    }
}

fn content(comparison: &Comparison, images: &Embedded) -> Markup {
    const RECORDS: &str = "All records";
    let (series, terms) = (series(comparison), comparison.terms);
    let runs = shown_runs(&comparison.runs);
    html! {
        h1 { (comparison.title) }
        @if let Some(conclusion) = conclusion_in_words(&series, terms) {
            p.lead { (conclusion) }
        }
        (sections::facts(comparison))
        (sections::summary(comparison, &series))
        (sections::waterfalls(&runs, terms))
        (sections::lanes(&runs, terms))
        (sections::charts(&runs, &series, terms))
        h2 { (RECORDS) }
        @if let Some(notice) = images.notice() {
            p { (notice) }
        }
        details {
            summary { "Outcome and times of each " (terms.name) }
            (scroll_box(RECORDS, &records::table(&runs, terms, images)))
        }
    }
}
