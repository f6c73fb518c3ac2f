//! Results in the order in which they arrive, and a timeout: the program of an article on `concurrent.futures` that prints
//! `running()` and `done()` before and after `as_completed(futures, timeout=2)`. The map from each future to its numbers is
//! `to_do_map` of flags_threadpool.py (*Fluent Python*). When the timeout passes, the iterator says how many futures are
//! unfinished and ends; their calls continue.
//!
//! `cargo run --release -p concurrent-futures --example as_completed`

use std::collections::HashMap;
use std::error::Error;
use std::sync::mpsc::channel;
use std::time::Duration;

use concurrent_futures::{Future, ThreadPoolExecutor, as_completed};

const NUMBERS: [(u64, u64); 6] = [
    (1_963_309, 2_265_973),
    (1_879_675, 2_493_670),
    (2_030_677, 3_814_172),
    (1_551_645, 2_229_620),
    (1_988_912, 4_736_670),
    (2_198_964, 7_876_293),
];

/// Tries every number downwards, which is slow on purpose.
fn gcd((a, b): (u64, u64)) -> u64 {
    let divides_both = |n: &u64| a.is_multiple_of(*n) && b.is_multiple_of(*n);
    let found = (1..=a.min(b)).rev().find(divides_both);
    found.unwrap_or(a.max(b)) // of 0 and n it is n
}

fn show(name: &str, future: &Future<u64>) {
    let (running, done) = (future.running(), future.done());
    println!("{name}: running {running}, done {done}");
}

fn main() -> Result<(), Box<dyn Error>> {
    let executor = ThreadPoolExecutor::new(2)?;
    let mut to_do_map = HashMap::new();
    for pair in NUMBERS {
        to_do_map.insert(executor.submit(move || gcd(pair))?, pair);
    }
    for future in as_completed(to_do_map.keys().cloned()) {
        println!("{:?}: {:?}", to_do_map[&future], future.result());
    }

    // A call that waits until this thread lets it go on.
    let (begins, begun) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let slow = executor.submit(move || {
        // Fail only if the other ends are gone.
        let _ = begins.send(());
        let _ = may_go_on.recv();
        17
    })?;
    begun.recv()?;
    let fast = executor.submit(|| 4)?;
    println!("fast: {:?}", fast.result());
    let futures = [slow.clone(), fast];
    for outcome in as_completed(futures).timeout(Duration::from_millis(20)) {
        match outcome {
            Ok(future) => println!("completed: {:?}", future.result()),
            Err(error) => println!("after the timeout: {error}"),
        }
    }
    show("slow", &slow);
    drop(go_on);
    println!("slow: {:?}", slow.result());
    show("slow", &slow);
    Ok(())
}
