//! Calls and replies that do not fit in a message, in the object store of the pool.

use std::time::Duration;

use async_nats::jetstream::object_store::{Config, ObjectStore};
use tokio::io::AsyncReadExt as _;
use tokio_util::bytes::Bytes;

use crate::envelope::{Envelope, HEAD};
use crate::error::chain;
use crate::link::Link;
use crate::names::Names;

/// How long an object is kept that no program has removed, because it ended before.
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);

/// Returns the message for this content, which starts with its version and kind. Content that does not fit is stored as an object.
///
/// # Errors
/// A message, if the object cannot be stored.
pub(crate) async fn pack(
    link: &Link,
    names: &Names,
    name: &str,
    content: Bytes,
) -> Result<Bytes, String> {
    if content.len() <= link.max_message() {
        return Ok(content);
    }
    let store = open(link, names).await?;
    let mut reader = &content[HEAD..];
    let stored = store.put(name, &mut reader).await;
    stored.map_err(|error| chain(&error))?;
    Ok(Envelope::Object(name.to_owned()).into_bytes())
}

/// Returns the content of an object.
///
/// # Errors
/// A message, if it cannot be read.
pub(crate) async fn fetch(link: &Link, names: &Names, name: &str) -> Result<Bytes, String> {
    let store = open(link, names).await?;
    let mut object = store.get(name).await.map_err(|error| chain(&error))?;
    let mut content = Vec::with_capacity(object.info().size);
    let read = object.read_to_end(&mut content).await;
    read.map_err(|error| chain(&error))?;
    Ok(content.into())
}

/// Removes an object. If that fails, it is removed when it is old.
pub(crate) async fn remove(link: &Link, names: &Names, name: &str) {
    if let Ok(store) = open(link, names).await {
        let _ = store.delete(name).await;
    }
}

async fn open(link: &Link, names: &Names) -> Result<ObjectStore, String> {
    let bucket = names.objects_bucket();
    if let Ok(store) = link.jetstream.get_object_store(&bucket).await {
        return Ok(store);
    }
    let config = Config {
        bucket,
        max_age: MAX_AGE,
        ..Config::default()
    };
    let created = link.jetstream.create_object_store(config).await;
    created.map_err(|error| chain(&error))
}
