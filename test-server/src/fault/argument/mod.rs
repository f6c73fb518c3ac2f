//! The arguments of faults, after the `=` in a plan: parsing and printing.
//!
//! * `words`: numbers, durations and texts as words of a plan
//! * `delay`: the distribution of a delay

use std::fmt;
use std::time::Duration;

mod delay;
mod words;

pub(crate) use delay::Delay;
pub(crate) use words::MAX_DURATION;
use words::{CompactDuration, parse_duration, parse_number, parse_number_at, strip_call, unquote};

/// The kind of argument that a fault takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Takes {
    Nothing,
    /// A whole number of at least 1: what it counts, and its default (0 if it is required).
    Number {
        of: &'static str,
        default: u64,
    },
    /// A whole number of at least 1 and at most `most`: what it counts, and its default.
    NumberUpTo {
        of: &'static str,
        default: u64,
        most: u64,
    },
    /// A whole number, 0 included: what it counts, and its default.
    Count {
        of: &'static str,
        default: u64,
    },
    /// A time, and its default.
    Duration {
        default: Duration,
    },
    Delay,
    Statuses,
    RetryAfter,
    Text,
    /// A number of requests per second, minute or hour.
    Rate,
    /// Steps in parentheses, each with faults of its own. `plan` parses them.
    Steps,
    /// A number of responses, and the delay after the last of them.
    Stale,
    /// A number of bytes, and the pause behind them.
    Slices,
}

/// The argument of one fault in a plan.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Argument {
    Nothing,
    Number(u64),
    Duration(Duration),
    Delay(Delay),
    Statuses(Vec<u16>),
    RetryAfter(RetryAfter),
    Text(String),
    Rate { requests: u64, period: Duration },
    Stale { responses: u64, late: Duration },
    Slices { bytes: u64, pause: Duration },
}

/// The value of a Retry-After header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    /// This many seconds.
    Seconds(u64),
    /// The date this many seconds after the answer.
    Date(u64),
}

impl Takes {
    /// Returns the syntax of the argument with its default, as the list of faults shows it.
    pub(crate) fn syntax(self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Number { of, default: 0 } => format!("={of}"),
            Self::Number { of, default } => format!("[={of}] ({default})"),
            Self::NumberUpTo { of, default, .. } => format!("[={of}] ({default})"),
            Self::Count { of, default } => format!("[={of}] ({default})"),
            Self::Duration { default } => format!("[=DURATION] ({})", CompactDuration(default)),
            Self::Delay => "=DURATION|uniform(A..B)|lognormal(MEDIAN,P99)".to_owned(),
            Self::Statuses => "=CODE[|CODE...]".to_owned(),
            Self::RetryAfter => "=SECONDS|date(SECONDS)".to_owned(),
            Self::Text => "=\"TEXT\"".to_owned(),
            Self::Rate => "=REQUESTS/s|REQUESTS/m|REQUESTS/h".to_owned(),
            Self::Steps => "(STEP[,STEP...])".to_owned(),
            Self::Stale => "=RESPONSES[@DURATION]".to_owned(),
            Self::Slices => "=BYTES[@DURATION]".to_owned(),
        }
    }
}

impl Argument {
    /// Parses the argument of the fault `name`. The error says what is accepted.
    pub(crate) fn parse(name: &str, takes: Takes, text: Option<&str>) -> Result<Self, String> {
        match (takes, text) {
            (Takes::Nothing, None) => Ok(Self::Nothing),
            (Takes::Nothing, Some(_)) => Err(format!("'{name}' takes no argument")),
            (Takes::Number { default, .. }, None) if default > 0 => Ok(Self::Number(default)),
            (Takes::NumberUpTo { default, .. }, None) => Ok(Self::Number(default)),
            (Takes::Count { default, .. }, None) => Ok(Self::Number(default)),
            (Takes::Duration { default }, None) => Ok(Self::Duration(default)),
            (takes, None) => Err(format!(
                "'{name}' needs an argument: {name}{}",
                takes.syntax()
            )),
            (Takes::Number { of, .. }, Some(text)) => {
                let number = parse_number(text).filter(|&number| number > 0);
                number
                    .map(Self::Number)
                    .ok_or(format!("{of} must be a whole number of at least 1"))
            }
            (Takes::NumberUpTo { of, most, .. }, Some(text)) => {
                let number = parse_number(text).filter(|number| (1..=most).contains(number));
                number
                    .map(Self::Number)
                    .ok_or(format!("{of} must be a whole number from 1 to {most}"))
            }
            (Takes::Count { of, .. }, Some(text)) => parse_number(text)
                .map(Self::Number)
                .ok_or(format!("{of} must be a whole number")),
            (Takes::Duration { .. }, Some(text)) => parse_duration(text).map(Self::Duration),
            (Takes::Delay, Some(text)) => Delay::parse(text).map(Self::Delay),
            (Takes::Statuses, Some(text)) => parse_statuses(text).map(Self::Statuses),
            (Takes::RetryAfter, Some(text)) => RetryAfter::parse(text).map(Self::RetryAfter),
            (Takes::Text, Some(text)) => unquote(text).map(Self::Text),
            (Takes::Rate, Some(text)) => parse_rate(text),
            (Takes::Steps, Some(_)) => Err(format!(
                "the steps of '{name}' must be in parentheses: {name}{}",
                takes.syntax()
            )),
            (Takes::Stale, Some(text)) => {
                let (responses, late) = parse_number_at("RESPONSES", text, Duration::ZERO)?;
                Ok(Self::Stale { responses, late })
            }
            (Takes::Slices, Some(text)) => {
                let (bytes, pause) = parse_number_at("BYTES", text, DEFAULT_PAUSE)?;
                Ok(Self::Slices { bytes, pause })
            }
        }
    }

