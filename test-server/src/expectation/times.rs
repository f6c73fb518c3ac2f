//! How often a request is expected.

use std::fmt;
use std::ops::{Range, RangeFrom, RangeInclusive, RangeTo, RangeToInclusive};

/// How often a request is expected: a number, or a range such as `1..`, `2..=3` or `..5`, of any usual integer type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    pub(super) least: u64,
    pub(super) most: u64,
}

impl Times {
    fn between(least: u64, most: u64) -> Self {
        Self { least, most }
    }

    fn below(least: u64, end: u64) -> Self {
        match end.checked_sub(1) {
            Some(most) if least <= most => Self { least, most },
            _ => Self { least: 1, most: 0 },
        }
    }

    pub(super) fn contains(self, count: u64) -> bool {
        (self.least..=self.most).contains(&count)
    }
}

/// Defines the conversions from an integer type and its ranges.
macro_rules! from_integers {
    ($($integer:ty),*) => { $(
        impl From<$integer> for Times {
            #[track_caller]
            fn from(times: $integer) -> Self {
                let times = count(times);
                Self::between(times, times)
            }
        }

        impl From<RangeInclusive<$integer>> for Times {
            /// A range that is empty, such as `3..=2`, is never met.
            #[track_caller]
            fn from(range: RangeInclusive<$integer>) -> Self {
                Self::between(count(*range.start()), count(*range.end()))
            }
        }

        impl From<Range<$integer>> for Times {
            /// A range that is empty, such as `0..0`, is never met.
            #[track_caller]
            fn from(range: Range<$integer>) -> Self {
                Self::below(count(range.start), count(range.end))
            }
        }

        impl From<RangeFrom<$integer>> for Times {
            #[track_caller]
            fn from(range: RangeFrom<$integer>) -> Self {
                Self::between(count(range.start), u64::MAX)
            }
        }

        impl From<RangeTo<$integer>> for Times {
            #[track_caller]
            fn from(range: RangeTo<$integer>) -> Self {
                Self::below(0, count(range.end))
            }
        }

        impl From<RangeToInclusive<$integer>> for Times {
            #[track_caller]
            fn from(range: RangeToInclusive<$integer>) -> Self {
                Self::between(0, count(range.end))
            }
        }
    )* };
}

// The type of a number that a test writes is `i32`.
from_integers!(i32, u32, i64, u64, usize);

#[track_caller]
fn count<T: Copy + fmt::Display + TryInto<u64>>(times: T) -> u64 {
    match times.try_into() {
        Ok(times) => times,
        Err(_) => panic!("a request cannot come {times} times"),
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
