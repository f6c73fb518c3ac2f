//! The notices on standard error: which server is used, which limits apply, and where the flags are. Functions here return
//! text and print nothing.

use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use comparison::count;
use safe_text::shown_path;
use test_server::Ports;

use crate::console::nouns::Nouns;
use crate::job::Unsaved;
use crate::run::descriptors::Descriptors;
use crate::run::embedded::{Served, ServedBy};
use crate::run::input::Input;
use crate::server::Server;
use crate::strategy::Strategy;
use crate::tally::Tally;

/// How to avoid a server of another program on the port of a label.
const OTHER_PORTS: &str = "to use other ports, set FLAGS_PORTS=9001,9002,9003";

/// The warning of `--insecure`, which `--quiet` does not turn off.
pub(crate) const INSECURE: &str = "*** Warning: certificates are not checked (--insecure): anyone in between can read and \
                                   change what is sent\n";

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
        ServedBy::External(server) if server.is_test_server() => {
            format!("{name} is served by the server already running on port {port}\n")
        }
        ServedBy::External(server) => {
            format!(
                "{name} is served by {server}, which was already running on port {port}; {OTHER_PORTS}\n"
            )
        }
        ServedBy::Unreachable => {
            format!("port {port} ({name}) is in use, but nothing accepts connections on it\n")
        }
        ServedBy::Unlabelled => return None,
    })
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

/// Returns the error message for a list that could not be read to its end.
pub(crate) fn list_not_read(file: &Path, error: &io::Error) -> String {
    format!("cannot read the rest of {}: {error}", shown_path(file))
}

/// Returns the error message for a list that had more items when they were counted.
pub(crate) fn list_is_shorter(file: &Path, announced: usize, read: usize) -> String {
    let file = shown_path(file);
    format!("{file} has changed: it had {announced} items at first, and {read} when it was read")
}

/// Returns the notice that a run ended before its list did.
pub(crate) fn rest_of_list(file: &Path) -> String {
    format!("the rest of {} was not read\n", shown_path(file))
}

/// Returns the notice of how to go on after a run that a signal or its time limit ended. `report` is the JSON report of the run.
pub(crate) fn how_to_go_on(report: Option<&Path>, list: Option<&Input>) -> String {
    let is_list = list.is_some();
    // A stream cannot be read again.
    let input = match list.is_some_and(|list| list.contents.is_none()) {
        true => " --input FILE",
        false => "",
    };
    match report {
        Some(report) if is_list => {
            format!("to go on: flags --failed {}{input}\n", shown_path(report))
        }
        None if is_list => {
            format!("to go on: --failed FILE{input}, after a run with --report FILE.jsonl\n")
        }
        Some(report) => {
            let report = shown_path(report);
            format!("to go on: flags --failed {report}, or the same command with --skip-existing\n")
        }
        None => {
            "to go on: the same command with --skip-existing, or --failed FILE after a run with \
                 --report FILE.json\n"
                .to_owned()
        }
    }
}

/// Returns the error message for a run in which no flag could be saved any more, with the number of items not attempted.
pub(crate) fn unsaved(why: Unsaved, tally: &Tally, nouns: &Nouns, dest: &Path) -> String {
    let cause = unsaved_cause(why, dest);
    let left = count(tally.not_attempted(), nouns.item);
    format!("*** Error: {cause}: stopped, {left} not attempted\n")
}

/// Returns why no flag can be saved, in words.
pub(crate) fn unsaved_cause(why: Unsaved, dest: &Path) -> String {
    let dest = shown_path(dest);
    match why {
        Unsaved::DiskFull => format!("no space left in {dest}"),
        Unsaved::FolderGone => format!("the folder {dest} is gone"),
    }
}

/// Returns the error message for a run that its time limit has ended, with the number of items not attempted.
pub(crate) fn out_of_time(limit: Duration, not_attempted: usize, nouns: &Nouns) -> String {
    format!(
        "*** Error: stopped after {limit:?} (--max-time): {} not attempted\n",
        count(not_attempted, nouns.item)
    )
}

/// Returns the notice that the server has none of several files, so it may be the wrong one. An embedded server is the right
/// one.
pub(crate) fn nothing_found(served: &Served) -> Option<String> {
    let Some(base) = &served.base else {
        return Some("no file was found: check the URLs\n".to_owned());
    };
    match &served.by {
        ServedBy::Embedded(_) | ServedBy::EmbeddedOnFreePort(_) => None,
        ServedBy::External(server) if !server.is_test_server() => Some(format!(
            "no flag was found at {base}, served by {server}; {OTHER_PORTS}\n"
        )),
        ServedBy::External(_) | ServedBy::Unreachable | ServedBy::Unlabelled => {
            Some(format!("no flag was found at {base}: check the URL\n"))
        }
    }
}

/// Returns the notice of where the downloaded files are, if there are any.
pub(crate) fn saved_in(tally: &Tally, nouns: &Nouns, dest: &Path) -> Option<String> {
    let files = count(tally.downloaded(), nouns.file);
    (tally.downloaded() > 0).then(|| format!("{files} saved in {}\n", shown_path(dest)))
}
