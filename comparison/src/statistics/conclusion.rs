//! Compares the fastest series with the slowest, and decides whether the numbers justify a claim.
//!
//! Noise makes one of two equal series faster, and each time another one. So a difference is claimed only if an interval from
//! paired rounds excludes that there is none, or, with too few rounds for an interval, if it is large.

use super::interval::{Interval, rounds_needed};
use super::series::{Series, are_comparable, comparisons, paired};
use super::spread::ratio;

/// The conclusion of a comparison of series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Conclusion<'a> {
    /// The counts of outcomes differ between series, so the times cannot be compared: failing can be fast.
    Different,
    /// No task succeeded.
    Nothing,
    /// No difference between the fastest and the slowest series can be measured.
    Same(Gain<'a>, Interval),
    /// The difference is too small for so few rounds. Holds their number, and the number from which there are intervals.
    TooFew(Gain<'a>, usize, usize),
    /// The fastest series is faster than the slowest.
    Faster(Gain<'a>, Certainty),
}

/// The lead of the fastest series over the slowest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gain<'a> {
    /// The series with the smallest median elapsed time.
    pub fastest: &'a Series,
    /// The series with the largest median elapsed time.
    pub slowest: &'a Series,
    /// How many times faster the fastest series was.
    pub times: f64,
    /// How many times faster the fastest series would be at its ideal.
    pub possible: f64,
}

/// What a claim is based on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Certainty {
    /// The interval from paired rounds excludes that there is no difference.
    Interval(Interval),
    /// The difference is large, and it occurred in each round. Holds the number of rounds.
    Rounds(usize),
}

/// The smallest ratio that is called faster if an interval excludes 1. A systematic error of the measurement may cause a smaller
/// one.
const MIN_RATIO: f64 = 1.05;

/// The smallest ratio that is called faster without an interval.
const MIN_RATIO_OF_FEW: f64 = 2.0;

/// The smallest difference that is called faster without an interval, in milliseconds. On a busy machine a process may get its
/// turn this much later.
const MIN_DIFFERENCE_OF_FEW_MS: f64 = 20.0;

/// Compares the fastest series with the slowest. Returns `None` if there are fewer than two series.
///
/// ```
/// # mod made_up { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/made_up/sleeps.rs")); }
/// # use made_up::sleeps;
/// use comparison::{Certainty, Conclusion, conclusion, series};
///
/// let series = series(&sleeps());
/// let Some(Conclusion::Faster(gain, Certainty::Rounds(1))) = conclusion(&series) else {
///     panic!("{series:?}");
/// };
/// assert_eq!((gain.fastest.slots, gain.times), (3, 3.0));
/// ```
pub fn conclusion(series: &[Series]) -> Option<Conclusion<'_>> {
    conclusion_among(series, comparisons(series.len()))
}

/// Returns the [`conclusion`] of some of the series of a comparison, of which `comparisons` pairs are compared in all.
pub(crate) fn conclusion_among(series: &[Series], comparisons: usize) -> Option<Conclusion<'_>> {
    let by_median = |a: &&Series, b: &&Series| a.elapsed_ms.median.total_cmp(&b.elapsed_ms.median);
    let fastest = series.iter().min_by(by_median)?;
    let slowest = series.iter().max_by(by_median)?;
    if series.len() < 2 {
        return None;
    }
    if !are_comparable(series) {
        return Some(match series.iter().any(|of| of.ok > 0) {
            true => Conclusion::Different,
            false => Conclusion::Nothing,
        });
    }
    let pairs = paired(slowest, fastest);
    let interval = Interval::of(&pairs, comparisons);
    let of_medians = ratio(slowest.elapsed_ms.median, fastest.elapsed_ms.median);
    let gain = Gain {
        fastest,
        slowest,
        times: interval.map_or(of_medians, |interval| interval.ratio),
        possible: ratio(slowest.elapsed_ms.median, fastest.ideal_ms),
    };
    Some(match interval {
        Some(interval) if interval.low > 1.0 && gain.times >= MIN_RATIO => {
            Conclusion::Faster(gain, Certainty::Interval(interval))
        }
        Some(interval) => Conclusion::Same(gain, interval),
        None => {
            let rounds = pairs.len().max(1);
            let difference_ms = slowest.elapsed_ms.min - fastest.elapsed_ms.max;
            match gain.times >= MIN_RATIO_OF_FEW && difference_ms >= MIN_DIFFERENCE_OF_FEW_MS {
                true => Conclusion::Faster(gain, Certainty::Rounds(rounds)),
                false => Conclusion::TooFew(gain, rounds, rounds_needed(comparisons)),
            }
        }
    })
}

