//! The lines of a run: on standard output those of the original program, to the letter, so that scripts and eyes
//! trained on it carry over; on standard error what else a reader wants to know. Data in, text out: nothing is printed
//! here.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use test_server::Ports;

use crate::country::CountryCode;
use crate::record::{Kind, Outcome, Record};
use crate::run::descriptors::Descriptors;
use crate::run::embedded::ServedBy;
use crate::server::{BaseUrl, Server};
use crate::strategy::Strategy;
use crate::tally::Tally;

/// Up to this many codes are named one by one.
const NAMED: usize = 10;

/// Up to this many causes of one kind have a group each.
const CAUSES: usize = 8;

/// The width of lists on standard error.
const WIDTH: usize = 80;

/// What is about to be done: the site, the codes and the connections.
pub fn initial(
    server: &str,
    base: &BaseUrl,
    codes: &[CountryCode],
    connections: NonZeroUsize,
) -> String {
    format!(
        "{}{} will be used.\n",
        site(server, base, codes),
        count(connections.get(), "concurrent connection"),
    )
}

/// The site and the codes.
pub fn site(server: &str, base: &BaseUrl, codes: &[CountryCode]) -> String {
    let named = match codes {
        [] => "none".to_owned(),
        [first, .., last] if codes.len() > NAMED => format!("from {first} to {last}"),
        _ => join(codes),
    };
    format!(
        "{server} site: {base}\nSearching for {}: {named}\n",
        count(codes.len(), "flag"),
    )
}

/// Which run of a comparison the lines that follow are about. For standard error.
pub fn one_of_several(strategy: Strategy, connections: NonZeroUsize) -> String {
    format!("{strategy}, {}:\n", count(connections.get(), "connection"))
}

/// How far a comparison came that was stopped. For standard error.
pub fn stopped_early(finished: usize, planned: usize) -> String {
    format!(
        "stopped: {finished} of {} finished\n",
        count(planned, "run")
    )
}

/// Who serves the flags of a label; nothing to say of a site that is none. For standard error.
pub fn served_by(server: &Server, ports: Ports, by: &ServedBy) -> Option<String> {
    let Server::Labelled(label) = server else {
        return None;
    };
    let (name, port) = (label.name(), ports.of(*label));
    Some(match by {
        ServedBy::ThisRun(own) => format!("{name} is served by this run on port {}\n", own.port()),
        ServedBy::ThisRunElsewhere(own) => {
            format!(
                "{name} is served by this run on port {}: port {port} is another run's\n",
                own.port()
            )
        }
        ServedBy::Running => format!("{name} is served by the server that runs on port {port}\n"),
        ServedBy::Nobody => format!("port {port} of {name} is taken, and nobody answers there\n"),
        ServedBy::Site => return None,
    })
}

/// Fewer connections than wanted, and why. For standard error.
pub fn fewer_connections(
    wanted: NonZeroUsize,
    used: NonZeroUsize,
    descriptors: Descriptors,
) -> String {
    let used = count(used.get(), "connection");
    format!("{used} instead of {wanted}: {descriptors}\n")
}

/// What became of one code; nothing of one that was not attempted, which only the count tells.
pub fn line(record: &Record) -> Option<String> {
    let code = record.code;
    let told = match &record.outcome {
        Outcome::Saved(_) => format!("{code} OK"),
        Outcome::AlreadyThere(_) => format!("{code} already there"),
        Outcome::NotFound => format!("{code} not found"),
        Outcome::Failed(failure) => format!("*** Error for {code}: {failure}"),
        Outcome::NotAttempted => return None,
    };
    Some(match record.effort.attempts {
        0 | 1 => format!("{told}\n"),
        attempts => format!("{told} ({attempts} attempts)\n"),
    })
}

