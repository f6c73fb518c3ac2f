//! One attempt: sends a request, checks and saves the item.

use std::error::Error as _;
use std::io;
use std::mem;
use std::time::{Duration, Instant};

use program::WriteError;
use reqwest::Url;

use crate::download::cause::{is_disk_full, write_kind};
use crate::download::content::Invalid;
use crate::download::fetch::body::{Head, Receiver, UnreadBody};
use crate::download::fetch::error::FetchError;
use crate::download::fetch::{Client, FetchResult, Seen};
use crate::download::incoming::{Incoming, NotSaved};
use crate::download::resume::{Rest, Validator};
use crate::download::retry::RetryAfter;
use crate::item::Item;
use crate::job::{Job, Origin, Turn, Unsaved};
use crate::record::{Effort, Failure, Kind, Outcome};

/// The result of one attempt.
pub(super) struct Attempt {
    pub(super) outcome: Outcome,
    pub(super) retry_after: Option<RetryAfter>,
    /// The server of the answer, if it is not that of the item.
    pub(super) redirected_to: Option<Origin>,
    /// The rest of the body, to be drained after the decision on a retry.
    pub(super) unread: UnreadBody,
}

/// Sends one request, checks and saves the item, and notes status, bytes and times in `effort`.
///
/// Goes on with what is in `kept`, and leaves there what another attempt can continue.
pub(super) async fn attempt_once(
    client: &Client,
    job: &Job,
    item: &Item,
    url: &Url,
    turn: &mut Turn<'_>,
    kept: &mut Option<Box<Incoming>>,
    effort: &mut Effort,
) -> Attempt {
    let requested_at = Instant::now();
    let mut seen = Seen::default();
    let mut incoming = match kept.take() {
        Some(kept) => *kept,
        None => Incoming::new(job, item),
    };
    let mut waited = Duration::ZERO;
    let requested = request(
        client,
        job,
        url,
        turn,
        &mut seen,
        &mut incoming,
        &mut waited,
    );
    let fetched = requested.await;
    let received_at = Instant::now();
    effort.http_status = seen.status.map(|status| status.as_u16());
    effort.bytes = seen.bytes;
    effort.continued_from = seen.continued_from;
    // After a redirect, it may have waited for its turn at another server.
    let paused = waited + seen.paused;
    effort.paused += paused;
    let taken = (received_at - requested_at).saturating_sub(paused);
    effort.first_byte = seen.first_byte.unwrap_or(taken);
    effort.body = taken.saturating_sub(effort.first_byte);

    let Some(FetchResult { body, unread }) = fetched else {
        *kept = incoming.put_aside();
        let cause = "stopped before the answer was complete";
        return Attempt {
            outcome: Outcome::Failed(Failure::new(Kind::Interrupted, cause)),
            retry_after: None,
            redirected_to: None,
            unread: UnreadBody::none(),
        };
    };
    let outcome = match body {
        Ok(()) => save(job, incoming),
        Err(error) => {
            let outcome = failed(job, error);
            match &outcome {
                Outcome::Failed(failure) if keeps_beginning(failure.kind()) => {
                    *kept = incoming.put_aside();
                }
                _ => incoming.discard(),
            }
            outcome
        }
    };
    let outcome = match (outcome, &seen.proxy) {
        (Outcome::Failed(failure), Some(proxy)) if failure.kind().is_of_network() => {
            Outcome::Failed(failure.via_proxy(proxy))
        }
        (outcome, _) => outcome,
    };
    effort.save = received_at.elapsed();
    Attempt {
        outcome,
        retry_after: seen.retry_after,
        redirected_to: seen.redirected_to,
        unread,
    }
}

/// Requests the item, or its rest if the beginning is there, and the whole if the server does not continue it. Returns `None`
/// if the job is stopped. Adds the time spent waiting for another turn to `waited`.
async fn request(
    client: &Client,
    job: &Job,
    url: &Url,
    turn: &mut Turn<'_>,
    seen: &mut Seen,
    incoming: &mut Incoming,
    waited: &mut Duration,
) -> Option<FetchResult<()>> {
    loop {
        let fetched = tokio::select! {
            biased; // an answer that arrives together with the signal still counts
            fetched = client.fetch_into(url.clone(), turn, seen, incoming) => fetched,
            () = job.stop.cancelled() => return None,
        };
        match fetched.body {
            Err(FetchError::NotContinued) => {
                incoming.start_again();
                // The times of the answer that was of no use count as waiting.
                *waited += mem::take(seen).paused;
                // It may have been redirected to another server, whose turn this is.
                *waited += tokio::select! {
                    biased;
                    () = job.stop.cancelled() => return None,
                    time = turn.move_to(url) => time,
                };
            }
            Ok(()) | Err(_) => return Some(fetched),
        }
    }
}

/// Returns the outcome of a request that has failed.
fn failed(job: &Job, error: FetchError) -> Outcome {
    match error {
        FetchError::NotFound => Outcome::NotFound,
        FetchError::NotKept(error) => Outcome::Failed(not_written(job, error)),
        error => Outcome::Failed(error.into()),
    }
}

/// Returns whether a failure of this kind says nothing against the bytes that arrived before it.
fn keeps_beginning(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::BadBody
            | Kind::Unframed
            | Kind::TooBig
            | Kind::Checksum
            | Kind::WriteFailed
            | Kind::FdLimit
            | Kind::Internal
            | Kind::Other
    )
}

/// Saves what has come in if it is complete.
fn save(job: &Job, incoming: Incoming) -> Outcome {
    match incoming.save() {
        Ok(path) => Outcome::Saved(path),
        Err(NotSaved::Invalid(invalid)) => Outcome::Failed(invalid.into()),
        Err(NotSaved::Incomplete { length, total }) => Outcome::Failed(Failure::new(
            Kind::BadBody,
            format_args!("{length} bytes instead of the {total} of its Content-Range"),
        )),
        Err(NotSaved::Unwritten(error)) => Outcome::Failed(not_written(job, error)),
    }
}

/// Returns the failure of a flag that could not be written. If no other flag can be saved either, no new download starts.
fn not_written(job: &Job, error: WriteError) -> Failure {
    if is_disk_full(&error.source) {
        job.saving.give_up(Unsaved::DiskFull);
    } else if error.source.kind() == io::ErrorKind::NotFound && !job.dest.is_dir() {
        job.saving.give_up(Unsaved::FolderGone);
    }
    error.into()
}

impl Receiver for Incoming {
    fn rest(&self) -> Option<Rest> {
        Incoming::rest(self)
    }

    fn begin(&mut self, head: &Head<'_>) -> Result<(), FetchError> {
        let begun = match head.continues {
            Some(total) => self.go_on(total),
            None => Incoming::begin(self, head.length, || Validator::of(head.headers)),
        };
        begun.map_err(|invalid| FetchError::Unwanted(invalid.into()))
    }

    fn receive(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.append(bytes).map_err(FetchError::NotKept)?;
        let unwanted = |invalid: Invalid| FetchError::Unwanted(invalid.into());
        self.check_excess().map_err(unwanted)
    }

    fn needs_framing(&self) -> bool {
        self.is_unchecked()
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        let kind = write_kind(&error.source);
        match error.source() {
            Some(cause) => Self::new(kind, cause),
            None => Self::new(kind, &error),
        }
    }
}
