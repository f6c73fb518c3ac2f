//! What the signs of a picture mean: rows of samples, each with its name.

use crate::export::markup::{Markup, Px};

/// A sample, 26 wide and 12 high, and what it stands for.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) sample: Sample,
}

/// How a sample is drawn.
#[derive(Debug)]
pub(super) enum Sample {
    /// A bar with these classes for itself and the group it is in.
    Bar {
        verdict: &'static str,
        part: &'static str,
    },
    /// A line of this class.
    Line(String),
    /// The mark of a row too thin to show its verdict: so wide, for that verdict.
    Mark { verdict: &'static str, width: f64 },
}

const ROW: f64 = 22.0;

/// What a letter takes on average; there is no font here to ask.
const LETTER: f64 = 7.1;

/// How high [`draw`] will draw.
pub(super) fn height(entries: &[Entry], width: f64) -> f64 {
    let rows = places(entries, width).last().map_or(0.0, |(_, y)| y + ROW);
    rows + 4.0
}

/// Draws into this width from `left` and `top`.
pub(super) fn draw(entries: &[Entry], (left, top): (f64, f64), width: f64, markup: &mut Markup) {
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
        Sample::Mark { verdict, width } => {
            let d = format!("M{x} {}h{width}v7h-{width}z", Px(y + 6.0));
            markup.path(&format!("mark {verdict}"), &d);
        }
        Sample::Bar { verdict, part } => {
            let d = match *part {
                "queue" | "pause" | "none" => format!("M{x} {middle}h26"),
                "earlier" => format!("M{x} {}h26v4h-26z", Px(y + 7.5)),
                _ => format!("M{x} {}h26v10h-26z", Px(y + 4.5)),
            };
            markup.open("g", &[("class", verdict)]);
            markup.path(part, &d);
            markup.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_goes_to_the_next_row() {
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
        assert_eq!(height(&entries, 400.0), 2.0 * ROW + 4.0);
    }
}
