//! Sets up the fault of a row, and the program in the environment that the row needs.

use std::process::Command;

use test_server::{Plan, TestServer};

use crate::matrix::{PROXY_VARIABLES, Row, Setup, TlsSetup};
use crate::support::ports::RefusingPort;
use crate::support::raw::RawServer;
use crate::support::tls::TlsServer;
use crate::support::{self, Program};

/// A fault that is set up as long as this value lives.
pub(crate) enum Staged {
    Server(TestServer),
    Raw(RawServer),
    Proxy(RawServer, &'static str),
    Outside(&'static str),
    Refusing(RefusingPort),
    Tls(TlsServer, &'static str),
}

impl Staged {
    pub(crate) fn new(setup: &Setup, flag: &[u8]) -> Self {
        match setup {
            Setup::Plan(plan) => Self::Server(support::server(plan)),
            Setup::Raw(server) => Self::Raw(server(flag)),
            Setup::UnreachableProxy => Self::Server(TestServer::start(Plan::normal()).unwrap()),
            Setup::EmptyNetwork(base) => Self::Outside(base),
            Setup::Proxy { server, base, .. } => Self::Proxy(server(flag), base),
            Setup::Tls(setup) => Self::tls(*setup, flag),
            Setup::RefusingPort => Self::Refusing(RefusingPort::new()),
        }
    }

    fn tls(setup: TlsSetup, flag: &[u8]) -> Self {
        let presented = (setup.present)();
        let (trusted, flag) = (presented.trusted.clone(), flag.to_vec());
        let serve = move |talk| (setup.serve)(talk, &flag);
        let server = TlsServer::start((setup.config)(presented), &trusted, serve);
        Self::Tls(server, setup.host)
    }

    /// Returns the base URL to pass to the program.
    pub(crate) fn base(&self) -> String {
        match self {
            Self::Server(server) => server.url(),
            Self::Raw(server) => server.url(),
            Self::Proxy(server, base) => at_port(base, server),
            Self::Outside(base) => (*base).to_owned(),
            Self::Refusing(port) => port.url(),
            Self::Tls(server, host) => server.url_at(host),
        }
    }
}

/// Replaces `PORT` in the text by the port of the server.
fn at_port(text: &str, server: &RawServer) -> String {
    text.replace("PORT", &server.port().to_string())
}

/// Returns a command that runs the program in the environment of `row`.
pub(crate) fn command(row: &Row, staged: &Staged, program: &Program) -> Command {
    let mut flags = program.command();
    if let Staged::Tls(server, _) = staged {
        flags.env("SSL_CERT_FILE", server.trusted());
    }
    match row.setup {
        Setup::EmptyNetwork(_) => program.inside(&["unshare", "-rn"]),
        Setup::UnreachableProxy => {
            for variable in PROXY_VARIABLES {
                flags.env(variable, "http://127.0.0.1:1");
            }
            flags
        }
        Setup::Proxy { variables, .. } => {
            for (name, value) in variables {
                let value = match staged {
                    Staged::Proxy(server, _) => at_port(value, server),
                    _ => (*value).to_owned(),
                };
                flags.env(name, value);
            }
            flags
        }
        Setup::Plan(_) | Setup::Raw(_) | Setup::Tls(_) | Setup::RefusingPort => flags,
    }
}
