//! Pools that come and go leave no threads and no descriptors.

use concurrent_futures::{Future, Shutdown, ThreadPoolExecutor, as_completed};

use crate::counts::{descriptors, threads};

/// Runs in a process of its own, where no other test opens descriptors or starts threads. `POOLS=10000` in the
/// environment sets the number of pools.
#[test]
fn pools_come_and_go_without_leaving_threads_or_descriptors() {
    const ALONE: &str = "CONCURRENT_FUTURES_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        let pools = std::env::var("POOLS").map_or(300, |pools| pools.parse().unwrap());
        let before = (threads(), descriptors());
        (0..pools).for_each(use_a_pool);
        assert_eq!((threads(), descriptors()), before);
        return;
    }
    let name = "thread_pool::leaks::pools_come_and_go_without_leaving_threads_or_descriptors";
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    let output = again.args(["--exact", name]).env(ALONE, "1").output();
    let output = output.unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && printed.contains("1 passed"),
        "{printed}"
    );
}

/// Creates a pool and ends it in one of three ways: a shutdown that waits, one that does not wait, or a drop.
fn use_a_pool(round: usize) {
    let executor = ThreadPoolExecutor::new(2).expect("two workers");
    let submit = |n| executor.submit(move || n).expect("the pool is open");
    let futures: Vec<_> = (0..4).map(submit).collect();
    match round % 3 {
        0 => (),
        1 if round.is_multiple_of(2) => _ = executor.shutdown(Shutdown::wait().cancel_pending()),
        1 => _ = executor.shutdown(Shutdown::wait()),
        _ if round.is_multiple_of(2) => _ = executor.shutdown(Shutdown::no_wait().cancel_pending()),
        _ => _ = executor.shutdown(Shutdown::no_wait()),
    }
    assert!(round % 3 != 1 || futures.iter().all(Future::done));
    assert_eq!(as_completed(futures).count(), 4);
}
