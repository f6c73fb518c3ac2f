//! Measures how long the task of a killed worker takes to start again: `recovery URL [ROUNDS]`. Starts two workers of the example
//! `worker`, which must have been built, and kills the one that has the task, with an ack wait of one second.

#[path = "../tests/it/tasks.rs"]
#[allow(dead_code, reason = "one of the tasks is enough")]
mod tasks;

use std::error::Error;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nats_executor::{NatsExecutor, NatsOptions};
use tasks::WaitFor;

const POOL: &str = "recovery";
const ACK_WAIT: Duration = Duration::from_secs(1);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("usage: recovery URL [ROUNDS]")?;
    let rounds: usize = arguments.next().map_or(Ok(20), |text| text.parse())?;
    let options = NatsOptions::new().pool(POOL).ack_wait(ACK_WAIT);
    // The first that opens the pool decides how long the ack wait is.
    let executor = NatsExecutor::connect(&url, options)?;
    let folder = std::env::temp_dir().join(format!("recovery-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let mut workers = [start(&url)?, start(&url)?];
    let mut times = Vec::new();
    for round in 0..rounds {
        let begun = folder.join(round.to_string());
        let go_on = begun.with_extension("go on");
        let future = executor.submit(WaitFor(begun.clone(), go_on.clone()))?;
        let first = wait_for_line(&begun, 0);
        let worker = workers.iter_mut().find(|worker| worker.id() == first);
        let worker = worker.ok_or("another worker has the task")?;
        worker.kill()?;
        let killed = Instant::now();
        worker.wait()?;
        wait_for_line(&begun, 1);
        times.push(killed.elapsed().as_secs_f64());
        std::fs::write(go_on, "")?;
        future.into_result().map_err(|_| "the future is shared")??;
        *worker = start(&url)?;
    }
    for mut worker in workers {
        worker.kill()?;
        worker.wait()?;
    }
    std::fs::remove_dir_all(folder)?;
    times.sort_by(f64::total_cmp);
    println!(
        "{rounds} kills: the task starts again after {:.2} to {:.2} s, median {:.2} s; ack wait {ACK_WAIT:?}",
        times[0],
        times[rounds - 1],
        times[rounds / 2]
    );
    Ok(())
}

fn start(url: &str) -> Result<Child, Box<dyn Error>> {
    let program = std::env::current_exe()?.with_file_name("worker");
    let mut command = Command::new(program);
    command.args(["--worker", url, "--pool", POOL, "--threads", "2"]);
    Ok(command.stderr(Stdio::null()).spawn()?)
}

/// Waits until the file has a line with this index, and returns the id of the process that it holds.
fn wait_for_line(file: &Path, index: usize) -> u32 {
    loop {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().nth(index).and_then(|line| line.parse().ok());
        if let Some(id) = line {
            return id;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
