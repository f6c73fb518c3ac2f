//! The HTML page of a comparison.
//!
//! It is one self-contained file, and complete without its script. Names, messages and labels from the program are
//! always escaped. The page is also well-formed XML, so that tests can check it with a strict parser: void elements are
//! closed, and the script contains neither `&` nor `<`.
//!
//! * `scroll`: boxes with their own scroll bars
//! * `sprite`: all images of a page as one
//! * `images`: the images that a page shows beside the names of tasks
//! * `records`: a table of the outcome and times of each task in each run
//! * `charts`: the line charts
//! * `summary`: the numbers of the series
//! * `pictures`: the waterfalls and the lanes
//! * `tests`: the page parsed as XML

mod charts;
mod images;
mod pictures;
mod records;
mod scroll;
mod sprite;
mod summary;
#[cfg(test)]
mod tests;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::images::Embedded;
use self::scroll::scroll_box;
use crate::chart::{COLOURS, STYLE, xml_char};
use crate::drawn::{Drawing, Rows, drawing};
use crate::model::{Comparison, PhaseKind};
use crate::statistics::{series, shown_runs};
use crate::text::conclusion_in_words;

pub use self::images::Images;

const SCRIPT: &str = include_str!("page.js");

/// The style of elements, and of the classes that only pages have.
const ELEMENTS: &str = include_str!("base.css");
const CLASSES: &str = include_str!("page.css");

/// The most rows of a sample. A row is a pixel high, so more would be too tall to look at; these take 1 to 2 MB.
const ROWS: Rows = Rows {
    even: 4000,
    kept: 1000,
};

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
    // The script tells the phases of a task apart by their names.
    let phase = |kind| comparison.terms.phase_name(kind);
    let page = html! {
        (DOCTYPE) "\n"
        html lang="en" {
            head { (head(comparison, &images)) }
            "\n"
            body {
                main data-queue=(phase(PhaseKind::Queue)) data-pause=(phase(PhaseKind::Pause)) {
                    (content(comparison, &images))
                }
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
    let (series, terms) = (series(comparison), comparison.terms);
    let runs = shown_runs(&comparison.runs);
    let drawing = drawing(&runs, ROWS);
    let layout = pictures::layout(&drawing.runs);
    html! {
        h1 { (comparison.title) }
        @if let Some(conclusion) = conclusion_in_words(&series, terms) {
            p.lead { (conclusion) }
        }
        @if let Some(limits) = summary::limits(&series, terms) {
            (limits)
        }
        (summary::facts(comparison))
        (summary::summary(comparison, &series))
        (pictures::waterfalls(&drawing, &layout, terms))
        (pictures::lanes(&drawing, &layout, terms))
        (charts::charts(&runs, terms))
        (all_records(&drawing, comparison, images))
    }
}

/// The most runs whose records fit on paper beside each other.
const MAX_PRINTED: usize = 3;

/// Returns the section of the records. It is not printed while it is folded away, or if it is too wide.
fn all_records(drawing: &Drawing<'_>, comparison: &Comparison, images: &Embedded) -> Markup {
    let (runs, sample) = (&drawing.runs, drawing.sample.as_ref());
    let (heading, drawn) = match sample {
        None => ("All records", ""),
        Some(_) => ("Records", " that is drawn"),
    };
    html! {
        section.all-records.too-wide[runs.len() > MAX_PRINTED] {
            h2 { (heading) }
            @if let Some(sample) = sample {
                p { (sample.in_words(comparison.terms)) }
            }
            @if let Some(notice) = images.notice() {
                p { (notice) }
            }
            details {
                summary { "Outcome and times of each " (comparison.terms.name) (drawn) }
                (scroll_box(heading, "", &records::table(runs, comparison, images)))
            }
        }
    }
}
