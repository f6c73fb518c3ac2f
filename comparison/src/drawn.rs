//! The tasks that a page or a picture draws: all of them, or a sample if there are very many. Numbers, conclusions and line
//! charts are always computed from all tasks.
//!
//! All runs draw the same tasks, so that a reader can compare a task across runs.

use std::collections::HashSet;

use crate::model::{Outcome, Run, Task, Terms};
use crate::text::{count, list, ordinal};

/// The most tasks of all runs together that are drawn without a sample.
const MAX_WHOLE: usize = 10_000;

/// Runs of up to this many tasks are drawn whole, however many runs there are.
const SHORT_RUN: usize = 1_000;

/// About the bytes of a row on a page besides its texts.
const ROW_BYTES: usize = 330;

/// The mean bytes of the texts of a row for which the limits of [`Rows`] hold. Rows with longer texts are fewer.
const TEXT_BYTES: usize = 250;

/// The most rows of a sample, over all runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows {
    /// The most rows of tasks that are taken evenly.
    pub(crate) even: usize,
    /// The most rows of tasks that failed, and as many of tasks that were not found. Those taken evenly count.
    pub(crate) kept: usize,
}

/// What is drawn of several runs.
#[derive(Debug)]
pub(crate) struct Drawing<'a> {
    pub(crate) runs: Vec<Drawn<'a>>,
    /// The sample, if not all tasks are drawn.
    pub(crate) sample: Option<Sample>,
}

/// A run, with those of its tasks that are drawn, in the order of the run.
#[derive(Debug)]
pub(crate) struct Drawn<'a> {
    pub(crate) run: &'a Run,
    pub(crate) tasks: Vec<&'a Task>,
    /// The length of the time axis that shows all tasks of the run; above 0.
    pub(crate) length_ms: f64,
}

/// The numbers of a sample of tasks. Tasks with the same name in different runs count as one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    every: usize,
    drawn: usize,
    all: usize,
    runs: usize,
    /// How many tasks with an outcome are drawn of how many, if they are not just those of an even sample.
    kept: Vec<(Outcome, usize, usize)>,
}

/// Returns what is drawn of these runs: all tasks, or at most this many rows.
pub(crate) fn drawing<'a>(runs: &[&'a Run], rows: Rows) -> Drawing<'a> {
    let (names, sample) = is_large(runs).then(|| sample(runs, rows)).unzip();
    let drawn = |run: &&'a Run| {
        let is_drawn = |task: &&Task| {
            let names: Option<&HashSet<_>> = names.as_ref();
            names.is_none_or(|names| names.contains(task.name.as_str()))
        };
        Drawn::new(run, run.tasks.iter().filter(is_drawn).collect())
    };
    Drawing {
        runs: runs.iter().map(drawn).collect(),
        sample,
    }
}

/// Returns whether these runs have too many tasks to draw each.
pub(crate) fn is_large(runs: &[&Run]) -> bool {
    let tasks = || runs.iter().map(|run| run.tasks.len());
    tasks().sum::<usize>() > MAX_WHOLE && tasks().any(|tasks| tasks > SHORT_RUN)
}

/// Returns the names of the tasks that are drawn, with their numbers.
fn sample<'a>(runs: &[&'a Run], rows: Rows) -> (HashSet<&'a str>, Sample) {
    let fitting = ROW_BYTES + TEXT_BYTES;
    let row_bytes = (ROW_BYTES + mean_text_bytes(runs)).max(fitting);
    let share = |rows: usize| (rows * fitting / row_bytes / runs.len()).max(1);
    let all = names(runs, |_| true);
    let every = all.len().div_ceil(share(rows.even));
    let mut drawn: HashSet<_> = all.iter().copied().step_by(every).collect();
    let mut kept = Vec::new();
    for outcome in [Outcome::Error, Outcome::NotFound] {
        let names = names(runs, |task| task.outcome == outcome);
        let (taken, others): (Vec<_>, Vec<_>) =
            names.iter().copied().partition(|name| drawn.contains(name));
        let missing = share(rows.kept).saturating_sub(taken.len());
        // A sample that has enough of them anyway is no more than even.
        if !names.is_empty() && (missing > 0 || others.is_empty()) {
            let step = others.len().div_ceil(missing.max(1)).max(1);
            drawn.extend(others.into_iter().step_by(step));
            let kept_of = names.iter().filter(|name| drawn.contains(*name)).count();
            kept.push((outcome, kept_of, names.len()));
        }
    }
    let sample = Sample {
        every,
        drawn: drawn.len(),
        all: all.len(),
        runs: runs.len(),
        kept,
    };
    (drawn, sample)
}

