//! What executors gain and can gain at best, and apart from that, what a better algorithm gains. All in words.

use comparison::{Outcome, Run, count};
use harness::ExecutorKind;

use crate::schedule::{Best, best, in_order};
use crate::trial::divisions;
use crate::work::Work;

/// Says how much faster than one worker this many workers can be at best: `at most 1.90 possible with 2 workers in this
/// order, 1.99 in the best order`.
pub(crate) fn possible(work: &Work, workers: usize) -> String {
    let lengths: Vec<_> = work.pairs.iter().map(|&pair| divisions(pair)).collect();
    let all: u128 = lengths.iter().copied().map(u128::from).sum();
    let speed_up = |end: u128| format!("{:.2}", all as f64 / end as f64);
    let best_order = match best(&lengths, workers) {
        Best::Exact(end) => format!("{} in the best order", speed_up(end)),
        Best::LongestFirst(end) => format!("{} with the longest pairs first", speed_up(end)),
    };
    format!(
        "at most {} possible with {} in this order, {best_order}",
        speed_up(in_order(&lengths, workers)),
        count(workers, "worker")
    )
}

/// Returns the time of the sequential run among these, in milliseconds, or `None` if none of them is sequential and complete.
/// If there are several, this is the median; of an even number, the shorter of the middle two.
pub(crate) fn sequential_ms(runs: &[Run]) -> Option<f64> {
    let is_complete = |run: &&Run| run.tasks.iter().all(|task| task.outcome == Outcome::Ok);
    let mut times: Vec<_> = runs
        .iter()
        .filter(|run| run.label == ExecutorKind::Sequential.name())
        .filter(is_complete)
        .map(|run| run.elapsed_ms)
        .collect();
    times.sort_by(f64::total_cmp);
    times.get(times.len().saturating_sub(1) / 2).copied()
}

/// Says what Euclid's algorithm gains. It takes `nanoseconds` for all pairs, and a sequential run of `work` takes
/// `sequential_ms` milliseconds.
pub(crate) fn of_euclid(work: &Work, sequential_ms: f64, nanoseconds: f64) -> String {
    let once_ns = sequential_ms * 1e6 / work.repeat.get() as f64;
    format!(
        "Euclid's algorithm needs {} for all pairs: the better algorithm, not the better executor, makes this work {} \
         times faster.",
        short_time(nanoseconds),
        two_digits(once_ns / nanoseconds)
    )
}

/// Formats a short time with its unit.
fn short_time(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns < 1e3 => format!("{ns:.0} ns"),
        ns if ns < 1e6 => format!("{:.1} µs", ns / 1e3),
        ns => format!("{:.1} ms", ns / 1e6),
    }
}

/// Formats a number rounded to two significant digits, in groups of three digits: `120,000`.
fn two_digits(number: f64) -> String {
    if number < 9.95 {
        return format!("{number:.1}");
    }
    let unit = 10_f64.powf(number.log10().floor() - 1.0);
    let digits = format!("{:.0}", (number / unit).round() * unit);
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU64;

    use crate::pair::{Original, Pair};
    use comparison::Task;

    fn work(pairs: Vec<Pair>, repeat: u64) -> Work {
        let repeat = NonZeroU64::new(repeat).unwrap();
        Work { pairs, repeat }
    }

    fn run(label: &str, elapsed_ms: f64) -> Run {
        Run {
            label: label.to_owned(),
            slots: 1,
            round: None,
            ended_by: None,
            elapsed_ms,
            cpu_ms: None,
            peak_memory: None,
            peak_in_flight: None,
            tasks: vec![Task {
                name: "12,18".to_owned(),
                lane: Some(0),
                outcome: Outcome::Ok,
                message: None,
                phases: Vec::new(),
            }],
        }
    }

    #[test]
    fn the_bound_does_not_depend_on_how_often_the_pairs_are_computed() {
        for repeat in [1, 100] {
            let words = possible(&work(Original::Six.pairs(), repeat), 2);
            let expected =
                "at most 1.90 possible with 2 workers in this order, 1.99 in the best order";
            assert_eq!(words, expected);
        }
    }

    #[test]
    fn the_best_order_of_many_pairs_is_not_claimed() {
        let words = possible(&work(vec![Pair::new(12, 18).unwrap(); 13], 1), 1);
        let expected =
            "at most 1.00 possible with 1 worker in this order, 1.00 with the longest pairs first";
        assert_eq!(words, expected);
    }

    #[test]
    fn the_sequential_time_is_the_median_of_the_complete_sequential_runs() {
        let mut runs = [50.0, 10.0, 40.0, 20.0]
            .map(|ms| run("sequential", ms))
            .to_vec();
        runs.push(run("threads", 15.0));
        assert_eq!(sequential_ms(&runs), Some(20.0));
        assert_eq!(sequential_ms(&runs[..3]), Some(40.0));
        assert_eq!(sequential_ms(&runs[4..]), None);
        runs[0].tasks[0].outcome = Outcome::Error;
        assert_eq!(sequential_ms(&runs[..1]), None);
    }

    #[test]
    fn the_gain_of_euclid_is_for_one_computation_of_each_pair() {
        let words = of_euclid(&work(Original::Six.pairs(), 100), 1_500.0, 126.4);
        let expected = "Euclid's algorithm needs 126 ns for all pairs: the better algorithm, not the better executor, \
                        makes this work 120,000 times faster.";
        assert_eq!(words, expected);
    }

    #[test]
    fn numbers_have_as_many_digits_as_they_are_worth() {
        let numbers = [0.94, 9.96, 99.6, 1_234.0, 987_654.0, 12_345_678.0];
        let expected = ["0.9", "10", "100", "1,200", "990,000", "12,000,000"];
        assert_eq!(numbers.map(two_digits), expected);
        let times = [126.4, 1_260.0, 2_500_000.0].map(short_time);
        assert_eq!(times, ["126 ns", "1.3 µs", "2.5 ms"]);
    }
}
