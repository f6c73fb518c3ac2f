//! Finds the tasks whose outcomes differ between runs.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::{Comparison, Task};

/// A task whose outcomes differ between runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The name of the task.
    pub name: String,
    /// The outcomes of the task, an error as its message, each with the labels of the runs that had it.
    pub outcomes: Vec<(String, Vec<String>)>,
}

/// Returns the tasks whose outcomes differ between runs, sorted by name. Ignores runs that were ended early.
///
/// ```
/// # mod made_up { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/made_up/sleeps.rs")); }
/// # use made_up::sleeps;
/// use comparison::{Outcome, differences};
///
/// let mut comparison = sleeps();
/// assert!(differences(&comparison).is_empty());
/// comparison.runs[1].tasks[0].outcome = Outcome::NotAttempted;
/// assert_eq!(differences(&comparison)[0].name, comparison.runs[1].tasks[0].name);
/// ```
pub fn differences(comparison: &Comparison) -> Vec<Difference> {
    let complete = comparison.runs.iter().filter(|run| run.ended_by.is_none());
    if complete.clone().count() < 2 {
        return Vec::new();
    }
    let tasks = || {
        let runs = complete.clone();
        runs.flat_map(|run| run.tasks.iter().map(|task| (task, &run.label)))
    };
    // Found first, so that the labels are collected only for those few.
    let mut firsts = HashMap::new();
    let mut differing = HashSet::new();
    for (task, _) in tasks() {
        let name = task.name.as_str();
        if *firsts.entry(name).or_insert(outcome(task)) != outcome(task) {
            differing.insert(name);
        }
    }
    drop(firsts);

    let mut outcomes = BTreeMap::<&str, BTreeMap<&str, Vec<String>>>::new();
    for (task, label) in tasks().filter(|(task, _)| differing.contains(&*task.name)) {
        let of_task = outcomes.entry(&task.name).or_default();
        let labels = of_task.entry(outcome(task)).or_default();
        if !labels.contains(label) {
            labels.push(label.clone());
        }
    }
    let owned = |(outcome, labels): (&str, _)| (outcome.to_owned(), labels);
    let difference = |(name, outcomes): (&str, BTreeMap<_, _>)| Difference {
        name: name.to_owned(),
        outcomes: outcomes.into_iter().map(owned).collect(),
    };
    outcomes.into_iter().map(difference).collect()
}

/// Returns the outcome of a task, an error as its message.
fn outcome(task: &Task) -> &str {
    task.message.as_deref().unwrap_or(task.outcome.words())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Outcome;
    use crate::samples;

    #[test]
    fn differing_tasks_are_listed_with_the_labels_of_each_outcome() {
        let runs = ["a", "b", "a"].map(|label| samples::run(label, 1, 2));
        let mut comparison = samples::comparison_of(runs.to_vec());
        assert!(differences(&comparison).is_empty());
        samples::fail(&mut comparison.runs[1].tasks[1], "timeout: late");
        let only = Difference {
            name: "AB".to_owned(),
            outcomes: vec![
                ("ok".to_owned(), vec!["a".to_owned()]),
                ("timeout: late".to_owned(), vec!["b".to_owned()]),
            ],
        };
        assert_eq!(differences(&comparison), [only]);
    }

    #[test]
    fn a_run_that_was_ended_early_is_ignored() {
        let mut comparison = samples::comparison(1);
        comparison.runs[1].ended_by = Some("SIGINT".to_owned());
        comparison.runs[1].tasks[0].outcome = Outcome::NotAttempted;
        assert!(differences(&comparison).is_empty());
    }
}
