//! One flag from request to disk. Every strategy calls `download_flag`; a strategy decides only when.

use std::error::Error as _;

use crate::country::CountryCode;
use crate::fetch::{Client, FetchError, is_fd_limit};
use crate::gif::{GifError, check_gif};
use crate::job::Job;
use crate::record::{Failure, Kind, Outcome, Record};
use crate::save::{SaveError, save_flag};

/// Fetches, checks and saves one flag, and says what became of it.
///
/// The clock of the request starts here: a caller that lets downloads wait for their turn calls this when it has come.
/// When the job is stopped, before this or during it, returns at once and leaves nothing behind.
pub async fn download_flag(client: &Client, job: &Job, code: CountryCode) -> Record {
    if job.stop.is_cancelled() {
        return Record::new(code, Outcome::NotAttempted);
    }
    let fetched = tokio::select! {
        biased; // what has arrived counts, even if it arrived with the signal
        fetched = client.fetch(job.base.flag_url(code), job.timeout) => fetched,
        () = job.stop.cancelled() => {
            let cause = "stopped before the answer was complete";
            return Record::new(code, Outcome::Failed(Failure::new(Kind::Interrupted, cause)));
        }
    };
    let outcome = match fetched.verdict {
        Ok(bytes) => keep(job, code, &bytes),
        Err(FetchError::NotFound) => Outcome::NotFound,
        Err(error) => Outcome::Failed(error.into()),
    };
    fetched.unread.drain().await;
    Record::new(code, outcome)
}

/// A body is a flag only if it is a whole GIF, and ok only once it is on disk.
fn keep(job: &Job, code: CountryCode, bytes: &[u8]) -> Outcome {
    if let Err(error) = check_gif(bytes) {
        return Outcome::Failed(not_a_flag(error, bytes));
    }
    match save_flag(&job.dest, code, bytes) {
        Ok(path) => Outcome::Saved(path),
        Err(error) => Outcome::Failed(error.into()),
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
