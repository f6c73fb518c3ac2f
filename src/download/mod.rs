//! The download of one item, from request to disk.
//!
//! Every strategy calls `download_item`; a strategy decides only when. The files, lowest layer first. Each imports only
//! from those listed before it:
//!
//! * `content`: checks bytes against everything that is known of a file
//! * `save`: which files on disk are complete
//! * `resume`: how a large body that was cut goes on
//! * `growing`: a file that grows, and the place where it goes when it is complete
//! * `incoming`: an item as it arrives: checked at once, and saved when it is complete
//! * `cause`: the kind of failure and the innermost cause of an error
//! * `retry`: which failures are retried, and after how long
//! * `fetch`: sends a request, follows its redirects and reads the answer
//! * `attempt`: one attempt: sends a request, checks and saves the item

use std::time::{Duration, Instant, SystemTime};

use reqwest::Url;
use tokio::task::spawn_blocking;

use crate::download::attempt::attempt_once;
use crate::download::fetch::Client;
use crate::download::incoming::Incoming;
use crate::download::retry::{RetryAfter, RetryDelay};
use crate::download::save::find_complete_file;
use crate::item::Item;
use crate::job::{Job, LONGEST_PAUSE, Origin, Turn};
use crate::record::{Effort, Failure, Kind, Outcome, Record};

pub use self::content::{GifError, check_gif};
pub use self::retry::is_transient;

mod attempt;
pub(crate) mod cause;
mod content;
pub(crate) mod fetch;
mod growing;
mod incoming;
mod resume;
mod retry;
pub(crate) mod save;

/// Fetches, checks and saves one item, with as many retries as the job allows, and returns its record.
///
/// The clock of a request starts here, so a caller that makes downloads wait for their turn calls this function when
/// the turn has come. If the job is stopped before or during the call, returns at once and leaves no files behind, except the
/// beginning of a large one that a later run can continue.
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
    let outcome = match existing_file(job, &item).await {
        Some(existing) => {
            effort.save = begun.elapsed();
            existing
        }
        None => {
            if job.skip_existing {
                effort.paused = begun.elapsed();
            }
            fetch_with_retries(client, job, &item, &url, &mut effort).await
        }
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

/// Returns the outcome of an item that is skipped because a complete file is already on disk.
async fn existing_file(job: &Job, item: &Item) -> Option<Outcome> {
    if !job.skip_existing {
        return None;
    }
    let limit = job.limits.size;
    // Flags are small. Reading a large file would stop all other downloads on this thread.
    let path = match item.code() {
        Some(_) => find_complete_file(&job.dest, item, limit),
        // Boxed, because few runs get here.
        None => {
            let (dest, item) = (job.dest.clone(), item.clone());
            let reading = spawn_blocking(move || find_complete_file(&dest, &item, limit));
            Box::pin(async {
                tokio::select! {
                    biased;
                    () = job.over() => None,
                    found = reading => found.ok().flatten(),
                }
            })
            .await
        }
    };
    path.map(Outcome::AlreadyThere)
}

/// Makes attempts until one succeeds or no retry is due.
async fn fetch_with_retries(
    client: &Client,
    job: &Job,
    item: &Item,
    url: &Url,
    effort: &mut Effort,
) -> Outcome {
    let mut kept = None;
    if !job.partials.is_empty() {
        let reading = bytes_of_an_earlier_run(job, item);
        // Boxed, because there are few of them.
        kept = Box::pin(pause(effort, reading, job)).await.flatten();
    }
    let Some(mut turn) = first_turn(job, url, effort).await else {
        return Outcome::NotAttempted;
    };
    loop {
        effort.attempts += 1;
        let attempt = attempt_once(client, job, item, url, &mut turn, &mut kept, effort).await;
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

/// Returns the item with the bytes that an earlier run has left of it, if there are some that can be used.
async fn bytes_of_an_earlier_run(job: &Job, item: &Item) -> Option<Box<Incoming>> {
    let incoming = Incoming::new(job, item);
    if !incoming.is_begun(job) {
        return None;
    }
    // Reading a large file would stop all other downloads on this thread.
    let reading = spawn_blocking(move || incoming.with_bytes_of_an_earlier_run());
    reading.await.ok().map(Box::new)
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

/// Returns the failure of a server whose `Retry-After` exceeds [`LONGEST_PAUSE`].
fn too_long_to_wait(failure: Failure, time: Duration) -> Failure {
    let (most, seconds) = (LONGEST_PAUSE.as_secs(), time.as_secs());
    failure.with_note(format_args!(
        "Retry-After of {seconds} s exceeds the maximum of {most} s"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::download::fetch::engine::Engine;

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
