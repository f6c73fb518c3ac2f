//! Formats numbers.

use crate::statistics::Interval;

/// Formats a time as seconds with two decimals; times below a second have more.
pub(crate) fn seconds(ms: f64) -> String {
    let decimals = match ms {
        ms if ms < 10.0 => 5,
        ms if ms < 100.0 => 4,
        ms if ms < 1000.0 => 3,
        _ => 2,
    };
    format!("{:.decimals$}", ms / 1000.0)
}

/// Formats milliseconds with about three digits, which is as precise as a measurement is.
pub(crate) fn millis(ms: f64) -> String {
    let decimals = match ms {
        ms if ms < 10.0 => 2,
        ms if ms < 100.0 => 1,
        _ => 0,
    };
    format!("{ms:.decimals$}")
}

/// Formats a number of bytes as mebibytes.
pub(super) fn mebibytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}

/// Formats a number with the noun for what it counts. The plural is the regular one.
///
/// ```
/// use comparison::count;
///
/// assert_eq!([count(1, "code"), count(2, "code")], ["1 code", "2 codes"]);
/// ```
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {}", plural(noun)),
    }
}

/// Formats the position of a thing in its row, from 1: 1st, 2nd.
pub(crate) fn ordinal(number: usize) -> String {
    let suffix = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

/// Returns the regular plural of a noun of [`Terms`](crate::Terms): `codes`, `processes`, `queries`.
pub(crate) fn plural(noun: &str) -> String {
    let sibilant = ["s", "x", "z", "ch", "sh"];
    if sibilant.iter().any(|end| noun.ends_with(end)) {
        return format!("{noun}es");
    }
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{noun}s"),
    }
}

/// Returns the ends of an interval, with enough digits to show whether it includes 1.
pub(crate) fn ends(interval: &Interval) -> String {
    let Interval { low, high, .. } = *interval;
    match low >= 2.0 {
        true => format!("{low:.1} to {high:.1}"),
        false => format!("{low:.2} to {high:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_about_three_significant_digits() {
        assert_eq!([503.4, 50.34, 5.034].map(millis), ["503", "50.3", "5.03"]);
        assert_eq!([13_052.0, 503.0].map(seconds), ["13.05", "0.503"]);
        assert_eq!(mebibytes(1_572_864), "1.5");
    }

    #[test]
    fn only_the_number_one_is_singular() {
        let of = |number| count(number, "code");
        assert_eq!([of(0), of(1), of(2)], ["0 codes", "1 code", "2 codes"]);
    }

    #[test]
    fn ordinals_have_their_suffix() {
        let of = [1, 2, 3, 4, 10, 11, 12, 13, 21, 101, 112].map(ordinal);
        let expected = [
            "1st", "2nd", "3rd", "4th", "10th", "11th", "12th", "13th", "21st", "101st", "112th",
        ];
        assert_eq!(of, expected);
    }

    #[test]
    fn plurals_are_regular() {
        let nouns = ["code", "process", "batch", "query", "key"];
        let plurals = ["codes", "processes", "batches", "queries", "keys"];
        assert_eq!(nouns.map(plural), plurals);
    }
}
