//! The syntax of the values of options.

use std::error::Error;
use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use bytesize::ByteSize;
use reqwest::header::{HeaderName, HeaderValue};

use crate::cli::hints;
use crate::job::http::{basic, parse_header};
use crate::strategy::Strategy;

/// The reason why the value of an option is invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InvalidValue {
    /// What the value must be: the end of a sentence that starts with the option.
    must: String,
    /// The bad word; `None` if it may be a secret.
    not: Option<String>,
    /// The word that was probably meant.
    meant: Option<String>,
}

impl InvalidValue {
    fn new(must: &str, not: &str) -> Self {
        Self {
            not: Some(not.to_owned()),
            ..Self::of_secret(must)
        }
    }

    /// Creates the reason for a word that must not be printed.
    fn of_secret(must: impl Into<String>) -> Self {
        Self {
            must: must.into(),
            not: None,
            meant: None,
        }
    }
}

impl Error for InvalidValue {}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { must, not, meant } = self;
        f.write_str(must)?;
        if let Some(not) = not {
            write!(f, ", not '{not}'")?;
        }
        match meant {
            Some(meant) => write!(f, "; did you mean {meant}?"),
            None => Ok(()),
        }
    }
}

/// A text that is not printed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(pub(super) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A header for each request.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) name: HeaderName,
    pub(super) value: HeaderValue,
}

impl Header {
    /// Returns the header as typed, to be passed to a child process of this program.
    pub(super) fn expose(&self) -> String {
        let value = String::from_utf8_lossy(self.value.as_bytes());
        format!("{}: {value}", self.name)
    }
}

/// A login for each request.
#[derive(Debug, Clone)]
pub(super) struct Login {
    pub(super) text: Secret,
    /// The value of the `Authorization` header.
    pub(super) header: HeaderValue,
}

/// Parses `NAME: VALUE`.
pub(super) fn header(text: &str) -> Result<Header, InvalidValue> {
    match parse_header(text) {
        Ok((name, value)) => Ok(Header { name, value }),
        Err(error) => Err(InvalidValue::of_secret(error.to_string())),
    }
}

/// Parses `NAME:PASSWORD`.
pub(super) fn login(text: &str) -> Result<Login, InvalidValue> {
    let parts = text.split_once(':');
    let header = parts.and_then(|(name, password)| basic(name, password).ok());
    let login = header.map(|header| Login {
        text: Secret(text.to_owned()),
        header,
    });
    login.ok_or_else(|| InvalidValue::of_secret("must be a name, a colon and a password"))
}

/// Values separated by commas. To clap they are one value, so that the last of several options counts, as for other
/// options.
#[derive(Debug, Clone)]
pub(super) struct List<T>(pub(super) Vec<T>);

/// Parses a whole number of any size. One that does not fit becomes the largest or smallest `i64`.
pub(super) fn whole_number(text: &str) -> Result<i64, InvalidValue> {
    parse_whole_number(text).ok_or_else(|| InvalidValue::new("must be a whole number", text))
}

fn parse_whole_number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let bound = if text.starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    };
    Some(text.parse().unwrap_or(bound))
}

/// Parses whole numbers separated by commas.
pub(super) fn limits(text: &str) -> Result<List<i64>, InvalidValue> {
    let limits: Option<_> = text.split(',').map(parse_whole_number).collect();
    let must = "must be numbers separated by commas, such as 1,5,26";
    limits
        .map(List)
        .ok_or_else(|| InvalidValue::new(must, text))
}

/// Returns the number if it is at least 1. One that does not fit becomes the largest `usize`.
pub(super) fn at_least_one(number: i64) -> Option<NonZeroUsize> {
    if number < 1 {
        None
    } else {
        NonZeroUsize::new(usize::try_from(number).unwrap_or(usize::MAX))
    }
}

/// Parses a positive number of seconds, decimals allowed.
pub(super) fn seconds(text: &str) -> Result<Duration, InvalidValue> {
    let number: Option<f64> = text
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite() && *number > 0.0);
    let number =
        number.ok_or_else(|| InvalidValue::new("must be a number of seconds > 0", text))?;
    // Converting fails only if the number is too large for a duration. Less than a nanosecond would become zero.
    let duration = Duration::try_from_secs_f64(number).unwrap_or(Duration::MAX);
    Ok(duration.max(Duration::from_nanos(1)))
}

/// Parses a positive number, decimals allowed.
pub(super) fn rate(text: &str) -> Result<f64, InvalidValue> {
    let number = text.parse().ok();
    number
        .filter(|number: &f64| number.is_finite() && *number > 0.0)
        .ok_or_else(|| InvalidValue::new("must be a number > 0", text))
}

/// Parses a whole number that may be 0. One that does not fit becomes the largest `u32`.
pub(super) fn count(text: &str) -> Result<u32, InvalidValue> {
    match parse_whole_number(text) {
        Some(number) if number >= 0 => Ok(u32::try_from(number).unwrap_or(u32::MAX)),
        _ => Err(InvalidValue::new("must be a whole number >= 0", text)),
    }
}

/// Parses a positive number of bytes, with or without a unit.
pub(super) fn size(text: &str) -> Result<u64, InvalidValue> {
    let size = text.parse::<ByteSize>().ok().filter(|size| size.0 > 0);
    let must = "must be a size > 0, such as 65536, 64KiB or 1MB";
    size.map(|size| size.0)
        .ok_or_else(|| InvalidValue::new(must, text))
}

/// Where the items of a list are downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExecutorKind {
    /// In this process.
    Local,
    /// On workers of a NATS server. Only with the feature `nats`.
    #[cfg_attr(not(feature = "nats"), expect(dead_code, reason = "refused"))]
    Nats,
}

/// Parses the name of an executor, in any case.
pub(super) fn executor(text: &str) -> Result<ExecutorKind, InvalidValue> {
    match text.to_ascii_lowercase().as_str() {
        "local" => Ok(ExecutorKind::Local),
        #[cfg(feature = "nats")]
        "nats" => Ok(ExecutorKind::Nats),
        #[cfg(not(feature = "nats"))]
        "nats" => Err(InvalidValue::of_secret(
            "is nats, which needs a program that was built with `--features nats`",
        )),
        _ => Err(InvalidValue::new("must be one of local, nats", text)),
    }
}

/// Parses the names of strategies, in any case, separated by commas.
pub(super) fn strategies(text: &str) -> Result<List<Strategy>, InvalidValue> {
    text.split(',')
        .map(strategy)
        .collect::<Result<_, _>>()
        .map(List)
}

fn strategy(text: &str) -> Result<Strategy, InvalidValue> {
    let mut strategies = Strategy::ALL.into_iter();
    let named = strategies.find(|strategy| text.eq_ignore_ascii_case(strategy.name()));
    named.ok_or_else(|| InvalidValue {
        meant: hints::strategy(text),
        ..InvalidValue::new("must be one of sequential, threadpool, semaphore", text)
    })
}
