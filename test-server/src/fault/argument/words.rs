//! Numbers, durations and texts as words of a plan.

use std::fmt;
use std::time::Duration;

use safe_text::is_hidden;

/// Returns the text inside the parentheses of `name(...)`.
pub(super) fn strip_call<'a>(name: &str, text: &'a str) -> Option<&'a str> {
    text.strip_prefix(name)?
        .trim_start()
        .strip_prefix('(')?
        .strip_suffix(')')
}

pub(super) fn parse_number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

/// The longest accepted duration, 366 days. Deadlines and dates far beyond it overflow the clock.
pub(crate) const MAX_DURATION: Duration = Duration::from_secs(366 * 24 * 60 * 60);

pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let duration = humantime::parse_duration(text)
        .map_err(|_| "a duration must be like 500ms, 1.5s or 2m".to_owned())?;
    if duration > MAX_DURATION {
        Err("a duration must be at most 366 days".to_owned())
    } else {
        Ok(duration)
    }
}

/// Returns the text inside quotes, in which `\"` is a quote and `\\` a backslash. Text without quotes is returned
/// unchanged.
pub(super) fn unquote(text: &str) -> Result<String, String> {
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

/// Parses `NUMBER` or `NUMBER@DURATION`.
pub(super) fn parse_number_at(
    of: &str,
    text: &str,
    default: Duration,
) -> Result<(u64, Duration), String> {
    let (number, duration) = match text.split_once('@') {
        Some((number, duration)) => (number, parse_duration(duration)?),
        None => (text, default),
    };
    let number = parse_number(number.trim()).filter(|&number| number > 0);
    let number = number.ok_or(format!("{of} must be a whole number of at least 1"))?;
    Ok((number, duration))
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
