//! The notices on standard error: which server is used, which limits apply, and what failed. Functions here return text
//! and print nothing.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use comparison::count;
use test_server::Ports;

use crate::console::colors::red;
use crate::console::lines::{MAX_NAMED, join};
use crate::country::CountryCode;
use crate::record::Kind;
use crate::report::ServerState;
use crate::run::descriptors::Descriptors;
use crate::run::embedded::ServedBy;
use crate::server::{BaseUrl, Server};
use crate::strategy::Strategy;
use crate::tally::Tally;

/// The most causes of one kind that are listed as separate groups.
const MAX_CAUSES: usize = 8;

/// The width of lists on standard error, in columns.
const WIDTH: usize = 80;

/// Returns the heading for the lines of one run of a comparison.
pub(crate) fn compared_run(strategy: Strategy, connections: NonZeroUsize) -> String {
    format!("{strategy}, {}:\n", count(connections.get(), "connection"))
}

/// Returns the notice of how many runs finished before a comparison was stopped.
pub(crate) fn stopped_early(finished: usize, planned: usize) -> String {
    format!(
        "stopped: {finished} of {} finished\n",
        count(planned, "run")
    )
}

/// Returns the notice of which server is used for a label. Other servers need none.
pub(crate) fn served_by(server: &Server, ports: Ports, by: &ServedBy) -> Option<String> {
    let Server::Labelled(label) = server else {
        return None;
    };
    let (name, port) = (label.name(), ports.of(*label));
    Some(match by {
        ServedBy::Embedded(own) => format!("{name} is served by this run on port {}\n", own.port()),
        ServedBy::EmbeddedOnFreePort(own) => {
            format!(
                "{name} is served by this run on port {}: port {port} is used by another run\n",
                own.port()
            )
        }
        ServedBy::External => {
            format!("{name} is served by the server already running on port {port}\n")
        }
        ServedBy::Unreachable => {
            format!("port {port} ({name}) is in use, but nothing accepts connections on it\n")
        }
        ServedBy::Unlabelled => return None,
    })
}

/// Returns the notice about the state in which the runs of a comparison met their server. An embedded one needs none.
pub(crate) fn server_state(state: ServerState) -> Option<&'static str> {
    match state {
        ServerState::Fresh => None,
        ServerState::Reset => Some("the test-server was reset before each run\n"),
        ServerState::Kept => Some(
            "the server was not reset between the runs: its state may carry over from one to the next\n",
        ),
    }
}

/// Returns the notice that fewer connections are used than wanted, and why.
pub(crate) fn fewer_connections(
    wanted: NonZeroUsize,
    used: NonZeroUsize,
    descriptors: Descriptors,
) -> String {
    let used = count(used.get(), "connection");
    format!("{used} instead of {wanted}: {descriptors}\n")
}

/// Returns the notice that an option wants more connections than are possible.
pub(crate) fn most_connections(option: &str, wanted: NonZeroUsize) -> String {
    let most = Strategy::ALL.map(Strategy::cap).into_iter().max();
    let most = most.map_or(1, NonZeroUsize::get);
    format!("{option} {wanted}: the most is {most} concurrent requests\n")
}

/// Returns the notice of how to go on after a run that a signal or its time limit ended. `report` is the JSON report of the run.
pub(crate) fn how_to_go_on(report: Option<&Path>) -> String {
    match report {
        Some(report) => {
            let report = report.display();
            format!("to go on: flags --failed {report}, or the same command with --skip-existing\n")
        }
        None => {
            "to go on: the same command with --skip-existing, or --failed FILE after a run with \
                 --report FILE.json\n"
                .to_owned()
        }
    }
}

/// Returns the error message for a full disk, with the number of codes not attempted.
pub(crate) fn disk_full(tally: &Tally, dest: &Path) -> String {
    format!(
        "*** Error: no space left in {}: stopped, {} not attempted\n",
        dest.display(),
        count(tally.not_attempted(), "code")
    )
}

/// Returns the error message for a run that its time limit has ended, with the number of codes not attempted.
pub(crate) fn out_of_time(limit: Duration, not_attempted: usize) -> String {
    format!(
        "*** Error: stopped after {limit:?} (--max-time): {} not attempted\n",
        count(not_attempted, "code")
    )
}

/// Returns the error message for a comparison that its time limit has ended.
pub(crate) fn comparison_out_of_time(limit: Duration, finished: usize, planned: usize) -> String {
    format!(
        "*** Error: stopped after {limit:?} (--max-time): {finished} of {} finished\n",
        count(planned, "run")
    )
}

