//! Decides which failures are retried, and after how long.
//!
//! Only transient failures are retried. A server's `Retry-After` is respected up to a bound, and by all downloads: if
//! one worker went on sending requests, the others would wait in vain. Knows nothing of how requests are sent.

use std::time::{Duration, SystemTime};

use crate::job::LONGEST_PAUSE;
use crate::record::Kind;

/// The upper bound of the backoff before the second attempt. It doubles with each further attempt, up to [`LONGEST_BACKOFF`].
const FIRST_BACKOFF: Duration = Duration::from_millis(250);
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);

/// The statuses of servers that are overloaded or temporarily broken.
///
/// # Source
/// The statuses that `curl --retry` treats as transient.
const TRANSIENT_STATUSES: [u16; 8] = [408, 429, 500, 502, 503, 504, 522, 524];

/// Returns whether the same request may succeed if it is sent again.
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
        Kind::HttpStatus | Kind::Proxy => {
            http_status.is_some_and(|s| TRANSIENT_STATUSES.contains(&s))
        }
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

/// The value of a `Retry-After` header: when the server accepts the next request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    /// After this time.
    In(Duration),
    /// At this date.
    At(SystemTime),
}

impl RetryAfter {
    /// Parses the value of the header, or returns `None` if it is invalid. A negative number of seconds counts as 0.
    ///
    /// # Source
    /// RFC 9110, 10.2.3.
    pub(crate) fn parse(value: &str) -> Option<Self> {
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

/// The delay before the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetryDelay {
    /// This download waits this long.
    Backoff(Duration),
    /// All downloads wait this long.
    PauseAll(Duration),
    /// The server requests this delay, which is longer than [`LONGEST_PAUSE`].
    TooLong(Duration),
}

/// Returns the delay after `attempts` attempts, the last of which failed at `now`.
///
/// No backoff is added to a delay that the server requests. A delay in seconds is measured on the local clock, so one
/// longer than [`LONGEST_PAUSE`] really ends too late for a retry. A date may be far in the future only because the
/// clocks of the two machines disagree, so that delay is cut to [`LONGEST_PAUSE`].
pub(super) fn delay(attempts: u32, retry_after: Option<RetryAfter>, now: SystemTime) -> RetryDelay {
    match retry_after {
        None => RetryDelay::Backoff(backoff(attempts, fastrand::f64())),
        Some(RetryAfter::In(time)) if time > LONGEST_PAUSE => RetryDelay::TooLong(time),
        Some(RetryAfter::In(time)) => RetryDelay::PauseAll(time),
        Some(RetryAfter::At(then)) => {
            let left = then.duration_since(now).unwrap_or_default();
            RetryDelay::PauseAll(left.min(LONGEST_PAUSE))
        }
    }
}

/// Returns the backoff after `attempts` attempts. It doubles with each attempt.
///
/// `chance` in 0..1 spreads it over the upper half, so that requests that failed together are not retried together.
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

    /// Returns the delay after a first attempt that was answered with this header.
    fn delay_after(header: &str) -> RetryDelay {
        delay(1, RetryAfter::parse(header), NOW)
    }

    #[test]
    fn retry_after_is_a_number_of_seconds_or_a_date() {
        assert_eq!(
            RetryAfter::parse("120"),
            Some(RetryAfter::In(Duration::from_secs(120)))
        );
        assert!(matches!(
            RetryAfter::parse("Fri, 20 Nov 2026 12:00:00 GMT"),
            Some(RetryAfter::At(_))
        ));
        assert_eq!(RetryAfter::parse("soon"), None);
    }

    #[test]
    fn seconds_and_dates_pause_all_downloads_and_invalid_values_are_ignored() {
        let seconds = Duration::from_secs;
        let date = |ahead| httpdate::fmt_http_date(NOW + seconds(ahead));
        assert_eq!(delay_after("0"), RetryDelay::PauseAll(Duration::ZERO));
        assert_eq!(delay_after(" 1 "), RetryDelay::PauseAll(seconds(1)));
        assert_eq!(delay_after("30"), RetryDelay::PauseAll(seconds(30)));
        assert_eq!(delay_after("31"), RetryDelay::TooLong(seconds(31)));
        assert_eq!(delay_after("99999"), RetryDelay::TooLong(seconds(99999)));
        assert_eq!(
            delay_after(&"9".repeat(40)),
            RetryDelay::TooLong(seconds(u64::MAX))
        );
        assert_eq!(delay_after("-5"), RetryDelay::PauseAll(Duration::ZERO));
        assert_eq!(delay_after(&date(7)), RetryDelay::PauseAll(seconds(7)));
        assert_eq!(
            delay_after(&date(3600)),
            RetryDelay::PauseAll(LONGEST_PAUSE)
        );
        let past = delay(
            1,
            RetryAfter::parse(&date(10)),
            NOW + Duration::from_secs(20),
        );
        assert_eq!(past, RetryDelay::PauseAll(Duration::ZERO));
        for invalid in ["abc", "", "-", "1.5", "1 s", "Someday, 20 Nov 2026"] {
            assert!(
                matches!(delay_after(invalid), RetryDelay::Backoff(_)),
                "{invalid}"
            );
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
    fn only_transient_failures_are_retried() {
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
        fn any_header_is_parsed_without_panic_and_waits_at_most_the_longest_pause(header in "\\PC*", attempts: u32) {
            let wait = match delay(attempts, RetryAfter::parse(&header), SystemTime::now()) {
                RetryDelay::Backoff(wait) | RetryDelay::PauseAll(wait) => wait,
                RetryDelay::TooLong(_) => Duration::ZERO,
            };
            prop_assert!(wait <= LONGEST_PAUSE);
        }

        #[test]
        fn any_number_of_seconds_is_parsed(seconds: u64) {
            let expected = Some(RetryAfter::In(Duration::from_secs(seconds)));
            prop_assert_eq!(RetryAfter::parse(&seconds.to_string()), expected);
        }
    }
}
