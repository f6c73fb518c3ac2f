//! Which runs belong together, and which of them is shown.
//!
//! Runs with the same label and as many slots belong together, whatever the round.

use crate::model::Run;

/// Returns the runs that belong together, each group in the order of its runs, the groups in that of their first runs.
pub(super) fn groups<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Vec<Vec<&'a Run>> {
    let mut groups = Vec::<Vec<&Run>>::new();
    for run in runs {
        let alike = |of: &Run| of.label == run.label && of.slots == run.slots;
        match groups.iter_mut().find(|group| alike(group[0])) {
            Some(group) => group.push(run),
            None => groups.push(vec![run]),
        }
    }
    groups
}

/// Returns, of these runs, at least one, the one in the middle by elapsed time.
pub(super) fn middle<'a>(runs: &[&'a Run]) -> &'a Run {
    let mut by_elapsed = runs.to_vec();
    by_elapsed.sort_by(|a, b| a.elapsed_ms.total_cmp(&b.elapsed_ms));
    by_elapsed[(by_elapsed.len() - 1) / 2]
}

/// Returns one run to show for each group, in the order in which the groups first occur: that in the middle by its elapsed
/// time. Runs that were ended early stand for a group only if it has no other.
pub(crate) fn shown(runs: &[Run]) -> Vec<&Run> {
    let groups = groups(runs);
    groups.iter().map(|group| representative(group)).collect()
}

fn representative<'a>(group: &[&'a Run]) -> &'a Run {
    let whole = group.iter().copied().filter(|run| run.ended_by.is_none());
    let whole: Vec<_> = whole.collect();
    middle(if whole.is_empty() { group } else { &whole })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_run_in_the_middle_stands_for_its_group() {
        let mut runs = [40.0, 20.0, 30.0, 99.0].map(|elapsed_ms| Run {
            elapsed_ms,
            ..samples::run("a", 2, 1)
        });
        runs[3].label = "b".to_owned();
        let elapsed = |runs: &[Run]| -> Vec<_> {
            shown(runs).into_iter().map(|run| run.elapsed_ms).collect()
        };
        assert_eq!(elapsed(&runs), [30.0, 99.0]);
        for early in [2, 3] {
            runs[early].ended_by = Some("SIGINT".to_owned());
        }
        assert_eq!(elapsed(&runs), [20.0, 99.0]);
    }
}
