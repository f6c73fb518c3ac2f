//! Answers to a handshake that no TLS library would give: the same bytes for every client.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A fatal alert: handshake failure (RFC 8446, section 6.2).
pub(super) const ALERT: &[u8] = b"\x15\x03\x03\x00\x02\x02\x28";

/// The ServerHello of a server that speaks no more than TLS 1.1 (RFC 4346, section 7.4.1.3): the version, 32 bytes
/// of random, no session, TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, no compression, and renegotiation_info, without which some
/// clients complain of that instead of the version.
pub(super) const OLD_SERVER_HELLO: &[u8] = b"\x16\x03\x02\x00\x31\x02\x00\x00\x2d\x03\x02\
    made before 2008, before TLS 1.2\x00\xc0\x14\x00\x00\x05\xff\x01\x00\x01\x00";

/// What follows a canned answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// The end of the stream.
    End,
    /// Nothing.
    Silence,
}

/// Reads the first message of the client, writes this answer and waits until the client closes the connection. The
/// client may take `patience` for its message, and for the close behind an end of the stream.
///
/// # Errors
/// If the client takes longer or has left.
pub(super) async fn answer(
    mut tcp: TcpStream,
    answer: &[u8],
    then: Then,
    patience: Duration,
) -> io::Result<()> {
    timeout(patience, read_record(&mut tcp)).await??;
    tcp.write_all(answer).await?;
    match then {
        Then::Silence => wait_for_end(&mut tcp).await,
        Then::End => {
            tcp.shutdown().await?;
            timeout(patience, wait_for_end(&mut tcp)).await?
        }
    }
}

async fn wait_for_end(tcp: &mut TcpStream) -> io::Result<()> {
    while tcp.read(&mut [0; 512]).await? > 0 {}
    Ok(())
}

/// The type of the records of a handshake.
const HANDSHAKE: u8 = 22;

/// Reads the record that begins the handshake. Unread bytes would turn the end of the connection into a reset.
async fn read_record(tcp: &mut TcpStream) -> io::Result<()> {
    let mut head = [0; 5];
    tcp.read_exact(&mut head).await?;
    // Bytes of another protocol have no length here.
    if head[0] == HANDSHAKE {
        let length = u16::from_be_bytes([head[3], head[4]]);
        tcp.read_exact(&mut vec![0; length.into()]).await?;
    }
    Ok(())
}
