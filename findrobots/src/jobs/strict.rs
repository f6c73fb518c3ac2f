//! The malformed lines, beside the result of another job.

use serde::{Deserialize, Serialize};

use super::Job;
use crate::line::fields;

/// The number of examples that are kept of each sort.
const MAX_EXAMPLES: usize = 3;

/// The length of an example, in bytes.
const MAX_EXAMPLE: usize = 80;

/// Runs a job on every line, and counts those that are malformed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Strict<J: Job> {
    /// The job.
    pub job: J,
}

/// A sort of malformed lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sort {
    /// Without any field.
    Empty,
    /// With a NUL byte.
    Binary,
    /// With fewer than seven fields, so without a path.
    TooShort,
    /// With a time that has no bracket (field 3), or a request that has no quote (field 5). A user name with a space leads to
    /// this.
    Shifted,
}

impl Sort {
    /// All sorts, in display order.
    pub const ALL: [Self; 4] = [Self::Empty, Self::Binary, Self::TooShort, Self::Shifted];

    /// Returns the sort in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Binary => "binary",
            Self::TooShort => "fewer than 7 fields",
            Self::Shifted => "no [ before the time or no \" before the request",
        }
    }

    /// Returns the sort of a line, or `None` if it is well-formed.
    fn of(line: &[u8]) -> Option<Self> {
        let mut fields = fields(line);
        if fields.next().is_none() {
            return Some(Self::Empty);
        }
        if memchr::memchr(0, line).is_some() {
            return Some(Self::Binary);
        }
        let (time, request, path) = (fields.nth(2), fields.nth(1), fields.next());
        let (Some(time), Some(request), Some(_)) = (time, request, path) else {
            return Some(Self::TooShort);
        };
        let is_shifted = !time.starts_with(b"[") || !request.starts_with(b"\"");
        is_shifted.then_some(Self::Shifted)
    }
}

/// The malformed lines of one sort.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Malformed {
    /// The number of lines.
    pub lines: u64,
    /// Up to three of them.
    pub examples: Vec<Example>,
}

/// The beginning of a malformed line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Example(Vec<u8>);

impl Example {
    /// Returns the beginning of the line, with escapes for control characters and for bytes that are not ASCII.
    ///
    /// ```
    /// use findrobots::{Job, Robots, Strict};
    ///
    /// let job = Strict { job: Robots::default() };
    /// let mut partial = Default::default();
    /// job.map(b"\"two\" \x1bfields", &mut partial);
    /// assert_eq!(partial.1[2].examples[0].text(), r#""two" \x1bfields"#);
    /// ```
    pub fn text(&self) -> String {
        let shown = |byte: &u8| match byte {
            b'"' | b'\'' => char::from(*byte).to_string(),
            byte => byte.escape_ascii().to_string(),
        };
        self.0.iter().map(shown).collect()
    }
}

/// The result of a [`Strict`] job.
type StrictPartial<J> = (<J as Job>::Partial, [Malformed; Sort::ALL.len()]);

impl<J: Job> Job for Strict<J> {
    type Partial = StrictPartial<J>;
    const NAME: &'static str = "findrobots::strict";

    fn map(&self, line: &[u8], (partial, malformed): &mut Self::Partial) {
        if let Some(sort) = Sort::of(line) {
            let malformed = &mut malformed[sort as usize];
            malformed.lines += 1;
            if malformed.examples.len() < MAX_EXAMPLES {
                let length = line.len().min(MAX_EXAMPLE);
                malformed.examples.push(Example(line[..length].to_vec()));
            }
        }
        self.job.map(line, partial);
    }

    fn reduce(total: &mut Self::Partial, partial: &Self::Partial) {
        J::reduce(&mut total.0, &partial.0);
        for (total, malformed) in total.1.iter_mut().zip(&partial.1) {
            total.lines += malformed.lines;
            total.examples.extend(malformed.examples.iter().cloned());
            // Sorted, because partial results come in any order, and every executor is to show the same examples.
            total.examples.sort_unstable();
            total.examples.truncate(MAX_EXAMPLES);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sort_is_recognised() {
        let line = r#"h - - [10/Jul/2012:00:18:50 -0500] "GET / HTTP/1.1" 200 71"#;
        for (line, sort) in [
            (line.to_owned(), None),
            (String::new(), Some(Sort::Empty)),
            (" \t\r".to_owned(), Some(Sort::Empty)),
            ("h - -".to_owned(), Some(Sort::TooShort)),
            (line.replace("h -", "h\0 -"), Some(Sort::Binary)),
            (line.replace("h -", "h a user -"), Some(Sort::Shifted)),
            (line.replace('"', ""), Some(Sort::Shifted)),
        ] {
            assert_eq!(Sort::of(line.as_bytes()), sort, "{line}");
        }
    }

    #[test]
    fn the_numbers_of_the_sorts_are_their_places() {
        assert_eq!(Sort::ALL.map(|sort| sort as usize), [0, 1, 2, 3]);
    }
}
