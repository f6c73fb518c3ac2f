//! Line charts. Lines are distinguishable by colour and by their dashes.

use std::fmt::Display;

use super::axis::{Scale, Ticks, draw_x_axis};
use super::legend::{Entry, Sample, draw_legend, legend_height};
use super::markup::{Markup, Px};

/// A line chart with its axes.
#[derive(Debug)]
pub(crate) struct Chart {
    /// The description for screen readers.
    pub(crate) description: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) lines: Vec<Line>,
    /// The times of a task that the script marks on the time axis. The lines are then those of the runs.
    pub(crate) marks: Option<Marks>,
}

/// The times of a task that the script marks on the time axis of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marks {
    /// The start and the end of the task.
    Flight,
    /// The service time of the task.
    Service,
}

/// One axis of a chart.
#[derive(Debug)]
pub(crate) struct Axis {
    /// The meaning of the values, with their unit.
    pub(crate) caption: String,
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) logarithmic: bool,
    pub(crate) ticks: Ticks,
}

/// One line of a chart.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) class: String,
    pub(crate) points: Vec<(f64, f64)>,
    pub(crate) shape: Shape,
}

/// How a line connects its points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The value stays the same until the next point.
    Steps,
    /// Points are connected by straight lines.
    Straight,
    /// Points are connected by straight lines and marked.
    Marked,
}

/// Returns the CSS classes of the nth line: four colours times four dash patterns, then they repeat.
pub(crate) fn line_class(nth: usize) -> String {
    format!("line c{} d{}", nth % 4, (nth + nth / 4) % 4)
}

const WIDTH: f64 = 960.0;
const PLOT_HEIGHT: f64 = 240.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 18.0;
const X_AXIS_HEIGHT: f64 = 48.0;

impl Chart {
    /// Returns the chart as an `svg` element.
    pub(crate) fn draw(&self) -> String {
        let legend = self.legend();
        let top = legend_height(&legend, WIDTH - LEFT - RIGHT) + 10.0;
        let height = top + PLOT_HEIGHT + X_AXIS_HEIGHT;
        let x = self.x.scale((LEFT, WIDTH - RIGHT));
        let y = self.y.scale((top + PLOT_HEIGHT, top));
        let view = format!("0 0 {} {}", Px(WIDTH), Px(height));
        let mut attributes: Vec<(&str, &dyn Display)> = vec![
            ("class", &"chart"),
            ("viewBox", &view),
            ("role", &"img"),
            ("aria-label", &self.description),
        ];
        let marks = self.marks.map(|marks| self.marks(marks, top));
        if let Some((marks, lines)) = &marks {
            attributes.extend([("data-marks", marks as _), ("data-lines", lines as _)]);
        }
        let mut markup = Markup::default();
        markup.open("svg", &attributes);
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

    /// Returns what the script needs to mark times: the time axis, the plot and the kind of times, and the lines' classes.
    fn marks(&self, marks: Marks, top: f64) -> (String, String) {
        let shown = match marks {
            Marks::Flight => "flight",
            Marks::Service => "service",
        };
        let Axis {
            from,
            to,
            logarithmic,
            ..
        } = &self.x;
        let (left, right, bottom) = (Px(LEFT), Px(WIDTH - RIGHT), Px(top + PLOT_HEIGHT));
        let top = Px(top);
        let classes: Vec<_> = self.lines.iter().map(|line| line.class.as_str()).collect();
        (
            format!("{from} {to} {left} {right} {logarithmic} {top} {bottom} {shown}"),
            classes.join(","),
        )
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
            let at = y.position(*value);
            markup.path(
                "grid",
                &format!("M{} {}H{}", Px(LEFT), Px(at), Px(WIDTH - RIGHT)),
            );
            markup.label("tick end", (LEFT - 8.0, at + 4.0), label);
        }
        markup.vertical_label(
            "tick middle",
            (14.0, top + PLOT_HEIGHT / 2.0),
            &self.y.caption,
        );
        draw_x_axis(
            x,
            (top, top + PLOT_HEIGHT),
            &self.x.ticks,
            &self.x.caption,
            markup,
        );
    }
}

impl Axis {
    fn scale(&self, range: (f64, f64)) -> Scale {
        if self.logarithmic {
            Scale::logarithmic((self.from, self.to), range)
        } else {
            Scale::linear((self.from, self.to), range)
        }
    }
}

impl Line {
    fn draw(&self, x: Scale, y: Scale, markup: &mut Markup) {
        let mut d = String::new();
        for (i, point) in self.points.iter().enumerate() {
            let (x, y) = (Px(x.position(point.0)), Px(y.position(point.1)));
            d += &match (i, self.shape) {
                (0, _) => format!("M{x} {y}"),
                (_, Shape::Steps) => format!("H{x}V{y}"),
                (_, Shape::Straight | Shape::Marked) => format!("L{x} {y}"),
            };
        }
        markup.path(&self.class, &d);
        if self.shape == Shape::Marked {
            for point in &self.points {
                let (x, y) = (Px(x.position(point.0)), Px(y.position(point.1)));
                markup.empty_element(
                    "circle",
                    &[("class", &self.class), ("cx", &x), ("cy", &y), ("r", &3.5)],
                );
            }
        }
        markup.line_break();
    }
}
