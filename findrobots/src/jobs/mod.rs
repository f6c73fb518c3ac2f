//! The jobs that read the lines of logs: the map and the reduce of a map-reduce over many files.
//!
//! * `robots`: the hosts that requested a path
//! * `strict`: the malformed lines, beside the result of another job

use memchr::{memchr, memchr_iter, memmem, memrchr};
use serde::Serialize;
use serde::de::DeserializeOwned;

mod robots;
mod strict;

pub use robots::{Hosts, Robots};
pub use strict::{Example, Malformed, Sort, Strict};

/// A question that can be answered line by line: each file has a partial result, and the partial results are reduced to one.
///
/// A job travels to worker processes, so it and its result are serialized by postcard. The example `statuses_per_day` is a
/// complete program with a job of its own.
///
/// ```
/// use findrobots::{Job, fields};
/// use serde::{Deserialize, Serialize};
///
/// /// Counts the requests of one host.
/// #[derive(Clone, Serialize, Deserialize)]
/// struct RequestsOf(String);
///
/// impl Job for RequestsOf {
///     type Partial = u64;
///     const NAME: &'static str = "requests-of";
///
///     fn needle(&self) -> &[u8] {
///         self.0.as_bytes()
///     }
///
///     fn map(&self, line: &[u8], requests: &mut u64) {
///         *requests += u64::from(fields(line).next() == Some(self.0.as_bytes()));
///     }
///
///     fn reduce(total: &mut u64, requests: &u64) {
///         *total += requests;
///     }
/// }
///
/// let job = RequestsOf("1.2.3.4".to_owned());
/// let mut requests = 0;
/// for line in [b"1.2.3.4 - - ...".as_slice(), b"4.3.2.1 - - 1.2.3.4"] {
///     job.map(line, &mut requests);
/// }
/// assert_eq!(requests, 1);
/// ```
pub trait Job: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The result for some of the lines. The default is the result for no lines.
    type Partial: Default + Clone + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// The name of the task that runs the job, as [`Task::NAME`](concurrent_futures::Task::NAME).
    const NAME: &'static str;

    /// Returns bytes that every line contains that matters, without line feeds; empty if there are none. Lines without these
    /// bytes are not passed to `map`, which is faster than to look at their fields.
    fn needle(&self) -> &[u8] {
        b""
    }

    /// Adds what a line says to the result. The line has no line feed at its end; it may contain any other bytes.
    fn map(&self, line: &[u8], partial: &mut Self::Partial);

    /// Adds a partial result to the total. The order in which partial results come is not defined.
    fn reduce(total: &mut Self::Partial, partial: &Self::Partial);
}

/// Passes lines to a job.
pub(crate) struct Scanner<'j, J> {
    job: &'j J,
    /// The search for the needle, if the job has one.
    finder: Option<memmem::Finder<'j>>,
}

impl<'j, J: Job> Scanner<'j, J> {
    /// Returns a scanner for the job.
    pub(crate) fn new(job: &'j J) -> Self {
        let needle = job.needle();
        let finder = (!needle.is_empty()).then(|| memmem::Finder::new(needle));
        Self { job, finder }
    }

    /// Passes each line of `lines` that contains the needle to the job.
    pub(crate) fn scan(&self, lines: &[u8], partial: &mut J::Partial) {
        let Some(finder) = &self.finder else {
            let mut start = 0;
            for end in memchr_iter(b'\n', lines) {
                self.job.map(&lines[start..end], partial);
                start = end + 1;
            }
            if start < lines.len() {
                self.job.map(&lines[start..], partial);
            }
            return;
        };
        let mut rest = lines;
        while let Some(found) = finder.find(rest) {
            let start = memrchr(b'\n', &rest[..found]).map_or(0, |at| at + 1);
            let end = memchr(b'\n', &rest[found..]).map_or(rest.len(), |at| found + at);
            self.job.map(&rest[start..end], partial);
            rest = rest.get(end + 1..).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Collects the lines that it gets.
    #[derive(Clone, serde::Serialize, serde::Deserialize)]
    struct Collect(Vec<u8>);

    impl Job for Collect {
        type Partial = Vec<String>;
        const NAME: &'static str = "collect";

        fn needle(&self) -> &[u8] {
            &self.0
        }

        fn map(&self, line: &[u8], partial: &mut Vec<String>) {
            partial.push(String::from_utf8(line.to_vec()).unwrap());
        }

        fn reduce(total: &mut Vec<String>, partial: &Vec<String>) {
            total.extend(partial.iter().cloned());
        }
    }

    fn collect(needle: &str, lines: &str) -> Vec<String> {
        let mut all = Vec::new();
        let job = Collect(needle.as_bytes().to_vec());
        Scanner::new(&job).scan(lines.as_bytes(), &mut all);
        all
    }

    #[test]
    fn lines_with_the_needle_are_passed_once_wherever_it_is() {
        let lines = "xx\nax\n\nb\nxaxax\nx";
        assert_eq!(collect("x", lines), ["xx", "ax", "xaxax", "x"]);
        assert_eq!(collect("b", lines), ["b"]);
        assert_eq!(collect("b\n", "b\nb\n"), ["b", "b"]);
    }

    #[test]
    fn without_a_needle_every_line_is_passed() {
        assert_eq!(collect("", "a\n\nb\n"), ["a", "", "b"]);
        assert_eq!(collect("", "a\nb"), ["a", "b"]);
        assert!(collect("", "").is_empty());
    }
}
