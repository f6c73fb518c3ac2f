//! An administrator who looks at the streams of a server, and removes some.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::{self, Context};
use tokio::runtime::{Builder, Runtime};

use super::{PATIENCE, Server};

/// The streams of the pool `default`.
pub(crate) const TASKS: &str = "CF_default_TASKS";
pub(crate) const RESULTS: &str = "CF_default_RESULTS";
pub(crate) const OBJECTS: &str = "OBJ_CF_default_OBJECTS";

/// A connection of an administrator.
pub(crate) struct Admin {
    runtime: Runtime,
    jetstream: Context,
}

impl Admin {
    pub(crate) fn connect(server: &Server) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let jetstream = runtime.block_on(async {
            let client = async_nats::connect(server.url()).await.unwrap();
            jetstream::new(client)
        });
        Self { runtime, jetstream }
    }

    /// Returns the number of messages in a stream; 0 if there is no such stream.
    pub(crate) fn messages(&self, stream: &str) -> u64 {
        self.state(stream).map_or(0, |state| state.messages)
    }

    /// Returns the size of a stream in bytes; 0 if there is no such stream.
    pub(crate) fn bytes(&self, stream: &str) -> u64 {
        self.state(stream).map_or(0, |state| state.bytes)
    }

    fn state(&self, stream: &str) -> Option<jetstream::stream::State> {
        let stream = self.runtime.block_on(self.jetstream.get_stream(stream));
        Some(stream.ok()?.cached_info().state.clone())
    }

    pub(crate) fn delete_stream(&self, stream: &str) {
        let deleted = self.jetstream.delete_stream(stream);
        self.runtime.block_on(deleted).unwrap();
    }

    /// Deletes a stream, which another fault may have removed.
    pub(crate) fn delete_stream_if_any(&self, stream: &str) {
        let _ = self.runtime.block_on(self.jetstream.delete_stream(stream));
    }

    /// Has the server store a message.
    pub(crate) fn publish(&self, subject: &str, id: &str, payload: &[u8]) {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, id);
        let payload = payload.to_vec().into();
        self.runtime.block_on(async {
            let sent = self
                .jetstream
                .publish_with_headers(subject.to_owned(), headers, payload);
            sent.await.unwrap().await.unwrap();
        });
    }

    /// Waits for the first message with this subject, and returns its payload.
    pub(crate) fn wait_for(&self, stream: &str, subject: &str) -> Vec<u8> {
        self.runtime.block_on(async {
            let deadline = tokio::time::Instant::now() + PATIENCE;
            loop {
                let stream = self.jetstream.get_stream(stream).await.unwrap();
                if let Ok(message) = stream.get_last_raw_message_by_subject(subject).await {
                    return message.payload.to_vec();
                }
                assert!(
                    tokio::time::Instant::now() < deadline,
                    "no message {subject}"
                );
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
    }

    /// Returns the subject of the first message of a stream.
    pub(crate) fn first_subject(&self, stream: &str) -> String {
        self.runtime.block_on(async {
            let stream = self.jetstream.get_stream(stream).await.unwrap();
            let first = stream.cached_info().state.first_sequence;
            let message = stream.get_raw_message(first).await.unwrap();
            message.subject.to_string()
        })
    }
}
