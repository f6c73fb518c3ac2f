//! One flag from request to disk. Every strategy calls `download_flag`; a strategy decides only when.
//!
//! Bottom floor first; each imports only from those listed before it:
//!
//! * `gif`: whether bytes are a whole GIF
//! * `save`: puts one flag on disk, whole or not at all
//! * `tls`: TLS that costs nothing until it is used
//! * `cause`: which kind of failure an error is, and its innermost cause
//! * `retry`: when a flag is requested again
//! * `fetch`: gets one answer from a server
//! * `engine`: a runtime and the client that lives in it

use std::error::Error as _;
use std::time::{Duration, Instant, SystemTime};

use crate::country::CountryCode;
use crate::download::cause::{is_disk_full, is_fd_limit};
use crate::download::fetch::{Client, FetchError, Fetched, Seen, Unread};
use crate::download::gif::GifError;
use crate::download::retry::{Next, RetryAfter};
use crate::download::save::{SaveError, save_flag, whole_flag};
use crate::job::{Job, LONGEST_PAUSE};
use crate::record::{Effort, Failure, Kind, Outcome, Record};

pub use self::gif::check_gif;
pub use self::retry::is_transient;

pub(crate) mod cause;
pub(crate) mod engine;
pub(crate) mod fetch;
mod gif;
mod retry;
pub(crate) mod save;
mod tls;

/// Fetches, checks and saves one flag, as often as the job allows, and says what became of it.
///
/// The clock of a request starts here: a caller that lets downloads wait for their turn calls this when it has come.
/// When the job is stopped, before this or during it, returns at once and leaves nothing behind.
pub async fn download_flag(client: &Client, job: &Job, code: CountryCode) -> Record {
    if job.is_over() {
        return Record::new(code, Outcome::NotAttempted);
    }
    let begun = Instant::now();
    let mut effort = Effort {
        begun: Some(begun),
        ..Effort::default()
    };
    let outcome = match already_there(job, code) {
        Some(there) => {
            effort.save = begun.elapsed();
            there
        }
        None => ask(client, job, code, &mut effort).await,
    };
    match outcome {
        // Its turn had come, and was over before it could be used.
        Outcome::NotAttempted => Record::new(code, outcome),
        _ => Record {
            code,
            outcome,
            effort,
        },
    }
}

fn already_there(job: &Job, code: CountryCode) -> Option<Outcome> {
    let there = job
        .skip_existing
        .then(|| whole_flag(&job.dest, code, job.limits.size));
    there.flatten().map(Outcome::AlreadyThere)
}

/// Attempt after attempt, until one is good or there shall be no more.
async fn ask(client: &Client, job: &Job, code: CountryCode, effort: &mut Effort) -> Outcome {
    if !pause(effort, job.origin.over(), job).await {
        return Outcome::NotAttempted;
    }
    loop {
        effort.attempts += 1;
        let answer = attempt(client, job, code, effort).await;
        let next = after(job, effort, answer.outcome, answer.retry_after);

        let judged = Instant::now();
        answer.unread.drain().await;
        effort.body += judged.elapsed();

        let (failure, backoff) = match next {
            Step::Done(outcome) => return outcome,
            Step::Again { failure, backoff } => (failure, backoff),
        };
        let wait = async {
            tokio::time::sleep(backoff).await;
            job.origin.over().await;
        };
        if !pause(effort, wait, job).await {
            // There will be no other attempt, so the last one decides.
            return Outcome::Failed(failure);
        }
        effort.begin_anew();
    }
}

/// What came of one request.
struct Answer {
    outcome: Outcome,
    retry_after: Option<RetryAfter>,
    unread: Unread,
}

