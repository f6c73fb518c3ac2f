//! A chart of lines: one for each series, told apart by colour and by dashes.

use crate::export::axis::{Scale, Ticks, draw_along_bottom};
use crate::export::legend::{self, Entry, Sample};
use crate::export::markup::{Markup, Px};

/// A chart.
#[derive(Debug)]
pub(super) struct Chart {
    /// For those who cannot see it.
    pub(super) description: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) lines: Vec<Line>,
}

/// One of the two.
#[derive(Debug)]
pub(super) struct Axis {
    /// What the values are, with their unit.
    pub(super) caption: String,
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) logarithmic: bool,
    pub(super) ticks: Ticks,
}

/// One of the lines.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) class: String,
    pub(super) points: Vec<(f64, f64)>,
    pub(super) shape: Shape,
}

/// How a line goes from point to point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// It keeps its height until the next point.
    Steps,
    /// Straight.
    Straight,
    /// Straight, and the points are marked.
    Marked,
}

/// The class of the line of a series: sixteen that differ.
pub(super) fn line_class(series: usize) -> String {
    format!("line c{} d{}", series % 4, (series + series / 4) % 4)
}

const WIDTH: f64 = 960.0;
const PLOT: f64 = 240.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 18.0;
const BELOW: f64 = 48.0;

impl Chart {
    /// The chart as an `svg` element.
    pub(super) fn draw(&self) -> String {
        let legend = self.legend();
        let top = legend::height(&legend, WIDTH - LEFT - RIGHT) + 10.0;
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
        legend::draw(&legend, (LEFT, 0.0), WIDTH - LEFT - RIGHT, &mut markup);
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
