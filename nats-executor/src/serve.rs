//! The metrics on a port, for the few requests a minute that Prometheus makes.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a client may take to send its request, and again to take the answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The number of clients at a time. Further ones wait.
const MAX_CLIENTS: usize = 16;

/// The pause after a connection that could not be accepted, for example because too many files are open.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Answers `GET /metrics` with the text that `metrics` returns, for ever. Each client has a thread, so a slow one holds up no other.
pub(crate) fn serve(
    address: SocketAddr,
    metrics: impl Fn() -> Result<String, String> + Sync,
) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    writeln!(
        io::stderr(),
        "metrics at http://{}/metrics",
        listener.local_addr()?
    )?;
    let clients = Clients::default();
    thread::scope(|scope| {
        for stream in listener.incoming() {
            let Ok(stream) = stream else {
                thread::sleep(RETRY_PAUSE);
                continue;
            };
            let client = clients.enter();
            let answering = || {
                let _client = client;
                // A client that has gone is not an error of this program.
                let _ = answer(stream, &metrics);
            };
            // Without a thread, the client is disconnected.
            let _ = thread::Builder::new().spawn_scoped(scope, answering);
        }
    });
    Ok(())
}

/// The number of clients.
#[derive(Default)]
struct Clients {
    count: Mutex<usize>,
    fewer: Condvar,
}

/// Counts a client until it is dropped.
struct Client<'c>(&'c Clients);

impl Clients {
    /// Waits until there is room for a client.
    fn enter(&self) -> Client<'_> {
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.fewer.wait_while(count, |count| *count >= MAX_CLIENTS);
        *waited.unwrap_or_else(PoisonError::into_inner) += 1;
        Client(self)
    }
}

impl Drop for Client<'_> {
    fn drop(&mut self) {
        let count = self.0.count.lock();
        *count.unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.fewer.notify_one();
    }
}

fn answer(mut stream: TcpStream, metrics: impl Fn() -> Result<String, String>) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let deadline = Instant::now() + PATIENCE;
    let mut request = [0; 8192];
    let mut length = 0;
    while !request[..length].windows(4).any(|end| end == b"\r\n\r\n") {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut request[length..]) {
            Ok(0) => return Ok(()),
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
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
