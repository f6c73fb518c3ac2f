//! The waterfall of a run: a row for each code in the order of the turns, on it the phases from left to right.
//!
//! Verdicts are told apart by colour and without: an error is hatched, what was not found is an outline, what was not attempted
//! a dashed line. Rows that are too thin for that have a mark beside them.

use crate::export::axis::{Scale, TimeUnit, ticks};
use crate::export::legend::{Entry, Sample};
use crate::export::markup::{Markup, Px};
use crate::export::phases::{Phase, Span, by_turn, spans, verdict, verdict_in_words};
use crate::export::wording::{count, millis, panel_title};
use crate::record::Status;
use crate::results::{RecordResults, RunResults};

/// Between the title of a waterfall and its rows.
const ABOVE: f64 = 26.0;

/// Below the rows, for the axis.
const BELOW: f64 = 44.0;

/// Rows from this height on say which code they are.
const WITH_CODES: f64 = 11.0;

/// Rows below this height show no hatching and no outline.
const THIN: f64 = 5.0;

/// A bar is at least so wide: a flag that took no time was a flag.
const NARROWEST: f64 = 1.0;

/// What is narrower is not drawn.
const VISIBLE: f64 = 0.25;

/// How waterfalls that belong together are drawn: all on one axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) left: f64,
    right: f64,
    pub(super) row: f64,
    longest_ms: f64,
}

impl Layout {
    /// For these runs: each panel about as high as `panel`, if that leaves rows of a height in `rows`.
    pub(super) fn new(runs: &[&RunResults], width: f64, panel: f64, rows: (f64, f64)) -> Self {
        let most = runs.iter().map(|run| run.records.len()).max().unwrap_or(0);
        let row = (panel / most.max(1) as f64).clamp(rows.0, rows.1);
        let ends = runs.iter().flat_map(|run| &run.records).flat_map(spans);
        let last_ms = ends.map(|span| span.to_ms).fold(0.0, f64::max);
        let elapsed_ms = runs
            .iter()
            .map(|run| run.totals.elapsed_ms)
            .fold(0.0, f64::max);
        Self {
            width,
            left: if row >= WITH_CODES { 50.0 } else { 36.0 },
            right: 14.0,
            row,
            longest_ms: last_ms.max(elapsed_ms).max(0.001),
        }
    }

    pub(super) fn thin(&self) -> bool {
        self.row < THIN
    }

    /// How high the waterfall of a run will be.
    pub(super) fn height(&self, run: &RunResults) -> f64 {
        ABOVE + self.rows_height(run) + BELOW
    }

    /// Where the first row begins, below the top of the waterfall.
    pub(super) fn first_row(&self) -> f64 {
        ABOVE
    }

    fn rows_height(&self, run: &RunResults) -> f64 {
        self.row * run.records.len() as f64
    }

    fn scale(&self) -> Scale {
        Scale::even((0.0, self.longest_ms), (self.left, self.width - self.right))
    }

    /// Draws the waterfall of a run below `top`.
    pub(super) fn draw(&self, run: &RunResults, top: f64, markup: &mut Markup) {
        let title = [
            ("class", &"title" as _),
            ("x", &Px(self.left) as _),
            ("y", &Px(top + 16.0) as _),
        ];
        markup.element("text", &title, &panel_title(run));
        markup.line_break();
        self.draw_axis(run, top + ABOVE, markup);
        let row = |(i, record)| Row {
            layout: self,
            top: top + ABOVE + self.row * i as f64,
            record,
        };
        let rows: Vec<_> = by_turn(&run.records)
            .into_iter()
            .enumerate()
            .map(row)
            .collect();
        let class = if self.thin() { "rows thin" } else { "rows" };
        markup.open("g", &[("class", &class)]);
        self.draw_queues(&rows, markup);
        if self.thin() {
            self.draw_marks(&rows, markup);
        }
        for row in &rows {
            row.draw(markup);
        }
        markup.close();
        markup.line_break();
    }

