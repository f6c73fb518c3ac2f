//! Workers that have other tasks than their pool, or have them in another version.

use std::process::Stdio;

use concurrent_futures::{
    BrokenError, BuildError, ExecutorExt, ProcessPoolExecutor, Registry, SubmitError, TaskError,
    serve, task,
};

use crate::support::{in_time, pool, run_part, this_program};
use crate::tasks::{self, Half, SetUpPanics, Square};

fn square(n: i64) -> i64 {
    n * n
}

task!(NewSquare = fn square(n: i64) -> i64, name = "Square", version = 2);

/// A part that runs in its own process; see `started_by_a_test`.
pub(crate) fn worker_of_another_version() {
    serve(Registry::new().with::<NewSquare>());
}

fn pool_of_another_version() -> ProcessPoolExecutor {
    let mut command = this_program("worker-of-another-version");
    command.stdout(Stdio::null());
    pool().command(command).build().unwrap()
}

/// A part that runs in its own process; see `started_by_a_test`.
pub(crate) fn meets_another_version() {
    // A program that serves no tasks itself learns of the difference from the worker.
    let executor = pool_of_another_version();
    let future = executor.submit(Square(3)).unwrap();
    let Err(TaskError::Unregistered { message, .. }) = future.result() else {
        panic!("{future:?}");
    };
    let expected = r#"the task "Square" has version 1, but the worker has version 2"#;
    assert_eq!(message, expected);
    assert_eq!(executor.submit(NewSquare(3)).unwrap().result(), Ok(&9));
    drop(executor);

    serve(tasks::registry());
    let executor = pool_of_another_version();
    let future = executor.submit(Square(3)).unwrap();
    let Err(TaskError::Broken(BrokenError::NoWorker { message, .. })) = future.result() else {
        panic!("{future:?}");
    };
    let expected = r#" has the task "Square" in version 2, and this program in version 1"#;
    assert!(message.ends_with(expected), "{message}");
}

#[test]
fn a_worker_with_a_task_in_another_version_does_not_run_it() {
    in_time(|| _ = run_part(this_program("meets-another-version")));
}

/// A part that runs in its own process; see `started_by_a_test`.
pub(crate) fn submits_unregistered() {
    serve(Registry::new().with::<Square>());
    let executor = ProcessPoolExecutor::new(1).unwrap();
    let Err(SubmitError::Unregistered { message, .. }) = executor.submit(Half(1)) else {
        panic!("it was accepted");
    };
    let expected = r#"the task "Half" is not registered: add `.with::<process_pool::tasks::Half>()` to the registry"#;
    assert_eq!(message, expected);
    assert_eq!(executor.worker_pids(), []);
    let mapped = executor.map([Half(1)]);
    assert!(matches!(mapped, Err(SubmitError::Unregistered { .. })));

    let builder = ProcessPoolExecutor::builder().initializer(SetUpPanics());
    let Err(BuildError::Initializer(error)) = builder.build() else {
        panic!("it was accepted");
    };
    assert!(
        error
            .to_string()
            .starts_with(r#"the task "SetUpPanics" is not registered"#)
    );
}

#[test]
fn a_task_that_is_not_registered_is_refused_before_a_worker_starts() {
    in_time(|| _ = run_part(this_program("submits-unregistered")));
}