/// Returns the names of the tasks that are meant, each once, in the order of the runs.
fn names<'a>(runs: &[&'a Run], is_meant: impl Fn(&Task) -> bool) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    let tasks = runs.iter().flat_map(|run| &run.tasks);
    let names = tasks.filter(|task| is_meant(task)).map(|task| &*task.name);
    // The names of one run differ.
    names
        .filter(|name| runs.len() == 1 || seen.insert(*name))
        .collect()
}

/// Returns the mean bytes of the texts of a row: a page has the name of a task four times, and its message twice.
fn mean_text_bytes(runs: &[&Run]) -> usize {
    // The longest escape, of a quotation mark, has six bytes.
    let bytes = |text: &str| {
        let escaped = text.bytes().filter(|byte| b"&<>\"'".contains(byte));
        text.len() + 5 * escaped.count()
    };
    let tasks = || runs.iter().flat_map(|run| &run.tasks);
    let of_task =
        |task: &Task| 4 * bytes(&task.name) + 2 * task.message.as_deref().map_or(0, bytes);
    tasks().map(of_task).sum::<usize>() / tasks().count().max(1)
}

impl<'a> Drawn<'a> {
    /// Returns the run with all of its tasks.
    #[cfg(test)]
    pub(crate) fn whole(run: &'a Run) -> Self {
        Self::new(run, run.tasks.iter().collect())
    }

    /// Returns whether some tasks of the run are not drawn.
    pub(crate) fn is_sample(&self) -> bool {
        self.tasks.len() < self.run.tasks.len()
    }

    fn new(run: &'a Run, tasks: Vec<&'a Task>) -> Self {
        let spans = run.tasks.iter().flat_map(Task::drawn_spans);
        let last_ms = spans.map(|span| span.to_ms).fold(0.0, f64::max);
        Self {
            run,
            tasks,
            length_ms: last_ms.max(run.elapsed_ms).max(0.001),
        }
    }
}

