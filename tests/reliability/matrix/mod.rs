//! The matrix of faults: each row has a fault that the download of BR meets, and the verdict that flags must report.
//! Each row is a test in each strategy, and docs/reliability.md shows all of them.

mod body;
mod connecting;
mod head;
mod proxies;
mod status;
mod tls;

use flags::record::Kind;

use crate::support::raw::{RawServer, ok};

pub(crate) use tls::TlsSetup;

/// One fault and its verdict.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// The description of the fault; the name of the test is made from it.
    pub(crate) fault: &'static str,
    /// How the test reproduces the fault.
    pub(crate) setup: Setup,
    /// The additional arguments of the program.
    pub(crate) args: &'static [&'static str],
    /// The outcome that flags must report.
    pub(crate) verdict: Verdict,
}

/// A way to reproduce a fault.
#[derive(Clone, Copy)]
pub(crate) enum Setup {
    /// The test server, with this plan for all codes.
    Plan(&'static str),
    /// A server that writes raw bytes; the function makes it from the flag.
    Raw(fn(flag: &[u8]) -> RawServer),
    /// A port that refuses connections.
    RefusingPort,
    /// A network without any other machine; holds the base URL of a server outside.
    EmptyNetwork(&'static str),
    /// A server that speaks TLS, whose authority the program trusts.
    Tls(TlsSetup),
    /// A server on this machine, with [`PROXY_VARIABLES`] set to a proxy that is not running.
    UnreachableProxy,
    /// A server on this machine, made by the function from the flag, a base URL, and variables of the environment that name
    /// proxies. `PORT` in these texts stands for the port of the server.
    Proxy {
        variables: &'static [(&'static str, &'static str)],
        base: &'static str,
        server: fn(flag: &[u8]) -> RawServer,
    },
}

/// The environment variables that name a proxy for http.
pub(crate) const PROXY_VARIABLES: [&str; 4] =
    ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];

/// The outcome that flags must report for a code.
#[derive(Clone, Copy)]
pub(crate) enum Verdict {
    /// The flag is saved, exit code 0.
    Saved,
    /// Not found, exit code 0.
    NotFound,
    /// An error of this kind with this message, exit code 1. `…` stands for text that varies.
    Error(Kind, &'static str),
    /// A usage error with this message before the first request, exit code 2.
    Refused(&'static str),
}

/// Returns the rows in groups, each with its heading.
pub(crate) fn groups() -> Vec<(&'static str, Vec<Row>)> {
    vec![
        ("Connecting", connecting::rows()),
        ("The head of the answer", head::rows()),
        ("The body", body::rows()),
        ("Status and redirects", status::rows()),
        ("Proxies", proxies::rows()),
        ("TLS", tls::rows()),
    ]
}

const SHORT_TIMEOUT: &[&str] = &["--timeout", "0.3"];
const NO_ARGS: &[&str] = &[];

fn plan(fault: &'static str, plan: &'static str, verdict: Verdict) -> Row {
    Row {
        fault,
        setup: Setup::Plan(plan),
        args: NO_ARGS,
        verdict,
    }
}

fn raw(fault: &'static str, server: fn(&[u8]) -> RawServer, verdict: Verdict) -> Row {
    Row {
        fault,
        setup: Setup::Raw(server),
        args: NO_ARGS,
        verdict,
    }
}

fn with_args(args: &'static [&'static str], row: Row) -> Row {
    Row { args, ..row }
}

fn error(kind: Kind, message: &'static str) -> Verdict {
    Verdict::Error(kind, message)
}

fn status_error(message: &'static str) -> Verdict {
    Verdict::Error(Kind::HttpStatus, message)
}

const RESET: Verdict = Verdict::Error(Kind::Reset, "reset: Connection reset by peer…");
const TIMED_OUT: Verdict =
    Verdict::Error(Kind::Timeout, "timeout: no complete answer within 300ms");

/// Returns a server that answers with this flag, with `from` replaced by `to` in the head.
fn with_changed_head(flag: &[u8], from: &str, to: &str) -> RawServer {
    let answer = ok(flag);
    let (head, body) = answer.split_at(answer.len() - flag.len());
    let head = String::from_utf8(head.to_vec()).unwrap().replace(from, to);
    RawServer::answering([head.as_bytes(), body].concat())
}
