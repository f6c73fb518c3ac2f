//! Where the parts of waterfalls are placed.

use crate::chart::Scale;
use crate::model::{Run, Task};

/// The room between the top of a waterfall and its rows, for the title.
const ABOVE: f64 = 26.0;

/// The room below the rows, for the axis.
const BELOW: f64 = 44.0;

/// Rows from this height on have the name of their task beside them.
const WITH_NAMES: f64 = 11.0;

/// Names are shown up to this many letters.
const LONGEST_NAME: usize = 24;

/// The width of a letter of a name.
const LETTER: f64 = 6.1;

/// The room for the caption of the rows and beside the names.
const BESIDE_NAMES: f64 = 26.0;

/// Rows below this height show no hatching and no outline.
const THIN: f64 = 5.0;

/// How waterfalls that belong together are drawn: all on one axis.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) width: f64,
    pub(crate) left: f64,
    margin: f64,
    pub(crate) row: f64,
    pub(crate) longest_ms: f64,
}

impl Layout {
    /// Returns the layout for these runs: each panel about as high as `panel`, if that leaves rows of a height in `rows`.
    pub(crate) fn new(runs: &[&Run], width: f64, panel: f64, rows: (f64, f64)) -> Self {
        let most = runs.iter().map(|run| run.tasks.len()).max().unwrap_or(0);
        let row = (panel / most.max(1) as f64).clamp(rows.0, rows.1);
        let ends = runs.iter().flat_map(|run| &run.tasks).flat_map(Task::spans);
        let last_ms = ends.map(|span| span.to_ms).fold(0.0, f64::max);
        let elapsed_ms = runs.iter().map(|run| run.elapsed_ms).fold(0.0, f64::max);
        let names = runs.iter().flat_map(|run| &run.tasks);
        let letters = names.map(|task| shown_name(&task.name).chars().count());
        let with_names = BESIDE_NAMES + LETTER * letters.max().unwrap_or(0) as f64;
        Self {
            width,
            left: if row >= WITH_NAMES {
                with_names.max(50.0)
            } else {
                36.0
            },
            margin: 14.0,
            row,
            longest_ms: last_ms.max(elapsed_ms).max(0.001),
        }
    }

    pub(crate) fn thin(&self) -> bool {
        self.row < THIN
    }

    /// Returns the height of the waterfall of a run.
    pub(crate) fn height(&self, run: &Run) -> f64 {
        ABOVE + self.rows_height(run) + BELOW
    }

    /// Returns where the first row begins, below the top of the waterfall.
    pub(crate) fn first_row(&self) -> f64 {
        ABOVE
    }

    pub(crate) fn rows_height(&self, run: &Run) -> f64 {
        self.row * run.tasks.len() as f64
    }

    pub(crate) fn shows_names(&self) -> bool {
        self.row >= WITH_NAMES
    }

    /// Returns the place of the last moment.
    pub(crate) fn right(&self) -> f64 {
        self.width - self.margin
    }

    pub(crate) fn scale(&self) -> Scale {
        Scale::even((0.0, self.longest_ms), (self.left, self.right()))
    }
}

/// Returns a name as it stands beside a row: the end of a long one is left out.
pub(super) fn shown_name(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    let shown = name.chars().take(LONGEST_NAME - 1);
    shown.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn rows_are_lower_the_more_there_are() {
        let row =
            |tasks| Layout::new(&[&samples::run("a", 1, tasks)], 800.0, 400.0, (1.0, 14.0)).row;
        assert_eq!(
            [row(10), row(40), row(100), row(676)],
            [14.0, 10.0, 4.0, 1.0]
        );
    }

    #[test]
    fn names_have_the_room_that_they_need_up_to_a_limit() {
        let left = |name: &str, tasks| {
            let mut run = samples::run("a", 1, tasks);
            run.tasks[0].name = name.to_owned();
            Layout::new(&[&run], 800.0, 400.0, (1.0, 14.0)).left
        };
        assert_eq!(left("BR", 10), 50.0);
        assert!(left("longer name", 10) > 90.0);
        assert_eq!(left(&"a".repeat(24), 10), left(&"a".repeat(100), 10));
        assert_eq!(left("longer name", 100), 36.0, "where no names are shown");
        assert_eq!(shown_name(&"é".repeat(25)), "é".repeat(23) + "…");
    }
}
