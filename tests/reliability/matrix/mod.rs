//! The matrix of faults: what is done to a download of BR, and what must come of it. Each row is a test in each strategy, and
//! docs/reliability.md shows them.

mod body;
mod connecting;
mod head;
mod status;

use flags::record::Kind;

use crate::support::raw::{RawServer, ok};

/// One fault and its verdict.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// In words.
    pub(crate) fault: &'static str,
    /// How it is brought about.
    pub(crate) by: By,
    /// What is typed besides.
    pub(crate) args: &'static [&'static str],
    /// What must come of it.
    pub(crate) verdict: Verdict,
}

/// How a fault is brought about.
#[derive(Clone, Copy)]
pub(crate) enum By {
    /// The test server, under this plan for all codes.
    Plan(&'static str),
    /// A server that answers with what this makes of a flag.
    Raw(fn(flag: &[u8]) -> RawServer),
    /// Nobody listens at the port.
    NobodyListens,
    /// A network in which there is nothing but this machine; the base URL of a server outside.
    NoNetwork(&'static str),
    /// Environment variables of a proxy that is not there.
    DeadProxy,
}

/// What must come of a code.
#[derive(Clone, Copy)]
pub(crate) enum Verdict {
    /// The flag is saved, exit code 0.
    Saved,
    /// Not found, exit code 0.
    NotFound,
    /// An error of this kind with this message, exit code 1. `…` stands for whatever the system says.
    Error(Kind, &'static str),
}

/// The rows in groups, each with a heading.
pub(crate) fn groups() -> Vec<(&'static str, Vec<Row>)> {
    vec![
        ("Connecting", connecting::rows()),
        ("The head of the answer", head::rows()),
        ("The body", body::rows()),
        ("Status and redirects", status::rows()),
    ]
}

const SHORT: &[&str] = &["--timeout", "0.3"];
const USUAL: &[&str] = &[];

fn plan(fault: &'static str, plan: &'static str, verdict: Verdict) -> Row {
    Row {
        fault,
        by: By::Plan(plan),
        args: USUAL,
        verdict,
    }
}

fn raw(fault: &'static str, server: fn(&[u8]) -> RawServer, verdict: Verdict) -> Row {
    Row {
        fault,
        by: By::Raw(server),
        args: USUAL,
        verdict,
    }
}

fn with(args: &'static [&'static str], row: Row) -> Row {
    Row { args, ..row }
}

fn error(kind: Kind, message: &'static str) -> Verdict {
    Verdict::Error(kind, message)
}

fn status_error(message: &'static str) -> Verdict {
    Verdict::Error(Kind::HttpStatus, message)
}

const RESET: Verdict = Verdict::Error(Kind::Reset, "reset: Connection reset by peer…");
const LATE: Verdict = Verdict::Error(Kind::Timeout, "timeout: no complete answer within 300ms");

/// A server that answers with this flag, something in the head replaced.
fn replaced(flag: &[u8], from: &str, to: &str) -> RawServer {
    let answer = ok(flag);
    let (head, body) = answer.split_at(answer.len() - flag.len());
    let head = String::from_utf8(head.to_vec()).unwrap().replace(from, to);
    RawServer::answering([head.as_bytes(), body].concat())
}
