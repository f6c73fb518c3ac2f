//! Computes the positions and sizes of the parts of waterfalls.

use crate::chart::Scale;
use crate::drawn::Drawn;

/// The space above the rows of a waterfall, for the title.
const TITLE_HEIGHT: f64 = 26.0;

/// The space below the rows, for the axis.
const AXIS_HEIGHT: f64 = 44.0;

/// The minimum height of rows that have the name of their task beside them.
const MIN_ROW_WITH_NAME: f64 = 11.0;

/// The maximum number of letters of a name that are shown.
const MAX_NAME_LETTERS: usize = 24;

/// The approximate width of a letter of a name.
const LETTER_WIDTH: f64 = 6.1;

/// The space to the left of the names for the caption of the rows, and the gap beside the names.
const NAME_MARGINS: f64 = 26.0;

/// A run may have a time axis of its own if another run takes at least this many times as long.
const WIDELY: f64 = 3.0;

/// The row height under which hatching and outlines are omitted.
const THIN_ROW: f64 = 5.0;

/// The layout of waterfalls that share one time axis.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) width: f64,
    pub(crate) left: f64,
    margin: f64,
    pub(crate) row: f64,
    pub(crate) longest_ms: f64,
    own_axes: bool,
}

impl Layout {
    /// Returns the layout for these runs. Panels are about `panel` high, as long as the height of a row stays within
    /// `rows`.
    pub(crate) fn new(runs: &[Drawn<'_>], width: f64, panel: f64, rows: (f64, f64)) -> Self {
        let most = runs.iter().map(|run| run.tasks.len()).max().unwrap_or(0);
        let row = (panel / most.max(1) as f64).clamp(rows.0, rows.1);
        let longest_ms = runs.iter().map(|run| run.length_ms).fold(0.001, f64::max);
        let names = runs.iter().flat_map(|run| &run.tasks);
        let letters = names.map(|task| shorten_name(&task.name).chars().count());
        let with_names = NAME_MARGINS + LETTER_WIDTH * letters.max().unwrap_or(0) as f64;
        Self {
            width,
            left: if row >= MIN_ROW_WITH_NAME {
                with_names.max(50.0)
            } else {
                36.0
            },
            margin: 14.0,
            row,
            longest_ms,
            own_axes: false,
        }
    }

    /// Prepares pictures in which each run can have a time axis of its own, if the lengths of the runs differ widely.
    pub(crate) fn with_own_axes(self, runs: &[Drawn<'_>]) -> Self {
        let shortest_ms = runs
            .iter()
            .map(|run| run.length_ms)
            .fold(f64::INFINITY, f64::min);
        Self {
            own_axes: self.longest_ms >= WIDELY * shortest_ms,
            ..self
        }
    }

    /// Returns whether each run can have a time axis of its own.
    pub(crate) fn has_own_axes(&self) -> bool {
        self.own_axes
    }

    /// Returns how many times longer the bars of a run are on its own time axis; 1 if it can have none.
    pub(crate) fn zoom(&self, run: &Drawn<'_>) -> f64 {
        match self.own_axes {
            true => self.longest_ms / run.length_ms,
            false => 1.0,
        }
    }

    pub(crate) fn is_thin(&self) -> bool {
        self.row < THIN_ROW
    }

    /// Returns the height of the waterfall of a run.
    pub(crate) fn height(&self, run: &Drawn<'_>) -> f64 {
        TITLE_HEIGHT + self.rows_height(run) + AXIS_HEIGHT
    }

    /// Returns the distance from the top of a waterfall to its first row.
    pub(crate) fn first_row(&self) -> f64 {
        TITLE_HEIGHT
    }

    pub(crate) fn rows_height(&self, run: &Drawn<'_>) -> f64 {
        self.row * run.tasks.len() as f64
    }

    pub(crate) fn shows_names(&self) -> bool {
        self.row >= MIN_ROW_WITH_NAME
    }

    /// Returns the horizontal position of the end of the time axis.
    pub(crate) fn right(&self) -> f64 {
        self.width - self.margin
    }

    pub(crate) fn scale(&self) -> Scale {
        Scale::linear((0.0, self.longest_ms), (self.left, self.right()))
    }
}

/// Returns the name as it is shown beside a row. A long name is cut off.
pub(super) fn shorten_name(name: &str) -> String {
    if name.chars().count() <= MAX_NAME_LETTERS {
        return name.to_owned();
    }
    let shown = name.chars().take(MAX_NAME_LETTERS - 1);
    shown.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn more_rows_are_lower() {
        let row = |tasks| {
            Layout::new(
                &[Drawn::whole(&samples::run("a", 1, tasks))],
                800.0,
                400.0,
                (1.0, 14.0),
            )
            .row
        };
        assert_eq!(
            [row(10), row(40), row(100), row(676)],
            [14.0, 10.0, 4.0, 1.0]
        );
    }

    #[test]
    fn runs_have_axes_of_their_own_only_if_their_lengths_differ_widely() {
        let (long, short) = (samples::run("a", 1, 10), samples::run("b", 5, 10));
        let layout = |runs: &[Drawn<'_>]| Layout::new(runs, 800.0, 400.0, (1.0, 14.0));
        let runs = [Drawn::whole(&long), Drawn::whole(&short)];
        let shared = layout(&runs);
        assert_eq!(shared.zoom(&runs[1]), 1.0);
        let own = shared.with_own_axes(&runs);
        assert_eq!([own.zoom(&runs[0]), own.zoom(&runs[1])], [1.0, 5.0]);
        assert!(own.has_own_axes());
        let same = [Drawn::whole(&long), Drawn::whole(&long)];
        assert!(!layout(&same).with_own_axes(&same).has_own_axes());
    }

    #[test]
    fn space_for_names_grows_with_their_length_up_to_a_limit() {
        let left = |name: &str, tasks| {
            let mut run = samples::run("a", 1, tasks);
            run.tasks[0].name = name.to_owned();
            Layout::new(&[Drawn::whole(&run)], 800.0, 400.0, (1.0, 14.0)).left
        };
        assert_eq!(left("BR", 10), 50.0);
        assert!(left("longer name", 10) > 90.0);
        assert_eq!(left(&"a".repeat(24), 10), left(&"a".repeat(100), 10));
        assert_eq!(left("longer name", 100), 36.0, "no names are shown");
        assert_eq!(shorten_name(&"é".repeat(25)), "é".repeat(23) + "…");
    }
}
