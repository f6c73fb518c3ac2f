//! Calls and replies that do not fit in a message, in the object store of the pool.
//!
//! Each object is written once, under a name of its own, and before the message that names it. A transfer that is interrupted
//! begins again.

use std::time::{Duration, Instant};

use async_nats::jetstream::object_store::{Config, GetErrorKind, ObjectStore};
use tokio::io::AsyncReadExt as _;
use tokio_util::bytes::Bytes;

use crate::envelope::{Envelope, HEAD};
use crate::error::chain;
use crate::link::{Link, StoreError};
use crate::names::Names;

/// How long an object is kept that no program has removed, because it ended before.
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);

/// How long the server may take to send the next piece of an object.
const STALL: Duration = Duration::from_secs(5);

/// The time between two attempts.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// The memory that is reserved before the first byte of an object is there. What its description says may be wrong.
const FIRST_CAPACITY: usize = 1 << 20;

/// The reason why an object cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FetchError {
    /// It has this many bytes, which is more than the reader accepts.
    #[error("it has {0} bytes")]
    TooLarge(u64),
    /// There is no such object.
    #[error("the server does not have it: {0}")]
    Gone(String),
    /// It could not be read in time.
    #[error("{0}")]
    Failed(String),
}

/// Returns the message for this content, which starts with its version and kind. Content that does not fit is stored as an object.
///
/// # Errors
/// [`StoreError::Unsent`] or [`StoreError::Refused`], if the object cannot be stored until `give_up`.
pub(crate) async fn pack(
    link: &Link,
    names: &Names,
    name: &str,
    content: Bytes,
    give_up: Instant,
) -> Result<Bytes, StoreError> {
    if content.len() <= link.max_message() {
        return Ok(content);
    }
    loop {
        let Some(generation) = link.up(Some(give_up)).await else {
            return Err(StoreError::Unsent(link.state().reason));
        };
        let message = tokio::select! {
            written = write(link, names, name, &content[HEAD..]) => match written {
                Ok(()) => return Ok(Envelope::Object(name.to_owned()).into_bytes()),
                Err(message) => message,
            },
            () = link.lost(generation) => "the connection was lost".to_owned(),
        };
        if give_up <= Instant::now() {
            return Err(StoreError::Refused(message));
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }
}

async fn write(link: &Link, names: &Names, name: &str, mut content: &[u8]) -> Result<(), String> {
    let store = open(link, names).await?;
    let stored = store.put(name, &mut content).await;
    stored.map(drop).map_err(|error| chain(&error))
}

/// Returns the content of an object, which may have up to `limit` bytes. Tries again until no attempt has got further than those
/// before for `patience`.
///
/// # Errors
/// [`FetchError`].
pub(crate) async fn fetch(
    link: &Link,
    names: &Names,
    name: &str,
    limit: usize,
    patience: Duration,
) -> Result<Bytes, FetchError> {
    let mut best = 0;
    let mut give_up = Instant::now() + patience;
    loop {
        let Some(generation) = link.up(Some(give_up)).await else {
            return Err(FetchError::Failed(link.state().reason));
        };
        let mut content = Vec::new();
        let message = tokio::select! {
            read = read(link, names, name, limit, &mut content) => match read {
                Ok(()) => return Ok(content.into()),
                Err(FetchError::Failed(message)) => message,
                Err(error) => return Err(error),
            },
            () = link.lost(generation) => "the connection was lost".to_owned(),
        };
        let now = Instant::now();
        if content.len() > best {
            best = content.len();
            give_up = now + patience;
        } else if give_up <= now {
            return Err(FetchError::Failed(message));
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }
}

async fn read(
    link: &Link,
    names: &Names,
    name: &str,
    limit: usize,
    content: &mut Vec<u8>,
) -> Result<(), FetchError> {
    let failed = |error: &dyn std::error::Error| FetchError::Failed(chain(error));
    let store = open(link, names).await.map_err(FetchError::Failed)?;
    let object = store.get(name).await;
    let mut object = object.map_err(|error| match error.kind() {
        GetErrorKind::NotFound => FetchError::Gone(chain(&error)),
        _ => failed(&error),
    })?;
    if object.info().deleted {
        return Err(FetchError::Gone("it was removed".to_owned()));
    }
    let size = object.info().size;
    let too_large = |size| FetchError::TooLarge(u64::try_from(size).unwrap_or(u64::MAX));
    if size > limit {
        return Err(too_large(size));
    }
    content.reserve(size.min(FIRST_CAPACITY));
    loop {
        let piece = tokio::time::timeout(STALL, object.read_buf(content)).await;
        let piece = piece.map_err(|_| {
            FetchError::Failed(format!("the server sent nothing of it for {STALL:?}"))
        })?;
        if piece.map_err(|error| failed(&error))? == 0 {
            break;
        }
        if content.len() > limit {
            return Err(too_large(content.len()));
        }
    }
    if content.len() != size {
        let read = content.len();
        return Err(FetchError::Failed(format!("{read} of {size} bytes came")));
    }
    Ok(())
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
