//! A process that waits until another has filled a list, with a condition.
//!
//! `cargo run -p multiprocessing-rs --example condition`

use multiprocessing::{
    Condition, List, Lock, Manager, Process, Registry, RemoteError, serve, task,
};

/// Waits until the list has something, and takes it.
fn take(lock: Lock, filled: Condition, list: List<u32>) -> Result<u32, RemoteError> {
    let guard = filled.wait_while(lock.lock()?, || list.is_empty())?;
    let taken = list.pop()?;
    drop(guard);
    taken.ok_or_else(|| RemoteError::failed("another process has taken it"))
}

task!(Take = fn take(lock: Lock, filled: Condition, list: List<u32>) -> Result<u32, RemoteError>);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    serve(Registry::new().with::<Take>());

    let manager = Manager::start()?;
    let lock = manager.lock()?;
    let (filled, list) = (manager.condition(&lock)?, manager.list()?);
    let take = || Process::spawn(Take(lock.clone(), filled.clone(), list.clone()));
    let takers = [take()?, take()?];
    for n in [17, 4] {
        let guard = lock.lock()?;
        list.push(n)?;
        filled.notify_one()?;
        drop(guard);
    }
    let mut taken = Vec::new();
    for taker in takers {
        taken.push(taker.into_result()??);
    }
    taken.sort_unstable();
    println!("taken: {taken:?}");
    Ok(())
}
