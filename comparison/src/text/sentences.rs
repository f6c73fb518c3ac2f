//! Sentences that pages, tables and pictures share word for word.

use super::numbers::{count, ends, plural, seconds};
use crate::model::{Comparison, Outcome, Run, Task, Terms};
use crate::statistics::{
    Certainty, Conclusion, Difference, Gain, Series, comparisons, conclusion, is_alike,
};

/// The most tasks listed that ended differently: as many as can differ in runs that are drawn whole.
const MAX_DIFFERENCES: usize = 5_000;

/// Returns the [`conclusion`] as a sentence, or `None` if there are fewer than two series.
///
/// ```
/// # mod made_up { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/made_up/sleeps.rs")); }
/// # use made_up::sleeps;
/// use comparison::{conclusion_in_words, series};
///
/// let comparison = sleeps();
/// let sentence = conclusion_in_words(&series(&comparison), comparison.terms);
/// assert_eq!(
///     sentence.unwrap(),
///     "pool with 3 threads was 3.0 times faster than pool with 1 thread in a single run; at most 3.0 possible with these latencies."
/// );
/// ```
pub fn conclusion_in_words(series: &[Series], terms: &Terms) -> Option<String> {
    let comparisons = comparisons(series.len());
    Some(in_words(conclusion(series)?, series, comparisons, terms))
}

/// Returns a conclusion about these series as a sentence.
pub(super) fn in_words(
    conclusion: Conclusion<'_>,
    series: &[Series],
    comparisons: usize,
    terms: &Terms,
) -> String {
    let name = |of: &Series| name_among(of, series, terms);
    match conclusion {
        Conclusion::Different => "The outcomes differ, so the times cannot be compared.".to_owned(),
        Conclusion::Nothing => {
            format!(
                "No {} succeeded, so the times cannot be compared.",
                terms.task
            )
        }
        Conclusion::Same(gain, interval) => format!(
            "No measurable difference between {} and {} (ratio {}){}.",
            name(gain.fastest),
            name(gain.slowest),
            ends(&interval),
            extremes(series)
        ),
        Conclusion::TooFew(gain, rounds, needed) => format!(
            "{} and {} differ by a factor of {:.2} {}{}, which does not suffice to tell them apart: measure at least \
             {needed} rounds.",
            name(gain.fastest),
            name(gain.slowest),
            gain.times,
            runs_in_words(rounds),
            extremes(series)
        ),
        Conclusion::Faster(gain, certainty) => {
            let basis = match certainty {
                Certainty::Rounds(rounds) => runs_in_words(rounds),
                Certainty::Interval(interval) => format!("({})", ends(&interval)),
            };
            format!(
                "{} was {:.1} times faster than {} {basis}; at most {:.1} possible with these latencies.{}",
                name(gain.fastest),
                gain.times,
                name(gain.slowest),
                gain.possible,
                alike_in_words(gain, series, comparisons, terms)
            )
        }
    }
}

/// Returns the label of a series, with its slots if another series has the same label.
fn name_among(of: &Series, series: &[Series], terms: &Terms) -> String {
    let alike = series.iter().filter(|other| other.label == of.label);
    match alike.count() {
        1 => of.label.clone(),
        _ => format!("{} with {}", of.label, count(of.slots, terms.slot)),
    }
}

/// Says which other series cannot be told apart from the fastest, with a space before. Empty if there are none.
fn alike_in_words(gain: Gain<'_>, series: &[Series], comparisons: usize, terms: &Terms) -> String {
    let Gain {
        fastest, slowest, ..
    } = gain;
    let others = series
        .iter()
        .filter(|of| **of != *fastest && **of != *slowest);
    let alike: Vec<_> = others
        .filter(|of| is_alike(fastest, of, comparisons))
        .map(|of| name_among(of, series, terms))
        .collect();
    match alike.is_empty() {
        true => String::new(),
        false => format!(
            " {} cannot be told apart from {}.",
            list(&alike),
            name_among(fastest, series, terms)
        ),
    }
}

