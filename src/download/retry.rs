//! Decides which failures are retried, and after how long.
//!
//! Only transient failures are retried, and never without a backoff. A server's `Retry-After` is respected up to a bound,
//! and by all downloads: if one worker went on sending requests, the others would wait in vain. Knows nothing of how
//! requests are sent.

use std::time::{Duration, SystemTime};

use crate::job::LONGEST_PAUSE;
use crate::record::{Failure, Kind};

/// The upper bound of the backoff before the second attempt. It doubles with each further attempt, up to [`LONGEST_BACKOFF`].
const FIRST_BACKOFF: Duration = Duration::from_millis(250);
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);

/// The statuses of servers that are overloaded or temporarily broken.
///
/// # Source
/// The statuses that `curl --retry` treats as transient.
const TRANSIENT_STATUSES: [u16; 8] = [408, 429, 500, 502, 503, 504, 522, 524];

/// The ends of the messages of name look-ups that failed only for now, in glibc and in musl. The standard library does not
/// report the number of the error, which is `EAI_AGAIN`.
const TEMPORARY_LOOKUPS: [&str; 2] = ["Temporary failure in name resolution", "Try again"];

/// Returns whether the same request may succeed if it is sent again. `http_status` is that of the last answer.
pub fn is_transient(failure: &Failure, http_status: Option<u16>) -> bool {
    match failure.kind() {
        Kind::ConnectRefused
        | Kind::ConnectTimeout
        | Kind::Connect
        | Kind::Timeout
        | Kind::Network
        | Kind::Reset
        | Kind::ClosedEarly
        | Kind::Truncated
        | Kind::BadBody
        | Kind::GifCut => true,
        Kind::HttpStatus => http_status.is_some_and(is_transient_status),
        // Without a status, the proxy refused a tunnel once, and nothing says that it always will.
        Kind::Proxy => http_status.is_none_or(is_transient_status),
        Kind::Dns => TEMPORARY_LOOKUPS
            .iter()
            .any(|temporary| failure.cause().ends_with(temporary)),
        Kind::BadLine
        | Kind::Tls
        | Kind::BadResponse
        | Kind::Redirect
        | Kind::Unframed
        | Kind::TooBig
        | Kind::Empty
        | Kind::NotGif
        | Kind::GifTrailing
        | Kind::Checksum
        | Kind::WriteFailed
        | Kind::FdLimit
        | Kind::Lost
        | Kind::Interrupted
        | Kind::Internal
        | Kind::Other => false,
    }
}

fn is_transient_status(status: u16) -> bool {
    TRANSIENT_STATUSES.contains(&status)
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
    /// This download waits for `backoff`, and all downloads wait for `pause`, at the same time.
    After {
        /// How long this download waits at least.
        backoff: Duration,
        /// The delay that the server requests; zero if it requests none.
        pause: Duration,
    },
    /// The server requests this delay, which is longer than [`LONGEST_PAUSE`].
    TooLong(Duration),
}

/// Returns the delay after `attempts` attempts, the last of which failed at `now`.
///
/// A server cannot cancel the backoff with a delay of zero or a date in the past. A delay in seconds is measured on the
/// local clock, so one longer than [`LONGEST_PAUSE`] really ends too late for a retry. A date may be far in the future
/// only because the clocks of the two machines disagree, so that delay is cut to [`LONGEST_PAUSE`].
pub(super) fn delay(attempts: u32, retry_after: Option<RetryAfter>, now: SystemTime) -> RetryDelay {
    let pause = match retry_after {
        None => Duration::ZERO,
        Some(RetryAfter::In(time)) if time > LONGEST_PAUSE => return RetryDelay::TooLong(time),
        Some(RetryAfter::In(time)) => time,
        Some(RetryAfter::At(then)) => {
            let left = then.duration_since(now).unwrap_or_default();
            left.min(LONGEST_PAUSE)
        }
    };
    RetryDelay::After {
        backoff: backoff(attempts, fastrand::f64()),
        pause,
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

    /// Returns the pause of all downloads after this delay. Asserts that the backoff is that of a first attempt.
    fn pause_of(delay: RetryDelay) -> Duration {
        let RetryDelay::After { backoff, pause } = delay else {
            panic!("{delay:?}")
        };
        assert!(backoff >= FIRST_BACKOFF / 2, "{backoff:?}");
        pause
    }

    #[test]
    fn seconds_and_dates_pause_all_downloads_and_never_cancel_the_backoff() {
        let seconds = Duration::from_secs;
        let date = |ahead| httpdate::fmt_http_date(NOW + seconds(ahead));
        for (header, pause) in [
            ("0", 0),
            (" 1 ", 1),
            ("30", 30),
            ("-5", 0),
            ("abc", 0),
            ("", 0),
            ("-", 0),
            ("1.5", 0),
            ("1 s", 0),
            ("Someday, 20 Nov 2026", 0),
            (&date(7), 7),
            (&date(3600), LONGEST_PAUSE.as_secs()),
        ] {
            assert_eq!(pause_of(delay_after(header)), seconds(pause), "{header}");
        }
        let past = delay(1, RetryAfter::parse(&date(10)), NOW + seconds(20));
        assert_eq!(pause_of(past), Duration::ZERO);
        for (header, too_long) in [("31", 31), ("99999", 99999), (&"9".repeat(40), u64::MAX)] {
            assert_eq!(
                delay_after(header),
                RetryDelay::TooLong(seconds(too_long)),
                "{header}"
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
        let failure = |kind| Failure::new(kind, "");
        for status in [408, 429, 500, 502, 503, 504, 522, 524] {
            assert!(
                is_transient(&failure(Kind::HttpStatus), Some(status)),
                "{status}"
            );
        }
        for status in [200, 206, 302, 400, 403, 410, 418, 501, 505, 599] {
            assert!(
                !is_transient(&failure(Kind::HttpStatus), Some(status)),
                "{status}"
            );
            assert!(
                !is_transient(&failure(Kind::Proxy), Some(status)),
                "{status}"
            );
        }
        assert!(is_transient(&failure(Kind::Proxy), Some(502)));
        let kinds = Kind::ALL.into_iter();
        let transient = kinds.filter(|&kind| is_transient(&failure(kind), None));
        let words: Vec<_> = transient.map(Kind::word).collect();
        assert_eq!(
            words,
            [
                "connect_refused",
                "connect_timeout",
                "connect",
                "proxy",
                "timeout",
                "network",
                "reset",
                "closed_early",
                "truncated",
                "bad_body",
                "gif_cut"
            ]
        );
    }

    #[test]
    fn a_failed_look_up_is_retried_only_if_the_failure_is_temporary() {
        let look_up = |end| {
            let cause = format!("failed to lookup address information: {end}");
            is_transient(&Failure::new(Kind::Dns, cause), None)
        };
        assert!(look_up("Temporary failure in name resolution"));
        assert!(look_up("Try again"));
        let cause = "failed to lookup address information: Try again";
        let of_proxy = Failure::new(Kind::Dns, cause).via_proxy("proxy.example:3128");
        assert!(is_transient(&of_proxy, None));
        assert!(!look_up("Name or service not known"));
        assert!(!look_up("No address associated with hostname"));
    }

    proptest! {
        #[test]
        fn any_header_is_parsed_without_panic_and_waits_at_most_the_longest_pause(header in "\\PC*", attempts: u32) {
            let wait = match delay(attempts, RetryAfter::parse(&header), SystemTime::now()) {
                RetryDelay::After { backoff, pause } => backoff.max(pause),
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
