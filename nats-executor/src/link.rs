//! The connection to the server: whether it is up, and messages that the server confirms.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::jetstream;
use async_nats::jetstream::context::{ContextBuilder, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use percent_encoding::percent_decode_str;
use tokio::sync::watch;
use tokio_util::bytes::Bytes;

use crate::address::{addresses, without_password, without_user};
use crate::error::{ConnectError, chain};
use crate::options::NatsOptions;

/// How long the server may take to confirm a message or to answer a request.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The time between two attempts when the server has refused a message.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// The time between two pings. A connection on which two of them are not answered is given up.
const PING_INTERVAL: Duration = Duration::from_secs(3);

/// A connection. Reconnects by itself.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) client: Client,
    pub(crate) jetstream: jetstream::Context,
    /// The URL without a password.
    pub(crate) url: Arc<str>,
    state: watch::Receiver<LinkState>,
}

/// Whether the connection is up.
#[derive(Debug, Clone)]
pub(crate) struct LinkState {
    pub(crate) is_up: bool,
    /// When that changed last.
    pub(crate) since: Instant,
    /// How often the connection has been made.
    pub(crate) generation: u64,
    /// The last error.
    pub(crate) reason: String,
}

/// The reason why the server has not confirmed a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StoreError {
    /// The message was never sent.
    #[error("the server cannot be reached: {0}")]
    Unsent(String),
    /// The message was sent. Whether it is stored is unknown.
    #[error("the server does not answer: {0}")]
    Unknown(String),
    /// The server has not stored the message, and says why.
    #[error("the server refuses it: {0}")]
    Refused(String),
}

/// A message that the server has stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Its number in the stream.
    pub(crate) sequence: u64,
    /// Whether the server had a message with this id before the first attempt.
    pub(crate) was_there: bool,
}

impl Link {
    /// Connects, within the time of the options.
    pub(crate) async fn connect(url: &str, options: &NatsOptions) -> Result<Self, ConnectError> {
        let addresses = addresses(url)?;
        let url = without_password(url);
        let (sender, state) = watch::channel(LinkState {
            is_up: false,
            since: Instant::now(),
            generation: 0,
            reason: String::new(),
        });
        let connect = connect_options(options, &addresses, sender).await?;
        // The library would write them to its log.
        let addresses: Vec<_> = addresses.into_iter().map(without_user).collect();
        let deadline = Instant::now() + options.connect_timeout;
        let connect = connect.connect(addresses);
        let connected = tokio::time::timeout_at(deadline.into(), connect).await;
        let client = match connected {
            Ok(connected) => connected.map_err(|error| ConnectError::of(&url, &error))?,
            Err(_) => {
                let message = format!("no answer within {:?}", options.connect_timeout);
                return Err(ConnectError::Unreachable { url, message });
            }
        };
        let jetstream = ContextBuilder::new()
            .timeout(ANSWER_TIMEOUT)
            .backpressure_on_inflight(true)
            .max_ack_inflight(4096)
            .build(client.clone());
        let link = Self {
            client,
            jetstream,
            url: url.into(),
            state,
        };
        // The event of this first connection may come later than its client.
        match link.up(Some(deadline)).await {
            Some(_) => Ok(link),
            None => {
                let message = match link.state().reason {
                    none if none.is_empty() => {
                        format!("no answer within {:?}", options.connect_timeout)
                    }
                    reason => reason,
                };
                let url = link.url.to_string();
                Err(ConnectError::Unreachable { url, message })
            }
        }
    }

    /// Returns whether the connection is up.
    pub(crate) fn state(&self) -> LinkState {
        self.state.borrow().clone()
    }

    /// Returns a receiver that notices changes of the state.
    pub(crate) fn watch(&self) -> watch::Receiver<LinkState> {
        self.state.clone()
    }

    /// Waits until the connection is up, and returns which one it is. Returns `None` at the deadline.
    pub(crate) async fn up(&self, give_up: Option<Instant>) -> Option<u64> {
        let mut state = self.state.clone();
        let up = async {
            let up = state.wait_for(|state| state.is_up).await;
            match up.map(|state| state.generation) {
                Ok(generation) => generation,
                // The client is being dropped.
                Err(_) => std::future::pending().await,
            }
        };
        match give_up {
            None => Some(up.await),
            Some(deadline) => tokio::time::timeout_at(deadline.into(), up).await.ok(),
        }
    }

    /// Waits until this connection is lost.
    pub(crate) async fn lost(&self, generation: u64) {
        let mut state = self.state.clone();
        let lost = |state: &LinkState| !state.is_up || state.generation != generation;
        if state.wait_for(lost).await.is_err() {
            std::future::pending().await
        }
    }

