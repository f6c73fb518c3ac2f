//! How sure a ratio of two series is: a confidence interval from their paired rounds.
//!
//! The runs of a round follow each other closely, so what disturbs the machine for a while disturbs all of them. The ratio of
//! the two runs of each round is therefore less noisy than the ratio of the medians. The interval consists of the ratios that a
//! Wilcoxon signed-rank test does not reject. That test permutes the signs of the differences, so it needs no assumption about
//! the distribution of the noise, and one disturbed round cannot decide it. It is exact, so the same runs always give the same
//! interval.

use super::spread::ratio;

/// The probability that any interval of a comparison does not contain the true ratio.
const ERROR: f64 = 0.01;

/// A ratio of the elapsed times of two series, with its confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Interval {
    /// The estimate of the ratio.
    pub ratio: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

/// Returns the smallest number of rounds from which there are intervals, for this many pairs of series. With fewer, no ratio can
/// be excluded at this confidence: 8 for one pair, 10 for three, 13 for 36.
pub(crate) fn rounds_needed(comparisons: usize) -> usize {
    // The smallest probability that a signed-rank test can have is that of all signs being equal.
    let signs = 2.0 * comparisons.max(1) as f64 / ERROR;
    signs.log2().ceil() as usize
}

impl Interval {
    /// Returns the interval of the ratio `dividend / divisor`, from pairs of both, one pair per round. `comparisons` is the number
    /// of pairs of series that are compared: the more there are, the likelier one of them differs by chance, so the wider each
    /// interval must be (Bonferroni). All intervals together hold with a probability of 99 %.
    ///
    /// Returns `None` if there are too few rounds.
    pub(super) fn of(pairs: &[(f64, f64)], comparisons: usize) -> Option<Self> {
        if pairs.len() < rounds_needed(comparisons) {
            return None;
        }
        let logs: Vec<_> = pairs
            .iter()
            .map(|(dividend, divisor)| ratio(*dividend, *divisor).max(f64::MIN_POSITIVE).ln())
            .collect();
        let mut means = Vec::with_capacity(logs.len() * (logs.len() + 1) / 2);
        for (i, one) in logs.iter().enumerate() {
            means.extend(logs[i..].iter().map(|other| f64::midpoint(*one, *other)));
        }
        means.sort_by(f64::total_cmp);
        let tail = ERROR / comparisons.max(1) as f64 / 2.0;
        let first = excluded(logs.len(), tail).checked_sub(1)?;
        let (low, high) = (means[first], means[means.len() - 1 - first]);
        let (before, after) = (means[(means.len() - 1) / 2], means[means.len() / 2]);
        Some(Self {
            ratio: f64::midpoint(before, after).exp(),
            low: low.exp(),
            high: high.exp(),
        })
    }
}

/// Returns the largest rank such that the signed-rank statistic of this many differences is below it with a probability of at
/// most `tail`: the number of pairwise means to leave out at each end, plus one for the end itself. Returns 0 if there is none.
fn excluded(differences: usize, tail: f64) -> usize {
    // counts[s]: in how many of the 2^n assignments of signs the positive ranks add up to s.
    let mut counts = vec![0.0_f64; differences * (differences + 1) / 2 + 1];
    counts[0] = 1.0;
    for rank in 1..=differences {
        for sum in (rank..counts.len()).rev() {
            counts[sum] += counts[sum - rank];
        }
    }
    let all = 2.0_f64.powi(i32::try_from(differences).unwrap_or(i32::MAX));
    let mut probability = 0.0;
    let below = counts.iter().take_while(|count| {
        probability += **count / all;
        probability <= tail
    });
    below.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ratios: &[f64], comparisons: usize) -> Option<Interval> {
        let pairs: Vec<_> = ratios.iter().map(|ratio| (*ratio, 1.0)).collect();
        Interval::of(&pairs, comparisons)
    }

    fn excludes_one(interval: Interval) -> bool {
        interval.low > 1.0 || interval.high < 1.0
    }

    #[test]
    fn the_excluded_ranks_are_those_of_published_tables() {
        // Critical values of the Wilcoxon signed-rank test, two-sided, at 1 %: 0 for 8, 1 for 9, 3 for 10, 9 for 13, 37 for 20.
        for (differences, critical) in [(8, 0), (9, 1), (10, 3), (13, 9), (20, 37)] {
            assert_eq!(excluded(differences, 0.005), critical + 1, "{differences}");
        }
        assert_eq!(excluded(7, 0.005), 0);
    }

    #[test]
    fn a_constant_ratio_is_certain_and_few_rounds_are_not() {
        let certain = of(&[2.0; 10], 1).unwrap();
        assert!((certain.ratio - 2.0).abs() < 1e-9, "{certain:?}");
        assert!((certain.low - 2.0).abs() < 1e-9 && (certain.high - 2.0).abs() < 1e-9);
        assert_eq!(of(&[2.0; 7], 1), None);
        // Eight rounds do not suffice for three comparisons at once.
        assert_eq!(of(&[2.0; 8], 3), None);
        assert!(excludes_one(of(&[2.0; 8], 1).unwrap()));
    }

    #[test]
    fn with_the_rounds_needed_an_interval_can_exclude_one_and_with_one_round_less_there_is_none() {
        for comparisons in 1..200 {
            let needed = rounds_needed(comparisons);
            let ratios = vec![2.0; needed];
            assert!(
                excludes_one(of(&ratios, comparisons).unwrap()),
                "{comparisons}"
            );
            assert_eq!(of(&ratios[1..], comparisons), None, "{comparisons}");
        }
        assert_eq!([1, 3, 21, 36].map(rounds_needed), [8, 10, 13, 13]);
    }

    #[test]
    fn one_disturbed_round_does_not_decide() {
        let mut ratios = [1.0; 12];
        for (i, ratio) in ratios.iter_mut().enumerate() {
            *ratio = if i % 2 == 0 { 1.01 } else { 0.99 };
        }
        assert!(!excludes_one(of(&ratios, 1).unwrap()));
        ratios[5] = 100.0;
        let disturbed = of(&ratios, 1).unwrap();
        assert!(
            !excludes_one(disturbed) && disturbed.ratio < 1.02,
            "{disturbed:?}"
        );
    }

    #[test]
    fn noise_alone_is_called_a_difference_in_at_most_one_of_a_hundred_comparisons() {
        // Heavy-tailed noise with the same distribution in both series, from a fixed generator.
        let mut state = 1_u64;
        let mut random = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / (1_u64 << 31) as f64
        };
        let mut time = || 1.0 + 0.1 * random() + if random() < 0.1 { 2.0 * random() } else { 0.0 };
        let wrong = (0..2000).filter(|_| {
            let pairs: Vec<_> = (0..10).map(|_| (time(), time())).collect();
            Interval::of(&pairs, 1).is_some_and(excludes_one)
        });
        let wrong = wrong.count();
        assert!((1..=30).contains(&wrong), "{wrong} of 2000");
    }
}
