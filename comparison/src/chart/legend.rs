//! What the signs of a picture mean: rows of samples, each with its name.

use super::markup::{Markup, Px};
use crate::model::Outcome;

/// A sample, 26 wide and 12 high, and its meaning.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) sample: Sample,
}

/// How a sample is drawn.
#[derive(Debug)]
pub(crate) enum Sample {
    /// A bar with these classes for itself and the group it is in.
    Bar {
        outcome: Outcome,
        part: &'static str,
    },
    /// A line of this class.
    Line(String),
    /// The mark of this width beside a row that is too thin to show its outcome.
    Mark { outcome: Outcome, width: f64 },
}

const ROW: f64 = 22.0;

/// The width of a letter on average: the font is not known here.
const LETTER: f64 = 7.1;

/// Returns how high [`draw_legend`] will draw.
pub(crate) fn legend_height(entries: &[Entry], width: f64) -> f64 {
    let rows = places(entries, width).last().map_or(0.0, |(_, y)| y + ROW);
    rows + 4.0
}

/// Draws into this width from `left` and `top`.
pub(crate) fn draw_legend(
    entries: &[Entry],
    (left, top): (f64, f64),
    width: f64,
    markup: &mut Markup,
) {
    markup.open("g", &[("class", &"legend")]);
    for (entry, (x, y)) in entries.iter().zip(places(entries, width)) {
        let (x, y) = (left + x, top + y);
        sample(&entry.sample, x, y, markup);
        markup.words("name", (x + 33.0, y + 14.0), &entry.name);
    }
    markup.close();
    markup.line_break();
}

fn places(entries: &[Entry], width: f64) -> Vec<(f64, f64)> {
    let (mut x, mut y) = (0.0, 0.0);
    let place = |entry: &Entry| {
        let wide = 33.0 + LETTER * entry.name.chars().count() as f64;
        if x > 0.0 && x + wide > width {
            (x, y) = (0.0, y + ROW);
        }
        let place = (x, y);
        x += wide + 18.0;
        place
    };
    entries.iter().map(place).collect()
}

fn sample(sample: &Sample, x: f64, y: f64, markup: &mut Markup) {
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
    fn an_entry_that_does_not_fit_goes_to_the_next_row() {
        let entry = || Entry {
            name: "a".repeat(20),
            sample: Sample::Line(String::new()),
        };
        let entries = [entry(), entry(), entry()];
        let rows: Vec<_> = places(&entries, 400.0)
            .into_iter()
            .map(|(_, y)| y)
            .collect();
        assert_eq!(rows, [0.0, 0.0, ROW]);
        assert_eq!(legend_height(&entries, 400.0), 2.0 * ROW + 4.0);
    }
}
