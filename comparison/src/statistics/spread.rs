//! Median, minimum, maximum and percentiles of several values.

/// The median, minimum and maximum of several measurements.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Spread {
    /// The median; of an even number of values, the mean of the middle two.
    pub median: f64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
}

/// Exact percentiles, computed by sorting: the smallest value that the given percentage of the values does not exceed.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Percentiles {
    /// The value that half of the values do not exceed.
    pub p50: f64,
    /// The value that 95 % of the values do not exceed.
    pub p95: f64,
    /// The largest value.
    pub max: f64,
}

/// The fewest values among which outliers can be recognised.
const MIN_FOR_OUTLIERS: usize = 5;

impl Spread {
    /// Returns the spread of these values. Panics if there are none.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let sorted = sorted(values);
        let (low, high) = ((sorted.len() - 1) / 2, sorted.len() / 2);
        Self {
            median: f64::midpoint(sorted[low], sorted[high]),
            min: sorted[0],
            max: sorted[sorted.len() - 1],
        }
    }
}

impl Percentiles {
    /// Returns the percentiles of these values; zeros if there are none.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let sorted = sorted(values);
        let at = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100);
            sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
        };
        Self {
            p50: at(50),
            p95: at(95),
            max: at(100),
        }
    }
}

/// Returns how many of these values are outliers: further from the median than 14.8 times the median distance from it. The median
/// and that distance are hardly affected by the outliers themselves. Of values that hardly differ, none is an outlier.
///
/// # Source
/// The modified z-score of Iglewicz and Hoaglin with the threshold of hyperfine, which is ten standard deviations.
pub(super) fn outliers(values: &[f64]) -> usize {
    const THRESHOLD: f64 = 14.826;
    // As a share of the median.
    const MIN_DISTANCE: f64 = 0.1;
    if values.len() < MIN_FOR_OUTLIERS {
        return 0;
    }
    let median = Spread::of(values.iter().copied()).median;
    let distances = || values.iter().map(|value| (value - median).abs());
    let typical = Spread::of(distances()).median;
    distances()
        .filter(|distance| typical > 0.0 && *distance > THRESHOLD * typical)
        .filter(|distance| *distance > MIN_DISTANCE * median)
        .count()
}

fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<_> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Divides `dividend` by `divisor`; returns 1 if `divisor` is 0.
pub(super) fn ratio(dividend: f64, divisor: f64) -> f64 {
    if divisor > 0.0 {
        dividend / divisor
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outlier_is_far_from_the_others() {
        let mut values = [10.0, 10.1, 9.9, 10.2, 9.8, 10.0];
        assert_eq!(outliers(&values), 0);
        values[2] = 30.0;
        assert_eq!(outliers(&values), 1);
        assert_eq!(outliers(&values[..4]), 0, "too few to tell");
        assert_eq!(outliers(&[10.0; 6]), 0);
        let close = [10.0, 10.001, 9.999, 10.002, 9.998, 10.5];
        assert_eq!(outliers(&close), 0, "far from the others, but not by much");
    }

    #[test]
    fn percentiles_are_values_that_occur() {
        let of = |values: &[f64]| Percentiles::of(values.iter().copied());
        let hundred: Vec<_> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(
            (of(&hundred).p50, of(&hundred).p95, of(&hundred).max),
            (50.0, 95.0, 100.0)
        );
        assert_eq!(
            (of(&[7.0]).p50, of(&[7.0]).p95, of(&[]).max),
            (7.0, 7.0, 0.0)
        );
        assert_eq!(Spread::of([4.0, 1.0]).median, 2.5);
    }
}
