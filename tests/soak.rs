//! A soak: downloads all codes repeatedly, in every strategy, from one server with every fault that a plan can mix.
//!
//! The verdict of a code must follow from the faults that the server injected, and must be the same each time. Memory
//! and file descriptors must not grow, and the disk must contain complete flags and nothing else.
//!
//! It takes about a minute, so `cargo test` does not run it and `.ci/run` has a step for it. It is a binary of its own
//! because it measures its own process. `FLAGS_SOAK` sets the minimum number of requests:
//!
//! ```sh
//! cargo test --test soak
//! FLAGS_SOAK=20000 cargo test --test soak -- --nocapture
//! ```

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use flags::country::{CountryCode, Selection};
use flags::download::check_gif;
use flags::download::is_transient;
use flags::record::{Kind, Outcome, Record, Status};
use flags::strategy::Strategy;
use flags::tally::Tally;
use support::stale::assert_stale_connections_lose_no_flag;
use support::{Work, every_code, memory_kb, wait_until};
use test_server::{CodeStats, TestServer, list_faults};

/// The connection limit of the concurrent strategies, large enough for the hanging answers to hang at the same time.
const CONNECTIONS: usize = 50;

/// The time limit of the concurrent strategies. Hanging answers use all of it. Complete answers take a tenth of it on
/// two cores; the rest is reserve for a busy machine.
const CONCURRENT_TIMEOUT: Duration = Duration::from_secs(2);

/// The time limit of the sequential strategy. Shorter, because its downloads do not share the machine, and because it
/// waits for the hanging answers one after another.
const SEQUENTIAL_TIMEOUT: Duration = Duration::from_millis(500);

/// The number of codes in a pass of the sequential strategy, which would take too long for all: those with one first
/// letter.
const SEQUENTIAL_CODES: usize = 26;

/// The share of the codes that each fault affects, in percent. The remaining codes are not affected by any fault.
const SHARE: f64 = 1.5;

/// With this seed every fault affects at least one code, and every fault that needs a flag affects a code that has one.
const SEED: u64 = 70;

/// The minimum duration if `FLAGS_SOAK` does not set a number of requests.
const DEFAULT_DURATION: Duration = Duration::from_secs(15);

/// The number of first rounds, which fill pools, arenas and caches.
const WARM_UP_ROUNDS: usize = 2;

/// The growth of resident memory allowed after the warm-up rounds, in kilobytes.
const ALLOWED_GROWTH_KB: u64 = 8 << 10;

/// The verdict for a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// The verdict without the fault: ok if the code has a flag, otherwise not found.
    Unaffected,
    Ok,
    NotFound,
    Failed(Kind),
}

use Verdict::{Failed, NotFound, Unaffected};

/// Every fault that can be mixed with others, with the verdict for a code that it affects at each attempt.
const FAULTS: &[(Verdict, &[&str])] = &[
    // These delay an answer, add to it, or lead to the flag in the end.
    (
        Unaffected,
        &["delay", "hold", "transient", "seq", "retry-after"],
    ),
    (
        Unaffected,
        &["reason", "slow-head", "bandwidth", "redirect"],
    ),
    (Unaffected, &["early-hints", "read-slowly"]),
    // flags asks for no ranges, looks at no ETag, and does not believe labels.
    (Unaffected, &["range-ignored", "range-wrong"]),
    (Unaffected, &["etag-changes", "if-range-lies"]),
    (Unaffected, &["content-type", "content-encoding"]),
    (NotFound, &["redirect-missing"]),
    (HTTP_STATUS, &["status", "no-content", "partial"]),
    (HTTP_STATUS, &["not-modified", "redirect-nowhere"]),
    (Failed(Kind::Redirect), &["redirect-loop"]),
    // Not an HTTP URL, so the client does not follow it.
    (Failed(Kind::Redirect), &["redirect-scheme"]),
    (Failed(Kind::ConnectRefused), &["redirect-refused"]),
    (Failed(Kind::Empty), &["empty"]),
    (Failed(Kind::NotGif), &["html", "gzip-bomb"]),
    (
        Failed(Kind::NotGif),
        &["gzip-cut", "corrupt", "wrong-charset"],
    ),
    (Failed(Kind::GifCut), &["gif-cut", "truncate-unframed"]),
    (Failed(Kind::GifCut), &["length-short"]),
    (Failed(Kind::GifTrailing), &["gif-trailing"]),
    (Failed(Kind::TooBig), &["huge", "endless", "length-absurd"]),
    (TIMEOUT, &["hang", "hang-head", "hang-body", "drip"]),
    // The time limit ends before the head exceeds the client's limit on header lines.
    (TIMEOUT, &["length-long", "endless-1xx", "endless-headers"]),
    (Failed(Kind::Reset), &["reset", "reset-head", "reset-body"]),
    (CLOSED_EARLY, &["close", "close-head", "refuse"]),
    (Failed(Kind::Truncated), &["close-body", "truncate"]),
    (Failed(Kind::Truncated), &["truncate-chunked"]),
    (Failed(Kind::BadBody), &["bad-chunk"]),
    (BAD_RESPONSE, &["length-malformed", "length-twice"]),
    (BAD_RESPONSE, &["garbage", "http09", "tls-alert"]),
    (BAD_RESPONSE, &["ssh-banner", "bad-status-line"]),
    (BAD_RESPONSE, &["bad-header", "many-headers"]),
];

