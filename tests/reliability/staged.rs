//! Sets up the fault of a row, and the program in the environment that the row needs.

use std::process::Command;

use test_server::{Plan, TestServer};

use crate::matrix::{PROXY_VARIABLES, Row, Setup};
use crate::support::ports::RefusingPort;
use crate::support::raw::RawServer;
use crate::support::{self, Program};

/// A fault that is set up as long as this value lives.
pub(crate) enum Staged {
    Server(TestServer),
    Raw(RawServer),
    Outside(&'static str),
    Refusing(RefusingPort),
}

impl Staged {
    pub(crate) fn new(setup: &Setup, flag: &[u8]) -> Self {
        match setup {
            Setup::Plan(plan) => Self::Server(support::server(plan)),
            Setup::Raw(server) => Self::Raw(server(flag)),
            Setup::UnreachableProxy => Self::Server(TestServer::start(Plan::normal()).unwrap()),
            Setup::EmptyNetwork(base) => Self::Outside(base),
            Setup::RefusingPort => Self::Refusing(RefusingPort::new()),
        }
    }

    /// Returns the base URL to pass to the program.
    pub(crate) fn base(&self) -> String {
        match self {
            Self::Server(server) => server.url(),
            Self::Raw(server) => server.url(),
            Self::Outside(base) => (*base).to_owned(),
            Self::Refusing(port) => port.url(),
        }
    }
}

/// Returns a command that runs the program in the environment of `row`.
pub(crate) fn command(row: &Row, program: &Program) -> Command {
    let mut flags = program.command();
    match row.setup {
        Setup::EmptyNetwork(_) => program.inside(&["unshare", "-rn"]),
        Setup::UnreachableProxy => {
            for variable in PROXY_VARIABLES {
                flags.env(variable, "http://127.0.0.1:1");
            }
            flags
        }
        Setup::Plan(_) | Setup::Raw(_) | Setup::RefusingPort => flags,
    }
}
