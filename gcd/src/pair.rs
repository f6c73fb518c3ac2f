//! Two positive numbers, and the pairs of the original programs.

use std::collections::HashMap;
use std::fmt;
use std::num::{IntErrorKind, NonZeroU64, ParseIntError};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Two positive numbers, written `A,B`.
///
/// ```
/// use gcd::{Pair, PairError};
///
/// let pair: Pair = "12,18".parse()?;
/// assert_eq!((pair.numbers(), pair.to_string()), ((12, 18), "12,18".to_owned()));
/// assert_eq!("0,5".parse::<Pair>(), Err(PairError::Zero));
/// # Ok::<(), PairError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pair {
    a: NonZeroU64,
    b: NonZeroU64,
}

/// The reason why a text is not a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PairError {
    /// The text is not two whole numbers with a comma between them.
    #[error("use two positive whole numbers with a comma between them, such as 12,18")]
    Form,
    /// A number is zero.
    #[error("both numbers must be at least 1")]
    Zero,
    /// A number does not fit into 64 bits.
    #[error("numbers must be at most {}", u64::MAX)]
    TooLarge,
}

impl Pair {
    /// Returns the pair of these numbers, or `None` if one of them is zero.
    pub fn new(a: u64, b: u64) -> Option<Self> {
        Some(Self {
            a: NonZeroU64::new(a)?,
            b: NonZeroU64::new(b)?,
        })
    }

    /// Returns both numbers.
    pub fn numbers(self) -> (u64, u64) {
        (self.a.get(), self.b.get())
    }
}

impl FromStr for Pair {
    type Err = PairError;

    fn from_str(text: &str) -> Result<Self, PairError> {
        let (a, b) = text.split_once(',').ok_or(PairError::Form)?;
        let number = |digits: &str| {
            let number: Result<u64, ParseIntError> = digits.trim().parse();
            number.map_err(|error| match error.kind() {
                IntErrorKind::PosOverflow => PairError::TooLarge,
                _ => PairError::Form,
            })
        };
        Self::new(number(a)?, number(b)?).ok_or(PairError::Zero)
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.a, self.b)
    }
}

/// The pairs of an original program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Original {
    /// Six pairs, whose divisors are 1, 5, 1, 5, 2 and 3.
    Six,
    /// Four pairs, whose divisors are 1, 1, 5 and 1.
    Four,
}

impl Original {
    /// Returns the pairs, in the order of the original program.
    pub fn pairs(self) -> Vec<Pair> {
        let numbers: &[(u64, u64)] = match self {
            Self::Six => &[
                (1_963_309, 2_265_973),
                (1_879_675, 2_493_670),
                (2_030_677, 3_814_172),
                (1_551_645, 2_229_620),
                (1_988_912, 4_736_670),
                (2_198_964, 7_876_293),
            ],
            Self::Four => &[
                (1_963_309, 2_265_973),
                (2_030_677, 3_814_172),
                (1_551_645, 2_229_620),
                (2_039_045, 2_020_802),
            ],
        };
        numbers
            .iter()
            .filter_map(|&(a, b)| Pair::new(a, b))
            .collect()
    }
}

/// Returns a name for each pair, which differs from those of all others: a pair that occurs again is numbered.
///
/// ```
/// use gcd::{Pair, names};
///
/// let pairs = [(12, 18), (5, 7), (12, 18)].map(|(a, b)| Pair::new(a, b).unwrap());
/// assert_eq!(names(&pairs), ["12,18", "5,7", "12,18 (2)"]);
/// ```
pub fn names(pairs: &[Pair]) -> Vec<String> {
    let mut times = HashMap::new();
    let name = |pair: &Pair| {
        let times: &mut usize = times.entry(*pair).or_default();
        *times += 1;
        match *times {
            1 => pair.to_string(),
            n => format!("{pair} ({n})"),
        }
    };
    pairs.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_positive_numbers_are_a_pair() {
        let parse = |text: &str| text.parse::<Pair>();
        for text in ["", "1", ",", "1,", "a,b", "1,2,3", "1.5,2", "-1,2", "1 2"] {
            assert_eq!(parse(text), Err(PairError::Form), "{text}");
        }
        for text in ["0,5", "5,0", "0,0"] {
            assert_eq!(parse(text), Err(PairError::Zero), "{text}");
        }
        assert_eq!(parse("1,18446744073709551616"), Err(PairError::TooLarge));
        assert_eq!(
            parse("1, 18446744073709551615"),
            Ok(Pair::new(1, u64::MAX).unwrap())
        );
    }

    #[test]
    fn the_original_programs_have_six_and_four_pairs() {
        let count = |original: Original| original.pairs().len();
        assert_eq!([count(Original::Six), count(Original::Four)], [6, 4]);
    }
}
