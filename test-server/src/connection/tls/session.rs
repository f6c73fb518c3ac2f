//! An encrypted connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::throttled::Throttled;

/// An encrypted connection after its handshake.
#[derive(Debug)]
pub(crate) struct Session {
    stream: TlsStream<Throttled>,
    /// Whether a close_notify is sent before the end of the connection.
    notifies: bool,
}

impl Session {
    pub(super) fn new(mut stream: TlsStream<Throttled>, notifies: bool) -> Self {
        stream.get_mut().0.end_handshake();
        Self { stream, notifies }
    }

    pub(crate) fn tcp(&self) -> &TcpStream {
        self.stream.get_ref().0.tcp()
    }

    /// Returns whether bytes that have been written wait for a place in the buffers of the system.
    pub(crate) fn has_unsent(&self) -> bool {
        self.stream.get_ref().1.wants_write()
    }
}

impl AsyncRead for Session {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match ready!(Pin::new(&mut self.stream).poll_read(context, buffer)) {
            // A client that shuts down its sending side without a close_notify, as many do, still waits for its response.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(())),
            read => Poll::Ready(read),
        }
    }
}

impl AsyncWrite for Session {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.notifies {
            return Pin::new(&mut self.stream).poll_shutdown(context);
        }
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        Pin::new(self.stream.get_mut().0).poll_shutdown(context)
    }
}
