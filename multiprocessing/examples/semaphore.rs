//! Processes of which at most two at a time are allowed in.
//!
//! `cargo run -p multiprocessing-rs --example semaphore`

use multiprocessing::{Manager, Process, Registry, RemoteError, Semaphore, Value, serve, task};

/// Counts how many are inside, and the most that were.
fn visit(doors: Semaphore, inside: Value<(u32, u32)>) -> Result<(), RemoteError> {
    let permit = doors.acquire()?;
    inside.update(|(now, most)| (now + 1, most.max(now + 1)))?;
    inside.update(|(now, most)| (now - 1, most))?;
    Ok(permit.release()?)
}

task!(Visit = fn visit(doors: Semaphore, inside: Value<(u32, u32)>) -> Result<(), RemoteError>);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    serve(Registry::new().with::<Visit>());

    let manager = Manager::start()?;
    let doors = manager.semaphore(2)?;
    let inside = manager.value(&(0, 0))?;
    let visitors = (0..6).map(|_| Process::spawn(Visit(doors.clone(), inside.clone())));
    for visitor in visitors.collect::<Result<Vec<_>, _>>()? {
        visitor.into_result()??;
    }
    let (now, most) = inside.get()?;
    println!("inside now: {now}");
    println!("never more than two: {}", most <= 2);
    Ok(())
}
