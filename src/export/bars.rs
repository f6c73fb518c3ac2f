//! The bar of one record in a waterfall.
//!
//! Verdicts are told apart by colour and without: an error is hatched, what was not found is an outline, what was not attempted
//! a dashed line. Rows that are too thin for that have a mark beside them.

use crate::columns::millis;
use crate::export::layout::Layout;
use crate::export::markup::{Markup, Px};
use crate::export::phases::{Phase, Span, spans, verdict, verdict_in_words};
use crate::record::Status;
use crate::results::RecordResults;

/// A bar is at least so wide: a flag that took no time was a flag.
const NARROWEST: f64 = 1.0;

/// What is narrower is not drawn.
pub(super) const VISIBLE: f64 = 0.25;

/// A record and its place.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) layout: &'a Layout,
    pub(super) top: f64,
    pub(super) record: &'a RecordResults,
}

impl Row<'_> {
    pub(super) fn draw(&self, markup: &mut Markup) {
        let (record, layout) = (self.record, self.layout);
        let class = format!("bar {}", verdict(record).word());
        markup.open("g", &[("class", &class)]);
        markup.element("title", &[], &in_words(record));
        if layout.shows_codes() {
            let place = (layout.left - 6.0, self.top + layout.row / 2.0 + 3.5);
            markup.words("code end", place, &record.code);
        }
        if record.start_ms.is_some() {
            self.draw_phases(markup);
        } else {
            let line = self.line(layout.left, layout.right());
            markup.path("none", &line.unwrap_or_default());
        }
        markup.close();
        markup.line_break();
    }

    /// The queue, as a part of a path.
    pub(super) fn queue(&self) -> Option<String> {
        let turn = self.layout.scale().place(self.record.start_ms?);
        self.line(self.layout.left, turn)
    }

    /// The mark beside a row that is too thin to show its verdict, as a part of a path.
    pub(super) fn mark(&self) -> Option<String> {
        let width = mark_width(verdict(self.record))?;
        let (x, y, height) = (
            Px(self.layout.left - 13.0),
            Px(self.top),
            Px(self.layout.row),
        );
        Some(format!("M{x} {y}h{width}v{height}h-{width}z"))
    }

    /// The last attempt is one bar, whose later phases are drawn over it: so a thin bar has no seams.
    fn draw_phases(&self, markup: &mut Markup) {
        let scale = self.layout.scale();
        let spans = spans(self.record);
        let end = scale.place(spans.last().map_or(0.0, |span| span.to_ms));
        let of_last_attempt =
            |span: &&Span| matches!(span.phase, Phase::Waiting | Phase::Body | Phase::Save);
        let begun = spans.iter().find(of_last_attempt);
        let begun = begun.map_or(end, |span| scale.place(span.from_ms));
        let inset = if self.layout.thin() {
            0.0
        } else {
            self.layout.row * 0.12
        };
        self.draw_bar(
            "waiting",
            (begun, end.max(begun + NARROWEST)),
            inset,
            markup,
        );
        for span in spans {
            let (from, to) = (scale.place(span.from_ms), scale.place(span.to_ms));
            match span.phase {
                Phase::Queue | Phase::Waiting => {}
                Phase::Earlier => {
                    self.draw_bar("earlier", (from, to), self.layout.row * 0.3, markup)
                }
                Phase::Pause => {
                    if let Some(line) = self.line(from, to) {
                        markup.path("pause", &line);
                    }
                }
                Phase::Body => self.draw_bar("body", (from, to), inset, markup),
                Phase::Save => self.draw_bar("save", (from, to), inset, markup),
            }
        }
    }

    fn draw_bar(&self, class: &str, (from, to): (f64, f64), inset: f64, markup: &mut Markup) {
        if to - from < VISIBLE {
            return;
        }
        let (x, y, width) = (Px(from), Px(self.top + inset), Px(to - from));
        let height = Px(self.layout.row - 2.0 * inset);
        markup.path(class, &format!("M{x} {y}h{width}v{height}H{x}z"));
    }

    /// A line along the row, if it is long enough to be seen.
    fn line(&self, from: f64, to: f64) -> Option<String> {
        let y = Px(self.top + self.layout.row / 2.0);
        (to - from >= VISIBLE).then(|| format!("M{} {y}H{}", Px(from), Px(to)))
    }
}

/// How long the mark of a verdict is.
pub(super) fn mark_width(verdict: Status) -> Option<f64> {
    match verdict {
        Status::Ok => None,
        Status::NotFound => Some(3.0),
        Status::NotAttempted => Some(6.0),
        Status::Error => Some(10.0),
    }
}

/// What there is to know of a record, a line each.
fn in_words(record: &RecordResults) -> String {
    let mut text = format!("{}: {}", record.code, verdict_in_words(record));
    // Less would be no time, to the digits that are told.
    for span in spans(record)
        .into_iter()
        .filter(|span| span.to_ms - span.from_ms >= 0.005)
    {
        text += &format!(
            "\n{}: {} ms",
            span.phase.name(),
            millis(span.to_ms - span.from_ms)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::samples;

    #[test]
    fn a_record_is_told_in_words() {
        let mut record = samples::record("BR", 10.0);
        assert_eq!(
            in_words(&record),
            "BR: ok\nqueue: 10.0 ms\nwaiting: 100 ms\nbody: 2.00 ms\nsaving: 1.00 ms"
        );
        record.message = Some("timeout: late".to_owned());
        assert!(in_words(&record).starts_with("BR: error: timeout: late\n"));
    }
}