const HTTP_STATUS: Verdict = Failed(Kind::HttpStatus);
const TIMEOUT: Verdict = Failed(Kind::Timeout);
const CLOSED_EARLY: Verdict = Failed(Kind::ClosedEarly);
const BAD_RESPONSE: Verdict = Failed(Kind::BadResponse);

fn fault_names() -> impl Iterator<Item = &'static str> {
    FAULTS.iter().flat_map(|(_, names)| names.iter().copied())
}

/// Returns the fault as it is written in the plan. A fault that only modifies an answer is combined with one.
fn in_plan(fault: &str) -> &str {
    match fault {
        "delay" => "delay=uniform(1ms..30ms)",
        "hold" => "hold=2",
        // Few enough redirects for the client to follow all of them.
        "transient" => "redirect-loop+transient=2",
        "seq" => "seq(redirect-loop,redirect-loop,ok)",
        "status" => "status=403|500|501|503",
        "retry-after" => "delay=5ms+status=503+retry-after=0",
        "reason" => "status=418+reason=\"Not, today\"",
        "slow-head" => "slow-head=1ms",
        "bandwidth" => "bandwidth=1000000",
        "read-slowly" => "read-slowly=1000000",
        "content-type" => "content-type=\"text/html\"",
        "content-encoding" => "content-encoding=\"gzip\"",
        // The first byte of a GIF, without which it is none.
        "corrupt" => "corrupt=1",
        // At their usual rate, dozens at once would use all of the machine.
        "endless-headers" => "endless-headers=20000",
        "endless-1xx" => "endless-1xx=20000",
        other => other,
    }
}

fn plan() -> String {
    let entries = fault_names().map(|fault| format!("{SHARE}:{}", in_plan(fault)));
    entries.collect::<Vec<_>>().join(",")
}

/// Returns the verdict that follows from what the server did to a code.
fn expected_verdict(served: &CodeStats, has_flag: bool) -> Verdict {
    // A fault injected at fewer than all attempts was over at the last one.
    let lasting = served
        .injected
        .iter()
        .filter(|&(_, &times)| times == served.attempts);
    let verdicts = lasting.map(|(fault, _)| {
        let entry = FAULTS
            .iter()
            .find(|(_, names)| names.contains(&fault.as_str()));
        entry
            .unwrap_or_else(|| panic!("{fault} is not in the plan"))
            .0
    });
    match (
        verdicts.into_iter().find(|&verdict| verdict != Unaffected),
        has_flag,
    ) {
        (Some(verdict), _) => verdict,
        (None, true) => Verdict::Ok,
        (None, false) => NotFound,
    }
}

/// Returns the least and the greatest number of requests that the server receives for one attempt of the client.
fn requests_per_attempt(served: &CodeStats) -> (u64, u64) {
    let has = |fault: &str| served.injected.contains_key(fault);
    let breaks = ["reset", "reset-head", "close", "close-head", "refuse"];
    if breaks.into_iter().any(has) {
        // Repeated on another connection of the pool, and then on a new one.
        (1, 3)
    } else if has("redirect") {
        (2, 2)
    } else if has("redirect-loop") {
        if has_ended(served) { (3, 3) } else { (11, 11) }
    } else {
        (1, 1)
    }
}

/// Returns whether the loop of redirects of `transient` has ended.
fn has_ended(served: &CodeStats) -> bool {
    served.attempts == 3 && served.injected.get("redirect-loop") == Some(&2)
}

fn verdict(record: &Record) -> Verdict {
    match &record.outcome {
        Outcome::Saved(_) => Verdict::Ok,
        Outcome::NotFound => NotFound,
        Outcome::Failed(failure) => Failed(failure.kind()),
        other => panic!("{}: {other:?}", record.item),
    }
}

struct Soak {
    server: TestServer,
    with_flag: BTreeSet<CountryCode>,
    /// The first verdict for each code.
    verdicts: BTreeMap<CountryCode, Verdict>,
    /// The number of file descriptors open before the first pass.
    descriptors: Option<usize>,
    requests: u64,
}