    /// Returns the number. Panics for faults that do not take one.
    pub(crate) fn number(&self) -> u64 {
        match self {
            Self::Number(number) => *number,
            other => unreachable!("the fault table requires a number, not {other:?}"),
        }
    }

    /// Returns the time. Panics for faults that do not take one.
    pub(crate) fn duration(&self) -> Duration {
        match self {
            Self::Duration(duration) => *duration,
            other => unreachable!("the fault table requires a duration, not {other:?}"),
        }
    }
}

impl RetryAfter {
    fn parse(text: &str) -> Result<Self, String> {
        match strip_call("date", text) {
            Some(inside) => parse_whole_seconds(inside).map(Self::Date),
            None => parse_whole_seconds(text).map(Self::Seconds),
        }
    }
}

fn parse_whole_seconds(text: &str) -> Result<u64, String> {
    if let Some(seconds) = parse_number(text.trim()) {
        return Ok(seconds.min(MAX_DURATION.as_secs()));
    }
    match parse_duration(text)? {
        duration if duration.subsec_nanos() > 0 => {
            Err("retry-after must be a whole number of seconds".to_owned())
        }
        duration => Ok(duration.as_secs()),
    }
}

fn parse_statuses(text: &str) -> Result<Vec<u16>, String> {
    let status = |word: &str| {
        let status = parse_number(word.trim()).and_then(|number| u16::try_from(number).ok());
        status.filter(|status| (200..=999).contains(status))
    };
    let statuses: Option<Vec<u16>> = text.split('|').map(status).collect();
    statuses.ok_or("a status must be a number from 200 to 999; separate several with |".to_owned())
}

/// The periods of a rate, with their letters.
const PERIODS: [(&str, Duration); 3] = [
    ("s", Duration::from_secs(1)),
    ("m", Duration::from_secs(60)),
    ("h", Duration::from_secs(3600)),
];

fn parse_rate(text: &str) -> Result<Argument, String> {
    let (requests, letter) = text.split_once('/').unwrap_or((text, ""));
    let period = PERIODS.iter().find(|(known, _)| *known == letter.trim());
    let requests = parse_number(requests.trim()).filter(|&number| number > 0);
    let rate = requests
        .zip(period)
        .map(|(requests, &(_, period))| Argument::Rate { requests, period });
    rate.ok_or("a rate must be like 10/s, 100/m or 1000/h".to_owned())
}

/// The pause between two slices: long enough for the receiver to read them one by one.
const DEFAULT_PAUSE: Duration = Duration::from_millis(1);

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => Ok(()),
            Self::Number(number) => write!(f, "{number}"),
            Self::Duration(duration) => write!(f, "{}", CompactDuration(*duration)),
            Self::Delay(delay) => write!(f, "{delay}"),
            Self::Statuses(statuses) => {
                // This text is part of the name of a draw: changing it would change the status of every code.
                f.write_str(
                    &statuses
                        .iter()
                        .map(u16::to_string)
                        .collect::<Vec<_>>()
                        .join("|"),
                )
            }
            Self::RetryAfter(RetryAfter::Seconds(seconds)) => write!(f, "{seconds}s"),
            Self::RetryAfter(RetryAfter::Date(seconds)) => write!(f, "date({seconds}s)"),
            Self::Text(text) => {
                write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
            }
            Self::Rate { requests, period } => {
                let letter = PERIODS.iter().find(|(_, known)| known == period);
                write!(f, "{requests}/{}", letter.map_or("s", |(letter, _)| letter))
            }
            Self::Stale { responses, late } if late.is_zero() => write!(f, "{responses}"),
            Self::Stale { responses, late } => write!(f, "{responses}@{}", CompactDuration(*late)),
            Self::Slices { bytes, pause } => write!(f, "{bytes}@{}", CompactDuration(*pause)),
        }
    }
}