/// One request, and its time and its answer noted.
async fn attempt(client: &Client, job: &Job, code: CountryCode, effort: &mut Effort) -> Answer {
    let asked = Instant::now();
    let mut seen = Seen::default();
    let fetched = tokio::select! {
        biased; // what has arrived counts, even if it arrived with the signal
        fetched = client.fetch(job.flag_url(code), &mut seen) => Some(fetched),
        () = job.stop.cancelled() => None,
    };
    let there = Instant::now();
    effort.http_status = seen.status.map(|status| status.as_u16());
    effort.bytes = seen.bytes;
    effort.first_byte = seen.first_byte.unwrap_or(there - asked);
    effort.body = (there - asked).saturating_sub(effort.first_byte);

    let Some(Fetched { body, unread }) = fetched else {
        let cause = "stopped before the answer was complete";
        return Answer {
            outcome: Outcome::Failed(Failure::new(Kind::Interrupted, cause)),
            retry_after: None,
            unread: Unread::nothing(),
        };
    };
    let outcome = match body {
        Ok(bytes) => keep(job, code, &bytes),
        Err(FetchError::NotFound) => Outcome::NotFound,
        Err(error) => Outcome::Failed(error.into()),
    };
    effort.save = there.elapsed();
    Answer {
        outcome,
        retry_after: seen.retry_after,
        unread,
    }
}

/// What comes after an attempt.
enum Step {
    /// Nothing.
    Done(Outcome),
    /// Another one, after this long.
    Again { failure: Failure, backoff: Duration },
}

/// Decides what comes after an attempt. A server that asks to be left alone is, from this moment and by all downloads,
/// whether this one will ask again or not.
fn after(job: &Job, effort: &Effort, outcome: Outcome, asked: Option<RetryAfter>) -> Step {
    let failure = match outcome {
        Outcome::Failed(failure)
            if job.retries > 0 && retry::is_transient(failure.kind(), effort.http_status) =>
        {
            failure
        }
        decided => return Step::Done(decided),
    };
    let backoff = match retry::next(effort.attempts, asked, SystemTime::now()) {
        Next::Backoff(time) => time,
        Next::Pause(time) => {
            job.origin.pause_for(time);
            Duration::ZERO
        }
        Next::TooLong(time) => return Step::Done(Outcome::Failed(asks_for(failure, time))),
    };
    if effort.attempts > job.retries {
        Step::Done(Outcome::Failed(failure))
    } else {
        Step::Again { failure, backoff }
    }
}

/// Waits, and notes how long; whether the job goes on after that.
async fn pause(effort: &mut Effort, wait: impl Future<Output = ()>, job: &Job) -> bool {
    let begun = Instant::now();
    let goes_on = tokio::select! {
        biased;
        () = job.over() => false,
        () = wait => true,
    };
    effort.paused += begun.elapsed();
    goes_on
}

/// A body is a flag only if it is a whole GIF, and ok only once it is on disk.
fn keep(job: &Job, code: CountryCode, bytes: &[u8]) -> Outcome {
    if let Err(error) = check_gif(bytes) {
        return Outcome::Failed(not_a_flag(error, bytes));
    }
    match save_flag(&job.dest, code, bytes) {
        Ok(path) => Outcome::Saved(path),
        Err(error) => {
            if is_disk_full(&error.source) {
                job.disk_full.cancel();
            }
            Outcome::Failed(error.into())
        }
    }
}

fn not_a_flag(error: GifError, bytes: &[u8]) -> Failure {
    let kind = match error {
        GifError::Empty => Kind::Empty,
        // Shows what came instead: often enough it is a page that says what is wrong.
        GifError::NotGif => {
            let beginning = String::from_utf8_lossy(&bytes[..bytes.len().min(24)]);
            return Failure::new(Kind::NotGif, format!("the body begins with {beginning:?}"));
        }
        GifError::BadBlock { .. } => Kind::NotGif,
        GifError::Cut { .. } => Kind::GifCut,
        GifError::Trailing { .. } => Kind::GifTrailing,
    };
    Failure::new(kind, error)
}

/// The failure of a server that wants more patience than there is.
fn asks_for(failure: Failure, time: Duration) -> Failure {
    let (most, cause) = (LONGEST_PAUSE.as_secs(), failure.cause());
    let seconds = time.as_secs();
    Failure::new(
        failure.kind(),
        format!("{cause} (Retry-After of {seconds} s exceeds the maximum of {most} s)"),
    )
}

impl From<SaveError> for Failure {
    fn from(error: SaveError) -> Self {
        let kind = if is_fd_limit(&error.source) {
            Kind::FdLimit
        } else {
            Kind::WriteFailed
        };
        match error.source() {
            Some(cause) => Self::new(kind, cause),
            None => Self::new(kind, &error),
        }
    }
}
