//! Euclid's algorithm, and how long it takes: the better answer to the same question. It is never in the same table as the
//! executors, because a better algorithm says nothing about them.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::pair::Pair;

/// The number of measurements, of which the shortest counts.
const MEASUREMENTS: u32 = 20;

/// The shortest time that is measured, so that the resolution of the clock does not matter.
const AT_LEAST: Duration = Duration::from_micros(100);

/// The number of passes between two looks at the clock, which take 25 ns each.
const PASSES: u32 = 16;

/// Returns the greatest common divisor of both numbers, in fewer than 100 divisions.
///
/// ```
/// assert_eq!(gcd::euclid("1551645,2229620".parse()?), 5);
/// # Ok::<(), gcd::PairError>(())
/// ```
pub fn euclid(pair: Pair) -> u64 {
    let (mut a, mut b) = pair.numbers();
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Measures how long [`euclid()`] takes for all pairs together, in nanoseconds. Blocks for some milliseconds.
pub fn nanoseconds_of_euclid(pairs: &[Pair]) -> f64 {
    // Short and many: some of them are not interrupted by other programs.
    let measurements = (0..MEASUREMENTS).map(|_| measure(pairs));
    measurements.fold(f64::INFINITY, f64::min)
}

/// Measures as many passes over the pairs as take [`AT_LEAST`]. Returns the time of one, in nanoseconds.
fn measure(pairs: &[Pair]) -> f64 {
    let began = Instant::now();
    let mut passes = 0.0;
    loop {
        for _ in 0..PASSES {
            for &pair in pairs {
                // Otherwise the compiler computes the result once, for all passes.
                black_box(euclid(black_box(pair)));
            }
        }
        passes += f64::from(PASSES);
        let elapsed = began.elapsed();
        if elapsed >= AT_LEAST {
            return elapsed.as_nanos() as f64 / passes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pair::Original;

    #[test]
    fn consecutive_fibonacci_numbers_are_the_longest_case() {
        // The 92nd and 93rd are the largest that fit.
        let pair = Pair::new(7_540_113_804_746_346_429, 12_200_160_415_121_876_738).unwrap();
        assert_eq!(euclid(pair), 1);
    }

    #[test]
    fn six_pairs_take_some_nanoseconds_at_least() {
        let pairs = Original::Six.pairs();
        let took = nanoseconds_of_euclid(&pairs);
        assert!(took > 1.0 && took.is_finite(), "{took}");
    }
}
