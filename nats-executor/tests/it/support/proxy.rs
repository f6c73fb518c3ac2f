//! A line to the server that delays, stalls or breaks.
//!
//! Each direction of a connection has two threads: one reads and notes when the bytes may go on, one writes them then. So a delay
//! lengthens the line without making it narrow.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// A proxy before a server. Dropping it closes all connections.
pub(crate) struct Proxy {
    address: SocketAddr,
    line: Arc<Line>,
}

#[derive(Default)]
struct Line {
    delay_ms: AtomicU64,
    stalled: AtomicBool,
    refuses: AtomicBool,
    /// The number of bytes that have come, in both directions.
    passed: AtomicU64,
    streams: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// Starts a proxy before the server at this port.
    pub(crate) fn start(port: u16) -> Self {
        Self::at("127.0.0.1", port)
    }

    /// Starts a proxy with this address.
    pub(crate) fn at(host: &str, port: u16) -> Self {
        let listener = TcpListener::bind((host, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let line = Arc::new(Line::default());
        let shared = Arc::clone(&line);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(("127.0.0.1", port));
                let (Ok(server), false) = (server, shared.refuses.load(Ordering::SeqCst)) else {
                    continue;
                };
                for stream in [&client, &server] {
                    stream.set_nodelay(true).unwrap();
                    shared
                        .streams
                        .lock()
                        .unwrap()
                        .push(stream.try_clone().unwrap());
                }
                let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
                for (from, to) in [(client, server), back] {
                    copy(Arc::clone(&shared), from, to);
                }
            }
        });
        Self { address, line }
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Delays all bytes that come from now on, in each direction.
    pub(crate) fn delay(&self, delay: Duration) {
        let ms = u64::try_from(delay.as_millis()).unwrap();
        self.line.delay_ms.store(ms, Ordering::SeqCst);
    }

    /// Lets no more bytes through, or lets them through again. The connections stay open.
    pub(crate) fn stall(&self, stalled: bool) {
        self.line.stalled.store(stalled, Ordering::SeqCst);
    }

    /// Returns how many bytes have come, in both directions.
    pub(crate) fn passed(&self) -> u64 {
        self.line.passed.load(Ordering::SeqCst)
    }

    /// Closes all connections.
    pub(crate) fn cut(&self) {
        for stream in self.line.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Closes new connections at once, or lets them through again.
    pub(crate) fn refuse(&self, refuses: bool) {
        self.line.refuses.store(refuses, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.refuse(true);
        self.stall(false);
        self.cut();
    }
}

fn copy(line: Arc<Line>, mut from: TcpStream, mut to: TcpStream) {
    let (sender, pieces) = mpsc::channel::<(Instant, Vec<u8>)>();
    let reading = Arc::clone(&line);
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            reading.passed.fetch_add(read as u64, Ordering::SeqCst);
            let delay = Duration::from_millis(reading.delay_ms.load(Ordering::SeqCst));
            let _ = sender.send((Instant::now() + delay, buffer[..read].to_vec()));
        }
    });
    thread::spawn(move || {
        for (due, piece) in pieces {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            while line.stalled.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(1));
            }
            if to.write_all(&piece).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}
