//! Draws the legend of a picture: rows of samples, each with its meaning.

use super::markup::{Markup, Px};
use crate::model::Outcome;

/// A sample, 26 wide and 12 high, with its meaning.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) sample: Sample,
}

/// How a sample is drawn.
#[derive(Debug)]
pub(crate) enum Sample {
    /// A bar with class `part`, in a group with the class of the outcome.
    Bar {
        outcome: Outcome,
        part: &'static str,
    },
    /// A line with this class.
    Line(String),
    /// The mark beside rows that are too thin to show their outcome.
    Mark { outcome: Outcome, width: f64 },
}

const ROW_HEIGHT: f64 = 22.0;

/// An estimate of the average width of a letter, because the font is not known.
const LETTER_WIDTH: f64 = 7.8;

/// Returns the height of what [`draw_legend`] draws.
pub(crate) fn legend_height(entries: &[Entry], width: f64) -> f64 {
    let rows = positions(entries, width)
        .last()
        .map_or(0.0, |(_, y)| y + ROW_HEIGHT);
    rows + 4.0
}

/// Draws the legend with its upper left corner at (`left`, `top`), wrapped to `width`.
pub(crate) fn draw_legend(
    entries: &[Entry],
    (left, top): (f64, f64),
    width: f64,
    markup: &mut Markup,
) {
    markup.open("g", &[("class", &"legend")]);
    for (entry, (x, y)) in entries.iter().zip(positions(entries, width)) {
        let (x, y) = (left + x, top + y);
        draw_sample(&entry.sample, x, y, markup);
        markup.label("name", (x + 33.0, y + 14.0), &entry.name);
    }
    markup.close();
    markup.line_break();
}

/// Returns the position of each entry.
fn positions(entries: &[Entry], width: f64) -> Vec<(f64, f64)> {
    let (mut x, mut y) = (0.0, 0.0);
    let position = |entry: &Entry| {
        let entry_width = 33.0 + LETTER_WIDTH * entry.name.chars().count() as f64;
        if x > 0.0 && x + entry_width > width {
            (x, y) = (0.0, y + ROW_HEIGHT);
        }
        let position = (x, y);
        x += entry_width + 18.0;
        position
    };
    entries.iter().map(position).collect()
}

fn draw_sample(sample: &Sample, x: f64, y: f64, markup: &mut Markup) {
    let (x, middle) = (Px(x), Px(y + 9.5));
    match sample {
        Sample::Line(class) => {
            markup.path(class, &format!("M{x} {middle}h26"));
        }
        Sample::Mark { outcome, width } => {
            let d = format!("M{x} {}h{width}v7h-{width}z", Px(y + 6.0));
            markup.path(&format!("mark {}", outcome.class()), &d);
        }
        Sample::Bar { outcome, part } => {
            let d = match *part {
                "queue" | "pause" | "none" => format!("M{x} {middle}h26"),
                "earlier" => format!("M{x} {}h26v4h-26z", Px(y + 7.5)),
                _ => format!("M{x} {}h26v10h-26z", Px(y + 4.5)),
            };
            markup.open("g", &[("class", &outcome.class())]);
            markup.path(part, &d);
            markup.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_does_not_fit_is_moved_to_the_next_row() {
        let entry = || Entry {
            name: "a".repeat(20),
            sample: Sample::Line(String::new()),
        };
        let entries = [entry(), entry(), entry()];
        let rows: Vec<_> = positions(&entries, 400.0)
            .into_iter()
            .map(|(_, y)| y)
            .collect();
        assert_eq!(rows, [0.0, 0.0, ROW_HEIGHT]);
        assert_eq!(legend_height(&entries, 400.0), 2.0 * ROW_HEIGHT + 4.0);
    }
}
