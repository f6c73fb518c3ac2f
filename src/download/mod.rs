//! The download of one item, from request to disk.
//!
//! Every strategy calls `download_item`; a strategy decides only when. The files, lowest layer first. Each imports only
//! from those listed before it:
//!
//! * `gif`: checks that bytes are a complete GIF
//! * `save`: which flags on disk are complete
//! * `incoming`: an item as it arrives: checked at once, and saved when it is complete
//! * `tunnel`: the status with which a proxy refuses a tunnel
//! * `cause`: the kind of failure and the innermost cause of an error
//! * `retry`: which failures are retried, and after how long
//! * `trail`: whether a connection came from the pool
//! * `opening`: with HTTP/2, one request that opens the connection which others share
//! * `client`: the settings of the HTTP client
//! * `redirect`: where an answer redirects to
//! * `error`: the reasons why an item could not be fetched
//! * `body`: the body of an answer
//! * `fetch`: sends one request and reads the answer
//! * `engine`: a runtime and its HTTP client

use std::error::Error as _;
use std::io;
use std::time::{Duration, Instant, SystemTime};

use program::WriteError;
use reqwest::Url;

use crate::download::body::{Receiver, UnreadBody};
use crate::download::cause::{is_disk_full, write_kind};
use crate::download::error::FetchError;
use crate::download::fetch::{Client, FetchResult, Seen};
use crate::download::incoming::{Incoming, NotSaved};
use crate::download::retry::{RetryAfter, RetryDelay};
use crate::download::save::find_complete_flag;
use crate::item::Item;
use crate::job::{Job, LONGEST_PAUSE, Origin, Turn, Unsaved};
use crate::record::{Effort, Failure, Kind, Outcome, Record};

pub use self::gif::{GifError, check_gif};
pub use self::retry::is_transient;

mod body;
pub(crate) mod cause;
mod client;
pub(crate) mod engine;
pub(crate) mod error;
pub(crate) mod fetch;
mod gif;
mod incoming;
mod opening;
mod redirect;
mod retry;
pub(crate) mod save;
mod trail;
mod tunnel;

/// Fetches, checks and saves one item, with as many retries as the job allows, and returns its record.
///
/// The clock of a request starts here, so a caller that makes downloads wait for their turn calls this function when
/// the turn has come. If the job is stopped before or during the call, returns at once and leaves no files behind.
pub(crate) async fn download_item(client: &Client, job: &Job, item: Item) -> Record {
    if job.is_over() {
        return Record::new(item, Outcome::NotAttempted);
    }
    let url = match item.url() {
        Ok(url) => url,
        Err(reason) => {
            let failure = Failure::new(Kind::BadLine, reason);
            return Record::new(item, Outcome::Failed(failure));
        }
    };
    let begun = Instant::now();
    let mut effort = Effort {
        begun: Some(begun),
        ..Effort::default()
    };
    let outcome = match existing_flag(job, &item) {
        Some(existing) => {
            effort.save = begun.elapsed();
            existing
        }
        None => fetch_with_retries(client, job, &item, &url, &mut effort).await,
    };
    match outcome {
        // The job ended before the first request, so no time counts.
        Outcome::NotAttempted => Record::new(item, outcome),
        _ => Record {
            item,
            outcome,
            effort,
        },
    }
}

/// Returns the outcome of a flag that is skipped because a complete copy is already on disk.
fn existing_flag(job: &Job, item: &Item) -> Option<Outcome> {
    let path = job
        .skip_existing
        .then(|| find_complete_flag(&job.dest, item, job.limits.size));
    path.flatten().map(Outcome::AlreadyThere)
}

/// Makes attempts until one succeeds or no retry is due.
async fn fetch_with_retries(
    client: &Client,
    job: &Job,
    item: &Item,
    url: &Url,
    effort: &mut Effort,
) -> Outcome {
    let Some(mut turn) = first_turn(job, url, effort).await else {
        return Outcome::NotAttempted;
    };
    loop {
        effort.attempts += 1;
        let attempt = attempt_once(client, job, item, url, &mut turn, effort).await;
        let origins = || [Some(Origin::of(url)), attempt.redirected_to];
        let decision = decide(job, effort, attempt.outcome, attempt.retry_after, origins);

        let drain_started = Instant::now();
        attempt.unread.drain().await;
        effort.body += drain_started.elapsed();
        // Others may send requests to this server during the backoff.
        drop(turn);

        let (failure, backoff) = match decision {
            Decision::Finish(outcome) => return outcome,
            Decision::Retry { failure, backoff } => (failure, backoff),
        };
        let wait = async {
            tokio::time::sleep(backoff).await;
            job.traffic.turn(url).await
        };
        turn = match pause(effort, wait, job).await {
            Some(turn) => turn,
            // The job ended during the wait, so the last attempt is the result.
            None => return Outcome::Failed(failure),
        };
        effort.begin_anew();
    }
}

/// Waits until the first request may be sent. Returns `None` if the job ends before that.
async fn first_turn<'j>(job: &'j Job, url: &Url, effort: &mut Effort) -> Option<Turn<'j>> {
    match job.traffic.turn_at_once() {
        Some(turn) => (!job.is_over()).then_some(turn),
        // Boxed, because most runs have no pauses and no limits.
        None => Box::pin(pause(effort, job.traffic.turn(url), job)).await,
    }
}

