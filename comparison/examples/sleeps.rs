//! Compares ten sleeps of different lengths on one thread and on four.
//!
//! `cargo run -p comparison --example sleeps -- FOLDER` prints the table and writes `sleeps.html` and `sleeps.svg`.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use comparison::{Comparison, Images, Outcome, Phase, PhaseKind, Run, Task, page, picture, table};
use made_up::TERMS;

#[expect(dead_code, reason = "only the terms are used here")]
#[path = "made_up/sleeps.rs"]
mod made_up;

/// The lengths of the sleeps, in milliseconds. Each is also the name of its sleep.
const LENGTHS_MS: [u64; 10] = [120, 40, 200, 80, 160, 60, 100, 20, 180, 140];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args_os().nth(1).ok_or("usage: sleeps FOLDER")?;
    let folder = PathBuf::from(folder);
    let comparison = Comparison {
        title: "Ten sleeps on 1 and on 4 threads".to_owned(),
        facts: vec![("Lengths", format!("{LENGTHS_MS:?} ms"))],
        terms: &TERMS,
        descriptions: BTreeMap::new(),
        runs: vec![run(1), run(4)],
    };
    print!("{}", table(&comparison));
    fs::create_dir_all(&folder)?;
    let page = page(&comparison, &Images::default());
    fs::write(folder.join("sleeps.html"), page)?;
    fs::write(folder.join("sleeps.svg"), picture(&comparison))?;
    Ok(())
}

/// Runs all sleeps once on this many threads.
fn run(threads: usize) -> Run {
    let next = AtomicUsize::new(0);
    let begin = Instant::now();
    let tasks = thread::scope(|scope| {
        let pool: Vec<_> = (0..threads)
            .map(|lane| {
                scope.spawn({
                    let next = &next;
                    move || sleep_in_turn(lane, next, begin)
                })
            })
            .collect();
        let tasks = pool.into_iter().map(|thread| thread.join());
        tasks
            .flat_map(|tasks| tasks.expect("a sleep does not panic"))
            .collect()
    });
    Run {
        label: "pool".to_owned(),
        slots: threads,
        round: None,
        ended_by: None,
        elapsed_ms: ms(begin.elapsed()),
        cpu_ms: None,
        peak_memory: None,
        peak_in_flight: None,
        tasks,
    }
}

/// Runs one sleep after another until none are left.
fn sleep_in_turn(lane: usize, next: &AtomicUsize, begin: Instant) -> Vec<Task> {
    let mut tasks = Vec::new();
    while let Some(&length_ms) = LENGTHS_MS.get(next.fetch_add(1, Ordering::Relaxed)) {
        let queue = begin.elapsed();
        thread::sleep(Duration::from_millis(length_ms));
        let asleep = begin.elapsed() - queue;
        let phase = |kind, time| Phase { kind, ms: ms(time) };
        tasks.push(Task {
            name: format!("{length_ms} ms"),
            lane: Some(lane),
            outcome: Outcome::Ok,
            message: None,
            phases: vec![
                phase(PhaseKind::Queue, queue),
                phase(PhaseKind::Waiting, asleep),
            ],
        });
    }
    tasks
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
