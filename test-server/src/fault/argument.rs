//! The arguments of faults, after the `=` in a plan: parsing and printing.

use std::fmt;
use std::time::Duration;

use safe_text::is_hidden;

use crate::random;

/// The kind of argument that a fault takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Takes {
    Nothing,
    /// A whole number of at least 1: what it counts, and its default (0 if it is required).
    Number {
        of: &'static str,
        default: u64,
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

/// The distribution of a delay over the codes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Delay {
    /// The same for all codes.
    Fixed(Duration),
    /// A different delay for each code, uniformly distributed between the two.
    Uniform(Duration, Duration),
    /// A long tail: at most `median` for half of the codes, more than `p99` for one in a hundred.
    LogNormal { median: Duration, p99: Duration },
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

impl Delay {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(range) = strip_call("uniform", text) {
            let (from, to) = range
                .split_once("..")
                .ok_or("uniform needs two durations: uniform(A..B)")?;
            let (from, to) = (parse_duration(from)?, parse_duration(to)?);
            return if from <= to {
                Ok(Self::Uniform(from, to))
            } else {
                Err("uniform(A..B) needs A <= B".into())
            };
        }
        if let Some(both) = strip_call("lognormal", text) {
            let (median, p99) = both
                .split_once(',')
                .ok_or("lognormal needs two durations: lognormal(MEDIAN,P99)")?;
            let (median, p99) = (parse_duration(median)?, parse_duration(p99)?);
            let rising = Duration::ZERO < median && median <= p99;
            return if rising {
                Ok(Self::LogNormal { median, p99 })
            } else {
                Err("lognormal(MEDIAN,P99) needs 0 < MEDIAN <= P99".into())
            };
        }
        parse_duration(text).map(Self::Fixed)
    }

    /// Returns the delay of this code. The draw depends on the seed, the code and the text of the delay.
    pub(crate) fn of(&self, seed: u64, code: &str) -> Duration {
        let drawn = || random::uniform(seed, &format!("{code}/delay/{self}"));
        match *self {
            Self::Fixed(delay) => delay,
            Self::Uniform(from, to) => from + (to - from).mul_f64(drawn()),
            Self::LogNormal { median, p99 } => {
                // The 99th percentile of the standard normal distribution.
                let sigma = (p99.as_secs_f64() / median.as_secs_f64()).ln() / 2.326_347_874_040_841;
                let second = random::uniform(seed, &format!("{code}/delay/{self}/2"));
                let z = standard_normal(drawn(), second);
                // Only one code in 30,000 lies beyond four sigmas, with a delay longer than any client waits.
                let factor = (sigma * z.clamp(-4.0, 4.0)).exp();
                Duration::try_from_secs_f64(median.as_secs_f64() * factor).unwrap_or(Duration::MAX)
            }
        }
    }
}

/// Returns a number with the standard normal distribution, from two uniform numbers in `0.0..1.0`.
///
/// # Source
/// G. E. P. Box and Mervin E. Muller, *A Note on the Generation of Random Normal Deviates* (1958).
fn standard_normal(u: f64, v: f64) -> f64 {
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

impl RetryAfter {
    fn parse(text: &str) -> Result<Self, String> {
        match strip_call("date", text) {
            Some(inside) => parse_whole_seconds(inside).map(Self::Date),
            None => parse_whole_seconds(text).map(Self::Seconds),
        }
    }
}

/// Returns the text inside the parentheses of `name(...)`.
fn strip_call<'a>(name: &str, text: &'a str) -> Option<&'a str> {
    text.strip_prefix(name)?
        .trim_start()
        .strip_prefix('(')?
        .strip_suffix(')')
}

fn parse_number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

/// The longest accepted duration, 366 days. Deadlines and dates far beyond it overflow the clock.
pub(crate) const MAX_DURATION: Duration = Duration::from_secs(366 * 24 * 60 * 60);

fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let duration = humantime::parse_duration(text)
        .map_err(|_| "a duration must be like 500ms, 1.5s or 2m".to_owned())?;
    if duration > MAX_DURATION {
        Err("a duration must be at most 366 days".to_owned())
    } else {
        Ok(duration)
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

/// Returns the text inside quotes, in which `\"` is a quote and `\\` a backslash. Text without quotes is returned
/// unchanged.
fn unquote(text: &str) -> Result<String, String> {
    if text.contains(is_hidden) {
        return Err("a text cannot contain control or format characters".to_owned());
    }
    let Some(inside) = text.strip_prefix('"') else {
        return Ok(text.to_owned());
    };
    let wrong = || "a text in quotes must end with its closing quote".to_owned();
    let (mut plain, mut chars) = (String::new(), inside.chars());
    loop {
        match chars.next().ok_or_else(wrong)? {
            '\\' => plain.push(chars.next().ok_or_else(wrong)?),
            '"' => break,
            c => plain.push(c),
        }
    }
    if chars.next().is_some() {
        Err(wrong())
    } else {
        Ok(plain)
    }
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

/// Parses `NUMBER` or `NUMBER@DURATION`.
fn parse_number_at(of: &str, text: &str, default: Duration) -> Result<(u64, Duration), String> {
    let (number, duration) = match text.split_once('@') {
        Some((number, duration)) => (number, parse_duration(duration)?),
        None => (text, default),
    };
    let number = parse_number(number.trim()).filter(|&number| number > 0);
    let number = number.ok_or(format!("{of} must be a whole number of at least 1"))?;
    Ok((number, duration))
}

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

/// This text is part of the name of a draw as well.
impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Fixed(delay) => write!(f, "{}", CompactDuration(delay)),
            Self::Uniform(from, to) => write!(
                f,
                "uniform({}..{})",
                CompactDuration(from),
                CompactDuration(to)
            ),
            Self::LogNormal { median, p99 } => {
                write!(
                    f,
                    "lognormal({},{})",
                    CompactDuration(median),
                    CompactDuration(p99)
                )
            }
        }
    }
}

/// Prints a duration as one word that parses to the same duration, in the largest unit in which it is a whole number.
pub(crate) struct CompactDuration(pub(crate) Duration);

impl fmt::Display for CompactDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")];
        let unit = units
            .into_iter()
            .find(|(size, _)| nanos.is_multiple_of(*size));
        let (size, name) = unit.unwrap_or((1, "ns"));
        write!(f, "{}{name}", nanos / size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(text: &str) -> Vec<f64> {
        let delay = Delay::parse(text).unwrap();
        let codes = ('a'..='z').flat_map(|a| ('a'..='z').map(move |b| format!("{a}{b}")));
        let of = |code: String| delay.of(35, &code).as_secs_f64();
        let mut delays: Vec<_> = codes.map(of).collect();
        delays.sort_by(f64::total_cmp);
        delays
    }

    #[test]
    fn uniform_delays_lie_between_their_bounds() {
        let delays = delays("uniform(100ms..2s)");
        assert!(delays[0] >= 0.1 && delays[675] <= 2.0);
        let mean = delays.iter().sum::<f64>() / 676.0;
        assert!((0.95..1.15).contains(&mean), "{mean}");
    }

    #[test]
    fn lognormal_delays_have_their_median_and_a_long_tail() {
        let delays = delays("lognormal(200ms,2s)");
        assert!(
            (0.17..0.23).contains(&delays[338]),
            "median {}",
            delays[338]
        );
        assert!(
            (1.0..4.0).contains(&delays[669]),
            "99th percentile {}",
            delays[669]
        );
        assert!(delays[675] < 20.0, "four sigmas at most: {}", delays[675]);
    }

    #[test]
    fn a_code_always_has_the_same_delay() {
        assert_eq!(delays("lognormal(200ms,2s)"), delays("lognormal(200ms,2s)"));
    }

    #[test]
    fn durations_print_in_the_largest_whole_unit() {
        for (nanos, text) in [
            (0, "0s"),
            (2_000_000_000, "2s"),
            (1_500_000_000, "1500ms"),
            (1_500, "1500ns"),
            (7_000, "7us"),
        ] {
            assert_eq!(
                CompactDuration(Duration::from_nanos(nanos)).to_string(),
                text
            );
            assert_eq!(parse_duration(text), Ok(Duration::from_nanos(nanos)));
        }
    }
}