    /// All in one path: there are thousands.
    fn draw_queues(&self, rows: &[Row<'_>], markup: &mut Markup) {
        let line = |row: &Row<'_>| row.line(self.left, self.scale().place(row.record.start_ms?));
        let lines: String = rows.iter().filter_map(line).collect();
        markup.leaf("path", &[("class", &"queue"), ("d", &lines)]);
        markup.line_break();
    }

    /// The verdicts of rows too thin to show them.
    fn draw_marks(&self, rows: &[Row<'_>], markup: &mut Markup) {
        for status in Status::ALL {
            let Some(width) = mark_width(status) else {
                continue;
            };
            let of_status = rows.iter().filter(|row| verdict(row.record) == status);
            let (x, height) = (Px(self.left - 13.0), Px(self.row));
            let marks =
                of_status.map(|row| format!("M{x} {}h{width}v{height}h-{width}z", Px(row.top)));
            let class = format!("mark {}", status.word());
            markup.leaf(
                "path",
                &[("class", &class), ("d", &marks.collect::<String>())],
            );
            markup.line_break();
        }
    }

    fn draw_axis(&self, run: &RunResults, top: f64, markup: &mut Markup) {
        let (scale, unit) = (self.scale(), TimeUnit::fitting(self.longest_ms));
        let bottom = top + self.rows_height(run) + 2.0;
        for ms in ticks(0.0, self.longest_ms, 8) {
            let x = Px(scale.place(ms));
            markup.leaf(
                "path",
                &[
                    ("class", &"grid"),
                    ("d", &format!("M{x} {}V{}", Px(top), Px(bottom + 4.0))),
                ],
            );
            let place = [
                ("class", &"tick middle" as _),
                ("x", &x as _),
                ("y", &Px(bottom + 18.0) as _),
            ];
            markup.element("text", &place, &unit.label(ms));
        }
        let base = format!(
            "M{} {}H{}",
            Px(self.left),
            Px(bottom),
            Px(self.width - self.right)
        );
        markup.leaf("path", &[("class", &"axis"), ("d", &base)]);
        let caption = format!("time since the run began, {}", unit.name);
        let place = [
            ("class", &"tick end" as _),
            ("x", &Px(self.width - self.right) as _),
            ("y", &Px(bottom + 34.0) as _),
        ];
        markup.element("text", &place, &caption);
        let caption = format!("{}, by turn", count(run.records.len(), "code"));
        let (x, y) = (Px(12.0), Px(f64::midpoint(top, bottom)));
        let turn = format!("translate({x} {y}) rotate(-90)");
        markup.element(
            "text",
            &[("class", &"tick middle"), ("transform", &turn)],
            &caption,
        );
        markup.line_break();
    }
}

/// A record and its place.
struct Row<'a> {
    layout: &'a Layout,
    top: f64,
    record: &'a RecordResults,
}

impl Row<'_> {
    fn draw(&self, markup: &mut Markup) {
        let class = format!("bar {}", verdict(self.record).word());
        markup.open("g", &[("class", &class)]);
        markup.element("title", &[], &in_words(self.record));
        if self.layout.row >= WITH_CODES {
            let (x, y) = (
                Px(self.layout.left - 6.0),
                Px(self.top + self.layout.row / 2.0 + 3.5),
            );
            let place = [("class", &"code end" as _), ("x", &x as _), ("y", &y as _)];
            markup.element("text", &place, &self.record.code);
        }
        if self.record.start_ms.is_some() {
            self.draw_phases(markup);
        } else {
            let line = self.line(self.layout.left, self.layout.width - self.layout.right);
            markup.leaf(
                "path",
                &[("class", &"none"), ("d", &line.unwrap_or_default())],
            );
        }
        markup.close();
        markup.line_break();
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
                        markup.leaf("path", &[("class", &"pause"), ("d", &line)]);
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
        let d = format!("M{x} {y}h{width}v{height}H{x}z");
        markup.leaf("path", &[("class", &class), ("d", &d)]);
    }

    /// A line along the row, if it is long enough to be seen.
    fn line(&self, from: f64, to: f64) -> Option<String> {
        let y = Px(self.top + self.layout.row / 2.0);
        (to - from >= VISIBLE).then(|| format!("M{} {y}H{}", Px(from), Px(to)))
    }
}

fn mark_width(verdict: Status) -> Option<f64> {
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

/// What the signs in these waterfalls mean, as far as they occur.
pub(super) fn legend(runs: &[&RunResults], layout: &Layout) -> Vec<Entry> {
    let records = || runs.iter().flat_map(|run| &run.records);
    let scale = layout.scale();
    let is_seen = |span: &Span| scale.place(span.to_ms) - scale.place(span.from_ms) >= VISIBLE;
    let seen: Vec<_> = records()
        .flat_map(spans)
        .filter(is_seen)
        .map(|span| span.phase)
        .collect();
    let occurs = |phase| phase == Phase::Waiting || seen.contains(&phase);
    let bar = |name: &str, verdict, part| Entry {
        name: name.to_owned(),
        sample: Sample::Bar { verdict, part },
    };
    let phases = [
        (Phase::Queue, "queue"),
        (Phase::Earlier, "earlier"),
        (Phase::Pause, "pause"),
        (Phase::Waiting, "waiting"),
        (Phase::Body, "body"),
        (Phase::Save, "save"),
    ];
    let occurring = phases.into_iter().filter(|(phase, _)| occurs(*phase));
    let mut entries: Vec<_> = occurring
        .map(|(phase, part)| bar(phase.name(), "ok", part))
        .collect();
    for status in Status::ALL
        .into_iter()
        .filter(|status| *status != Status::Ok)
    {
        if !records().any(|record| verdict(record) == status) {
            continue;
        }
        let name = status.word().replace('_', " ");
        let part = if status == Status::NotAttempted {
            "none"
        } else {
            "waiting"
        };
        entries.push(match mark_width(status).filter(|_| layout.thin()) {
            None => bar(&name, status.word(), part),
            Some(width) => Entry {
                name: format!("{name} (mark at the left)"),
                sample: Sample::Mark {
                    verdict: status.word(),
                    width,
                },
            },
        });
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::samples;

    #[test]
    fn rows_are_as_high_as_their_number_lets_them() {
        let row =
            |flags| Layout::new(&[&samples::run("a", 1, flags)], 800.0, 400.0, (1.0, 14.0)).row;
        assert_eq!(
            [row(10), row(40), row(100), row(676)],
            [14.0, 10.0, 4.0, 1.0]
        );
    }

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

    #[test]
    fn the_legend_has_what_occurs() {
        let mut run = samples::run("a", 1, 3);
        run.records[1].status = "not_found".to_owned();
        let layout = Layout::new(&[&run], 800.0, 400.0, (1.0, 14.0));
        let names: Vec<_> = legend(&[&run], &layout)
            .into_iter()
            .map(|entry| entry.name)
            .collect();
        assert_eq!(names, ["queue", "waiting", "body", "saving", "not found"]);
    }
}
