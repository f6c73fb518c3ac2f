//! Every way for a task to end, and the contract of executors.

use concurrent_futures::{
    Executor, ExecutorExt, MapOptions, ReturnWhen, Shutdown, SubmitError, TaskError, as_completed,
    wait,
};

use futures_util::FutureExt as _;

use crate::support::{PATIENCE, Server, Worker, connect, wait_until};
use crate::tasks::{Bombs, Half, Newer, Noop, Panics, Traps, Unknown};

#[test]
fn a_task_has_its_value_its_error_or_its_panic() {
    let server = Server::start();
    let _worker = Worker::start(&server.url());
    let executor = connect(&server);

    let value = executor.submit(Noop(42)).unwrap();
    let half = executor.try_submit(Half(8)).unwrap();
    let odd = executor.try_submit(Half(7)).unwrap();
    let panicked = executor.submit(Panics("no such flag".to_owned())).unwrap();
    assert_eq!(value.result(), Ok(&42));
    assert_eq!(half.result(), Ok(&4));
    let Err(TaskError::Failed(failure)) = odd.result() else {
        panic!("{odd:?}");
    };
    assert_eq!(failure.to_string(), "7 is odd");
    assert_eq!(panicked.result(), Err(&TaskError::panicked("no such flag")));
}

/// The worker sends a number, which this type cannot be made of.
#[test]
fn a_value_that_panics_concerns_its_own_task_only() {
    let server = Server::start();
    let _worker = Worker::start(&server.url());
    let executor = connect(&server);
    let trap = executor.submit(Traps(1)).unwrap();
    drop(executor.submit(Bombs(1)).unwrap());
    let next = executor.submit(Noop(42)).unwrap();
    assert_eq!(next.result(), Ok(&42));
    let error = trap.error().unwrap().to_string();
    assert!(
        error.contains("cannot be decoded: a trap was decoded"),
        "{error}"
    );
}

#[test]
fn a_task_of_another_version_is_refused_with_both_versions() {
    let server = Server::start();
    let _worker = Worker::start(&server.url());
    let executor = connect(&server);

    let newer = executor.submit(Newer(1)).unwrap();
    let unknown = executor.submit(Unknown).unwrap();
    let error = newer.error().unwrap();
    assert!(matches!(error, TaskError::Unregistered { .. }));
    assert_eq!(
        error.to_string(),
        "the task \"test::noop\" has version 7, but the worker has version 1"
    );
    let error = unknown.error().unwrap();
    assert_eq!(
        error.to_string(),
        "the worker has no task \"test::unknown\""
    );
}

#[test]
fn map_wait_and_as_completed_work_as_on_threads() {
    let server = Server::start();
    let _workers = [Worker::start(&server.url()), Worker::start(&server.url())];
    let executor: Box<dyn Executor<Noop>> = Box::new(connect(&server));

    let mapped = executor.map((0..100).map(Noop)).unwrap();
    let mapped: Vec<u64> = mapped.map(Result::unwrap).collect();
    assert_eq!(mapped, (0..100).collect::<Vec<_>>());

    let options = MapOptions::new().chunks(7).buffered(3);
    let chunks = executor.map_with(options, (0..100).map(Noop)).unwrap();
    let chunks: Vec<u64> = chunks.map(Result::unwrap).collect();
    assert_eq!(chunks, (0..100).collect::<Vec<_>>());

    let submit = |n| executor.submit(Noop(n)).unwrap();
    let futures: Vec<_> = (0..50).map(submit).collect();
    let waited = wait(futures, Some(PATIENCE), ReturnWhen::AllCompleted);
    assert_eq!((waited.done.len(), waited.not_done.len()), (50, 0));

    let futures: Vec<_> = (0..50).map(submit).collect();
    let mut seen: Vec<u64> = as_completed(futures)
        .map(|f| *f.result().unwrap())
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, (0..50).collect::<Vec<_>>());
}

