//! A chart of lines: one for each series, distinguishable by colour and by dashes.

use super::axis::{Scale, Ticks, draw_along_bottom};
use super::legend::{Entry, Sample, draw_legend, legend_height};
use super::markup::{Markup, Px};

/// A chart.
#[derive(Debug)]
pub(crate) struct Chart {
    /// Its description for readers who cannot see it.
    pub(crate) description: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) lines: Vec<Line>,
}

/// One of the two axes.
#[derive(Debug)]
pub(crate) struct Axis {
    /// What the values are, with their unit.
    pub(crate) caption: String,
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) logarithmic: bool,
    pub(crate) ticks: Ticks,
}

/// One of the lines.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) class: String,
    pub(crate) points: Vec<(f64, f64)>,
    pub(crate) shape: Shape,
}

/// How a line goes from point to point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// It keeps its height until the next point.
    Steps,
    /// It goes straight.
    Straight,
    /// It goes straight, and the points are marked.
    Marked,
}

/// Returns the class of the line of a series: there are sixteen.
pub(crate) fn line_class(series: usize) -> String {
    format!("line c{} d{}", series % 4, (series + series / 4) % 4)
}

const WIDTH: f64 = 960.0;
const PLOT: f64 = 240.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 18.0;
const BELOW: f64 = 48.0;

impl Chart {
    /// Returns the chart as an `svg` element.
    pub(crate) fn draw(&self) -> String {
        let legend = self.legend();
        let top = legend_height(&legend, WIDTH - LEFT - RIGHT) + 10.0;
        let height = top + PLOT + BELOW;
        let x = self.x.scale((LEFT, WIDTH - RIGHT));
        let y = self.y.scale((top + PLOT, top));
        let mut markup = Markup::default();
        markup.open(
            "svg",
            &[
                ("class", &"chart"),
                ("viewBox", &format!("0 0 {} {}", Px(WIDTH), Px(height))),
                ("role", &"img"),
                ("aria-label", &self.description),
            ],
        );
        markup.line_break();
        draw_legend(&legend, (LEFT, 0.0), WIDTH - LEFT - RIGHT, &mut markup);
        self.draw_axes((x, y), top, &mut markup);
        for line in &self.lines {
            line.draw(x, y, &mut markup);
        }
        markup.close();
        markup.line_break();
        markup.finish()
    }

    fn legend(&self) -> Vec<Entry> {
        let entry = |line: &Line| Entry {
            name: line.name.clone(),
            sample: Sample::Line(line.class.clone()),
        };
        self.lines.iter().map(entry).collect()
    }

    fn draw_axes(&self, (x, y): (Scale, Scale), top: f64, markup: &mut Markup) {
        for (value, label) in &self.y.ticks {
            let at = y.place(*value);
            markup.path(
                "grid",
                &format!("M{} {}H{}", Px(LEFT), Px(at), Px(WIDTH - RIGHT)),
            );
            markup.words("tick end", (LEFT - 8.0, at + 4.0), label);
        }
        markup.words_upwards("tick middle", (14.0, top + PLOT / 2.0), &self.y.caption);
        draw_along_bottom(x, (top, top + PLOT), &self.x.ticks, &self.x.caption, markup);
    }
}

impl Axis {
    fn scale(&self, places: (f64, f64)) -> Scale {
        if self.logarithmic {
            Scale::logarithmic((self.from, self.to), places)
        } else {
            Scale::even((self.from, self.to), places)
        }
    }
}

impl Line {
    fn draw(&self, x: Scale, y: Scale, markup: &mut Markup) {
        let mut d = String::new();
        for (i, point) in self.points.iter().enumerate() {
            let (x, y) = (Px(x.place(point.0)), Px(y.place(point.1)));
            d += &match (i, self.shape) {
                (0, _) => format!("M{x} {y}"),
                (_, Shape::Steps) => format!("H{x}V{y}"),
                (_, Shape::Straight | Shape::Marked) => format!("L{x} {y}"),
            };
        }
        markup.path(&self.class, &d);
        if self.shape == Shape::Marked {
            for point in &self.points {
                let (x, y) = (Px(x.place(point.0)), Px(y.place(point.1)));
                markup.leaf(
                    "circle",
                    &[("class", &self.class), ("cx", &x), ("cy", &y), ("r", &3.5)],
                );
            }
        }
        markup.line_break();
    }
}
