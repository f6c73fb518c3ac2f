//! Errors, the malformed lines and the summary, on standard error.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use comparison::count;
use harness::{ExecutorKind, Series};
use indicatif::DecimalBytes;
use program::{shown_path, visible};

use crate::jobs::{Malformed, Sort};
use crate::work::{Account, Fate, Totals};

/// The text from which on its rate is shown, in bytes.
const MIN_RATED: u64 = 1_000_000;

/// Returns a line for each thing that is wrong with a file.
pub(crate) fn errors(accounts: &[Account]) -> String {
    let mut text = String::new();
    for account in accounts {
        let path = shown_path(&account.path);
        if let Some(failure) = &account.failure {
            text += &error(&account.path, failure);
        }
        for damage in &account.damage {
            text += &error(&account.path, &damage.to_string());
        }
        if account.more_damage > 0 {
            let places = count_u64(account.more_damage, "more damaged place");
            text += &error(&account.path, &places);
        }
        if let Some(offset) = account.garbage {
            let _ = writeln!(
                text,
                "*** Warning: {path}: ignored what follows the last gzip member, at byte {offset}"
            );
        }
        if account.too_long > 0 {
            let lines = count_u64(account.too_long, "line");
            let _ = writeln!(
                text,
                "*** Warning: {path}: skipped {lines} of more than 16 MiB"
            );
        }
    }
    text
}

/// Returns the line of an error about a file.
pub(crate) fn error(path: &Path, message: &str) -> String {
    format!("*** Error: {}: {}\n", shown_path(path), visible(message))
}

/// Returns the line of a warning.
pub(crate) fn warning(message: &str) -> String {
    format!("*** Warning: {}\n", visible(message))
}

/// Returns the malformed lines by sort, with examples. Returns an empty text if there are none.
pub(crate) fn malformed(all: &[Malformed]) -> String {
    let mut text = String::new();
    for (sort, malformed) in Sort::ALL.iter().zip(all) {
        if malformed.lines == 0 {
            continue;
        }
        let lines = count_u64(malformed.lines, "malformed line");
        let _ = writeln!(text, "{lines}: {}", sort.words());
        if *sort != Sort::Empty {
            for example in &malformed.examples {
                let _ = writeln!(text, "    {}", example.text());
            }
        }
    }
    text
}

/// Returns the line about all files, and how fast they were read.
pub(crate) fn summary(totals: &Totals, elapsed: Duration, series: Series) -> String {
    let whole = totals.count(Fate::Whole);
    let files = match totals.all() == whole {
        true => format!("{} read whole", count(whole, "file")),
        false => {
            let fates = Fate::ALL.map(|fate| (totals.count(fate), fate.words()));
            let fates = fates.iter().filter(|(number, _)| *number > 0);
            let fates: Vec<_> = fates
                .map(|(number, words)| format!("{number} {words}"))
                .collect();
            format!("{}: {}", count(totals.all(), "file"), fates.join(", "))
        }
    };
    let (compressed, text) = (
        DecimalBytes(totals.compressed),
        DecimalBytes(totals.decompressed),
    );
    let seconds = elapsed.as_secs_f64();
    // Of little text, the rate would be that of starting.
    let rate = match totals.decompressed >= MIN_RATED {
        true => format!(": {:.0} MB/s", totals.decompressed as f64 / 1e6 / seconds),
        false => String::new(),
    };
    let workers = match (series.executor(), series.workers()) {
        (ExecutorKind::Sequential, _) => "one after another".to_owned(),
        (ExecutorKind::Threads, workers) => format!("on {}", count(workers, "thread")),
        (ExecutorKind::Processes, 1) => "on 1 process".to_owned(),
        (ExecutorKind::Processes, workers) => format!("on {workers} processes"),
        (ExecutorKind::Nats, workers) => {
            format!("on {} of other programs", count(workers, "thread"))
        }
    };
    format!("{files}, {compressed} ({text} decompressed) in {seconds:.2} s{rate} {workers}\n")
}

fn count_u64(number: u64, noun: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), noun)
}