    /// Returns the largest size of a message's content, without its headers.
    pub(crate) fn max_message(&self) -> usize {
        self.client.server_info().max_payload.saturating_sub(1024)
    }

    /// Has the server store a message. The server stores one message per id, so it is sent again, after a reconnect as well, until
    /// the server confirms it or the time is up.
    pub(crate) async fn store(
        &self,
        subject: &str,
        id: &str,
        content: Bytes,
        give_up: Option<Instant>,
    ) -> Result<Stored, StoreError> {
        let mut error = StoreError::Unsent("it was never connected".to_owned());
        loop {
            let Some(generation) = self.up(give_up).await else {
                let reason = self.state().reason;
                return Err(match error {
                    StoreError::Unsent(_) => StoreError::Unsent(reason),
                    error => error,
                });
            };
            let message = PublishMessage::build()
                .payload(content.clone())
                .message_id(id);
            let attempt = async {
                let sent = self.jetstream.send_publish(subject.to_owned(), message);
                sent.await?.await
            };
            let failed = tokio::select! {
                stored = attempt => match stored {
                    Ok(stored) => return Ok(Stored {
                        sequence: stored.sequence,
                        was_there: stored.duplicate && !matches!(error, StoreError::Unknown(_)),
                    }),
                    Err(error) => error,
                },
                () = self.lost(generation) => {
                    error = StoreError::Unknown("the connection was lost".to_owned());
                    continue;
                }
            };
            let message = chain(&failed);
            error = match (failed.kind(), error) {
                // It may be stored since an earlier attempt.
                (_, StoreError::Unknown(_)) => StoreError::Unknown(message),
                (PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe, _) => {
                    StoreError::Unknown(message)
                }
                _ => StoreError::Refused(message),
            };
            if give_up.is_some_and(|deadline| deadline <= Instant::now()) {
                return Err(error);
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }
}

async fn connect_options(
    options: &NatsOptions,
    addresses: &[ServerAddr],
    state: watch::Sender<LinkState>,
) -> Result<ConnectOptions, ConnectError> {
    let mut connect = ConnectOptions::new()
        .name("nats-executor")
        .ping_interval(PING_INTERVAL)
        .connection_timeout(options.connect_timeout)
        .max_reconnects(None)
        .reconnect_delay_callback(|attempt| {
            let doubled = 50_u64 << attempt.min(5);
            Duration::from_millis(doubled.min(1000))
        })
        .event_callback(move |event| {
            note(&state, &event);
            std::future::ready(())
        });
    // The library does not use those of the URL.
    let user = |address: &ServerAddr| {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let user = decoded(address.username()?);
        Some((user, address.password().map(decoded)))
    };
    match addresses.iter().find_map(user) {
        Some((user, Some(password))) => connect = connect.user_and_password(user, password),
        Some((token, None)) => connect = connect.token(token),
        None => {}
    }
    if let Some(path) = &options.credentials {
        let read = connect.credentials_file(path).await;
        connect = read.map_err(|source| ConnectError::File {
            path: path.clone(),
            source,
        })?;
    }
    let certificate = options.client_certificate.iter();
    let files = options.root_certificates.iter();
    for path in files.chain(certificate.flat_map(|(certificate, key)| [certificate, key])) {
        // The library reads them at each connection, and does not say which one it cannot read.
        std::fs::read(path).map_err(|source| ConnectError::File {
            path: path.clone(),
            source,
        })?;
    }
    if let Some(path) = &options.root_certificates {
        connect = connect
            .add_root_certificates(path.clone())
            .require_tls(true);
    }
    if let Some((certificate, key)) = &options.client_certificate {
        connect = connect.add_client_certificate(certificate.clone(), key.clone());
    }
    Ok(connect)
}

/// Notes a change of the connection.
fn note(state: &watch::Sender<LinkState>, event: &Event) {
    state.send_if_modified(|state| {
        let is_up = match event {
            Event::Connected => true,
            Event::Disconnected | Event::Closed => false,
            Event::ServerError(error) => {
                state.reason = error.to_string();
                return false;
            }
            Event::ClientError(error) => {
                state.reason = error.to_string();
                return false;
            }
            _ => return false,
        };
        if is_up {
            state.generation += 1;
        } else if state.is_up {
            state.reason = "the connection was lost".to_owned();
        }
        let changed = is_up || state.is_up;
        if state.is_up != is_up {
            state.since = Instant::now();
        }
        state.is_up = is_up;
        changed
    });
}
