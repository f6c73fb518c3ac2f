//! Calls that are cancelled, as a book's chapter on parallel processing describes it. `cancel` returns whether the call is
//! cancelled: only a call that no worker has started can be. A thread that waits for its result gets an error at once.
//!
//! `cargo run -p concurrent-futures --example cancel`

use std::error::Error;
use std::sync::mpsc::channel;

use concurrent_futures::{TaskError, ThreadPoolExecutor};

fn main() -> Result<(), Box<dyn Error>> {
    // With one worker, the second call stays in the queue while the first one runs.
    let executor = ThreadPoolExecutor::new(1)?;
    let (begins, begun) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let started = executor.submit(move || {
        // Fail only if the other ends are gone.
        let _ = begins.send(());
        let _ = may_go_on.recv();
        17
    })?;
    let queued = executor.submit(|| 4)?;
    begun.recv()?;

    println!("cancel the call that runs: {}", started.cancel());
    println!("cancel the call in the queue: {}", queued.cancel());
    match queued.result() {
        Err(TaskError::Cancelled) => println!("its result: it was cancelled"),
        other => println!("its result: {other:?}"),
    }
    drop(go_on);
    println!("result of the other: {:?}", started.result());
    println!("cancel it when it is done: {}", started.cancel());
    Ok(())
}
