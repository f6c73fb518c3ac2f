//! Times as text, also those of a wrong clock.
//!
//! The formatters panic for a time before 1970 or after the year 9999. A machine whose battery is empty starts in 1969,
//! and a report must not be lost because of its date, so such times become the nearest one that can be written.

use std::time::{Duration, SystemTime};

/// The last second of the year 9999, in seconds since 1970.
const LAST_SECOND: u64 = 253_402_300_799;

/// Returns the time as an RFC 3339 timestamp in UTC, with milliseconds. A time that has none is clamped to the years
/// 1970 to 9999.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// let before = SystemTime::UNIX_EPOCH - Duration::from_secs(60);
/// assert_eq!(safe_text::shown_time(before), "1970-01-01T00:00:00.000Z");
/// ```
pub fn shown_time(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(writable_date(time)).to_string()
}

/// Returns the time, clamped to the years 1970 to 9999, which are those that formats of dates can write.
pub fn writable_date(time: SystemTime) -> SystemTime {
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs(LAST_SECOND);
    time.clamp(SystemTime::UNIX_EPOCH, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_1970_and_after_9999_are_clamped() {
        let at = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let before = |seconds| SystemTime::UNIX_EPOCH - Duration::from_secs(seconds);
        for (time, shown) in [
            (before(1), "1970-01-01T00:00:00.000Z"),
            (before(1 << 40), "1970-01-01T00:00:00.000Z"),
            (at(0), "1970-01-01T00:00:00.000Z"),
            (at(1_000_000_000), "2001-09-09T01:46:40.000Z"),
            (at(LAST_SECOND), "9999-12-31T23:59:59.000Z"),
            (at(LAST_SECOND + 1), "9999-12-31T23:59:59.000Z"),
            (at(1 << 40), "9999-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(shown_time(time), shown);
        }
    }
}
