//! A worker with the tasks of the tests: `worker --worker URL [--pool NAME] [--threads N] [--max-starts N]`.

#[path = "../tests/it/tasks.rs"]
#[allow(dead_code, reason = "a worker only runs tasks")]
mod tasks;

use std::error::Error;

use nats_executor::{NatsOptions, WorkerOptions, run_worker, worker_url};

fn main() -> Result<(), Box<dyn Error>> {
    let url = worker_url().ok_or("usage: worker --worker URL [--pool NAME] [--threads N]")?;
    let mut connection = NatsOptions::new();
    let mut options = WorkerOptions::new();
    let mut arguments = std::env::args().skip(3);
    while let Some(option) = arguments.next() {
        let value = arguments.next().ok_or("an option without a value")?;
        match &*option {
            "--pool" => connection = connection.pool(value),
            "--threads" => options = options.threads(value.parse()?),
            "--max-starts" => connection = connection.max_starts(value.parse()?),
            "--ca" => connection = connection.root_certificates(value),
            _ => return Err(format!("unknown option {option}").into()),
        }
    }
    let options = options
        .connection(connection)
        .on_event(|event| eprintln!("worker {}: {event}", std::process::id()));
    let report = run_worker(&url, tasks::registry(), options)?;
    eprintln!("worker {}: {report:?}", std::process::id());
    Ok(())
}
