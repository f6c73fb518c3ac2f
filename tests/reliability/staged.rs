//! Faults that are brought about, and the program that meets them.

use std::process::Command;

use test_server::{Plan, TestServer};

use crate::matrix::{By, Row};
use crate::support::ports::RefusingPort;
use crate::support::raw::RawServer;
use crate::support::{self, Program};

/// A fault that has been brought about, for as long as this lives.
pub(crate) enum Staged {
    Server(TestServer),
    Raw(RawServer),
    Outside(&'static str),
    Refusing(RefusingPort),
}

impl Staged {
    pub(crate) fn new(by: &By, flag: &[u8]) -> Self {
        match by {
            By::Plan(plan) => Self::Server(support::server(plan)),
            By::Raw(server) => Self::Raw(server(flag)),
            By::DeadProxy => Self::Server(TestServer::start(Plan::normal()).unwrap()),
            By::NoNetwork(base) => Self::Outside(base),
            By::NobodyListens => Self::Refusing(RefusingPort::new()),
        }
    }

    pub(crate) fn base(&self) -> String {
        match self {
            Self::Server(server) => server.url(),
            Self::Raw(server) => server.url(),
            Self::Outside(base) => (*base).to_owned(),
            Self::Refusing(port) => port.url(),
        }
    }
}

/// The program in the environment of a row.
pub(crate) fn command(row: &Row, program: &Program) -> Command {
    let mut flags = program.command();
    match row.by {
        By::NoNetwork(_) => program.inside(&["unshare", "-rn"]),
        By::DeadProxy => {
            for variable in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
                flags.env(variable, "http://127.0.0.1:1");
            }
            flags
        }
        By::Plan(_) | By::Raw(_) | By::NobodyListens => flags,
    }
}
