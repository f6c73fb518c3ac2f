//! Groups runs into series, and selects the run of each series that is drawn.
//!
//! A series consists of all runs with the same label and the same number of slots, in any round.

use crate::model::Run;

/// Groups runs by label and slots. Groups are in the order of their first runs, the runs of a group in the given order.
pub(super) fn groups<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Vec<Vec<&'a Run>> {
    let mut groups = Vec::<Vec<&Run>>::new();
    for run in runs {
        let same_series = |of: &Run| of.label == run.label && of.slots == run.slots;
        match groups.iter_mut().find(|group| same_series(group[0])) {
            Some(group) => group.push(run),
            None => groups.push(vec![run]),
        }
    }
    groups
}

/// Returns the run with the median elapsed time, of an even number the lower one. Panics if `runs` is empty.
pub(super) fn median_run<'a>(runs: &[&'a Run]) -> &'a Run {
    let mut by_elapsed = runs.to_vec();
    by_elapsed.sort_by(|a, b| a.elapsed_ms.total_cmp(&b.elapsed_ms));
    by_elapsed[(by_elapsed.len() - 1) / 2]
}

/// Returns the median run of each group, in the order of the groups' first runs. A run that was ended early represents
/// its group only if the group has no other.
pub(crate) fn shown_runs(runs: &[Run]) -> Vec<&Run> {
    let groups = groups(runs);
    groups.iter().map(|group| representative(group)).collect()
}

fn representative<'a>(group: &[&'a Run]) -> &'a Run {
    let complete = group.iter().copied().filter(|run| run.ended_by.is_none());
    let complete: Vec<_> = complete.collect();
    median_run(if complete.is_empty() {
        group
    } else {
        &complete
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_median_run_represents_its_group() {
        let mut runs = [40.0, 20.0, 30.0, 99.0].map(|elapsed_ms| Run {
            elapsed_ms,
            ..samples::run("a", 2, 1)
        });
        runs[3].label = "b".to_owned();
        let elapsed = |runs: &[Run]| -> Vec<_> {
            shown_runs(runs)
                .into_iter()
                .map(|run| run.elapsed_ms)
                .collect()
        };
        assert_eq!(elapsed(&runs), [30.0, 99.0]);
        for early in [2, 3] {
            runs[early].ended_by = Some("SIGINT".to_owned());
        }
        assert_eq!(elapsed(&runs), [20.0, 99.0]);
    }
}
