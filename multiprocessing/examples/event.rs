//! Processes that wait until an event is set.
//!
//! `cargo run -p multiprocessing-rs --example event`

use multiprocessing::{Barrier, Event, Manager, Process, Registry, RemoteError, serve, task};

fn run(name: String, ready: Barrier, start: Event) -> Result<(), RemoteError> {
    ready.wait()?;
    start.wait()?;
    println!("{name} runs");
    Ok(())
}

task!(Run = fn run(name: String, ready: Barrier, start: Event) -> Result<(), RemoteError>);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    serve(Registry::new().with::<Run>());

    let manager = Manager::start()?;
    let (ready, start) = (manager.barrier(3)?, manager.event()?);
    let run = |name: &str| Process::spawn(Run(name.to_owned(), ready.clone(), start.clone()));
    let runners = [run("one")?, run("two")?];
    ready.wait()?;
    println!("all are ready, and the event is set: {}", start.is_set()?);
    start.set()?;
    for runner in runners {
        runner.into_result()??;
    }
    Ok(())
}
