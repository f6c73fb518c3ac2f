//! Reads the body of an answer, or what is worth reading of one that is not needed.

use std::time::Duration;

use reqwest::header::{HeaderMap, TRANSFER_ENCODING};
use reqwest::{Response, Version};
use tokio::time::timeout;

use crate::download::fetch::error::FetchError;
use crate::download::resume::Rest;

/// The limits for reading an unwanted body so that its connection can be reused. Beyond them a new connection is
/// cheaper.
const DRAIN_BYTES: usize = 64 << 10;
const DRAIN_TIME: Duration = Duration::from_millis(50);

/// The head of an answer whose body is read.
#[derive(Debug)]
pub(crate) struct Head<'h> {
    /// The headers.
    pub headers: &'h HeaderMap,
    /// The length of the body, if the answer announces it.
    pub length: Option<u64>,
    /// The length of the whole body, if the answer has only the rest of it, as requested.
    pub continues: Option<u64>,
}

/// The receiver of a body.
pub(crate) trait Receiver {
    /// Returns what to request instead of the whole body, if its beginning is there.
    fn rest(&self) -> Option<Rest> {
        None
    }

    /// Takes note of a body that begins.
    ///
    /// # Errors
    /// If it is not wanted.
    fn begin(&mut self, _head: &Head<'_>) -> Result<(), FetchError> {
        Ok(())
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// If they cannot be kept, or are not wanted.
    fn receive(&mut self, bytes: &[u8]) -> Result<(), FetchError>;

    /// Returns whether the answer must say where its body ends: the receiver cannot tell from the bytes.
    fn needs_framing(&self) -> bool {
        false
    }
}

/// Keeps all bytes in memory.
impl Receiver for Vec<u8> {
    fn receive(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// A body that is not needed.
#[derive(Debug)]
pub(crate) struct UnreadBody(Option<Response>);

impl UnreadBody {
    /// Creates the value for an answer without an unread body.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Creates the value for the body of an answer of which only the head is needed.
    pub(super) fn of(response: Response) -> Self {
        Self(Some(response))
    }

    /// Reads and discards the body, at most 64 KB and for at most 50 ms.
    ///
    /// A connection whose answer is not read to its end is closed, and the next request has to open another one. Where
    /// 482 of 676 flags are missing, that takes 1.5 times the wall time.
    pub(crate) async fn drain(self) {
        let Some(mut response) = self.0 else { return };
        if response
            .content_length()
            .is_some_and(|length| length > DRAIN_BYTES as u64)
        {
            return;
        }
        let read_on = async {
            let mut read = 0;
            // An error also ends the loop: the status has already decided the result.
            while let Ok(Some(chunk)) = response.chunk().await {
                read += chunk.len();
                if read > DRAIN_BYTES {
                    break;
                }
            }
        };
        let _ = timeout(DRAIN_TIME, read_on).await;
    }
}

/// Returns whether the body says where it ends: it comes in the frames of HTTP/2 or in chunks, the last of which says so.
pub(super) fn marks_its_end(response: &Response) -> bool {
    if response.version() == Version::HTTP_2 {
        return true;
    }
    let codings = response.headers().get_all(TRANSFER_ENCODING).iter();
    let last = codings.filter_map(|value| value.to_str().ok()).next_back();
    let last = last.and_then(|codings| codings.rsplit(',').next());
    last.is_some_and(|coding| coding.trim().eq_ignore_ascii_case("chunked"))
}
