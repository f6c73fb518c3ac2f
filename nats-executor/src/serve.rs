//! The metrics on a port, for the few requests a minute that Prometheus makes.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// How long a client may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Answers `GET /metrics` with the text that `metrics` returns, one request after the other, for ever.
pub(crate) fn serve(
    address: SocketAddr,
    metrics: impl Fn() -> Result<String, String>,
) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    writeln!(
        io::stderr(),
        "metrics at http://{}/metrics",
        listener.local_addr()?
    )?;
    for stream in listener.incoming() {
        // A client that has gone is not an error of this program.
        let _ = stream.and_then(|stream| answer(stream, &metrics));
    }
    Ok(())
}

fn answer(mut stream: TcpStream, metrics: impl Fn() -> Result<String, String>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut request = [0; 8192];
    let mut length = 0;
    while !request[..length].windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut request[length..])? {
            0 => return Ok(()),
            read => length += read,
        }
    }
    let (status, body) = if request.starts_with(b"GET /metrics ") {
        match metrics() {
            Ok(body) => ("200 OK", body),
            Err(message) => ("503 Service Unavailable", format!("{message}\n")),
        }
    } else {
        ("404 Not Found", "see /metrics\n".to_owned())
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