/// What became of all codes, and how long it took.
pub fn final_(tally: &Tally, elapsed: Duration) -> String {
    let mut text = format!(
        "{}\n{} downloaded.\n",
        "-".repeat(20),
        count(tally.downloaded(), "flag")
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

/// The disk is full, and what that means. For standard error.
pub fn disk_full(tally: &Tally, dest: &Path) -> String {
    format!(
        "*** Error: no room left in {}: stopped, {} not attempted\n",
        dest.display(),
        count(tally.not_attempted(), "code")
    )
}

/// What failed, grouped by cause; empty if nothing did. For standard error.
pub fn failures(tally: &Tally) -> String {
    let mut text = String::new();
    for (name, codes) in groups(tally) {
        if codes.len() == tally.asked() && codes.len() > NAMED {
            let _ = writeln!(text, "{name}: all {} codes", codes.len());
            continue;
        }
        let _ = writeln!(text, "{name}: {}", count(codes.len(), "code"));
        for line in wrap(&codes) {
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}

/// The codes by what they failed of, the largest group first. A cause may differ from code to code, as pages with a number in
/// them do: then there is one group for the kind, with a cause as an example. There are only so many statuses.
fn groups(tally: &Tally) -> Vec<(String, Vec<CountryCode>)> {
    let mut of_kind = BTreeMap::<Kind, Vec<_>>::new();
    for (failure, codes) in tally.failures() {
        let of_kind = of_kind.entry(failure.kind()).or_default();
        of_kind.push((failure, codes));
    }
    let mut groups = Vec::new();
    for (kind, causes) in of_kind {
        match &causes[..] {
            [(example, _), others @ ..] if others.len() >= CAUSES && kind != Kind::HttpStatus => {
                let name = format!("{example} (and {} other causes)", others.len());
                let mut codes: Vec<_> = causes.into_iter().flat_map(|(_, codes)| codes).collect();
                codes.sort_unstable();
                groups.push((name, codes));
            }
            _ => {
                let named = causes
                    .into_iter()
                    .map(|(failure, codes)| (failure.to_string(), codes));
                groups.extend(named);
            }
        }
    }
    groups.sort_by_key(|(_, codes)| Reverse(codes.len()));
    groups
}

/// A doubt about a server that has none of several flags; nothing if it has one. For standard error.
pub fn nothing_found(tally: &Tally, base: &BaseUrl) -> Option<String> {
    let none = tally.asked() > 1 && tally.not_found() == tally.asked();
    none.then(|| format!("none of them is at {base}: is that where the flags are?\n"))
}

/// Where the flags are; nothing if there are none. For standard error.
pub fn saved_in(tally: &Tally, dest: &Path) -> Option<String> {
    let flags = count(tally.downloaded(), "flag");
    (tally.downloaded() > 0).then(|| format!("{flags} saved in {}\n", dest.display()))
}

/// `1 flag`, `2 flags`.
fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

fn join(codes: &[CountryCode]) -> String {
    codes
        .iter()
        .map(CountryCode::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Lists of codes, separated by commas, none longer than the width allows.
fn wrap(codes: &[CountryCode]) -> impl Iterator<Item = String> {
    let (indent, per_code) = (2, "BR, ".len());
    codes.chunks((WIDTH - indent) / per_code).map(join)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::country::Selection;
    use crate::record::Failure;

    fn codes(words: &[&str]) -> Vec<CountryCode> {
        Selection::Words(words).codes().unwrap()
    }

    fn initial_of(words: &[&str], connections: usize) -> String {
        let base = BaseUrl::parse("http://me:secret@localhost:8002/flags/").unwrap();
        initial(
            "DELAY",
            &base,
            &codes(words),
            NonZeroUsize::new(connections).unwrap(),
        )
    }

    #[test]
    fn up_to_ten_codes_are_named_and_more_only_by_their_ends() {
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
    fn a_code_has_a_line_for_each_thing_that_can_become_of_it() {
        let told = |outcome| line(&Record::new(codes(&["br"])[0], outcome)).unwrap_or_default();
        let failed = |kind, cause| told(Outcome::Failed(Failure::new(kind, cause)));
        assert_eq!(told(Outcome::Saved("br.gif".into())), "BR OK\n");
        assert_eq!(told(Outcome::NotFound), "BR not found\n");
        assert_eq!(told(Outcome::NotAttempted), "");
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
    fn only_what_happened_is_counted_out() {
        let codes = codes(&["b"]);
        let mut tally = Tally::new(&codes[..1]);
        tally.add(&Record::new(codes[0], Outcome::Saved("ba.gif".into())));
        assert_eq!(
            final_(&tally, Duration::from_millis(505)),
            "--------------------\n1 flag downloaded.\nElapsed time: 0.51s\n"
        );

        let mut tally = Tally::new(&codes[..8]);
        let failure = || Outcome::Failed(Failure::new(Kind::Timeout, "too late"));
        tally.add(&Record::new(codes[0], failure()));
        let one_error =
            "--------------------\n0 flags downloaded.\n1 error.\nElapsed time: 13.00s\n";
        assert_eq!(final_(&tally, Duration::from_secs(13)), one_error);
        tally.add(&Record::new(codes[1], failure()));
        tally.add(&Record::new(codes[2], Outcome::NotFound));
        tally.close();
        assert_eq!(
            final_(&tally, Duration::ZERO),
            "--------------------\n0 flags downloaded.\n1 not found.\n2 errors.\n5 not attempted.\n\
             Elapsed time: 0.00s\n"
        );
    }

    #[test]
    fn failures_are_listed_by_cause_in_lines_that_fit() {
        let codes = codes(&["b"]);
        let mut tally = Tally::new(&codes);
        for (i, &code) in codes.iter().enumerate().skip(1) {
            let cause = if i == 9 {
                "HTTP error 501"
            } else {
                "HTTP error 503"
            };
            tally.add(&Record::new(
                code,
                Outcome::Failed(Failure::new(Kind::HttpStatus, cause)),
            ));
        }
        assert_eq!(
            failures(&tally),
            "HTTP error 503: 24 codes\n  \
             BB, BC, BD, BE, BF, BG, BH, BI, BK, BL, BM, BN, BO, BP, BQ, BR, BS, BT, BU\n  \
             BV, BW, BX, BY, BZ\n\
             HTTP error 501: 1 code\n  BJ\n"
        );
    }

    #[test]
    fn causes_that_differ_from_code_to_code_are_one_group() {
        let codes = codes(&["b"]);
        let mut tally = Tally::new(&codes);
        for (i, &code) in codes.iter().enumerate().take(10) {
            let page = Failure::new(Kind::NotGif, format!("page {i}"));
            tally.add(&Record::new(code, Outcome::Failed(page)));
        }
        tally.close();
        assert_eq!(
            failures(&tally),
            "not_gif: page 0 (and 9 other causes): 10 codes\n  BA, BB, BC, BD, BE, BF, BG, BH, BI, BJ\n"
        );
    }

    #[test]
    fn a_failure_of_all_codes_is_told_once() {
        let codes = codes(&["b"]);
        let mut tally = Tally::new(&codes);
        for &code in &codes {
            tally.add(&Record::new(
                code,
                Outcome::Failed(Failure::new(Kind::ConnectRefused, "no")),
            ));
        }
        assert_eq!(failures(&tally), "connect_refused: no: all 26 codes\n");
    }
}
