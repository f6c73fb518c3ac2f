//! Tasks and initializers that panic or return an error.

use std::sync::mpsc::channel;

use concurrent_futures::{
    BrokenError, Future, Shutdown, SubmitError, TaskError, ThreadPoolExecutor,
};

#[test]
fn a_panic_fails_only_its_task() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let plain = executor
        .submit(|| -> i32 { panic!("no such flag") })
        .unwrap();
    let formatted = executor
        .submit(|| -> i32 { panic!("{} flags", 3) })
        .unwrap();
    let typed = executor
        .submit(|| -> i32 { std::panic::panic_any(7) })
        .unwrap();
    let after = executor.submit(|| 42).unwrap();

    let message = |future: &Future<i32>| match future.result() {
        Err(TaskError::Panicked { message, .. }) => message.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(message(&plain), "no such flag");
    assert_eq!(message(&formatted), "3 flags");
    assert_eq!(message(&typed), "a panic without a message");
    assert_eq!(
        plain.result().unwrap_err().to_string(),
        "the task panicked: no such flag"
    );
    assert_eq!(after.result(), Ok(&42));
}

#[test]
fn the_error_of_a_task_is_the_source_of_its_failure() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let good = executor.try_submit(|| "42".parse::<i32>()).unwrap();
    let bad = executor.try_submit(|| "4x".parse::<i32>()).unwrap();
    assert_eq!(good.result(), Ok(&42));
    let error = bad.error().unwrap();
    assert_eq!(
        error.to_string(),
        "the task failed: invalid digit found in string"
    );
    let TaskError::Failed(cause) = error else {
        panic!("{error:?}");
    };
    assert!(cause.is::<std::num::ParseIntError>(), "{cause}");
    assert_eq!(error, &error.clone());
    assert_ne!(error, &TaskError::failed("4x"));
}

#[test]
fn an_initializer_that_panics_breaks_the_pool_and_fails_every_task() {
    let (sender, receiver) = channel::<()>();
    let receiver = std::sync::Mutex::new(receiver);
    let executor = ThreadPoolExecutor::builder()
        .max_workers(2)
        .initializer(move || {
            let _ = receiver.lock().unwrap().recv();
            panic!("no licence")
        })
        .build()
        .unwrap();
    let futures: Vec<_> = (0..10)
        .map(|n| executor.submit(move || n).unwrap())
        .collect();
    drop(sender);

    for future in &futures {
        let Err(TaskError::Broken(BrokenError::Initializer { message, .. })) = future.result()
        else {
            panic!("{future:?}");
        };
        assert_eq!(message, "no licence");
    }
    let refused = executor.submit(|| 42).unwrap_err();
    assert!(
        matches!(
            refused,
            SubmitError::Broken(BrokenError::Initializer { .. })
        ),
        "{refused:?}"
    );
    executor.shutdown(Shutdown::wait());
}

/// Otherwise `submit` would fail or not, depending on which thread is faster.
#[test]
fn the_task_that_starts_the_first_worker_is_accepted_however_early_the_initializer_fails() {
    for _ in 0..2000 {
        let builder = ThreadPoolExecutor::builder().try_initializer(|| Err("no licence"));
        let executor = builder.build().unwrap();
        let future = executor.submit(|| 42).unwrap();
        assert!(matches!(future.result(), Err(TaskError::Broken(_))));
    }
}

#[test]
fn an_initializer_that_returns_an_error_breaks_the_pool_as_well() {
    let builder = ThreadPoolExecutor::builder().try_initializer(|| Err("no licence"));
    let executor = builder.build().unwrap();
    let future = executor.submit(|| 42).unwrap();
    let broken = future.error().unwrap();
    assert_eq!(
        broken.to_string(),
        "the task did not finish: the pool's initializer failed: no licence"
    );
    let refused = executor.submit(|| 42).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the pool is broken: the pool's initializer failed: no licence"
    );
    drop(executor);
}
