//! What stands behind the `=` of a fault: read from a plan, printed into one.

use std::fmt;
use std::time::Duration;

use crate::random;

/// What a fault takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Takes {
    Nothing,
    /// A whole number from 1 on; what it counts, and what it is if left out (0: it must be there).
    Number {
        of: &'static str,
        default: u64,
    },
    /// A time; what it is if left out.
    Duration {
        default: Duration,
    },
    Delay,
    Statuses,
    RetryAfter,
    Text,
    /// A number of responses, and how late after the last of them.
    Stale,
}

/// What a fault was given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Argument {
    Nothing,
    Number(u64),
    Duration(Duration),
    Delay(Delay),
    Statuses(Vec<u16>),
    RetryAfter(RetryAfter),
    Text(String),
    Stale { responses: u64, late: Duration },
}

/// How long a delay is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Delay {
    /// The same for all codes.
    Fixed(Duration),
    /// Anything between the two, for each code its own.
    Uniform(Duration, Duration),
    /// For half of the codes at most the first, for one in a hundred longer than the second: a long tail.
    LogNormal { median: Duration, p99: Duration },
}

/// When to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    /// So many seconds.
    Seconds(u64),
    /// A date so many seconds from the answer.
    Date(u64),
}

impl Takes {
    /// How the list of faults shows it.
    pub(crate) fn shown(self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Number { of, default: 0 } => format!("={of}"),
            Self::Number { of, default } => format!("[={of}] ({default})"),
            Self::Duration { default } => format!("[=DURATION] ({})", Shown(default)),
            Self::Delay => "=DURATION|uniform(A..B)|lognormal(MEDIAN,P99)".to_owned(),
            Self::Statuses => "=CODE[|CODE...]".to_owned(),
            Self::RetryAfter => "=SECONDS|date(SECONDS)".to_owned(),
            Self::Text => "=\"TEXT\"".to_owned(),
            Self::Stale => "=RESPONSES[@DURATION]".to_owned(),
        }
    }
}

impl Argument {
    /// Parses the argument of the fault `name`; the error says what would be accepted.
    pub(crate) fn parse(name: &str, takes: Takes, text: Option<&str>) -> Result<Self, String> {
        match (takes, text) {
            (Takes::Nothing, None) => Ok(Self::Nothing),
            (Takes::Nothing, Some(_)) => Err(format!("'{name}' takes no argument")),
            (Takes::Number { default, .. }, None) if default > 0 => Ok(Self::Number(default)),
            (Takes::Duration { default }, None) => Ok(Self::Duration(default)),
            (takes, None) => Err(format!(
                "'{name}' needs its argument: {name}{}",
                takes.shown()
            )),
            (Takes::Number { of, .. }, Some(text)) => {
                let number = whole(text).filter(|&number| number > 0);
                number
                    .map(Self::Number)
                    .ok_or(format!("{of} must be a whole number from 1 on"))
            }
            (Takes::Duration { .. }, Some(text)) => duration(text).map(Self::Duration),
            (Takes::Delay, Some(text)) => Delay::parse(text).map(Self::Delay),
            (Takes::Statuses, Some(text)) => statuses(text).map(Self::Statuses),
            (Takes::RetryAfter, Some(text)) => RetryAfter::parse(text).map(Self::RetryAfter),
            (Takes::Text, Some(text)) => unquote(text).map(Self::Text),
            (Takes::Stale, Some(text)) => stale(text),
        }
    }

    /// The number it is, for faults that take one.
    pub(crate) fn number(&self) -> u64 {
        match self {
            Self::Number(number) => *number,
            other => unreachable!("the table says that it takes a number, not {other:?}"),
        }
    }

    /// The time it is, for faults that take one.
    pub(crate) fn duration(&self) -> Duration {
        match self {
            Self::Duration(duration) => *duration,
            other => unreachable!("the table says that it takes a duration, not {other:?}"),
        }
    }
}

impl Delay {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(range) = arguments_of("uniform", text) {
            let (from, to) = range
                .split_once("..")
                .ok_or("uniform needs two durations: uniform(A..B)")?;
            let (from, to) = (duration(from)?, duration(to)?);
            return if from <= to {
                Ok(Self::Uniform(from, to))
            } else {
                Err("uniform(A..B) needs A <= B".into())
            };
        }
        if let Some(both) = arguments_of("lognormal", text) {
            let (median, p99) = both
                .split_once(',')
                .ok_or("lognormal needs two durations: lognormal(MEDIAN,P99)")?;
            let (median, p99) = (duration(median)?, duration(p99)?);
            let rising = Duration::ZERO < median && median <= p99;
            return if rising {
                Ok(Self::LogNormal { median, p99 })
            } else {
                Err("lognormal(MEDIAN,P99) needs 0 < MEDIAN <= P99".into())
            };
        }
        duration(text).map(Self::Fixed)
    }

    /// How long this code waits: drawn by seed and code, under the name of the delay itself.
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
                // Beyond four sigmas there is one code in 30,000, and an answer that nobody waits for.
                let factor = (sigma * z.clamp(-4.0, 4.0)).exp();
                Duration::try_from_secs_f64(median.as_secs_f64() * factor).unwrap_or(Duration::MAX)
            }
        }
    }
}

