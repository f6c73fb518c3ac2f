//! The distribution of a delay.

use std::fmt;
use std::time::Duration;

use super::words::{CompactDuration, MAX_DURATION, parse_duration, strip_call};
use crate::random;

/// The distribution of a delay over the codes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Delay {
    /// The same for all codes.
    Fixed(Duration),
    /// A different delay for each code, uniformly distributed between the two.
    Uniform(Duration, Duration),
    /// A long tail: at most `median` for half of the codes, more than `p99` for one in a hundred.
    LogNormal { median: Duration, p99: Duration },
}

impl Delay {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some(range) = strip_call("uniform", text) {
            let (from, to) = range
                .split_once("..")
                .ok_or("uniform needs two durations: uniform(A..B)")?;
            let (from, to) = (parse_duration(from)?, parse_duration(to)?);
            return if from <= to {
                Ok(Self::Uniform(from, to))
            } else {
                Err("uniform(A..B) needs A <= B".into())
            };
        }
        if let Some(both) = strip_call("lognormal", text) {
            let (median, p99) = both
                .split_once(',')
                .ok_or("lognormal needs two durations: lognormal(MEDIAN,P99)")?;
            let (median, p99) = (parse_duration(median)?, parse_duration(p99)?);
            let rising = Duration::ZERO < median && median <= p99;
            return if rising {
                Ok(Self::LogNormal { median, p99 })
            } else {
                Err("lognormal(MEDIAN,P99) needs 0 < MEDIAN <= P99".into())
            };
        }
        parse_duration(text).map(Self::Fixed)
    }

    /// Returns the delay of this code. The draw depends on the seed, the code and the text of the delay.
    pub(crate) fn of(&self, seed: u64, code: &str) -> Duration {
        let drawn = || random::uniform(seed, &format!("{code}/delay/{self}"));
        match *self {
            Self::Fixed(delay) => delay,
            Self::Uniform(from, to) => from + (to - from).mul_f64(drawn()),
            Self::LogNormal { median, p99 } => {
                // The 99th percentile of the standard normal distribution.
                let sigma = (p99.as_secs_f64() / median.as_secs_f64()).ln() / 2.326_347_874_040_841;
                let second = random::uniform(seed, &format!("{code}/delay/{self}/2"));
                let z = standard_normal(drawn(), second);
                // Only one code in 30,000 lies beyond four sigmas, with a delay longer than any client waits.
                let factor = (sigma * z.clamp(-4.0, 4.0)).exp();
                let delay = Duration::try_from_secs_f64(median.as_secs_f64() * factor);
                delay.unwrap_or(MAX_DURATION).min(MAX_DURATION)
            }
        }
    }
}

/// Returns a number with the standard normal distribution, from two uniform numbers in `0.0..1.0`.
///
/// # Source
/// G. E. P. Box and Mervin E. Muller, *A Note on the Generation of Random Normal Deviates* (1958).
fn standard_normal(u: f64, v: f64) -> f64 {
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// This text is part of the name of a draw as well.
impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Fixed(delay) => write!(f, "{}", CompactDuration(delay)),
            Self::Uniform(from, to) => write!(
                f,
                "uniform({}..{})",
                CompactDuration(from),
                CompactDuration(to)
            ),
            Self::LogNormal { median, p99 } => {
                write!(
                    f,
                    "lognormal({},{})",
                    CompactDuration(median),
                    CompactDuration(p99)
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(text: &str) -> Vec<f64> {
        let delay = Delay::parse(text).unwrap();
        let codes = ('a'..='z').flat_map(|a| ('a'..='z').map(move |b| format!("{a}{b}")));
        let of = |code: String| delay.of(35, &code).as_secs_f64();
        let mut delays: Vec<_> = codes.map(of).collect();
        delays.sort_by(f64::total_cmp);
        delays
    }

    #[test]
    fn uniform_delays_lie_between_their_bounds() {
        let delays = delays("uniform(100ms..2s)");
        assert!(delays[0] >= 0.1 && delays[675] <= 2.0);
        let mean = delays.iter().sum::<f64>() / 676.0;
        assert!((0.95..1.15).contains(&mean), "{mean}");
    }

    #[test]
    fn lognormal_delays_have_their_median_and_a_long_tail() {
        let delays = delays("lognormal(200ms,2s)");
        assert!(
            (0.17..0.23).contains(&delays[338]),
            "median {}",
            delays[338]
        );
        assert!(
            (1.0..4.0).contains(&delays[669]),
            "99th percentile {}",
            delays[669]
        );
        assert!(delays[675] < 20.0, "four sigmas at most: {}", delays[675]);
    }

    #[test]
    fn a_code_always_has_the_same_delay() {
        assert_eq!(delays("lognormal(200ms,2s)"), delays("lognormal(200ms,2s)"));
    }
}
