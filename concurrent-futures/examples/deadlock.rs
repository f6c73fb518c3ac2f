//! Calls that wait for calls of their own pool: the two deadlocks in the documentation of Python's `concurrent.futures`, and
//! their mends. A call that waits keeps its worker. First two calls wait for each other: no number of workers helps, and the
//! mend is that only the later one waits. Then a call waits for another one that it has submitted to a pool of one worker: the
//! mend is to return the future, so that the thread outside of the pool waits. Timeouts end the deadlocks here.
//!
//! `cargo run -p concurrent-futures --example deadlock`

use std::error::Error;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use concurrent_futures::{Future, ThreadPoolExecutor};

const TIMEOUT: Duration = Duration::from_millis(20);

/// Waits for the future that it receives. Returns what happened.
fn wait_on(other: &Receiver<Future<String>>, both: &Barrier) -> String {
    let Ok(other) = other.recv() else {
        return "the other call does not exist".to_owned();
    };
    let outcome = match other.result_timeout(TIMEOUT) {
        Ok(result) => format!("got {result:?}"),
        Err(error) => error.to_string(),
    };
    // Otherwise the first call that gives up would be done in time for the other one.
    both.wait();
    outcome
}

fn each_waits_for_the_other() -> Result<(), Box<dyn Error>> {
    let executor = ThreadPoolExecutor::new(2)?;
    let both = Arc::new(Barrier::new(2));
    let submit = || {
        let (sender, other) = channel();
        let both = Arc::clone(&both);
        let future = executor.submit(move || wait_on(&other, &both))?;
        Ok::<_, Box<dyn Error>>((future, sender))
    };
    let ((a, to_a), (b, to_b)) = (submit()?, submit()?);
    to_a.send(b.clone())?;
    to_b.send(a.clone())?;
    println!("a waits for b: {}", a.result().map_err(Clone::clone)?);
    println!("b waits for a: {}", b.result().map_err(Clone::clone)?);
    Ok(())
}

/// Calls start in the order in which they are submitted, so `b` has always started before `a` waits for it.
fn only_the_later_one_waits() -> Result<(), Box<dyn Error>> {
    let executor = ThreadPoolExecutor::new(1)?;
    let b = executor.submit(|| 6)?;
    let a = executor.try_submit(move || b.result().map(|six| six + 5).map_err(Clone::clone))?;
    println!("mended: {:?}", a.result());
    Ok(())
}

fn a_call_waits_for_its_own_pool() -> Result<(), Box<dyn Error>> {
    let executor = Arc::new(ThreadPoolExecutor::new(1)?);
    let own = Arc::clone(&executor);
    let outer = executor.try_submit(move || {
        let inner = own.submit(|| 5_u32.pow(2))?;
        Ok::<_, Box<dyn Error + Send + Sync>>(match inner.result_timeout(TIMEOUT) {
            Ok(result) => format!("got {result:?}"),
            Err(error) => error.to_string(),
        })
    })?;
    let outcome = outer.result().map_err(Clone::clone)?;
    println!("the only worker waits for its own pool: {outcome}");
    Ok(())
}

fn the_thread_outside_waits() -> Result<(), Box<dyn Error>> {
    let executor = Arc::new(ThreadPoolExecutor::new(1)?);
    let own = Arc::clone(&executor);
    let outer = executor.try_submit(move || own.submit(|| 5_u32.pow(2)))?;
    let inner = outer.result().map_err(Clone::clone)?;
    println!("mended: {:?}", inner.result());
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    each_waits_for_the_other()?;
    only_the_later_one_waits()?;
    a_call_waits_for_its_own_pool()?;
    the_thread_outside_waits()
}