/// The result of one attempt.
struct Attempt {
    outcome: Outcome,
    retry_after: Option<RetryAfter>,
    /// The server of the answer, if it is not that of the item.
    redirected_to: Option<Origin>,
    /// The rest of the body, to be drained after the decision on a retry.
    unread: UnreadBody,
}

/// Sends one request, checks and saves the item, and notes status, bytes and times in `effort`.
async fn attempt_once(
    client: &Client,
    job: &Job,
    item: &Item,
    url: &Url,
    turn: &mut Turn<'_>,
    effort: &mut Effort,
) -> Attempt {
    let requested_at = Instant::now();
    let mut seen = Seen::default();
    let mut incoming = Incoming::new(job, item);
    let fetched = tokio::select! {
        biased; // an answer that arrives together with the signal still counts
        fetched = client.fetch_into(url.clone(), turn, &mut seen, &mut incoming) => Some(fetched),
        () = job.stop.cancelled() => None,
    };
    let received_at = Instant::now();
    effort.http_status = seen.status.map(|status| status.as_u16());
    effort.bytes = seen.bytes;
    // After a redirect, it may have waited for its turn at another server.
    effort.paused += seen.paused;
    let taken = (received_at - requested_at).saturating_sub(seen.paused);
    effort.first_byte = seen.first_byte.unwrap_or(taken);
    effort.body = taken.saturating_sub(effort.first_byte);

    let Some(FetchResult { body, unread }) = fetched else {
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
        Err(FetchError::NotFound) => Outcome::NotFound,
        Err(FetchError::NotKept(error)) => Outcome::Failed(not_written(job, error)),
        Err(error) => Outcome::Failed(error.into()),
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

/// The decision after an attempt.
enum Decision {
    /// This outcome is the result of the download.
    Finish(Outcome),
    /// Another attempt follows after `backoff`. `failure` is the result if the job ends before that.
    Retry { failure: Failure, backoff: Duration },
}

/// Decides whether another attempt follows.
///
/// If the server requests a pause, the pause starts now and holds for all downloads from the `origins` of this one, even if
/// it has no retries left itself.
fn decide(
    job: &Job,
    effort: &Effort,
    outcome: Outcome,
    retry_after: Option<RetryAfter>,
    origins: impl FnOnce() -> [Option<Origin>; 2],
) -> Decision {
    let failure = match outcome {
        Outcome::Failed(failure)
            if job.retries > 0 && retry::is_transient(&failure, effort.http_status) =>
        {
            failure
        }
        decided => return Decision::Finish(decided),
    };
    let backoff = match retry::delay(effort.attempts, retry_after, SystemTime::now()) {
        RetryDelay::After { backoff, pause } => {
            for origin in origins().into_iter().flatten() {
                job.traffic.pauses.pause_for(origin, pause);
            }
            backoff
        }
        RetryDelay::TooLong(time) => {
            return Decision::Finish(Outcome::Failed(too_long_to_wait(failure, time)));
        }
    };
    if effort.attempts > job.retries {
        Decision::Finish(Outcome::Failed(failure))
    } else {
        Decision::Retry { failure, backoff }
    }
}

/// Waits for `wait` or for the end of the job and adds the time to `effort.paused`. Returns `None` if the job has ended.
async fn pause<T>(effort: &mut Effort, wait: impl Future<Output = T>, job: &Job) -> Option<T> {
    let begun = Instant::now();
    let waited = tokio::select! {
        biased;
        () = job.over() => None,
        waited = wait => Some(waited),
    };
    effort.paused += begun.elapsed();
    waited
}

/// Saves what has come in if it is complete.
fn save(job: &Job, incoming: Incoming) -> Outcome {
    match incoming.save() {
        Ok(path) => Outcome::Saved(path),
        Err(NotSaved::Invalid(error, beginning)) => Outcome::Failed(invalid_gif(error, &beginning)),
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

/// Returns the failure of a body that is not a complete GIF.
fn invalid_gif(error: GifError, beginning: &[u8]) -> Failure {
    let kind = match error {
        GifError::Empty => Kind::Empty,
        // Shows the beginning of the body: often it is a page that explains the problem.
        GifError::NotGif => {
            let beginning = String::from_utf8_lossy(beginning);
            return Failure::new(Kind::NotGif, format!("the body begins with {beginning:?}"));
        }
        GifError::BadBlock { .. } => Kind::NotGif,
        GifError::Cut { .. } => Kind::GifCut,
        GifError::Trailing { .. } => Kind::GifTrailing,
    };
    Failure::new(kind, error)
}

impl Receiver for Incoming {
    fn receive(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.append(bytes)
    }

    fn needs_framing(&self) -> bool {
        self.is_unchecked()
    }
}

/// Returns the failure of a server whose `Retry-After` exceeds [`LONGEST_PAUSE`].
fn too_long_to_wait(failure: Failure, time: Duration) -> Failure {
    let (most, seconds) = (LONGEST_PAUSE.as_secs(), time.as_secs());
    failure.with_note(format_args!(
        "Retry-After of {seconds} s exceeds the maximum of {most} s"
    ))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::download::engine::Engine;

    /// The future is moved several times, and there is one for each connection.
    #[test]
    fn the_future_of_a_download_is_small() {
        let job = Job::new("downloads".into());
        let engine = Engine::for_job(&job).unwrap();
        let item = crate::item::flags(&["br"]).remove(0);
        let size = size_of_val(&download_item(engine.client(), &job, item));
        assert!(size < 6 << 10, "{size} bytes");
    }
}
