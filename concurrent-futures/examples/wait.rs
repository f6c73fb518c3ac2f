//! `wait` with each of its three conditions, as an article on `concurrent.futures` shows it: `FIRST_COMPLETED`,
//! `FIRST_EXCEPTION` and `ALL_COMPLETED`. It returns two lists, the futures that are done and the others. A timeout is not an
//! error; the futures that are not done are in the second list.
//!
//! `cargo run -p concurrent-futures --example wait`

use std::collections::HashMap;
use std::error::Error;
use std::sync::mpsc::channel;
use std::time::Duration;

use concurrent_futures::{Future, ReturnWhen, TaskError, ThreadPoolExecutor, WaitResult, wait};

type Names = HashMap<Future<u64>, &'static str>;

fn show(condition: &str, waited: &WaitResult<u64>, names: &Names) {
    let named = |futures: &[Future<u64>]| futures.iter().map(|f| names[f]).collect::<Vec<_>>();
    let (done, not_done) = (named(&waited.done), named(&waited.not_done));
    println!("{condition}: done {done:?}, not done {not_done:?}");
}

fn main() -> Result<(), Box<dyn Error>> {
    let executor = ThreadPoolExecutor::new(3)?;
    // Two of the calls wait until this thread lets them go on.
    let (let_fail, may_fail) = channel::<()>();
    let (let_end, may_end) = channel::<()>();
    let fast = executor.submit(|| 4)?;
    let failing = executor.try_submit(move || {
        let _ = may_fail.recv(); // an error if it may go on
        Err::<u64, _>("no such flag")
    })?;
    let slow = executor.submit(move || {
        let _ = may_end.recv(); // likewise
        17
    })?;
    let futures = [slow.clone(), failing.clone(), fast.clone()];
    let names = Names::from([(slow, "slow"), (failing, "failing"), (fast, "fast")]);

    let waited = wait(futures.clone(), None, ReturnWhen::FirstCompleted);
    show("first completed", &waited, &names);

    drop(let_fail);
    let waited = wait(futures.clone(), None, ReturnWhen::FirstException);
    show("first exception", &waited, &names);

    let timeout = Some(Duration::from_millis(20));
    let waited = wait(futures.clone(), timeout, ReturnWhen::AllCompleted);
    show("all completed, or a timeout", &waited, &names);

    drop(let_end);
    let waited = wait(futures, None, ReturnWhen::AllCompleted);
    show("all completed", &waited, &names);
    for future in &waited.done {
        match future.result() {
            Ok(result) => println!("{}: {result}", names[future]),
            Err(TaskError::Failed(error)) => println!("{}: failed, {error}", names[future]),
            Err(error) => println!("{}: {error}", names[future]),
        }
    }
    Ok(())
}