/// # Source
/// G. E. P. Box and Mervin E. Muller, *A Note on the Generation of Random Normal Deviates* (1958).
fn standard_normal(u: f64, v: f64) -> f64 {
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

impl RetryAfter {
    fn parse(text: &str) -> Result<Self, String> {
        match arguments_of("date", text) {
            Some(inside) => whole_seconds(inside).map(Self::Date),
            None => whole_seconds(text).map(Self::Seconds),
        }
    }
}

/// What stands in the parentheses of `name(...)`.
fn arguments_of<'a>(name: &str, text: &'a str) -> Option<&'a str> {
    text.strip_prefix(name)?
        .trim_start()
        .strip_prefix('(')?
        .strip_suffix(')')
}

fn whole(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

/// The longest delay there is; a clock further ahead than this is no clock.
pub(crate) const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let duration = humantime::parse_duration(text)
        .map_err(|_| "a duration must be like 500ms, 1.5s or 2m".to_owned())?;
    if duration > LONGEST {
        Err("a duration must be at most 366 days".to_owned())
    } else {
        Ok(duration)
    }
}

fn whole_seconds(text: &str) -> Result<u64, String> {
    if let Some(seconds) = whole(text.trim()) {
        return Ok(seconds.min(LONGEST.as_secs()));
    }
    match duration(text)? {
        duration if duration.subsec_nanos() > 0 => {
            Err("retry-after counts whole seconds".to_owned())
        }
        duration => Ok(duration.as_secs()),
    }
}

fn statuses(text: &str) -> Result<Vec<u16>, String> {
    let status = |word: &str| {
        let status = whole(word.trim()).and_then(|number| u16::try_from(number).ok());
        status.filter(|status| (200..=999).contains(status))
    };
    let statuses: Option<Vec<u16>> = text.split('|').map(status).collect();
    statuses.ok_or("a status must be a number from 200 to 999, several with | between".to_owned())
}

/// A text in quotes, in which `\"` is a quote and `\\` a backslash; without quotes, as it is.
fn unquote(text: &str) -> Result<String, String> {
    if text.contains(|c: char| c.is_control()) {
        return Err("a text in a head cannot contain control characters".to_owned());
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

fn stale(text: &str) -> Result<Argument, String> {
    let (responses, late) = match text.split_once('@') {
        Some((responses, late)) => (responses, duration(late)?),
        None => (text, Duration::ZERO),
    };
    let responses = whole(responses.trim()).filter(|&number| number > 0);
    let responses = responses.ok_or("RESPONSES must be a whole number from 1 on")?;
    Ok(Argument::Stale { responses, late })
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => Ok(()),
            Self::Number(number) => write!(f, "{number}"),
            Self::Duration(duration) => write!(f, "{}", Shown(*duration)),
            Self::Delay(delay) => write!(f, "{delay}"),
            Self::Statuses(statuses) => {
                // This text is part of the name of a draw: to change it is to move every draw.
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
            Self::Stale { responses, late } if late.is_zero() => write!(f, "{responses}"),
            Self::Stale { responses, late } => write!(f, "{responses}@{}", Shown(*late)),
        }
    }
}

/// This text is part of the name of a draw, too.
impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Fixed(delay) => write!(f, "{}", Shown(delay)),
            Self::Uniform(from, to) => write!(f, "uniform({}..{})", Shown(from), Shown(to)),
            Self::LogNormal { median, p99 } => {
                write!(f, "lognormal({},{})", Shown(median), Shown(p99))
            }
        }
    }
}

/// A duration in one word that is read back as it was: the largest unit in which it is whole.
pub(crate) struct Shown(pub(crate) Duration);

impl fmt::Display for Shown {
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
    fn a_uniform_delay_is_anywhere_between_its_bounds() {
        let delays = delays("uniform(100ms..2s)");
        assert!(delays[0] >= 0.1 && delays[675] <= 2.0);
        let mean = delays.iter().sum::<f64>() / 676.0;
        assert!((0.95..1.15).contains(&mean), "{mean}");
    }

    #[test]
    fn a_lognormal_delay_has_its_median_and_a_long_tail() {
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
    fn the_same_code_waits_equally_long_each_time() {
        assert_eq!(delays("lognormal(200ms,2s)"), delays("lognormal(200ms,2s)"));
    }

    #[test]
    fn durations_are_shown_in_the_largest_unit_that_is_whole() {
        for (nanos, shown) in [
            (0, "0s"),
            (2_000_000_000, "2s"),
            (1_500_000_000, "1500ms"),
            (1_500, "1500ns"),
            (7_000, "7us"),
        ] {
            assert_eq!(Shown(Duration::from_nanos(nanos)).to_string(), shown);
            assert_eq!(duration(shown), Ok(Duration::from_nanos(nanos)));
        }
    }
}
