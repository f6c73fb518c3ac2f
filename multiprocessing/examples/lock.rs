//! Processes that print several lines at a time: a lock keeps them together.
//!
//! `cargo run -p multiprocessing-rs --example lock`

use multiprocessing::{Lock, LockError, Manager, Process, Registry, RemoteError, serve, task};

fn print(name: String, lock: Lock) -> Result<(), RemoteError> {
    let guard = match lock.lock() {
        Ok(guard) => guard,
        // Another process was killed while it printed. Nothing needs to be repaired.
        Err(LockError::OwnerDied(guard)) => guard,
        Err(error) => return Err(error.into()),
    };
    println!("{name} begins");
    println!("{name} ends");
    Ok(guard.unlock()?)
}

task!(Print = fn print(name: String, lock: Lock) -> Result<(), RemoteError>);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    serve(Registry::new().with::<Print>());

    let manager = Manager::start()?;
    let lock = manager.lock()?;
    let print = |n| Process::spawn(Print(format!("process {n}"), lock.clone()));
    for process in [print(1)?, print(2)?, print(3)?] {
        process.into_result()??;
    }
    Ok(())
}
