//! The middle of several values, and how far they are apart.

/// The middle of several measurements, and how far they are apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Half are below.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

/// Exact percentiles, by sorting: the smallest value that this percentage of the values does not exceed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percentiles {
    /// Half do not exceed it.
    pub p50: f64,
    /// 95 % do not exceed it.
    pub p95: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// Returns the spread of these values, at least one.
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
    /// Returns the percentiles of these values; of none, zeros.
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

fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<_> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Returns one value over another; of nothing to nothing, 1.
pub(super) fn ratio(over: f64, under: f64) -> f64 {
    if under > 0.0 { over / under } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

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
