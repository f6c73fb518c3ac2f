//! The figures of a run: bytes, rate, latency and retries.

use std::time::Duration;

use bytesize::ByteSize;
use comparison::count;
use hdrhistogram::Histogram;

use crate::record::Record;

/// The significant digits of latencies. Three are printed.
const DIGITS: u8 = 3;

/// The figures of a run, gathered record by record, in memory that does not depend on their number.
#[derive(Debug)]
pub(crate) struct Figures {
    bytes: u64,
    retries: u32,
    /// The time of each download that was attempted, without waiting for its turn and without pauses: the latency of
    /// reports and comparisons.
    /// In microseconds.
    latencies: Histogram<u32>,
    longest: Duration,
}

impl Figures {
    /// Returns the figures of a run without records.
    pub(crate) fn new() -> Self {
        Self {
            bytes: 0,
            retries: 0,
            latencies: Histogram::new(DIGITS).expect("at most five digits are allowed"),
            longest: Duration::ZERO,
        }
    }

    /// Adds a record.
    pub(crate) fn add(&mut self, record: &Record) {
        let effort = &record.effort;
        if effort.attempts == 0 {
            return;
        }
        self.bytes += effort.bytes;
        self.retries += effort.attempts - 1;
        let latency = effort.earlier + effort.first_byte + effort.body + effort.save;
        self.longest = self.longest.max(latency);
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        // The histogram grows as far as needed.
        let _ = self.latencies.record(micros);
    }

    /// Returns the line for a run of this length, or `None` if it has neither received bytes nor retried.
    pub(crate) fn line(&self, elapsed: Duration) -> Option<String> {
        if self.bytes == 0 && self.retries == 0 {
            return None;
        }
        let at = |quantile| {
            let value = self.latencies.value_at_quantile(quantile);
            let micros = self.latencies.median_equivalent(value);
            time(Duration::from_micros(micros).min(self.longest))
        };
        let retries = match self.retries {
            0 => String::new(),
            1 => ", 1 retry".to_owned(),
            retries => format!(", {retries} retries"),
        };
        Some(format!(
            "{} at {}/s, latency p50 {}, p95 {}, max {}{retries}\n",
            size(self.bytes),
            size(rate(self.bytes, elapsed)),
            at(0.5),
            at(0.95),
            time(self.longest),
        ))
    }
}

/// Returns a number of bytes in a unit that suits it.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => count(bytes as usize, "byte"),
        _ => ByteSize(bytes).display().si().to_string(),
    }
}

/// Returns how many there are per second. Less than a millisecond counts as one, because a shorter time says nothing.
fn rate(number: u64, elapsed: Duration) -> u64 {
    (number as f64 / elapsed.as_secs_f64().max(0.001)) as u64
}

/// Returns a time in milliseconds, or in seconds from ten on.
fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        10.0.. => format!("{seconds:.1} s"),
        0.01.. => format!("{:.0} ms", seconds * 1000.0),
        _ => format!("{:.1} ms", seconds * 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::flags;
    use crate::record::{Effort, Outcome};

    /// Returns a record with this many attempts of this many bytes.
    fn record(attempts: u32, bytes: u64, ms: u64) -> Record {
        let effort = Effort {
            attempts,
            bytes,
            first_byte: Duration::from_millis(ms),
            paused: Duration::from_secs(60),
            ..Effort::default()
        };
        Record {
            effort,
            ..Record::new(flags(&["br"]).remove(0), Outcome::NotFound)
        }
    }

    fn line(records: &[Record], elapsed: u64) -> Option<String> {
        let mut figures = Figures::new();
        records.iter().for_each(|record| figures.add(record));
        figures.line(Duration::from_secs(elapsed))
    }

    #[test]
    fn a_run_has_bytes_rate_latencies_and_retries() {
        let mut records: Vec<_> = (1..=100).rev().map(|ms| record(1, 100, ms * 10)).collect();
        assert_eq!(
            line(&records, 4).unwrap(),
            "10.0 kB at 2.5 kB/s, latency p50 500 ms, p95 950 ms, max 1000 ms\n"
        );
        records.push(record(3, 0, 12_345));
        records.push(record(0, 0, 99_999)); // not attempted
        assert_eq!(
            line(&records, 4).unwrap(),
            "10.0 kB at 2.5 kB/s, latency p50 510 ms, p95 960 ms, max 12.3 s, 2 retries\n"
        );
    }

    #[test]
    fn a_run_without_bytes_and_retries_has_no_figures() {
        assert_eq!(line(&[], 1), None);
        assert_eq!(line(&[record(1, 0, 5), record(0, 0, 0)], 1), None);
        assert_eq!(
            line(&[record(2, 0, 5)], 0).unwrap(),
            "0 bytes at 0 bytes/s, latency p50 5.0 ms, p95 5.0 ms, max 5.0 ms, 1 retry\n"
        );
    }
}
