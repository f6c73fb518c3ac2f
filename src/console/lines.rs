//! The lines on standard output.
//!
//! The lines of the original program are kept to the letter, so that scripts and readers used to it need not change.
//! Functions here return text and print nothing.

use std::fmt::{Display, Write as _};
use std::num::NonZeroUsize;
use std::time::Duration;

use comparison::count;

use crate::console::colors::red;
use crate::console::nouns::Nouns;
use crate::record::{Outcome, Record, Status};
use crate::run::input::NAMED;
use crate::server::BaseUrl;
use crate::tally::Tally;

/// The most items named one by one.
pub(crate) const MAX_NAMED: usize = NAMED;

/// The items of a run, as they are announced before it.
#[derive(Debug)]
pub(crate) enum Announced {
    /// All of them are known.
    Known {
        /// How many they are.
        count: usize,
        /// The words for the first of them: at least `MAX_NAMED`, or all.
        first: Vec<String>,
        /// The word for the last.
        last: String,
    },
    /// They come from a stream. Holds the word for the first; `None` if the stream is empty.
    Stream(Option<String>),
}

impl Announced {
    /// Returns the announcement of these items.
    pub(crate) fn of(items: &[impl Display]) -> Self {
        Self::Known {
            count: items.len(),
            first: words(items.iter().take(MAX_NAMED)),
            last: items.last().map(ToString::to_string).unwrap_or_default(),
        }
    }
}

/// Returns the lines before a run: the site, the items and the connections.
pub(crate) fn initial(
    site: Option<(&str, &BaseUrl)>,
    announced: &Announced,
    nouns: &Nouns,
    connections: NonZeroUsize,
) -> String {
    format!(
        "{}{} will be used.\n",
        searching(site, announced, nouns),
        count(connections.get(), "concurrent connection"),
    )
}

/// Returns the lines for the items and the site, if they have one in common.
pub(crate) fn searching(
    site: Option<(&str, &BaseUrl)>,
    announced: &Announced,
    nouns: &Nouns,
) -> String {
    let named = match announced {
        Announced::Known { count: 0, .. } | Announced::Stream(None) => {
            format!("{}: none", count(0, nouns.file))
        }
        Announced::Known {
            count: all,
            first,
            last,
        } => {
            let named = match (first.first(), *all > MAX_NAMED) {
                (Some(first), true) => format!("from {first} to {last}"),
                _ => first.join(", "),
            };
            format!("{}: {named}", count(*all, nouns.file))
        }
        Announced::Stream(Some(first)) => {
            format!("{}s as they are listed: {first} first", nouns.file)
        }
    };
    let site = site.map(|(server, base)| format!("{server} site: {base}\n"));
    format!("{}Searching for {named}\n", site.unwrap_or_default())
}

/// Returns the line for one record. Items not attempted have none; they only appear in the tally.
pub(crate) fn line(record: &Record) -> Option<String> {
    let item = &record.item;
    let text = match &record.outcome {
        Outcome::Saved(_) => format!("{item} OK"),
        Outcome::AlreadyThere(_) => format!("{item} already there"),
        Outcome::NotFound => format!("{item} not found"),
        Outcome::Failed(failure) => format!("*** Error for {item}: {failure}"),
        Outcome::NotAttempted => return None,
    };
    let effort = &record.effort;
    let attempts = (effort.attempts > 1).then(|| format!("{} attempts", effort.attempts));
    let continued = effort
        .continued_from
        .map(|bytes| format!("continued after {bytes} bytes"));
    let notes: Vec<_> = [attempts, continued].into_iter().flatten().collect();
    Some(match notes.is_empty() {
        true => format!("{text}\n"),
        false => format!("{text} ({})\n", notes.join(", ")),
    })
}

/// Returns the line of a record in the colour of its status, if `colored`.
pub(crate) fn paint(line: String, record: &Record, colored: bool) -> String {
    match record.status() {
        Status::Error => red(&line, colored),
        Status::Ok | Status::NotFound | Status::NotAttempted => line,
    }
}

/// Returns the lines after a run: the counts that are not zero, and the elapsed time.
pub(crate) fn summary(tally: &Tally, nouns: &Nouns, elapsed: Duration) -> String {
    let mut text = format!(
        "{}\n{} downloaded.\n",
        "-".repeat(20),
        count(tally.downloaded(), nouns.file)
    );
    if tally.already_there() > 0 {
        let _ = writeln!(text, "{} already there.", tally.already_there());
    }
    if tally.not_found() > 0 {
        let _ = writeln!(text, "{} not found.", tally.not_found());
    }
    if tally.errors() > 0 {
        let _ = writeln!(text, "{}.", count(tally.errors(), "error"));
    }
    if tally.not_attempted() > 0 {
        let _ = writeln!(text, "{} not attempted.", tally.not_attempted());
    }
    let _ = writeln!(text, "Elapsed time: {:.2}s", elapsed.as_secs_f64());
    text
}

