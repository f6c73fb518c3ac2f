//! A function that is called when a result is there, instead of a wait: `future_result.add_done_callback(when_done)` of the
//! *Python Cookbook*, recipe 12.8. The callback is always called in the program itself, never in the worker process, and also
//! if the call failed. If the future is already done, the callback runs at once.
//!
//! `cargo run -p concurrent-futures --example callback`

#[cfg(all(unix, feature = "processes"))]
mod callback {
    use std::error::Error;
    use std::process;

    use concurrent_futures::{Future, ProcessPoolExecutor, Registry, serve, task};

    fn work(n: u32) -> Result<(u32, u32), String> {
        let half = if n.is_multiple_of(2) {
            Ok(n / 2)
        } else {
            Err(format!("{n} is odd"))
        };
        half.map(|half| (half, process::id()))
    }

    task!(Work = fn work(n: u32) -> Result<(u32, u32), String>);

    /// Prints the result, and whether another process computed it.
    fn when_done(future: &Future<(u32, u32)>) {
        match future.result() {
            Ok((half, worker)) => {
                let elsewhere = *worker != process::id();
                println!("Got: {half}, from another process: {elsewhere}");
            }
            Err(error) => println!("Got an error: {error}"),
        }
    }

    pub(super) fn main() -> Result<(), Box<dyn Error>> {
        // Does not return in a worker process.
        serve(Registry::new().with::<Work>());

        let pool = ProcessPoolExecutor::new(1)?;
        let future = pool.try_submit(Work(34))?;
        future.add_done_callback(when_done);
        pool.try_submit(Work(7))?.add_done_callback(when_done);
        drop(pool); // waits for the calls and their callbacks

        future.add_done_callback(|future| println!("Already done: {}", future.done()));
        Ok(())
    }
}

#[cfg(all(unix, feature = "processes"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    callback::main()
}

#[cfg(not(all(unix, feature = "processes")))]
fn main() {
    println!("pools of processes need Unix and the feature `processes`");
}