impl Sample {
    /// Says which tasks are drawn, and of how many.
    pub(crate) fn in_words(&self, terms: &Terms) -> String {
        let kept = self.kept.iter().map(|&(outcome, kept, all)| {
            let how = match (outcome, all) {
                (Outcome::NotFound, 1) => "was not found",
                (Outcome::NotFound, _) => "were not found",
                _ => "failed",
            };
            match (kept, all) {
                (1, 1) => format!("the one that {how}"),
                _ if kept == all => format!("all {all} that {how}"),
                _ => format!("{kept} of the {all} that {how}"),
            }
        });
        let parts = [format!("every {}", ordinal(self.every))].into_iter();
        let same = match self.runs {
            1 => "",
            _ => ", the same of each run",
        };
        format!(
            "{} of {} are drawn{same}: {}.",
            self.drawn,
            count(self.all, terms.name),
            list(&parts.chain(kept).collect::<Vec<_>>()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{self, TERMS};

    const ROWS: Rows = Rows {
        even: 1000,
        kept: 100,
    };

    fn names<'a>(drawn: &Drawn<'a>) -> Vec<&'a str> {
        drawn.tasks.iter().map(|task| &*task.name).collect()
    }

    #[test]
    fn up_to_ten_thousand_tasks_and_short_runs_are_drawn_whole() {
        for runs in [vec![10_000], vec![5000, 5000], vec![1000; 15]] {
            let runs: Vec<_> = runs
                .into_iter()
                .map(|tasks| samples::large_run("a", 1, tasks))
                .collect();
            let drawing = drawing(&runs.iter().collect::<Vec<_>>(), ROWS);
            assert_eq!(drawing.sample, None);
            for drawn in drawing.runs {
                assert_eq!(drawn.tasks.len(), drawn.run.tasks.len());
            }
        }
    }

    #[test]
    fn a_sample_is_even_and_has_every_task_that_failed_or_was_not_found() {
        let mut run = samples::large_run("a", 1, 10_001);
        for i in [3, 12, 9999] {
            samples::fail(&mut run.tasks[i], "timeout");
        }
        run.tasks[7].outcome = Outcome::NotFound;
        let drawing = drawing(&[&run], ROWS);
        let drawn = names(&drawing.runs[0]);
        assert_eq!(
            drawn[..5],
            ["file 0", "file 3", "file 7", "file 11", "file 12"]
        );
        assert_eq!(drawn.len(), 910 + 3, "9999 is a multiple of 11");
        assert_eq!(
            drawing.sample.unwrap().in_words(&TERMS),
            "913 of 10001 codes are drawn: every 11th, all 3 that failed and the one that was not found."
        );
    }

    #[test]
    fn of_very_many_failures_an_even_part_is_kept() {
        let mut run = samples::large_run("a", 1, 100_000);
        for task in run.tasks.iter_mut().skip(1).step_by(100) {
            samples::fail(task, "timeout");
        }
        let of_few = drawing(&[&run], ROWS);
        let failed = |drawing: &Drawing<'_>| {
            let tasks = drawing.runs[0].tasks.iter();
            let failed = tasks.filter(|task| task.outcome == Outcome::Error);
            failed.map(|task| task.name.clone()).collect::<Vec<_>>()
        };
        let kept = failed(&of_few);
        assert_eq!(kept.len(), 100);
        assert_eq!(kept.last().unwrap(), "file 99001", "from all over the run");
        let sample = of_few.sample.unwrap().in_words(&TERMS);
        assert!(
            sample.starts_with(
                "1100 of 100000 codes are drawn: every 100th and 100 of the 1000 that failed."
            ),
            "{sample}"
        );
        // A sample that has enough of them has no more than its share.
        for task in run.tasks.iter_mut().step_by(2) {
            samples::fail(task, "timeout");
        }
        let drawing = drawing(&[&run], ROWS);
        assert_eq!(failed(&drawing).len(), drawing.runs[0].tasks.len());
        assert_eq!(failed(&drawing).len(), 1000);
        let sample = drawing.sample.unwrap().in_words(&TERMS);
        let expected = "1000 of 100000 codes are drawn: every 100th.";
        assert!(sample.starts_with(expected), "{sample}");
    }

    #[test]
    fn the_same_tasks_of_each_run_are_drawn_also_if_one_failed_only_once() {
        let mut runs = ["a", "b", "c"].map(|label| samples::large_run(label, 1, 5000));
        samples::fail(&mut runs[1].tasks[1], "timeout");
        runs[2].tasks.reverse();
        runs[2].tasks.push(samples::task("another", 0.0));
        let drawing = drawing(&runs.each_ref(), ROWS);
        let [one, other, reversed] = [0, 1, 2].map(|i| names(&drawing.runs[i]));
        assert_eq!(one, other);
        assert!(one.contains(&"file 1"));
        let reversed: HashSet<_> = reversed.into_iter().collect();
        assert!(one.iter().all(|name| reversed.contains(name)));
        assert!(one.len() <= (1000 + 200) / 3, "{}", one.len());
        let sample = drawing.sample.unwrap().in_words(&TERMS);
        let expected = format!(
            "{} of 5001 codes are drawn, the same of each run: every 16th and",
            one.len()
        );
        assert!(sample.starts_with(&expected), "{sample}");
    }

    #[test]
    fn rows_with_long_texts_are_fewer() {
        let mut run = samples::large_run("a", 1, 10_001);
        let rows = |run: &Run| drawing(&[run], ROWS).runs[0].tasks.len();
        let short = rows(&run);
        for (i, task) in run.tasks.iter_mut().enumerate() {
            task.name = format!("{i} {}", "\"".repeat(200));
        }
        assert!(rows(&run) < short / 5, "{} of {short}", rows(&run));
    }

    #[test]
    fn the_time_axis_is_that_of_all_tasks() {
        let mut run = samples::large_run("a", 1, 20_000);
        run.tasks[1].phases = samples::phases([0.0, 0.0, 0.0, 1e9, 0.0, 0.0]);
        let drawing = drawing(&[&run], ROWS);
        assert!(!names(&drawing.runs[0]).contains(&"file 1"));
        assert_eq!(drawing.runs[0].length_ms, 1e9);
    }
}