/// Returns whether a thread with this name waits for something; where that cannot be seen, true.
fn is_blocked(name: &str) -> bool {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else {
        return true;
    };
    let status = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("status"));
    threads
        .filter_map(|thread| status(thread.ok()?).ok())
        .any(|status| {
            status.starts_with(&format!("Name:\t{name}\n")) && status.contains("State:\tS")
        })
}

#[test]
fn a_full_queue_makes_the_thread_or_the_async_task_that_submits_wait() {
    let server = Server::start();
    let options = crate::support::options().queue_bound(3);
    let executor = nats_executor::NatsExecutor::connect(&server.url(), options).unwrap();
    let futures: Vec<_> = (0..3).map(|n| executor.submit(Noop(n)).unwrap()).collect();

    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("blocked".to_owned());
        let blocked = thread
            .spawn_scoped(scope, || executor.submit(Noop(3)).unwrap().into_result())
            .unwrap();
        let mut awaiting = Box::pin(executor.submit_async(Noop(4)));
        assert!((&mut awaiting).now_or_never().is_none());
        wait_until("the thread is blocked", || is_blocked("blocked"));
        assert!(!blocked.is_finished());
        assert_eq!(executor.unfinished(), 3);
        let _worker = Worker::start(&server.url());
        assert_eq!(blocked.join().unwrap().unwrap(), Ok(3));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let fourth = runtime.block_on(async { awaiting.await.unwrap().await });
        assert_eq!(fourth, Ok(4));
    });
    let done = futures.iter().map(|future| *future.result().unwrap());
    assert_eq!(done.collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn callbacks_run_and_may_submit_further_tasks() {
    let server = Server::start();
    let _worker = Worker::start(&server.url());
    let executor = std::sync::Arc::new(connect(&server));
    let (sender, results) = std::sync::mpsc::channel();
    let next = std::sync::Arc::clone(&executor);
    executor
        .submit(Noop(1))
        .unwrap()
        .add_done_callback(move |first| {
            let n = *first.result().unwrap();
            let second = next.submit(Noop(n + 1)).unwrap();
            second.add_done_callback(move |second| sender.send(*second.result().unwrap()).unwrap());
        });
    assert_eq!(results.recv_timeout(PATIENCE), Ok(2));
}

#[test]
fn after_a_shutdown_all_tasks_have_their_values_and_no_more_are_accepted() {
    let server = Server::start();
    let _worker = Worker::start(&server.url());
    let executor = connect(&server);
    let futures: Vec<_> = (0..200)
        .map(|n| executor.submit(Noop(n)).unwrap())
        .collect();
    assert!(executor.shutdown(Shutdown::wait().within(PATIENCE)));
    assert!(futures.iter().all(|future| future.done()));
    assert!(
        futures
            .iter()
            .zip(0..)
            .all(|(future, n)| future.result() == Ok(&n))
    );
    assert!(matches!(
        executor.submit(Noop(0)),
        Err(SubmitError::ShutDown)
    ));
}

#[test]
fn two_executors_share_the_workers_and_each_gets_its_own_results() {
    let server = Server::start();
    let _worker = Worker::start(&server.url());
    let (first, second) = (connect(&server), connect(&server));
    let first: Vec<_> = (0..100).map(|n| first.submit(Noop(n)).unwrap()).collect();
    let second: Vec<_> = (100..200)
        .map(|n| second.submit(Noop(n)).unwrap())
        .collect();
    let all = first.iter().chain(&second);
    assert!(all.zip(0..).all(|(future, n)| future.result() == Ok(&n)));
}

#[test]
fn a_dropped_future_does_not_stop_its_task() {
    let server = Server::start();
    let _worker = Worker::start(&server.url());
    let file = server.folder().join("begun");
    let executor = connect(&server);
    drop(executor.submit(crate::tasks::WaitFor(
        file.clone(),
        server.folder().to_owned(),
    )));
    drop(executor);
    assert_eq!(crate::support::lines(&file), 1);
}
