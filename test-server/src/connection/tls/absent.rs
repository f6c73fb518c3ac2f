//! Without the feature `tls`, no server has certificates, and no connection is encrypted. These types have no values.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::fault::Fault;

/// The certificates of a server.
#[derive(Debug)]
pub(crate) enum Tls {}

/// An encrypted connection.
#[derive(Debug)]
pub(crate) enum Session {}

impl Tls {
    pub(crate) async fn accept(
        &self,
        _: TcpStream,
        _: Option<&Fault>,
        _: Duration,
    ) -> Option<Session> {
        match *self {}
    }
}

impl Session {
    pub(crate) fn tcp(&self) -> &TcpStream {
        match *self {}
    }

    pub(crate) fn has_unsent(&self) -> bool {
        match *self {}
    }
}

impl AsyncRead for Session {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match *self {}
    }
}

impl AsyncWrite for Session {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        match *self {}
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }
}
