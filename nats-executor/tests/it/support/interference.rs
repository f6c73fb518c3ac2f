//! What an administrator may do to the streams and the objects of a pool.

use std::path::Path;

use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::object_store::ObjectInfo;
use async_nats::jetstream::stream::Config;
use futures_util::StreamExt as _;

use super::admin::{Admin, OBJECTS, RESULTS, TASKS};

/// The name of the object store, whose stream is [`OBJECTS`].
const BUCKET: &str = "CF_default_OBJECTS";

impl Admin {
    /// Has the server deliver all tasks that are not acknowledged as if it had never delivered them: the consumer of the workers
    /// is replaced.
    pub(crate) fn deliver_all_again(&self) {
        self.runtime.block_on(async {
            let stream = self.jetstream.get_stream(TASKS).await.unwrap();
            let consumer = stream.get_consumer::<pull::Config>("workers").await;
            let config = consumer.unwrap().cached_info().config.clone();
            // The server may fail to remove the files of a consumer that it is writing. The consumer is removed nevertheless.
            if let Err(error) = stream.delete_consumer("workers").await {
                assert!(error.to_string().contains("unlinkat"), "{error}");
            }
            // A worker may have noticed, and done the same.
            let created = stream.get_or_create_consumer("workers", config).await;
            created.unwrap();
        });
    }

    /// Has the server refuse all results, or accept them again.
    pub(crate) fn refuse_results(&self, refuses: bool) {
        self.runtime.block_on(async {
            let stream = self.jetstream.get_stream(RESULTS).await.unwrap();
            let config = Config {
                max_message_size: if refuses { 1 } else { -1 },
                ..stream.cached_info().config.clone()
            };
            self.jetstream.update_stream(config).await.unwrap();
        });
    }

    /// Returns how many bytes the objects of the pool have, with their descriptions.
    pub(crate) fn object_bytes(&self) -> u64 {
        self.runtime.block_on(async {
            let stream = self.jetstream.get_stream(OBJECTS).await;
            stream.unwrap().cached_info().state.bytes
        })
    }

    /// Removes all objects, as their age does.
    pub(crate) fn remove_objects(&self) {
        self.runtime.block_on(async {
            let store = self.jetstream.get_object_store(BUCKET).await.unwrap();
            for object in self.objects().await {
                store.delete(&object.name).await.unwrap();
            }
        });
    }

    /// Has the description of each object say that it has this many bytes.
    pub(crate) fn declare_object_sizes(&self, size: usize) {
        self.runtime.block_on(async {
            for object in self.objects().await {
                let stream = self.jetstream.get_stream(OBJECTS).await.unwrap();
                let subject = format!("$O.{BUCKET}.M.*");
                let last = stream.get_last_raw_message_by_subject(&subject).await;
                let subject = last.unwrap().subject;
                let forged = ObjectInfo { size, ..object };
                let forged = serde_json::to_vec(&forged).unwrap();
                let mut headers = async_nats::HeaderMap::new();
                headers.insert("Nats-Rollup", "sub");
                let published = self
                    .jetstream
                    .publish_with_headers(subject, headers, forged.into())
                    .await;
                published.unwrap().await.unwrap();
            }
        });
    }

    /// Returns the objects of the pool.
    async fn objects(&self) -> Vec<ObjectInfo> {
        let store = self.jetstream.get_object_store(BUCKET).await.unwrap();
        let listed = store.list().await.unwrap();
        listed.map(Result::unwrap).collect().await
    }
}

/// Returns the lines of a file that contain `text`.
pub(crate) fn lines_with(file: &Path, text: &str) -> Vec<String> {
    let content = std::fs::read_to_string(file).unwrap_or_default();
    let lines = content.lines().filter(|line| line.contains(text));
    lines.map(str::to_owned).collect()
}
