//! The states of futures around `wait` and `as_completed`, with a task that is released by another and a timeout that passes.
//!
//! `cargo run -p concurrent-futures --example futures`

use std::sync::mpsc::channel;
use std::time::Duration;

use concurrent_futures::{Future, ReturnWhen, ThreadPoolExecutor, as_completed, wait};

fn show(when: &str, future: &Future<i32>) {
    let (running, done) = (future.running(), future.done());
    println!("{when}: running {running}, done {done}");
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let executor = ThreadPoolExecutor::new(2)?;
    let (begins, begun) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let fast = executor.submit(|| 4)?;
    let slow = executor.submit(move || {
        // Fail only if the other ends are gone.
        let _ = begins.send(());
        let _ = may_go_on.recv();
        17
    })?;
    begun.recv()?;

    let futures = [fast.clone(), slow.clone()];
    let waited = wait(futures.clone(), None, ReturnWhen::FirstCompleted);
    println!(
        "wait: {} done, {} not",
        waited.done.len(),
        waited.not_done.len()
    );
    show("the fast one", &fast);
    show("the slow one", &slow);
    println!("cancel the slow one: {}", slow.cancel());

    for outcome in as_completed(futures.clone()).timeout(Duration::from_millis(20)) {
        match outcome {
            Ok(future) => println!("as_completed: {:?}", future.result()),
            Err(error) => println!("as_completed: {error}"),
        }
    }
    drop(go_on);
    slow.add_done_callback(|future| println!("callback: {:?}", future.result()));
    for future in as_completed(futures) {
        show("at the end", &future);
    }
    Ok(())
}
