//! A soak: all codes again and again, in every strategy, against one server that goes wrong in every way that a plan can
//! mix. What becomes of a code is what the server says it did to it, the same each time; memory and descriptors do not
//! grow; and what is on disk is whole flags and nothing else.
//!
//! Takes about a minute, so `cargo test` leaves it out and `.ci/run` has a step for it. It is a binary of its own because it
//! measures its own process. `FLAGS_SOAK` says how many requests it makes at least:
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

/// More than there are codes that hang, so that they do it at the same time.
const CONNECTIONS: usize = 50;

/// What hangs takes all of it. What answers takes a tenth of it on two cores, and has the rest for a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(2);

/// One after another nothing has to share the machine, and what hangs is waited for each time.
const PATIENCE_ALONE: Duration = Duration::from_millis(500);

/// One after another even so takes long: the codes of one first letter at a time.
const SLICE: usize = 26;

/// Of the codes, in percent, for each fault; what is left meets none.
const SHARE: f64 = 1.5;

/// Under this one every fault is met, those that need a flag by a code that has one.
const SEED: u64 = 12;

/// What the test takes if nobody says how many requests it shall make.
const USUAL_BUDGET: Duration = Duration::from_secs(15);

/// The first rounds, which fill pools, arenas and caches.
const WARM_UP: usize = 2;

/// By how much resident memory may be larger at the end than after the first rounds.
const GROWTH_KB: u64 = 8 << 10;

/// What a code comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// What it comes to without the fault: the flag if it has one.
    Usual,
    Ok,
    NotFound,
    Failed(Kind),
}

use Verdict::{Failed, NotFound, Usual};

/// Every fault that can be mixed with others, and what a code comes to that meets it at each attempt.
const FAULTS: &[(Verdict, &[&str])] = &[
    // They delay an answer, add to it, or end in the flag.
    (Usual, &["delay", "hold", "transient", "retry-after"]),
    (Usual, &["reason", "slow-head", "bandwidth", "redirect"]),
    (Usual, &["early-hints"]),
    (NotFound, &["redirect-missing"]),
    (HTTP_STATUS, &["status", "no-content", "partial"]),
    (HTTP_STATUS, &["not-modified", "redirect-nowhere"]),
    // No address for HTTP, so no redirect either.
    (HTTP_STATUS, &["redirect-scheme"]),
    (Failed(Kind::Redirect), &["redirect-loop"]),
    (Failed(Kind::ConnectRefused), &["redirect-refused"]),
    (Failed(Kind::Empty), &["empty"]),
    (Failed(Kind::NotGif), &["html", "gzip-bomb"]),
    (Failed(Kind::GifCut), &["gif-cut", "truncate-unframed"]),
    (Failed(Kind::GifCut), &["length-short"]),
    (Failed(Kind::GifTrailing), &["gif-trailing"]),
    (Failed(Kind::TooBig), &["huge", "endless", "length-absurd"]),
    (TIMEOUT, &["hang", "hang-head", "hang-body", "drip"]),
    // The client has room for more lines of a head than come within its patience.
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

fn names() -> impl Iterator<Item = &'static str> {
    FAULTS.iter().flat_map(|(_, names)| names.iter().copied())
}

/// A fault as it stands in the plan. Those that are no answer stand beside one.
fn written(fault: &str) -> &str {
    match fault {
        "delay" => "delay=uniform(1ms..30ms)",
        "hold" => "hold=2",
        // Within the requests that a client makes again without a word.
        "transient" => "close+transient=2",
        "status" => "status=403|500|501|503",
        "retry-after" => "delay=5ms+status=503+retry-after=0",
        "reason" => "status=418+reason=\"Not, today\"",
        "slow-head" => "slow-head=1ms",
        "bandwidth" => "bandwidth=1000000",
        alone => alone,
    }
}

fn plan() -> String {
    let slices = names().map(|fault| format!("{SHARE}:{}", written(fault)));
    slices.collect::<Vec<_>>().join(",")
}

