//! Compares the fastest series with the slowest, and decides whether the numbers justify a claim.

use super::series::Series;
use super::spread::ratio;

/// The conclusion of a comparison of series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Conclusion<'a> {
    /// The counts of outcomes differ between series, so the times cannot be compared: failing can be fast.
    Different,
    /// Every task failed in every series.
    Nothing,
    /// The fastest and the slowest series are too close to call.
    Close(Gain<'a>),
    /// The fastest series is faster than the slowest.
    Faster(Gain<'a>),
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

/// Below this ratio, the difference may come from other load on the machine.
const MIN_RATIO: f64 = 1.1;

/// Compares the fastest series with the slowest. Returns `None` if there are fewer than two series.
///
/// ```
/// # mod made_up { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/made_up/sleeps.rs")); }
/// # use made_up::sleeps;
/// use comparison::{Conclusion, conclusion, series};
///
/// let series = series(&sleeps());
/// let Some(Conclusion::Faster(gain)) = conclusion(&series) else {
///     panic!("{series:?}");
/// };
/// assert_eq!((gain.fastest.slots, gain.times), (3, 3.0));
/// ```
pub fn conclusion(series: &[Series]) -> Option<Conclusion<'_>> {
    let by_median = |a: &&Series, b: &&Series| a.elapsed_ms.median.total_cmp(&b.elapsed_ms.median);
    let fastest = series.iter().min_by(by_median)?;
    let slowest = series.iter().max_by(by_median)?;
    if series.len() < 2 {
        return None;
    }
    let outcomes = |of: &Series| (of.ok, of.not_found, of.error, of.not_attempted);
    let mut others = series.iter();
    if others.any(|other| outcomes(other) != outcomes(fastest)) {
        return Some(Conclusion::Different);
    }
    if fastest.ok + fastest.not_found == 0 {
        return Some(Conclusion::Nothing);
    }
    let gain = Gain {
        fastest,
        slowest,
        times: ratio(slowest.elapsed_ms.median, fastest.elapsed_ms.median),
        possible: ratio(slowest.elapsed_ms.median, fastest.ideal_ms),
    };
    let overlap = fastest.elapsed_ms.max >= slowest.elapsed_ms.min;
    Some(match overlap || gain.times < MIN_RATIO {
        true => Conclusion::Close(gain),
        false => Conclusion::Faster(gain),
    })
}

#[cfg(test)]
mod tests {
    use super::super::series::series;
    use super::*;
    use crate::model::Run;
    use crate::samples;

    /// Returns a run of one task that took 5 ms.
    fn run(label: &str, elapsed_ms: f64) -> Run {
        let mut run = samples::run(label, 1, 1);
        run.tasks[0].phases = samples::phases([0.0, 0.0, 0.0, 5.0, 0.0, 0.0]);
        Run { elapsed_ms, ..run }
    }

    #[test]
    fn the_gain_is_relative_to_the_slowest_and_bounded_by_the_ideal() {
        let all = series(&samples::comparison_of(vec![
            run("a", 70.0),
            run("b", 35.0),
        ]));
        let Some(Conclusion::Faster(gain)) = conclusion(&all) else {
            panic!("{:?}", conclusion(&all))
        };
        assert_eq!((gain.times, gain.possible), (2.0, 14.0));
        assert_eq!(gain.fastest.label, "b");
        assert_eq!(conclusion(&all[..1]), None);
    }

    #[test]
    fn different_outcomes_and_close_times_allow_no_claim() {
        let of = |runs: &[Run]| match conclusion(&series(&samples::comparison_of(runs.to_vec())))
            .unwrap()
        {
            Conclusion::Different => "different",
            Conclusion::Nothing => "nothing",
            Conclusion::Close(_) => "close",
            Conclusion::Faster(_) => "faster",
        };
        let mut runs = [run("a", 100.0), run("b", 10.0)];
        assert_eq!(of(&runs), "faster");
        samples::fail(&mut runs[1].tasks[0], "late");
        assert_eq!(of(&runs), "different");
        samples::fail(&mut runs[0].tasks[0], "late");
        assert_eq!(of(&runs), "nothing");
        assert_eq!(of(&[run("a", 100.0), run("b", 95.0)]), "close");
        let overlapping = [("a", 100.0), ("a", 40.0), ("b", 20.0), ("b", 50.0)];
        assert_eq!(of(&overlapping.map(|(label, ms)| run(label, ms))), "close");
    }
}
