//! Checks that no run exceeds its time bound: servers that never complete an answer, every strategy, several connection
//! limits, with and without retries. Prints the elapsed time of each run beside its bound, and fails if a run took
//! longer.
//!
//! ```sh
//! cargo bench --bench time_limits
//! ```
//!
//! `.ci/run` runs it as a test, with `cargo test --bench time_limits`: it mostly waits, so its bounds also hold without
//! optimisation.
//!
//! With `m` flags at a time, `n` flags take `ceil(n / m)` turns. A turn takes one time limit per attempt and the
//! longest backoff between attempts. One second is added for everything else: threads, connections, the disk.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot start its server should panic at that line"
)]

use std::num::NonZeroUsize;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flags::country::{CountryCode, Selection};
use flags::item::Item;
use flags::job::Job;
use flags::record::{Kind, Outcome, Record};
use flags::server::BaseUrl;
use flags::strategy::Strategy;
use futures_util::stream;
use test_server::TestServer;

/// The time limit of a request.
const TIMEOUT: Duration = Duration::from_millis(300);

/// The time that a run may take in addition to its time limits and backoffs.
const SLACK: Duration = Duration::from_secs(1);

/// The upper bounds of the backoff, as in `src/download/retry.rs`, which draws shorter ones at random.
const FIRST_BACKOFF: Duration = Duration::from_millis(250);
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);

/// The plans under which no flag is ever completed.
const PLANS: [&str; 8] = [
    "hang",
    "hang-head",
    "hang-body",
    "drip",
    "endless-1xx=20000",
    "length-long",
    "hold=100000",
    "backlog-full",
];

/// The runs: strategy, number of flags, connection limit, retries.
const RUNS: [(Strategy, usize, usize, u32); 10] = [
    (Strategy::Sequential, 3, 1, 0),
    (Strategy::Sequential, 3, 1, 1),
    (Strategy::ThreadPool, 20, 7, 0),
    (Strategy::ThreadPool, 20, 7, 1),
    (Strategy::ThreadPool, 100, 100, 0),
    (Strategy::ThreadPool, 100, 100, 2),
    (Strategy::Semaphore, 20, 7, 0),
    (Strategy::Semaphore, 20, 7, 1),
    (Strategy::Semaphore, 100, 100, 0),
    (Strategy::Semaphore, 100, 100, 2),
];

fn main() -> ExitCode {
    let codes = Selection::<&str>::All.codes().unwrap();
    let mut all_in_time = true;
    println!(
        "{:<18} {:<10} {:>4} {:>4} {:>7} {:>10} {:>9} {:>6}",
        "plan", "strategy", "n", "m", "retries", "elapsed, s", "bound, s", "ratio"
    );
    for plan in PLANS {
        for (strategy, n, m, retries) in RUNS {
            let (records, elapsed) = run(plan, strategy, &codes[..n], m, retries);
            let bound = bound(n, m, retries);
            let ratio = elapsed.as_secs_f64() / bound.as_secs_f64();
            let timed_out = records
                .iter()
                .filter(|record| ended_by_timeout(record))
                .count();
            let mut remark = String::new();
            if timed_out < n {
                remark = format!("  {} of {n} did not end by the time limit", n - timed_out);
            }
            if elapsed > bound {
                remark += "  OVER";
            }
            all_in_time &= remark.is_empty();
            println!(
                "{plan:<18} {strategy:<10} {n:>4} {m:>4} {retries:>7} {:>10.2} {:>9.2} {ratio:>6.2}{remark}",
                elapsed.as_secs_f64(),
                bound.as_secs_f64(),
            );
        }
    }
    if all_in_time {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Downloads `codes` from a new server with this plan. Returns the records and the elapsed time.
fn run(
    plan: &str,
    strategy: Strategy,
    codes: &[CountryCode],
    connections: usize,
    retries: u32,
) -> (Vec<Record>, Duration) {
    let plan = format!("100:{plan}").parse().unwrap();
    let server = TestServer::start(plan).unwrap();
    let dest = tempfile::tempdir().unwrap();
    let base = Arc::new(BaseUrl::parse(&server.url()).unwrap());
    let mut job = Job::new(dest.path().to_owned());
    job.limits.timeout = TIMEOUT;
    job.retries = retries;

    let mut records = Vec::new();
    let connections = NonZeroUsize::new(connections).unwrap();
    let begun = Instant::now();
    let items = codes.iter().map(|&code| Item::flag(code, &base));
    let items = pin!(stream::iter(items));
    let ran = strategy.run(&Arc::new(job), items, connections, &mut |record| {
        records.push(record);
    });
    ran.unwrap();
    (records, begun.elapsed())
}

/// Whether the download ended by the time limit.
fn ended_by_timeout(record: &Record) -> bool {
    matches!(&record.outcome, Outcome::Failed(failure) if failure.kind() == Kind::Timeout)
}

/// Returns the longest time that `n` flags may take, `m` at a time.
fn bound(n: usize, m: usize, retries: u32) -> Duration {
    let turns = n.div_ceil(m) as u32;
    turns * (TIMEOUT * (1 + retries) + longest_backoff(retries)) + SLACK
}

/// Returns the longest total backoff of one flag. It doubles from one attempt to the next.
fn longest_backoff(retries: u32) -> Duration {
    let before = |attempt| (FIRST_BACKOFF * 2_u32.pow(attempt)).min(LONGEST_BACKOFF);
    (0..retries).map(before).sum()
}