/// Returns the failed codes, grouped by cause; empty if none failed. The causes are red if `colored`.
pub(crate) fn failures(tally: &Tally, colored: bool) -> String {
    let mut text = String::new();
    for (name, codes) in groups(tally) {
        if codes.len() == tally.asked() && codes.len() > MAX_NAMED {
            let _ = writeln!(text, "{}: all {} codes", red(&name, colored), codes.len());
            continue;
        }
        let codes_of = count(codes.len(), "code");
        let _ = writeln!(text, "{}: {codes_of}", red(&name, colored));
        for line in wrap(&codes) {
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}

/// Returns the failed codes grouped by cause, the largest group first.
///
/// A cause may differ from code to code, for example if a server sends pages with a number in them. A kind with more
/// than [`MAX_CAUSES`] causes therefore becomes one group, named after one of them. Unexpected statuses always have a
/// group each: there are only a limited number of them.
fn groups(tally: &Tally) -> Vec<(String, Vec<CountryCode>)> {
    let mut of_kind = BTreeMap::<Kind, Vec<_>>::new();
    for (failure, codes) in tally.failures() {
        let of_kind = of_kind.entry(failure.kind()).or_default();
        of_kind.push((failure, codes));
    }
    let mut groups = Vec::new();
    for (kind, causes) in of_kind {
        match &causes[..] {
            [(example, _), others @ ..]
                if others.len() >= MAX_CAUSES && kind != Kind::HttpStatus =>
            {
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

/// Returns a notice that the base URL may be wrong, if the server has none of several flags.
pub(crate) fn nothing_found(tally: &Tally, base: &BaseUrl) -> Option<String> {
    let none = tally.asked() > 1 && tally.not_found() == tally.asked();
    none.then(|| format!("no flag was found at {base}: check the URL\n"))
}

/// Returns the notice of where the downloaded flags are, if there are any.
pub(crate) fn saved_in(tally: &Tally, dest: &Path) -> Option<String> {
    let flags = count(tally.downloaded(), "flag");
    (tally.downloaded() > 0).then(|| format!("{flags} saved in {}\n", dest.display()))
}

/// Returns the codes as lines of comma-separated lists that fit the width.
fn wrap(codes: &[CountryCode]) -> impl Iterator<Item = String> {
    let (indent, per_code) = (2, "BR, ".len());
    codes.chunks((WIDTH - indent) / per_code).map(join)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::country::Selection;
    use crate::record::{Failure, Outcome, Record};

    fn codes(words: &[&str]) -> Vec<CountryCode> {
        Selection::Words(words).codes().unwrap()
    }

    #[test]
    fn failures_are_grouped_by_cause_and_wrapped_to_the_width() {
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
            failures(&tally, false),
            "HTTP error 503: 24 codes\n  \
             BB, BC, BD, BE, BF, BG, BH, BI, BK, BL, BM, BN, BO, BP, BQ, BR, BS, BT, BU\n  \
             BV, BW, BX, BY, BZ\n\
             HTTP error 501: 1 code\n  BJ\n"
        );
    }

    #[test]
    fn many_causes_of_one_kind_are_one_group() {
        let codes = codes(&["b"]);
        let mut tally = Tally::new(&codes);
        for (i, &code) in codes.iter().enumerate().take(10) {
            let page = Failure::new(Kind::NotGif, format!("page {i}"));
            tally.add(&Record::new(code, Outcome::Failed(page)));
        }
        tally.close();
        assert_eq!(
            failures(&tally, false),
            "not_gif: page 0 (and 9 other causes): 10 codes\n  BA, BB, BC, BD, BE, BF, BG, BH, BI, BJ\n"
        );
    }

    #[test]
    fn a_failure_of_all_codes_is_one_line_without_a_list() {
        let codes = codes(&["b"]);
        let mut tally = Tally::new(&codes);
        for &code in &codes {
            tally.add(&Record::new(
                code,
                Outcome::Failed(Failure::new(Kind::ConnectRefused, "no")),
            ));
        }
        assert_eq!(
            failures(&tally, false),
            "connect_refused: no: all 26 codes\n"
        );
        assert_eq!(
            failures(&tally, true),
            "\u{1b}[31mconnect_refused: no\u{1b}[0m: all 26 codes\n"
        );
    }
}
