//! Another job: how many answers of each status there were on each day.
//!
//! `cargo run --release -p findrobots --example statuses_per_day -- [threads|processes] logs/*.log.gz`

use std::collections::BTreeMap;
use std::error::Error;

use findrobots::{Job, LogFile, ReadLogs, Search, fields};
use harness::{ExecutorKind, Series, Timed};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

/// The job. It has no settings.
#[derive(Clone, Serialize, Deserialize)]
struct StatusesPerDay;

impl Job for StatusesPerDay {
    /// The number of answers of each day and status.
    type Partial = BTreeMap<(String, String), u64>;

    const NAME: &'static str = "statuses-per-day";

    fn map(&self, line: &[u8], answers: &mut Self::Partial) {
        let mut fields = fields(line);
        // host - - [10/Jul/2012:00:18:50 -0500] "GET /robots.txt HTTP/1.1" 200 71
        let (Some(time), Some(status)) = (fields.nth(3), fields.nth(4)) else {
            return;
        };
        let day = time.split(|byte| *byte == b':').next().unwrap_or_default();
        let day = String::from_utf8_lossy(day.strip_prefix(b"[").unwrap_or(day));
        let status = String::from_utf8_lossy(status);
        *answers
            .entry((day.into_owned(), status.into_owned()))
            .or_default() += 1;
    }

    fn reduce(total: &mut Self::Partial, answers: &Self::Partial) {
        for (key, number) in answers {
            *total.entry(key.clone()).or_default() += number;
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // Does not return in a worker process.
    #[cfg(unix)]
    concurrent_futures::serve(
        concurrent_futures::Registry::new().with::<Timed<ReadLogs<StatusesPerDay>>>(),
    );

    let mut words = std::env::args_os().skip(1).peekable();
    let executor = words
        .next_if(|word| word == "threads" || word == "processes")
        .and_then(|word| ExecutorKind::by_name(word.to_str()?))
        .unwrap_or(ExecutorKind::Threads);
    let files: Vec<_> = words.map(LogFile::new).collect::<Result<_, _>>()?;

    let stop = CancellationToken::new();
    let outcome = Search::new(StatusesPerDay, &files).run(Series::new(executor, None), &stop);
    for ((day, status), number) in &outcome.total {
        println!("{day} {status} {number}");
    }
    for account in &outcome.accounts {
        if account.fate != findrobots::Fate::Whole {
            eprintln!("{}: {}", account.path.display(), account.fate.words());
        }
    }
    Ok(())
}
