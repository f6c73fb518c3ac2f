//! Whether a run ever takes longer than it may: servers that never answer, in every strategy, at several connection limits,
//! with and without retries. Prints what each run took beside its bound, and fails if one took longer.
//!
//! ```sh
//! cargo bench --bench time_limits
//! ```
//!
//! With `m` flags at a time, `n` flags take `ceil(n / m)` turns. A turn is as many time limits as there are attempts, with a
//! backoff between them at its longest. A second is for everything else: threads, connections, the disk.

#![allow(
    clippy::unwrap_used,
    reason = "nobody can do anything about a server that does not start, and then it should be seen where"
)]

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flags::country::{CountryCode, Selection};
use flags::job::Job;
use flags::record::{Kind, Outcome, Record};
use flags::server::BaseUrl;
use flags::strategy::Strategy;
use test_server::TestServer;

/// What a request may take.
const TIMEOUT: Duration = Duration::from_millis(300);

/// What a run may take beside the time limits and the backoff.
const SLACK: Duration = Duration::from_secs(1);

/// As in `src/retry.rs`, which spreads them downwards.
const FIRST_BACKOFF: Duration = Duration::from_millis(250);
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);

/// Those under which no flag ever comes.
const PLANS: [&str; 8] = [
    "hang",
    "hang-head",
    "hang-body",
    "drip",
    "endless-1xx",
    "length-long",
    "hold=100000",
    "backlog-full",
];

/// Strategy, flags, connection limit, retries.
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
    let mut all_is_well = true;
    println!(
        "{:<12} {:<10} {:>4} {:>4} {:>7} {:>10} {:>9} {:>6}",
        "plan", "strategy", "n", "m", "retries", "elapsed, s", "bound, s", "ratio"
    );
    for plan in PLANS {
        for (strategy, n, m, retries) in RUNS {
            let (records, elapsed) = run(plan, strategy, &codes[..n], m, retries);
            let bound = bound(n, m, retries);
            let ratio = elapsed.as_secs_f64() / bound.as_secs_f64();
            let late = records.iter().filter(|record| is_late(record)).count();
            let mut remark = String::new();
            if late < n {
                remark = format!("  {} of {n} did not end by the time limit", n - late);
            }
            if elapsed > bound {
                remark += "  OVER";
            }
            all_is_well &= remark.is_empty();
            println!(
                "{plan:<12} {strategy:<10} {n:>4} {m:>4} {retries:>7} {:>10.2} {:>9.2} {ratio:>6.2}{remark}",
                elapsed.as_secs_f64(),
                bound.as_secs_f64(),
            );
        }
    }
    if all_is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Asks a server under this plan, its own for each run, for these codes.
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
    let base = BaseUrl::parse(&server.url()).unwrap();
    let mut job = Job::new(codes.to_vec(), base, dest.path().to_owned());
    job.limits.timeout = TIMEOUT;
    job.retries = retries;

    let mut records = Vec::new();
    let connections = NonZeroUsize::new(connections).unwrap();
    let begun = Instant::now();
    strategy
        .run(&Arc::new(job), connections, &mut |record| {
            records.push(record)
        })
        .unwrap();
    (records, begun.elapsed())
}

fn is_late(record: &Record) -> bool {
    matches!(&record.outcome, Outcome::Failed(failure) if failure.kind() == Kind::Timeout)
}

/// The longest that `n` flags may take, `m` at a time.
fn bound(n: usize, m: usize, retries: u32) -> Duration {
    let turns = n.div_ceil(m) as u32;
    turns * (TIMEOUT * (1 + retries) + longest_backoff(retries)) + SLACK
}

/// Of one flag, twice as long before each attempt as before the last.
fn longest_backoff(retries: u32) -> Duration {
    let before = |attempt| (FIRST_BACKOFF * 2_u32.pow(attempt)).min(LONGEST_BACKOFF);
    (0..retries).map(before).sum()
}
