//! How often a request is expected.

use std::fmt;
use std::ops::{Range, RangeFrom, RangeInclusive, RangeTo, RangeToInclusive};

/// How often a request is expected: a number, or a range such as `1..`, `2..=3` or `..5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    pub(super) least: u64,
    pub(super) most: u64,
}

impl Times {
    pub(super) fn contains(self, count: u64) -> bool {
        (self.least..=self.most).contains(&count)
    }
}

impl From<u64> for Times {
    fn from(times: u64) -> Self {
        (times..=times).into()
    }
}

impl From<RangeInclusive<u64>> for Times {
    fn from(range: RangeInclusive<u64>) -> Self {
        let (least, most) = range.into_inner();
        Self { least, most }
    }
}

impl From<Range<u64>> for Times {
    /// An empty range such as `0..0` is never met.
    fn from(range: Range<u64>) -> Self {
        if range.is_empty() {
            Self { least: 1, most: 0 }
        } else {
            (range.start..=range.end - 1).into()
        }
    }
}

impl From<RangeFrom<u64>> for Times {
    fn from(range: RangeFrom<u64>) -> Self {
        (range.start..=u64::MAX).into()
    }
}

impl From<RangeTo<u64>> for Times {
    fn from(range: RangeTo<u64>) -> Self {
        (0..range.end).into()
    }
}

impl From<RangeToInclusive<u64>> for Times {
    fn from(range: RangeToInclusive<u64>) -> Self {
        (0..=range.end).into()
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self { least: 0, most: 0 } => f.write_str("no request"),
            Self { least, most } if least > most => f.write_str("an empty range of requests"),
            Self { least: 1, most: 1 } => f.write_str("1 request"),
            Self { least, most } if least == most => write!(f, "{least} requests"),
            Self { least, most } if most == u64::MAX => write!(f, "at least {least}"),
            Self { least: 0, most } => write!(f, "at most {most}"),
            Self { least, most } => write!(f, "{least} to {most} requests"),
        }
    }
}