/// What a code comes to that met this.
fn expected(met: &CodeStats, has_flag: bool) -> Verdict {
    // A fault that was not met each time was over at the last.
    let lasting = met
        .injected
        .iter()
        .filter(|&(_, &times)| times == met.attempts);
    let verdicts = lasting.map(|(met, _)| {
        let sort = FAULTS
            .iter()
            .find(|(_, names)| names.contains(&met.as_str()));
        sort.unwrap_or_else(|| panic!("{met} was not asked for")).0
    });
    match (
        verdicts.into_iter().find(|&verdict| verdict != Usual),
        has_flag,
    ) {
        (Some(verdict), _) => verdict,
        (None, true) => Verdict::Ok,
        (None, false) => NotFound,
    }
}

/// How often the server was asked for a code at least and at most, each time that the client says it asked.
fn requests_each(met: &CodeStats) -> (u64, u64) {
    let meets = |fault: &str| met.injected.contains_key(fault);
    let breaks = ["reset", "reset-head", "close", "close-head", "refuse"];
    if breaks.into_iter().any(meets) {
        // Made again on another connection, and then on a fresh one.
        (1, 3)
    } else if meets("redirect") {
        (2, 2)
    } else if meets("redirect-loop") {
        (11, 11)
    } else {
        (1, 1)
    }
}

fn verdict(record: &Record) -> Verdict {
    match &record.outcome {
        Outcome::Saved(_) => Verdict::Ok,
        Outcome::NotFound => NotFound,
        Outcome::Failed(failure) => Failed(failure.kind()),
        other => panic!("{}: {other:?}", record.code),
    }
}

struct Soak {
    server: TestServer,
    with_flag: BTreeSet<CountryCode>,
    /// Of each code, what it came to first.
    verdicts: BTreeMap<CountryCode, Verdict>,
    /// Those that were open before the first pass.
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

    /// Downloads these codes once and looks at everything that came of it.
    fn pass(&mut self, strategy: Strategy, codes: &[CountryCode], retries: u32) {
        if strategy != Strategy::Sequential {
            // What is transient begins anew, and `hold` waits again for two at once, which one after another never are.
            self.server.reset();
        }
        let before = self.server.stats().codes;
        let work = Work::with(&self.server.url(), codes.to_vec(), |job| {
            job.limits.timeout = match strategy {
                Strategy::Sequential => PATIENCE_ALONE,
                Strategy::ThreadPool | Strategy::Semaphore => PATIENCE,
            };
            job.retries = retries;
        });
        let records = work.run(strategy, CONNECTIONS);
        let met = since(&before, self.server.stats().codes);

        self.check_verdicts(&records, &met, retries);
        check_tally(&records, &met, |code| self.with_flag.contains(&code));
        check_folder(&work, &records);
        let requests: u64 = met.values().map(|met| met.attempts).sum();
        self.requests += requests;
        // Said before it is waited for: with the memory so far, and the descriptors that the server has not closed yet.
        println!(
            "{strategy}: {} codes, {requests} requests, {:?} KB, {:?} descriptors to become {:?}",
            codes.len(),
            resident_kb(),
            descriptors(),
            self.descriptors
        );
        drop(work);
        self.settle();
    }

