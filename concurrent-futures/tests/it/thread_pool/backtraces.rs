//! The backtrace of a task's panic.

use concurrent_futures::{Future, TaskError, ThreadPoolExecutor};

/// Returns whether backtraces are enabled, for a test that runs itself again in a program of its own where they are: the hook
/// is for a whole program.
fn backtraces_are_enabled(test: &str) -> bool {
    const ENABLED: &str = "CONCURRENT_FUTURES_TEST_BACKTRACE";
    if std::env::var_os(ENABLED).is_some() {
        return true;
    }
    let name = format!("thread_pool::backtraces::{test}");
    let mut again = std::process::Command::new(std::env::current_exe().expect("found"));
    again.args(["--exact", &name]).env(ENABLED, "1");
    let output = again.env("RUST_BACKTRACE", "1").output();
    let output = output.expect("the program starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && printed.contains("1 passed"),
        "{printed}"
    );
    false
}

/// The message of the panic of a task, and its backtrace.
fn panic_of(future: &Future<()>) -> (&str, Option<&str>) {
    match future.error() {
        Some(TaskError::Panicked {
            message, backtrace, ..
        }) => (message, backtrace.as_deref()),
        _ => panic!("{future:?}"),
    }
}

#[test]
fn a_panic_carries_a_backtrace_if_backtraces_are_enabled() {
    if !backtraces_are_enabled("a_panic_carries_a_backtrace_if_backtraces_are_enabled") {
        return;
    }
    let executor = ThreadPoolExecutor::new(1).unwrap();
    // One that is caught in the task is not the one the task ends with.
    let task = || {
        let _ = std::panic::catch_unwind(|| panic!("caught"));
        function_that_panics();
    };
    let future = executor.submit(task).unwrap();
    let (_, backtrace) = panic_of(&future);
    assert!(backtrace.unwrap().contains("function_that_panics"));

    // One that is caught and resumed is the same panic.
    let task = || {
        let caught = std::panic::catch_unwind(function_that_panics).unwrap_err();
        std::panic::resume_unwind(caught);
    };
    let future = executor.submit(task).unwrap();
    let (message, backtrace) = panic_of(&future);
    assert_eq!(message, "on purpose");
    assert!(backtrace.unwrap().contains("function_that_panics"));
}

#[test]
fn a_panic_caught_earlier_does_not_lend_its_backtrace_to_a_later_one() {
    if !backtraces_are_enabled("a_panic_caught_earlier_does_not_lend_its_backtrace_to_a_later_one")
    {
        return;
    }
    // Such a panic does not call the hook, so it has no backtrace of its own.
    fn resume() {
        std::panic::resume_unwind(Box::new("resumed"));
    }
    let executor = ThreadPoolExecutor::new(1).unwrap();

    let task = || drop(std::panic::catch_unwind(function_that_panics));
    executor.submit(task).unwrap().result().unwrap();
    let future = executor.submit(resume).unwrap();
    assert_eq!(panic_of(&future), ("resumed", None), "after another task");

    let task = || {
        let _ = std::panic::catch_unwind(function_that_panics);
        resume();
    };
    let future = executor.submit(task).unwrap();
    assert_eq!(panic_of(&future), ("resumed", None), "in the same task");

    let task = || drop(std::panic::catch_unwind(|| panic!("resumed")));
    executor.submit(task).unwrap().result().unwrap();
    let future = executor.submit(resume).unwrap();
    assert_eq!(
        panic_of(&future),
        ("resumed", None),
        "with the same message"
    );
}

#[inline(never)]
fn function_that_panics() {
    panic!("on purpose");
}
