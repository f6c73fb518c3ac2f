//! When a flag is asked for again, and after how long.
//!
//! Only what may be otherwise next time is tried again. A server that says when (Retry-After) is taken at its word, up to a
//! bound, and by all downloads: a worker that went on asking would undo the patience of the others. Knows nothing of
//! how requests are made.

use std::time::{Duration, SystemTime};

use crate::job::LONGEST_PAUSE;
use crate::record::Kind;

/// Before the second attempt; twice as long before the third, and so on.
const FIRST_BACKOFF: Duration = Duration::from_millis(250);
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);

/// Statuses of servers that are busy or have a fault for now.
///
/// # Source
/// Those that `curl --retry` calls transient.
const TRANSIENT_STATUSES: [u16; 8] = [408, 429, 500, 502, 503, 504, 522, 524];

/// Whether the same request may end otherwise next time.
pub fn is_transient(kind: Kind, http_status: Option<u16>) -> bool {
    match kind {
        Kind::ConnectRefused
        | Kind::ConnectTimeout
        | Kind::Connect
        | Kind::Timeout
        | Kind::Reset
        | Kind::ClosedEarly
        | Kind::Truncated
        | Kind::BadBody
        | Kind::GifCut => true,
        Kind::HttpStatus => http_status.is_some_and(|s| TRANSIENT_STATUSES.contains(&s)),
        Kind::Dns
        | Kind::Tls
        | Kind::BadResponse
        | Kind::Redirect
        | Kind::TooBig
        | Kind::Empty
        | Kind::NotGif
        | Kind::GifTrailing
        | Kind::WriteFailed
        | Kind::FdLimit
        | Kind::Interrupted
        | Kind::Internal
        | Kind::Other => false,
    }
}

/// What a server asks for by `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// To be left alone for so long.
    In(Duration),
    /// To be left alone until then.
    At(SystemTime),
}

impl RetryAfter {
    /// What the value of the header says, if it says anything. A negative number of seconds is none at all.
    ///
    /// ```
    /// use std::time::Duration;
    /// use flags::retry::RetryAfter;
    ///
    /// assert_eq!(RetryAfter::parse("120"), Some(RetryAfter::In(Duration::from_secs(120))));
    /// assert!(matches!(RetryAfter::parse("Fri, 20 Nov 2026 12:00:00 GMT"), Some(RetryAfter::At(_))));
    /// assert_eq!(RetryAfter::parse("soon"), None);
    /// ```
    ///
    /// # Source
    /// RFC 9110, 10.2.3.
    pub fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        let digits = value.strip_prefix('-').unwrap_or(value);
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let seconds = match value.starts_with('-') {
                true => 0,
                false => digits.parse().unwrap_or(u64::MAX),
            };
            return Some(Self::In(Duration::from_secs(seconds)));
        }
        httpdate::parse_http_date(value).ok().map(Self::At)
    }
}

/// What to do after an attempt that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// This download waits.
    Backoff(Duration),
    /// All downloads wait.
    Pause(Duration),
    /// The server asks for this much patience, which is more than there is.
    TooLong(Duration),
}

/// What to do after so many attempts, the last of which failed now.
///
/// A server that says when is not asked later than that: there is no backoff on top. Seconds are measured on our own clock, so more than [`LONGEST_PAUSE`] is taken seriously: it will not be over in time. A
/// date may be far away only because the clocks of two machines disagree; the pause ends after [`LONGEST_PAUSE`] then.
pub(super) fn next(attempts: u32, asked: Option<RetryAfter>, now: SystemTime) -> Next {
    match asked {
        None => Next::Backoff(backoff(attempts, fastrand::f64())),
        Some(RetryAfter::In(time)) if time > LONGEST_PAUSE => Next::TooLong(time),
        Some(RetryAfter::In(time)) => Next::Pause(time),
        Some(RetryAfter::At(then)) => {
            let left = then.duration_since(now).unwrap_or_default();
            Next::Pause(left.min(LONGEST_PAUSE))
        }
    }
}

