//! The handshake of a connection, under the fault that the connection meets.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::authority::{Authority, AuthorityError, Flaw};
use super::canned::{ALERT, OLD_SERVER_HELLO, Then, answer};
use super::session::Session;
use super::throttled::Throttled;
use crate::fault::{Fault, Handshake};

/// The certificates of a server: a good one, and those of its faults.
#[derive(Debug)]
pub(crate) struct Tls {
    authority: Authority,
    good: Arc<ServerConfig>,
    expired: Arc<ServerConfig>,
    wrong_host: Arc<ServerConfig>,
    self_signed: Arc<ServerConfig>,
}

impl Tls {
    /// Makes the certificates of a server that is addressed as localhost, by this address and by these names of hosts.
    pub(crate) fn new(
        authority: &Authority,
        address: Option<IpAddr>,
        hosts: &[String],
    ) -> Result<Self, AuthorityError> {
        let config = |flaw| authority.server_config(address, hosts, flaw);
        Ok(Self {
            authority: authority.clone(),
            good: config(Flaw::None)?,
            expired: config(Flaw::Expired)?,
            wrong_host: config(Flaw::WrongHost)?,
            self_signed: config(Flaw::SelfSigned)?,
        })
    }

    pub(crate) fn ca_pem(&self) -> &str {
        self.authority.pem()
    }

    /// Performs the handshake of a connection that meets this fault, in which all waits for the client together may take
    /// `patience`. Returns `None` if it has ended, and the connection with it.
    pub(crate) async fn accept(
        &self,
        tcp: TcpStream,
        fault: Option<&Fault>,
        patience: Duration,
    ) -> Option<Session> {
        let fault = fault.and_then(|fault| Some((fault.handshake()?, fault.argument())));
        let canned = match fault {
            Some((Handshake::Hang, _)) => Some((&b""[..], Then::Silence)),
            Some((Handshake::Old, _)) => Some((OLD_SERVER_HELLO, Then::End)),
            Some((Handshake::Alert, _)) => Some((ALERT, Then::End)),
            _ => None,
        };
        if let Some((bytes, then)) = canned {
            // An error means that the client has left, or is as silent as one that has.
            let _ = answer(tcp, bytes, then, patience).await;
            return None;
        }
        let stream = Throttled::new(tcp, patience);
        let stream = match fault {
            Some((Handshake::Cut, argument)) => stream.cut_after(argument.number()),
            Some((Handshake::Slow, argument)) => stream.with_pauses(argument.duration()),
            _ => stream,
        };
        let config = match fault {
            Some((Handshake::Expired, _)) => &self.expired,
            Some((Handshake::WrongHost, _)) => &self.wrong_host,
            Some((Handshake::SelfSigned, _)) => &self.self_signed,
            _ => &self.good,
        };
        // A handshake that fails ends the connection, and its client sees that, or ended it itself.
        let stream = TlsAcceptor::from(Arc::clone(config)).accept(stream).await;
        let notifies = !matches!(fault, Some((Handshake::NoCloseNotify, _)));
        Some(Session::new(stream.ok()?, notifies))
    }
}
