//! The bar of one task in a waterfall.
//!
//! Outcomes are distinguishable without colour: an error is hatched, a task that was not found is an outline, and one
//! that was not attempted is a dashed line. Rows too thin for that have a mark beside them.

use std::fmt::Display;

use super::layout::{Layout, shorten_name};
use crate::chart::{FinePx, Markup, Px};
use crate::model::{Outcome, PhaseKind, Task, Terms};
use crate::text::{millis, outcome_in_words};
use crate::timeline::Span;

/// The minimum width of a bar, so that instant tasks stay visible.
const MIN_BAR_WIDTH: f64 = 1.0;

/// The minimum width of a part of a bar. Narrower parts are not drawn.
pub(super) const MIN_VISIBLE_WIDTH: f64 = 0.25;

/// One task, and the position of its row.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) layout: &'a Layout,
    pub(super) top: f64,
    pub(super) task: &'a Task,
    pub(super) terms: &'a Terms,
    /// How many times longer the bar is on the run's own time axis.
    pub(super) zoom: f64,
}

impl Row<'_> {
    pub(super) fn draw(&self, markup: &mut Markup) {
        let (task, layout) = (self.task, self.layout);
        let class = format!("bar {}", task.outcome.class());
        markup.open("g", &[("class", &class)]);
        markup.element("title", &[], &details(task, self.terms));
        if layout.shows_names() {
            let place = (layout.left - 6.0, self.top + layout.row / 2.0 + 3.5);
            markup.label("code end", place, &shorten_name(&task.name));
        }
        if task.start_ms().is_some() {
            self.draw_phases(markup);
        } else {
            let line = self.line(layout.left, layout.right());
            markup.path("none", &line.unwrap_or_default());
        }
        markup.close();
        markup.line_break();
    }

    /// Returns the line for the time in the queue, as part of a path.
    pub(super) fn queue_path(&self) -> Option<String> {
        let start = self.layout.scale().position(self.task.start_ms()?);
        self.line(self.layout.left, start)
    }

    /// Returns the mark beside a row that is too thin to show its outcome, as part of a path.
    pub(super) fn mark_path(&self) -> Option<String> {
        let width = mark_width(self.task.outcome)?;
        let (x, y, height) = (
            Px(self.layout.left - 13.0),
            Px(self.top),
            Px(self.layout.row),
        );
        Some(format!("M{x} {y}h{width}v{height}h-{width}z"))
    }

    /// Draws the last attempt as one bar and its later phases on top of it, so that a thin bar has no seams.
    fn draw_phases(&self, markup: &mut Markup) {
        let scale = self.layout.scale();
        let spans = self.task.spans();
        let end = scale.position(spans.last().map_or(0.0, |span| span.to_ms));
        let of_last_attempt = |span: &&Span| {
            matches!(
                span.kind,
                PhaseKind::Waiting | PhaseKind::Body | PhaseKind::Save
            )
        };
        let bar_start = spans.iter().find(of_last_attempt);
        let bar_start = bar_start.map_or(end, |span| scale.position(span.from_ms));
        let inset = if self.layout.is_thin() {
            0.0
        } else {
            self.layout.row * 0.12
        };
        self.draw_whole((bar_start, end), inset, markup);
        for span in spans {
            let (from, to) = (scale.position(span.from_ms), scale.position(span.to_ms));
            let class = span.kind.class();
            match span.kind {
                PhaseKind::Queue | PhaseKind::Waiting => {}
                PhaseKind::Earlier => {
                    self.draw_bar(class, (from, to), self.layout.row * 0.3, markup)
                }
                PhaseKind::Pause => {
                    if let Some(line) = self.line(from, to) {
                        markup.path(class, &line);
                    }
                }
                PhaseKind::Body | PhaseKind::Save => {
                    self.draw_bar(class, (from, to), inset, markup)
                }
            }
        }
    }

    /// Draws the whole bar. The script needs the exact width of one that is drawn wider than it is.
    fn draw_whole(&self, (from, to): (f64, f64), inset: f64, markup: &mut Markup) {
        let class = PhaseKind::Waiting.class();
        let d = self.bar_path((from, to.max(from + MIN_BAR_WIDTH)), inset);
        let exact = self.px(to - from);
        let mut attributes: Vec<(&str, &dyn Display)> = vec![("class", &class), ("d", &d)];
        if self.zoom > 1.0 && to - from < MIN_BAR_WIDTH {
            attributes.push(("data-width", &exact));
        }
        markup.empty_element("path", &attributes);
    }

    fn draw_bar(&self, class: &str, (from, to): (f64, f64), inset: f64, markup: &mut Markup) {
        if self.is_visible(from, to) {
            markup.path(class, &self.bar_path((from, to), inset));
        }
    }

    fn bar_path(&self, (from, to): (f64, f64), inset: f64) -> String {
        let (x, y, width) = (self.px(from), Px(self.top + inset), self.px(to - from));
        let height = Px(self.layout.row - 2.0 * inset);
        format!("M{x} {y}h{width}v{height}H{x}z")
    }

    /// Returns a line along the middle of the row, if it is long enough to be visible.
    fn line(&self, from: f64, to: f64) -> Option<String> {
        let y = Px(self.top + self.layout.row / 2.0);
        let line = || format!("M{} {y}H{}", self.px(from), self.px(to));
        self.is_visible(from, to).then(line)
    }

    /// Returns whether a part is wide enough to be visible, at least on the run's own time axis.
    fn is_visible(&self, from: f64, to: f64) -> bool {
        (to - from) * self.zoom >= MIN_VISIBLE_WIDTH
    }

    /// Returns a position or a width on the time axis, exact enough for the run's own time axis.
    fn px(&self, value: f64) -> FinePx {
        FinePx {
            value,
            zoom: self.zoom,
        }
    }
}

/// Returns the width of the mark for an outcome. Success has no mark.
pub(super) fn mark_width(outcome: Outcome) -> Option<f64> {
    match outcome {
        Outcome::Ok => None,
        Outcome::NotFound => Some(3.0),
        Outcome::NotAttempted => Some(6.0),
        Outcome::Error => Some(10.0),
    }
}

/// Returns the outcome of a task and its times, one per line.
fn details(task: &Task, terms: &Terms) -> String {
    let mut text = format!(
        "{}: {}",
        one_line(&task.name),
        one_line(&outcome_in_words(task))
    );
    // Shorter times would be printed as 0.00 ms.
    for span in task.spans() {
        let ms = span.to_ms - span.from_ms;
        if ms >= 0.005 {
            text += &format!("\n{}: {} ms", terms.phase_name(span.kind), millis(ms));
        }
    }
    text
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{self, TERMS};

    #[test]
    fn the_details_of_a_task_have_one_phase_per_line() {
        let mut task = samples::task("BR", 10.0);
        assert_eq!(
            details(&task, &TERMS),
            "BR: ok\nqueue: 10.0 ms\nwaiting: 100 ms\nbody: 2.00 ms\nsaving: 1.00 ms"
        );
        samples::fail(&mut task, "timeout:\nlate");
        assert!(details(&task, &TERMS).starts_with("BR: error: timeout: late\nqueue: "));
    }
}