    fn check_verdicts(
        &mut self,
        records: &[Record],
        met: &BTreeMap<String, CodeStats>,
        retries: u32,
    ) {
        let asked: Vec<_> = records.iter().map(|record| record.code.lower()).collect();
        assert!(
            asked.iter().eq(met.keys()),
            "each code was asked for, and no other"
        );
        let mut wrong = Vec::new();
        for record in records {
            let (code, met) = (record.code, &met[&record.code.lower()]);
            let verdict = verdict(record);
            let first = *self.verdicts.entry(code).or_insert(verdict);
            let expected = expected(met, self.with_flag.contains(&code));
            let attempts = match verdict {
                Failed(kind) if is_transient(kind, record.effort.http_status) => 1 + retries,
                _ => 1,
            };
            let (least, most) = requests_each(met);
            let tries = u64::from(attempts);
            if (verdict, verdict) != (expected, first)
                || record.effort.attempts != attempts
                || !(least * tries..=most * tries).contains(&met.attempts)
            {
                wrong.push(format!(
                    "not {expected:?}, {first:?} at first: {record:?} {met:?}"
                ));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Waits until the server has seen that the client is gone, and nothing is open that was not before.
    fn settle(&self) {
        wait_until(|| self.server.stats().in_flight == 0);
        wait_until(|| descriptors() <= self.descriptors);
    }

    /// Every fault there is was met.
    fn check_that_nothing_is_left_out(&self) {
        let stats = self.server.stats();
        let there_are: BTreeSet<_> = list_faults()
            .map(|(shown, _)| shown.split(['=', '[']).next().unwrap().to_owned())
            .collect();
        let whole_server = ["stale", "backlog-full"];
        let mixed: BTreeSet<_> = names().chain(whole_server).map(str::to_owned).collect();
        assert_eq!(mixed, there_are);
        let unmet: Vec<_> = names()
            .filter(|&fault| !stats.injected.contains_key(fault))
            .collect();
        // It is never met itself: it ends what is beside it.
        assert_eq!(unmet, ["transient"]);
        let ended = |met: &CodeStats| met.attempts == 3 && met.injected.get("close") == Some(&2);
        assert!(stats.codes.values().any(ended));
    }
}

/// What was met between two looks at a server.
fn since(
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

fn check_tally(
    records: &[Record],
    met: &BTreeMap<String, CodeStats>,
    has_flag: impl Fn(CountryCode) -> bool,
) {
    let codes: Vec<_> = records.iter().map(|record| record.code).collect();
    let mut tally = Tally::new(&codes);
    records.iter().for_each(|record| tally.add(record));
    tally.close();
    let expected: Vec<_> = codes
        .iter()
        .map(|&code| expected(&met[&code.lower()], has_flag(code)))
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
        (ok, not_found, codes.len() - ok - not_found, 0)
    );
}

/// The flags of those that are ok, each whole, and no temporary file.
fn check_folder(work: &Work, records: &[Record]) {
    let saved = records
        .iter()
        .filter(|record| record.status() == Status::Ok);
    let names: Vec<_> = saved
        .map(|record| format!("{}.gif", record.code.lower()))
        .collect();
    assert_eq!(work.listing(), names);
    for name in names {
        let bytes = fs::read(work.dest.path().join(&name)).unwrap();
        assert_eq!(check_gif(&bytes), Ok(()), "{name}");
    }
}

/// How many descriptors this process has open, where that can be seen.
fn descriptors() -> Option<usize> {
    cfg!(target_os = "linux").then(|| fs::read_dir("/proc/self/fd").unwrap().count())
}

/// The resident memory of this process, where that can be seen.
fn resident_kb() -> Option<u64> {
    let resident = memory_kb(std::process::id(), "VmRSS");
    assert_eq!(resident.is_some(), cfg!(target_os = "linux"));
    resident
}

/// Held by each test: one measures the memory and the descriptors of this process, which another would change.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn a_server_that_closes_connections_without_a_word_costs_no_flag_of_all() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // 2,028 requests for each server.
    assert_stale_connections_lose_no_flag(&every_code());
}

#[test]
fn every_fault_again_and_again_gives_the_same_verdicts_and_leaves_nothing_behind() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let wanted: Option<u64> = std::env::var("FLAGS_SOAK")
        .ok()
        .map(|number| number.parse().unwrap());
    let codes = every_code();
    let mut soak = Soak::new();
    let begun = Instant::now();
    let mut after_warm_up = None;
    for round in 0.. {
        soak.pass(Strategy::ThreadPool, &codes, 0);
        if round == 0 {
            soak.check_that_nothing_is_left_out();
        }
        soak.pass(Strategy::Semaphore, &codes, u32::from(round % 2 == 1));
        let slice = codes.chunks(SLICE).cycle().nth(round).unwrap();
        soak.pass(Strategy::Sequential, slice, 0);

        if round + 1 == WARM_UP {
            after_warm_up = resident_kb();
        }
        let is_enough = match wanted {
            Some(wanted) => soak.requests >= wanted,
            None => begun.elapsed() >= USUAL_BUDGET,
        };
        if is_enough && round + 1 > WARM_UP {
            break;
        }
    }
    let at_the_end = resident_kb();
    println!(
        "{} requests in {:.1?}; resident memory {after_warm_up:?} KB, then {at_the_end:?} KB; descriptors {:?}, then {:?}",
        soak.requests,
        begun.elapsed(),
        soak.descriptors,
        descriptors(),
    );
    if let (Some(before), Some(after)) = (after_warm_up, at_the_end) {
        assert!(
            after <= before + GROWTH_KB,
            "{before} KB have become {after} KB"
        );
    }
}
