//! One flag from request to disk. Every strategy calls `download_flag`; a strategy decides only when.

use std::error::Error as _;
use std::time::{Duration, Instant, SystemTime};

use crate::cause::{is_disk_full, is_fd_limit};
use crate::country::CountryCode;
use crate::fetch::{Client, FetchError, Fetched, Seen};
use crate::gif::{GifError, check_gif};
use crate::job::Job;
use crate::record::{Effort, Failure, Kind, Outcome, Record};
use crate::retry::{self, Next};
use crate::save::{SaveError, save_flag, whole_flag};

/// Fetches, checks and saves one flag, as often as the job allows, and says what became of it.
///
/// The clock of a request starts here: a caller that lets downloads wait for their turn calls this when it has come.
/// When the job is stopped, before this or during it, returns at once and leaves nothing behind.
pub async fn download_flag(client: &Client, job: &Job, code: CountryCode) -> Record {
    let mut effort = Effort::default();
    let outcome = if job.is_over() {
        Outcome::NotAttempted
    } else {
        effort.begun = Some(Instant::now());
        match already_there(job, code) {
            Some(there) => there,
            None => ask(client, job, code, &mut effort).await,
        }
    };
    Record {
        code,
        outcome,
        effort,
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
        let (outcome, seen) = attempt(client, job, code, effort).await;
        let Outcome::Failed(failure) = outcome else {
            return outcome;
        };
        let again = effort.attempts <= job.retries && !job.is_over();
        if !again || !retry::is_transient(failure.kind(), effort.http_status) {
            return Outcome::Failed(failure);
        }
        let backoff = match retry::next(effort.attempts, seen.retry_after, SystemTime::now()) {
            Next::Backoff(time) => time,
            Next::Pause(time) => {
                job.origin.pause_for(time);
                Duration::ZERO
            }
            Next::TooLong(time) => return Outcome::Failed(asks_for(failure, time)),
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

/// One request, and its time and its answer noted.
async fn attempt(
    client: &Client,
    job: &Job,
    code: CountryCode,
    effort: &mut Effort,
) -> (Outcome, Seen) {
    let asked = Instant::now();
    let fetched = tokio::select! {
        biased; // what has arrived counts, even if it arrived with the signal
        fetched = client.fetch(job.base.flag_url(code)) => fetched,
        () = job.stop.cancelled() => {
            effort.first_byte = asked.elapsed();
            let cause = "stopped before the answer was complete";
            let interrupted = Failure::new(Kind::Interrupted, cause);
            return (Outcome::Failed(interrupted), Seen::default());
        }
    };
    let Fetched {
        verdict,
        seen,
        unread,
    } = fetched;
    effort.http_status = seen.status.map(|status| status.as_u16());
    effort.bytes = seen.bytes;
    (effort.first_byte, effort.body) = (seen.first_byte, seen.body);

    let there = Instant::now();
    let outcome = match verdict {
        Ok(bytes) => keep(job, code, &bytes),
        Err(FetchError::NotFound) => Outcome::NotFound,
        Err(error) => Outcome::Failed(error.into()),
    };
    effort.save = there.elapsed();
    let judged = Instant::now();
    unread.drain().await;
    effort.body += judged.elapsed();
    (outcome, seen)
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
    let (most, cause) = (retry::LONGEST_PAUSE.as_secs(), failure.cause());
    let seconds = time.as_secs();
    Failure::new(
        failure.kind(),
        format!("{cause}, which asks for {seconds} s of patience; {most} s is the most there is"),
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