/// Says how many runs of which series took far longer, or shorter, than the others; `None` if there are none.
pub(crate) fn outliers_in_words(series: &[Series], terms: &Terms) -> Option<String> {
    let disturbed = series.iter().filter(|series| series.outliers > 0);
    let disturbed: Vec<_> = disturbed
        .map(|of| {
            let runs = format!("{} of {}", of.outliers, count(of.rounds, "run"));
            format!("{runs} of {}, {}", of.label, count(of.slots, terms.slot))
        })
        .collect();
    (!disturbed.is_empty()).then(|| {
        format!(
            "Outliers, which other programs may have caused: {}.",
            disturbed.join("; ")
        )
    })
}

/// Joins words as in a sentence.
pub(crate) fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

/// Says which of more than two series a sentence is about.
fn extremes(series: &[Series]) -> &'static str {
    if series.len() > 2 {
        ", the fastest and the slowest"
    } else {
        ""
    }
}

fn runs_in_words(rounds: usize) -> String {
    match rounds {
        1 => "in a single run".to_owned(),
        several => format!("in {several} runs"),
    }
}

/// Explains the ideal time.
pub(crate) fn ideal(terms: &Terms) -> String {
    let (task, tasks) = (terms.task, plural(terms.task));
    let (slot, slots) = (terms.slot, plural(terms.slot));
    format!(
        "The ideal time is a lower bound on any schedule of the same {tasks}, with the same latencies, on the same \
         number of {slots}: the longest {task} with its pauses, the sum of all service times divided by the number of \
         {slots}, or the {tasks} that must share a {slot}, whichever is longest. The share of the ideal is the ideal \
         time divided by the elapsed time; it cannot exceed 100 %."
    )
}

/// Explains the column of the peak in flight, if there is one.
pub(crate) fn peak(terms: &Terms) -> Option<String> {
    let peak = terms.peak_in_flight.as_ref()?;
    Some(format!("{}: {}", peak.column, peak.explanation))
}

/// Says how many runs the table leaves out; `None` if it contains all of them.
pub(crate) fn ended_early(comparison: &Comparison) -> Option<String> {
    let early = comparison.runs.iter().filter(|run| run.ended_by.is_some());
    let number = early.count();
    (number > 0).then(|| {
        format!(
            "The table leaves out {} that ended early.",
            count(number, "run")
        )
    })
}

/// Lists the outcomes of a task, each with the labels of its runs.
fn difference_in_sentence(difference: &Difference) -> String {
    let outcomes = difference.outcomes.iter();
    let outcomes: Vec<_> = outcomes
        .map(|(outcome, labels)| format!("{outcome} ({})", labels.join(", ")))
        .collect();
    format!("{}: {}", difference.name, outcomes.join("; "))
}

/// Lists the tasks that ended differently, a sentence each. Of very many, the last sentence counts those that are left out.
pub(crate) fn differences_in_sentences(
    differences: &[Difference],
    terms: &Terms,
) -> impl Iterator<Item = String> {
    let left_out = differences.len().saturating_sub(MAX_DIFFERENCES);
    let more = (left_out > 0).then(|| format!("and {left_out} more {}", plural(terms.name)));
    let listed = differences.iter().take(MAX_DIFFERENCES);
    listed.map(difference_in_sentence).chain(more)
}

/// Returns the outcome of a task, with the message if it is an error.
pub(crate) fn outcome_in_words(task: &Task) -> String {
    match &task.message {
        Some(message) => format!("{}: {message}", Outcome::Error.words()),
        None => task.outcome.words().to_owned(),
    }
}