/// Doubles with each attempt. Between half of it and all of it, by `chance` in 0..1: those that failed together shall not come
/// back together.
fn backoff(attempts: u32, chance: f64) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    let whole = (FIRST_BACKOFF * 2_u32.pow(doublings)).min(LONGEST_BACKOFF);
    whole.mul_f64(0.5 + chance / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    /// What is done after a first attempt that was answered with this header.
    fn after(header: &str) -> Next {
        next(1, RetryAfter::parse(header), NOW)
    }

    #[test]
    fn seconds_and_dates_pause_and_nonsense_is_as_good_as_nothing() {
        let seconds = Duration::from_secs;
        let date = |ahead| httpdate::fmt_http_date(NOW + seconds(ahead));
        assert_eq!(after("0"), Next::Pause(Duration::ZERO));
        assert_eq!(after(" 1 "), Next::Pause(seconds(1)));
        assert_eq!(after("30"), Next::Pause(seconds(30)));
        assert_eq!(after("31"), Next::TooLong(seconds(31)));
        assert_eq!(after("99999"), Next::TooLong(seconds(99999)));
        assert_eq!(after(&"9".repeat(40)), Next::TooLong(seconds(u64::MAX)));
        assert_eq!(after("-5"), Next::Pause(Duration::ZERO));
        assert_eq!(after(&date(7)), Next::Pause(seconds(7)));
        assert_eq!(after(&date(3600)), Next::Pause(LONGEST_PAUSE));
        let past = next(
            1,
            RetryAfter::parse(&date(10)),
            NOW + Duration::from_secs(20),
        );
        assert_eq!(past, Next::Pause(Duration::ZERO));
        for nothing in ["abc", "", "-", "1.5", "1 s", "Someday, 20 Nov 2026"] {
            assert!(matches!(after(nothing), Next::Backoff(_)), "{nothing}");
        }
    }

    #[test]
    fn backoff_doubles_up_to_its_bound_and_is_spread_over_its_upper_half() {
        let longest = |attempts| backoff(attempts, 1.0).as_millis();
        assert_eq!([1, 2, 3, 6].map(longest), [250, 500, 1000, 8000]);
        assert_eq!([7, 40, u32::MAX].map(longest), [10_000; 3]);
        assert_eq!(backoff(2, 0.0), Duration::from_millis(250));
    }

    #[test]
    fn what_is_worth_another_attempt() {
        for status in [408, 429, 500, 502, 503, 504, 522, 524] {
            assert!(is_transient(Kind::HttpStatus, Some(status)), "{status}");
        }
        for status in [200, 206, 302, 400, 403, 410, 418, 501, 505, 599] {
            assert!(!is_transient(Kind::HttpStatus, Some(status)), "{status}");
        }
        let kinds = Kind::ALL.into_iter();
        let transient: Vec<_> = kinds.filter(|&kind| is_transient(kind, None)).collect();
        let words: Vec<_> = transient.into_iter().map(Kind::word).collect();
        assert_eq!(
            words,
            [
                "connect_refused",
                "connect_timeout",
                "connect",
                "timeout",
                "reset",
                "closed_early",
                "truncated",
                "bad_body",
                "gif_cut"
            ]
        );
    }

    proptest! {
        #[test]
        fn no_header_makes_the_parser_panic_or_the_wait_long(header in "\\PC*", attempts: u32) {
            let wait = match next(attempts, RetryAfter::parse(&header), SystemTime::now()) {
                Next::Backoff(wait) | Next::Pause(wait) => wait,
                Next::TooLong(_) => Duration::ZERO,
            };
            prop_assert!(wait <= LONGEST_PAUSE);
        }

        #[test]
        fn any_number_of_seconds_is_understood(seconds: u64) {
            let expected = Some(RetryAfter::In(Duration::from_secs(seconds)));
            prop_assert_eq!(RetryAfter::parse(&seconds.to_string()), expected);
        }
    }
}
