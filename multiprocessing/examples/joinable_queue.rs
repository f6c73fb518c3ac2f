//! Workers on a queue whose owner waits until all is done. One worker is killed in the middle of its work: what it had is
//! handed out again.
//!
//! `cargo run -p multiprocessing-rs --example joinable_queue`

use multiprocessing::{JoinableQueue, List, Manager, Process, Registry, RemoteError, serve, task};

fn work(jobs: JoinableQueue<u32>, done: List<u32>) -> Result<(), RemoteError> {
    loop {
        let job = jobs.get()?;
        done.push(*job)?;
        job.done()?;
    }
}

/// Takes a job, reports that, and never does it.
fn be_killed(jobs: JoinableQueue<u32>, taken: List<u32>) -> Result<(), RemoteError> {
    let job = jobs.get()?;
    taken.push(*job)?;
    loop {
        std::thread::park();
    }
}

task!(Work = fn work(jobs: JoinableQueue<u32>, done: List<u32>) -> Result<(), RemoteError>);
task!(BeKilled = fn be_killed(jobs: JoinableQueue<u32>, taken: List<u32>) -> Result<(), RemoteError>);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    serve(Registry::new().with::<Work>().with::<BeKilled>());

    let manager = Manager::start()?;
    let jobs = manager.joinable_queue(None)?;
    let (done, taken) = (manager.list()?, manager.list()?);
    for job in 1..=10 {
        jobs.put(job)?;
    }
    let victim = Process::spawn(BeKilled(jobs.clone(), taken.clone()))?;
    while taken.is_empty()? {
        std::thread::yield_now();
    }
    victim.kill()?;
    victim.join();

    let workers = [
        Process::spawn(Work(jobs.clone(), done.clone()))?,
        Process::spawn(Work(jobs.clone(), done.clone()))?,
    ];
    jobs.join()?;
    let mut all = done.to_vec()?;
    all.sort_unstable();
    println!("done: {all:?}");
    println!("of these, the killed process had: {:?}", taken.to_vec()?);
    for worker in &workers {
        worker.terminate()?;
    }
    Ok(())
}