/// Returns whether the rounds do not show that one of two series is faster. `comparisons` is the number of pairs of series that are
/// compared.
pub(crate) fn is_alike(one: &Series, other: &Series, comparisons: usize) -> bool {
    let both = [one.clone(), other.clone()];
    !matches!(
        conclusion_among(&both, comparisons),
        Some(Conclusion::Faster(..))
    )
}

#[cfg(test)]
mod tests {
    use super::super::series::series;
    use super::*;
    use crate::model::Run;
    use crate::samples;

    /// Returns a run of one task that took 5 ms.
    fn run(label: &str, round: u32, elapsed_ms: f64) -> Run {
        let mut run = samples::run(label, 1, 1);
        run.tasks[0].phases = samples::phases([0.0, 0.0, 0.0, 5.0, 0.0, 0.0]);
        Run {
            elapsed_ms,
            round: Some(round),
            ..run
        }
    }

    fn of(runs: &[Run]) -> &'static str {
        match conclusion(&series(&samples::comparison_of(runs.to_vec()))).unwrap() {
            Conclusion::Different => "different",
            Conclusion::Nothing => "nothing",
            Conclusion::Same(..) => "same",
            Conclusion::TooFew(..) => "too few",
            Conclusion::Faster(_, Certainty::Interval(_)) => "faster for sure",
            Conclusion::Faster(_, Certainty::Rounds(_)) => "faster",
        }
    }

    /// Returns ten rounds of each series, in which the ratio wavers by 2 % around `ratio`.
    fn rounds(ratio: f64) -> Vec<Run> {
        let waver = |round: u32| if round.is_multiple_of(2) { 1.02 } else { 0.98 };
        let of_round = |round| {
            let slow = 10.0 * ratio * waver(round);
            [run("a", round, slow), run("b", round, 10.0)]
        };
        (1..=10).flat_map(of_round).collect()
    }

    #[test]
    fn the_gain_is_relative_to_the_slowest_and_bounded_by_the_ideal() {
        let all = series(&samples::comparison_of(vec![
            run("a", 1, 70.0),
            run("b", 1, 35.0),
        ]));
        let Some(Conclusion::Faster(gain, Certainty::Rounds(1))) = conclusion(&all) else {
            panic!("{:?}", conclusion(&all))
        };
        assert_eq!((gain.times, gain.possible), (2.0, 14.0));
        assert_eq!(gain.fastest.label, "b");
        assert_eq!(conclusion(&all[..1]), None);
    }

    #[test]
    fn few_rounds_allow_a_claim_only_if_the_difference_is_large_in_each() {
        assert_eq!(of(&[run("a", 1, 100.0), run("b", 1, 50.0)]), "faster");
        assert_eq!(of(&[run("a", 1, 100.0), run("b", 1, 51.0)]), "too few");
        assert_eq!(of(&[run("a", 1, 24.0), run("b", 1, 5.0)]), "too few");
        let overlapping = [
            ("a", 1, 100.0),
            ("b", 1, 20.0),
            ("a", 2, 40.0),
            ("b", 2, 50.0),
        ];
        let overlapping = overlapping.map(|(label, round, ms)| run(label, round, ms));
        assert_eq!(of(&overlapping), "too few");
    }

    #[test]
    fn many_rounds_allow_a_claim_only_if_the_interval_excludes_one_and_the_difference_matters() {
        assert_eq!(of(&rounds(1.2)), "faster for sure");
        assert_eq!(of(&rounds(1.0)), "same");
        // Certain, but too small to matter.
        assert_eq!(of(&rounds(1.04)), "same");
    }

    #[test]
    fn more_series_need_more_rounds_and_until_then_the_rule_of_few_rounds_holds() {
        for rounds in 1..20 {
            let of_round = |round| {
                let labels = ["a", "b", "c"];
                labels.map(|label| run(label, round, if label == "a" { 500.0 } else { 30.0 }))
            };
            let runs: Vec<_> = (1..=rounds).flat_map(of_round).collect();
            let expected = if rounds < 10 {
                "faster"
            } else {
                "faster for sure"
            };
            assert_eq!(of(&runs), expected, "{rounds} rounds");
        }
    }

    #[test]
    fn different_outcomes_and_failures_allow_no_claim() {
        let mut runs = [run("a", 1, 100.0), run("b", 1, 10.0)];
        samples::fail(&mut runs[1].tasks[0], "late");
        assert_eq!(of(&runs), "different");
        samples::fail(&mut runs[0].tasks[0], "late");
        assert_eq!(of(&runs), "nothing");
        for run in &mut runs {
            run.tasks[0].outcome = crate::model::Outcome::NotFound;
            run.tasks[0].message = None;
        }
        assert_eq!(of(&runs), "nothing");
    }
}
