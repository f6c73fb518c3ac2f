//! What a comparison with several numbers of slots shows: who is fastest with each of them, and with which of them each
//! label is fastest.
//!
//! The intervals behind all these sentences hold together: each is as wide as the number of all pairs requires.

use std::collections::BTreeSet;

use super::numbers::{count, seconds};
use super::sentences::{in_words, list};
use crate::model::Terms;
use crate::statistics::{Conclusion, Series, comparisons, conclusion_among, is_alike};

/// A sentence, and what it is about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) about: String,
    pub(crate) sentence: String,
}

/// Returns a conclusion for each number of slots with which several series ran.
pub(crate) fn verdicts(series: &[Series], terms: &Terms) -> Vec<Verdict> {
    let all_slots: BTreeSet<_> = series.iter().map(|of| of.slots).collect();
    let verdict = |slots: usize| {
        let with = some(series, |of| of.slots == slots);
        let conclusion = conclusion_among(&with, comparisons(series.len()))?;
        Some(Verdict {
            about: count(slots, terms.slot),
            sentence: in_words(conclusion, &with, comparisons(series.len()), terms),
        })
    };
    all_slots.into_iter().filter_map(verdict).collect()
}

/// Returns the number of slots with which each label was fastest, and those that cannot be told apart from it.
pub(crate) fn best_settings(series: &[Series], terms: &Terms) -> Vec<Verdict> {
    let mut labels = Vec::new();
    for one in series {
        if !labels.contains(&&one.label) {
            labels.push(&one.label);
        }
    }
    let settings = labels
        .into_iter()
        .map(|label| some(series, |of| of.label == *label))
        .filter(|settings| settings.len() > 1);
    let best = |settings: Vec<Series>| Verdict {
        about: settings[0].label.clone(),
        sentence: best_setting(&settings, comparisons(series.len()), terms),
    };
    settings.map(best).collect()
}

/// Says with how many slots a label was fastest. `settings` are its series.
fn best_setting(settings: &[Series], comparisons: usize, terms: &Terms) -> String {
    let Some(conclusion) = conclusion_among(settings, comparisons) else {
        return String::new();
    };
    let (Conclusion::Same(gain, _) | Conclusion::TooFew(gain, ..) | Conclusion::Faster(gain, _)) =
        conclusion
    else {
        return in_words(conclusion, settings, comparisons, terms);
    };
    let best = gain.fastest;
    let alike = settings
        .iter()
        .filter(|of| of.slots != best.slots && is_alike(best, of, comparisons));
    let alike: Vec<_> = alike.map(|of| of.slots).collect();
    let fastest = format!(
        "Fastest with {}: {} s",
        count(best.slots, terms.slot),
        seconds(best.elapsed_ms.median)
    );
    let Some((last, others)) = alike.split_last() else {
        return format!("{fastest}.");
    };
    let mut words: Vec<_> = others.iter().map(usize::to_string).collect();
    words.push(count(*last, terms.slot));
    format!(
        "{fastest}, which cannot be told apart from {}.",
        list(&words)
    )
}

fn some(series: &[Series], wanted: impl Fn(&Series) -> bool) -> Vec<Series> {
    series.iter().filter(|of| wanted(of)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Run;
    use crate::samples::{self, TERMS};
    use crate::statistics::series;

    /// Returns series with these elapsed times in milliseconds, of one round.
    fn of(runs: &[(&str, usize, f64)]) -> Vec<Series> {
        let run = |(label, slots, elapsed_ms): &(&str, usize, f64)| Run {
            elapsed_ms: *elapsed_ms,
            ..samples::run(label, *slots, 4)
        };
        series(&samples::comparison_of(runs.iter().map(run).collect()))
    }

    #[test]
    fn each_limit_has_a_verdict_and_each_label_its_best_setting() {
        let series = of(&[
            ("sequential", 1, 400.0),
            ("threadpool", 2, 300.0),
            ("semaphore", 2, 100.0),
            ("threadpool", 4, 140.0),
            ("semaphore", 4, 90.0),
            ("semaphore", 8, 95.0),
        ]);
        let verdicts: Vec<_> = verdicts(&series, &TERMS)
            .into_iter()
            .map(|verdict| (verdict.about, verdict.sentence))
            .collect();
        assert_eq!(verdicts.len(), 2, "with 1 and 8 connections only one ran");
        assert_eq!(verdicts[0].0, "2 connections");
        assert!(
            verdicts[0]
                .1
                .starts_with("semaphore was 3.0 times faster than threadpool in a single run"),
            "{verdicts:?}"
        );
        assert!(
            verdicts[1]
                .1
                .contains("does not suffice to tell them apart")
        );
        let best = best_settings(&series, &TERMS);
        let best: Vec<_> = best
            .iter()
            .map(|best| (best.about.as_str(), best.sentence.as_str()))
            .collect();
        assert_eq!(
            best,
            [
                ("threadpool", "Fastest with 4 connections: 0.140 s."),
                (
                    "semaphore",
                    "Fastest with 4 connections: 0.0900 s, which cannot be told apart from 2 and 8 connections."
                ),
            ]
        );
    }

    #[test]
    fn failures_have_no_best_setting() {
        let mut comparison =
            samples::comparison_of(vec![samples::run("a", 1, 2), samples::run("a", 2, 2)]);
        samples::fail(&mut comparison.runs[0].tasks[0], "late");
        let best = best_settings(&series(&comparison), &TERMS);
        assert_eq!(
            best[0].sentence,
            "The outcomes differ, so the times cannot be compared."
        );
    }
}