impl Soak {
    fn new() -> Self {
        let builder = TestServer::builder().seed(SEED).plan(&plan()).unwrap();
        Self {
            server: builder.start().unwrap(),
            with_flag: Selection::<&str>::All
                .codes()
                .unwrap()
                .into_iter()
                .collect(),
            verdicts: BTreeMap::new(),
            descriptors: descriptors(),
            requests: 0,
        }
    }

    /// Downloads these codes once and checks verdicts, tally, folder and open file descriptors.
    fn pass(&mut self, strategy: Strategy, codes: &[CountryCode], retries: u32) {
        if strategy != Strategy::Sequential {
            // Restarts the transient faults, and the `hold` that waits for two requests in flight. The sequential
            // strategy never has two, so for it the server must keep the state.
            self.server.reset();
        }
        let before = self.server.stats().codes;
        let work = Work::with(&self.server.url(), codes.to_vec(), |job| {
            job.limits.timeout = match strategy {
                Strategy::Sequential => SEQUENTIAL_TIMEOUT,
                Strategy::ThreadPool | Strategy::Semaphore => CONCURRENT_TIMEOUT,
            };
            job.retries = retries;
        });
        let records = work.run(strategy, CONNECTIONS);
        let served = difference(&before, self.server.stats().codes);

        self.check_verdicts(&records, &served, retries);
        check_tally(&records, &served, |code| self.with_flag.contains(&code));
        check_folder(&work, &records);
        let requests: u64 = served.values().map(|code| code.attempts).sum();
        self.requests += requests;
        // Printed before the wait below, so that the last line shows the descriptors if the wait fails.
        println!(
            "{strategy}: {} codes, {requests} requests, {:?} KB, {:?} descriptors open, {:?} expected",
            codes.len(),
            resident_kb(),
            descriptors(),
            self.descriptors
        );
        drop(work);
        self.wait_for_closed_connections();
    }

