//! Where the parts of waterfalls are.

use crate::export::axis::Scale;
use crate::export::phases::spans;
use crate::results::RunResults;

/// Between the title of a waterfall and its rows.
const ABOVE: f64 = 26.0;

/// Below the rows, for the axis.
const BELOW: f64 = 44.0;

/// Rows from this height on say which code they are.
const WITH_CODES: f64 = 11.0;

/// Rows below this height show no hatching and no outline.
const THIN: f64 = 5.0;

/// How waterfalls that belong together are drawn: all on one axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) left: f64,
    margin: f64,
    pub(super) row: f64,
    pub(super) longest_ms: f64,
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
            margin: 14.0,
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

    pub(super) fn rows_height(&self, run: &RunResults) -> f64 {
        self.row * run.records.len() as f64
    }

    pub(super) fn shows_codes(&self) -> bool {
        self.row >= WITH_CODES
    }

    /// Where the last moment is.
    pub(super) fn right(&self) -> f64 {
        self.width - self.margin
    }

    pub(super) fn scale(&self) -> Scale {
        Scale::even((0.0, self.longest_ms), (self.left, self.right()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::samples;

    #[test]
    fn rows_are_as_high_as_their_number_lets_them() {
        let row =
            |flags| Layout::new(&[&samples::run("a", 1, flags)], 800.0, 400.0, (1.0, 14.0)).row;
        assert_eq!(
            [row(10), row(40), row(100), row(676)],
            [14.0, 10.0, 4.0, 1.0]
        );
    }
}