/// Returns the words for these items.
fn words(items: impl Iterator<Item = impl Display>) -> Vec<String> {
    items.map(|item| item.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::nouns::{CODES, FILES};
    use crate::item::flags;
    use crate::record::{Failure, Kind};

    fn initial_of(words: &[&str], connections: usize) -> String {
        let base = BaseUrl::parse("http://me:secret@localhost:8002/flags/").unwrap();
        initial(
            Some(("DELAY", &base)),
            &Announced::of(&flags(words)),
            &CODES,
            NonZeroUsize::new(connections).unwrap(),
        )
    }

    #[test]
    fn up_to_ten_codes_are_listed_and_more_are_shown_as_a_range() {
        assert_eq!(
            initial_of(&["br"], 1),
            "DELAY site: http://me:***@localhost:8002/flags\n\
             Searching for 1 flag: BR\n\
             1 concurrent connection will be used.\n"
        );
        let ten = ["ba", "bb", "bc", "bd", "be", "bf", "bg", "bh", "bi", "bj"];
        let named = initial_of(&ten, 10);
        assert!(named.contains("\nSearching for 10 flags: BA, BB, BC, BD, BE, BF, BG, BH, BI, BJ\n10 concurrent connections will"));
        let eleven = initial_of(&[&ten[..], &["bz"]].concat(), 11);
        assert!(
            eleven.contains("\nSearching for 11 flags: from BA to BZ\n"),
            "{eleven}"
        );
    }

    #[test]
    fn a_list_has_files_and_no_site() {
        let announced = Announced::of(&flags(&["b"]));
        let lines = initial(None, &announced, &FILES, NonZeroUsize::MIN);
        assert_eq!(
            lines,
            "Searching for 26 files: from BA to BZ\n1 concurrent connection will be used.\n"
        );
        let stream = Announced::Stream(Some("a.txt".to_owned()));
        assert_eq!(
            searching(None, &stream, &FILES),
            "Searching for files as they are listed: a.txt first\n"
        );
        assert_eq!(
            searching(None, &Announced::Stream(None), &FILES),
            "Searching for 0 files: none\n"
        );
        assert!(
            summary(&Tally::new(&[]), &FILES, Duration::ZERO).contains("\n0 files downloaded.\n")
        );
    }

    #[test]
    fn each_outcome_has_its_line() {
        let line_of =
            |outcome| line(&Record::new(flags(&["br"])[0].clone(), outcome)).unwrap_or_default();
        let failed = |kind, cause| line_of(Outcome::Failed(Failure::new(kind, cause)));
        assert_eq!(line_of(Outcome::Saved("br.gif".into())), "BR OK\n");
        assert_eq!(line_of(Outcome::NotFound), "BR not found\n");
        assert_eq!(line_of(Outcome::NotAttempted), "");
        assert_eq!(
            failed(Kind::HttpStatus, "HTTP error 503 - Service Unavailable"),
            "*** Error for BR: HTTP error 503 - Service Unavailable\n"
        );
        assert_eq!(
            failed(Kind::Timeout, "too late"),
            "*** Error for BR: timeout: too late\n"
        );
    }

    #[test]
    fn the_summary_omits_counts_of_zero() {
        let items = flags(&["b"]);
        let mut tally = Tally::new(&items[..1]);
        tally.add(&Record::new(
            items[0].clone(),
            Outcome::Saved("ba.gif".into()),
        ));
        assert_eq!(
            summary(&tally, &CODES, Duration::from_millis(505)),
            "--------------------\n1 flag downloaded.\nElapsed time: 0.51s\n"
        );

        let mut tally = Tally::new(&items[..8]);
        let failure = || Outcome::Failed(Failure::new(Kind::Timeout, "too late"));
        tally.add(&Record::new(items[0].clone(), failure()));
        let one_error =
            "--------------------\n0 flags downloaded.\n1 error.\nElapsed time: 13.00s\n";
        assert_eq!(summary(&tally, &CODES, Duration::from_secs(13)), one_error);
        tally.add(&Record::new(items[1].clone(), failure()));
        tally.add(&Record::new(items[2].clone(), Outcome::NotFound));
        tally.close();
        assert_eq!(
            summary(&tally, &CODES, Duration::ZERO),
            "--------------------\n0 flags downloaded.\n1 not found.\n2 errors.\n5 not attempted.\n\
             Elapsed time: 0.00s\n"
        );
    }
}