    fn check_verdicts(
        &mut self,
        records: &[Record],
        served: &BTreeMap<String, CodeStats>,
        retries: u32,
    ) {
        let recorded: Vec<_> = records
            .iter()
            .map(|record| code_of(record).lower())
            .collect();
        assert!(
            recorded.iter().eq(served.keys()),
            "the server received requests for each code and for no other"
        );
        let mut wrong = Vec::new();
        for record in records {
            let code = code_of(record);
            let served = &served[&code.lower()];
            let verdict = verdict(record);
            let first = *self.verdicts.entry(code).or_insert(verdict);
            let expected = expected_verdict(served, self.with_flag.contains(&code));
            let attempts = match &record.outcome {
                Outcome::Failed(failure) if is_transient(failure, record.effort.http_status) => {
                    1 + retries
                }
                _ => 1,
            };
            let (least, most) = requests_per_attempt(served);
            let count = u64::from(attempts);
            if (verdict, verdict) != (expected, first)
                || record.effort.attempts != attempts
                || !(least * count..=most * count).contains(&served.attempts)
            {
                wrong.push(format!(
                    "expected {expected:?}, first {first:?}: {record:?} {served:?}"
                ));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Waits until the server has noticed that the client has closed its connections, and no more file descriptors are
    /// open than before the first pass.
    fn wait_for_closed_connections(&self) {
        wait_until(&self.server, |stats| {
            stats.in_flight == 0 && stats.open_connections == 0
        });
        assert!(descriptors() <= self.descriptors);
    }

    /// Checks that the plan contains every fault that can be mixed, and that the server injected each of them.
    fn check_that_every_fault_occurred(&self) {
        let stats = self.server.stats();
        let all: BTreeSet<_> = list_faults()
            .map(|(shown, _)| shown.split(['=', '[', '(']).next().unwrap().to_owned())
            .collect();
        // These affect a whole server and cannot be mixed, or depend on the order of the requests.
        let not_mixed = ["stale", "backlog-full", "limit", "connections"];
        // Those of TLS and TCP affect connections.
        let is_of_connection = |name: &&String| {
            let is_of_tls = name.starts_with("tls-") && *name != "tls-alert";
            is_of_tls || name.starts_with("tcp-")
        };
        let of_connections = all.iter().filter(is_of_connection).cloned();
        let known = fault_names().chain(not_mixed).map(str::to_owned);
        assert_eq!(known.chain(of_connections).collect::<BTreeSet<_>>(), all);
        let not_injected: Vec<_> = fault_names()
            .filter(|&fault| !stats.injected.contains_key(fault))
            .collect();
        // `transient` is never counted: the server counts the fault that it limits.
        assert_eq!(not_injected, ["transient"]);
        assert!(stats.codes.values().any(has_ended));
    }
}

/// Returns the requests and faults that the server counted between `before` and `now`.
fn difference(
    before: &BTreeMap<String, CodeStats>,
    mut now: BTreeMap<String, CodeStats>,
) -> BTreeMap<String, CodeStats> {
    for (code, before) in before {
        let stats = now.get_mut(code).unwrap();
        stats.attempts -= before.attempts;
        for (fault, times) in &before.injected {
            *stats.injected.get_mut(fault).unwrap() -= times;
        }
        stats.injected.retain(|_, &mut times| times > 0);
    }
    now.retain(|_, stats| stats.attempts > 0);
    now
}

fn code_of(record: &Record) -> CountryCode {
    record.item.code().expect("each item is a flag")
}

fn check_tally(
    records: &[Record],
    served: &BTreeMap<String, CodeStats>,
    has_flag: impl Fn(CountryCode) -> bool,
) {
    let items: Vec<_> = records.iter().map(|record| record.item.clone()).collect();
    let mut tally = Tally::new(&items);
    records.iter().for_each(|record| tally.add(record));
    tally.close();
    let expected: Vec<_> = records
        .iter()
        .map(code_of)
        .map(|code| expected_verdict(&served[&code.lower()], has_flag(code)))
        .collect();
    let counted = |verdict| expected.iter().filter(|&&other| other == verdict).count();
    let (ok, not_found) = (counted(Verdict::Ok), counted(NotFound));
    assert_eq!(
        (
            tally.ok(),
            tally.not_found(),
            tally.errors(),
            tally.not_attempted()
        ),
        (ok, not_found, items.len() - ok - not_found, 0)
    );
}

/// Checks that the folder contains a complete flag for each code that is ok, and no other file.
fn check_folder(work: &Work, records: &[Record]) {
    let saved = records
        .iter()
        .filter(|record| record.status() == Status::Ok);
    let names: Vec<_> = saved.map(|record| record.item.file_name()).collect();
    assert_eq!(work.listing(), names);
    for name in names {
        let bytes = fs::read(work.dest.path().join(&name)).unwrap();
        assert_eq!(check_gif(&bytes), Ok(()), "{name}");
    }
}

/// Returns the number of open file descriptors of this process, or `None` on systems that do not show it.
fn descriptors() -> Option<usize> {
    cfg!(target_os = "linux").then(|| fs::read_dir("/proc/self/fd").unwrap().count())
}

/// Returns the resident memory of this process in kilobytes, or `None` on systems that do not show it.
fn resident_kb() -> Option<u64> {
    let resident = memory_kb(std::process::id(), "VmRSS");
    assert_eq!(resident.is_some(), cfg!(target_os = "linux"));
    resident
}

/// The lock that each test holds. One test measures the memory and the descriptors of this process, and the other would
/// change them.
static ONE_TEST_AT_A_TIME: Mutex<()> = Mutex::new(());

#[test]
fn stale_connections_lose_no_flag_of_all_codes() {
    let _lock = ONE_TEST_AT_A_TIME
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    // 676 codes in three strategies: 2,028 downloads from each server.
    assert_stale_connections_lose_no_flag(&every_code());
}

#[test]
fn repeated_faults_give_the_same_verdicts_and_leak_nothing() {
    let _lock = ONE_TEST_AT_A_TIME
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let min_requests: Option<u64> = std::env::var("FLAGS_SOAK")
        .ok()
        .map(|number| number.parse().unwrap());
    let codes = every_code();
    let mut soak = Soak::new();
    let started = Instant::now();
    let mut after_warm_up = None;
    for round in 0.. {
        soak.pass(Strategy::ThreadPool, &codes, 0);
        if round == 0 {
            soak.check_that_every_fault_occurred();
        }
        soak.pass(Strategy::Semaphore, &codes, u32::from(round % 2 == 1));
        let some_codes = codes.chunks(SEQUENTIAL_CODES).cycle().nth(round).unwrap();
        soak.pass(Strategy::Sequential, some_codes, 0);

        if round + 1 == WARM_UP_ROUNDS {
            after_warm_up = resident_kb();
        }
        let is_enough = match min_requests {
            Some(number) => soak.requests >= number,
            None => started.elapsed() >= DEFAULT_DURATION,
        };
        if is_enough && round + 1 > WARM_UP_ROUNDS {
            break;
        }
    }
    let at_the_end = resident_kb();
    println!(
        "{} requests in {:.1?}; resident memory {after_warm_up:?} KB, then {at_the_end:?} KB; descriptors {:?}, then {:?}",
        soak.requests,
        started.elapsed(),
        soak.descriptors,
        descriptors(),
    );
    if let (Some(before), Some(after)) = (after_warm_up, at_the_end) {
        assert!(
            after <= before + ALLOWED_GROWTH_KB,
            "resident memory grew from {before} KB to {after} KB"
        );
    }
}