/// Returns the heading of the waterfall of a run.
pub(crate) fn panel_title(run: &Run, terms: &Terms) -> String {
    let round = run
        .round
        .map_or_else(String::new, |round| format!(" (round {round})"));
    let early = run
        .ended_by
        .as_ref()
        .map_or_else(String::new, |signal| format!(", ended early by {signal}"));
    format!(
        "{}, {} s{round}{early}",
        series_title(run, terms),
        seconds(run.elapsed_ms)
    )
}

/// Returns the label and the slots of a run.
pub(crate) fn series_title(run: &Run, terms: &Terms) -> String {
    series_name(&run.label, run.slots, terms)
}

/// Returns the label and the slots of a series.
pub(crate) fn series_name(label: &str, slots: usize, terms: &Terms) -> String {
    format!("{label}, {}", count(slots, terms.slot))
}

/// Returns the indefinite article of a noun.
pub(crate) fn article(noun: &str) -> &'static str {
    match noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        true => "an",
        false => "a",
    }
}

/// Returns the text with its first letter in upper case.
pub(crate) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{self, TERMS};
    use crate::statistics::series;

    #[test]
    fn the_heading_of_a_panel_describes_its_run() {
        let mut comparison = samples::comparison(26);
        assert_eq!(
            panel_title(&comparison.runs[0], &TERMS),
            "sequential, 1 connection, 2.68 s"
        );
        comparison.runs[1].ended_by = Some("SIGINT".to_owned());
        comparison.runs[1].round = Some(2);
        assert_eq!(
            panel_title(&comparison.runs[1], &TERMS),
            "semaphore, 26 connections, 0.103 s (round 2), ended early by SIGINT"
        );
        assert_eq!(
            ended_early(&comparison).unwrap(),
            "The table leaves out 1 run that ended early."
        );
    }

    #[test]
    fn a_series_is_named_with_its_slots_only_if_its_label_occurs_twice() {
        let runs = [("sequential", 1), ("semaphore", 1), ("semaphore", 5)];
        let runs = runs.map(|(label, slots)| samples::run(label, slots, 10));
        let all = series(&samples::comparison_of(runs.to_vec()));
        let sentence = |series: &[Series]| conclusion_in_words(series, &TERMS);
        assert_eq!(
            sentence(&all).unwrap(),
            "semaphore with 5 connections was 5.0 times faster than semaphore with 1 connection in a single run; at most 5.0 possible with these latencies."
        );
        let two = [all[0].clone(), all[2].clone()];
        assert_eq!(
            sentence(&two).unwrap(),
            "semaphore was 5.0 times faster than sequential in a single run; at most 5.0 possible with these latencies."
        );
        assert_eq!(sentence(&all[..1]), None);
    }

    #[test]
    fn a_series_that_is_as_fast_as_the_fastest_is_named_beside_it() {
        let of_round = |round: u32| {
            let waver = if round.is_multiple_of(2) { 1.01 } else { 0.99 };
            [
                ("a", 90.0),
                ("b", 30.0),
                ("c", 30.2 * waver),
                ("d", 30.1 / waver),
            ]
            .map(|(label, ms)| {
                let mut run = samples::run(label, 4, 4);
                run.round = Some(round);
                run.elapsed_ms = ms;
                run
            })
        };
        let runs: Vec<_> = (1..=12).flat_map(of_round).collect();
        let all = series(&samples::comparison_of(runs));
        let sentence = conclusion_in_words(&all, &TERMS).unwrap();
        assert!(
            sentence.starts_with("b was 3.0 times faster than a (3.0 to 3.0);"),
            "{sentence}"
        );
        assert!(
            sentence.ends_with(" latencies. c and d cannot be told apart from b."),
            "{sentence}"
        );
    }

    #[test]
    fn articles_fit_their_nouns() {
        assert_eq!(["download", "evaluation"].map(article), ["a", "an"]);
    }

    #[test]
    fn sentences_begin_with_a_capital() {
        assert_eq!(
            ["downloads", "élan", ""].map(capitalized),
            ["Downloads", "Élan", ""]
        );
    }
}
