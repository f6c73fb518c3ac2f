//! `done`, and `result` with and without a timeout, as a book's chapter on parallel processing describes them. `result` waits
//! until the call is done; a timeout that passes is an error of its own, and the call continues. The error of a call that
//! failed comes out of `result`, in the thread that asks for it.
//!
//! `cargo run -p concurrent-futures --example result`

use std::error::Error;
use std::num::ParseIntError;
use std::sync::mpsc::channel;
use std::time::Duration;

use concurrent_futures::ThreadPoolExecutor;

fn main() -> Result<(), Box<dyn Error>> {
    let executor = ThreadPoolExecutor::new(2)?;
    // A call that waits until this thread lets it go on.
    let (go_on, may_go_on) = channel::<()>();
    let job = executor.submit(move || {
        let _ = may_go_on.recv(); // an error if it may go on
        42
    })?;

    println!("done: {}", job.done());
    match job.result_timeout(Duration::from_millis(20)) {
        Ok(result) => println!("in time: {result:?}"),
        Err(error) => println!("not in time: {error}"),
    }
    drop(go_on);
    println!("result: {:?}", job.result());
    println!("done: {}", job.done());

    let failing = executor.try_submit(|| -> Result<u32, ParseIntError> { "seven".parse() })?;
    match failing.result() {
        Ok(number) => println!("parsed: {number}"),
        Err(error) => println!("failed: {error}"),
    }
    println!("done: {}", failing.done());
    Ok(())
}
