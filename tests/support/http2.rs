//! A server that speaks HTTP/2 over TLS, and ends streams and connections in any way.

use std::fs;
use std::future::poll_fn;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;

use h2::server::SendResponse;
use h2::{Reason, SendStream};
use hyper::body::Bytes;
use hyper::http::Response;
use rustls::ServerConfig;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::runtime;
use tokio_rustls::TlsAcceptor;

use super::certificates::{Presented, self_signed};
use super::tls::config;

/// How a server answers a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// With the body and its length.
    Body,
    /// With the body, and without a Content-Length.
    Unannounced,
    /// With the body, but not at all on the first request.
    NotTheFirst,
    /// With a reset of the stream.
    Reset,
    /// With a reset of the stream in the middle of the body.
    ResetInBody,
    /// With the first half of the body, as if it was all of it.
    Short,
    /// With an error of the whole connection.
    GoAway,
    /// With the end of the connection in the middle of the body.
    CloseInBody,
}

/// The server. Its thread ends with the process of the test.
pub(crate) struct Http2Server {
    port: u16,
    folder: TempDir,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: AtomicUsize,
}

impl Http2Server {
    /// Starts a server for `localhost` that answers each request in this way.
    pub(crate) fn answering(body: Vec<u8>, answer: Answer) -> Self {
        let Presented { identity, trusted } = self_signed(|_| {});
        let mut config = config(identity, rustls::ALL_VERSIONS);
        config.alpn_protocols = vec![b"h2".to_vec()];
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("trusted.pem"), trusted).unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, body) = (Arc::<Seen>::default(), Bytes::from(body));
        let counted = Arc::clone(&seen);
        thread::spawn(move || accept(&listener, config, &body, answer, &counted));
        Self { port, folder, seen }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}/flags", self.port)
    }

    /// Returns the file of the certificate that a client must trust.
    pub(crate) fn trusted(&self) -> PathBuf {
        self.folder.path().join("trusted.pem")
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> usize {
        self.seen.requests.load(Ordering::SeqCst)
    }
}

/// Serves each connection on a thread of its own.
fn accept(
    listener: &TcpListener,
    config: ServerConfig,
    body: &Bytes,
    answer: Answer,
    seen: &Arc<Seen>,
) {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    for socket in listener.incoming().map_while(Result::ok) {
        seen.connections.fetch_add(1, Ordering::SeqCst);
        socket.set_nonblocking(true).unwrap();
        let (acceptor, body, seen) = (acceptor.clone(), body.clone(), Arc::clone(seen));
        thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let socket = TcpStream::from_std(socket).unwrap();
                // The client may not speak HTTP/2.
                if let Ok(tls) = acceptor.accept(socket).await {
                    serve(tls, body, answer, &seen).await;
                }
            });
        });
    }
}

async fn serve(
    tls: tokio_rustls::server::TlsStream<TcpStream>,
    body: Bytes,
    answer: Answer,
    seen: &Seen,
) {
    let Ok(mut connection) = h2::server::handshake(tls).await else {
        return;
    };
    let mut kept = None;
    while let Some(Ok((_, respond))) = connection.accept().await {
        let before = seen.requests.fetch_add(1, Ordering::SeqCst);
        if answer == Answer::NotTheFirst && before == 0 {
            kept = Some(respond);
            continue;
        }
        if answer == Answer::GoAway {
            connection.abrupt_shutdown(Reason::INTERNAL_ERROR);
            continue;
        }
        // Dropped after the connection, or it would reset the stream.
        let stream = reply(respond, &body, answer);
        if answer == Answer::CloseInBody {
            // Writes what is ready.
            poll_fn(|context| {
                let _ = connection.poll_closed(context);
                Poll::Ready(())
            })
            .await;
            drop(connection);
            drop(stream);
            return;
        }
    }
    drop(kept);
}

/// Begins an answer. Returns its stream if it is not complete.
fn reply(
    mut respond: SendResponse<Bytes>,
    body: &Bytes,
    answer: Answer,
) -> Option<SendStream<Bytes>> {
    if answer == Answer::Reset {
        respond.send_reset(Reason::INTERNAL_ERROR);
        return None;
    }
    let head = match answer {
        Answer::Unannounced => Response::builder(),
        _ => Response::builder().header("content-length", body.len()),
    };
    let mut stream = respond
        .send_response(head.body(()).unwrap(), false)
        .unwrap();
    let half = body.slice(..body.len() / 2);
    match answer {
        Answer::Body | Answer::Unannounced | Answer::NotTheFirst => {
            stream.send_data(body.clone(), true).unwrap()
        }
        Answer::Short => stream.send_data(half, true).unwrap(),
        Answer::ResetInBody => {
            stream.send_data(half, false).unwrap();
            stream.send_reset(Reason::INTERNAL_ERROR);
        }
        Answer::CloseInBody => {
            stream.send_data(half, false).unwrap();
            return Some(stream);
        }
        Answer::Reset | Answer::GoAway => unreachable!("no answer begins"),
    }
    None
}
