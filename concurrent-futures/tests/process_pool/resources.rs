//! Pools release their threads, descriptors and child processes. Each test counts them in a process of its own, where
//! no other test uses any.

use std::process::Command;

use concurrent_futures::{OnCrash, Shutdown, TaskError};
use rustix::process::{Resource, Rlimit, WaitOptions, getrlimit, setrlimit, wait};

use crate::counts::{descriptors, threads};
use crate::support::{Gates, PART, in_time, pool, run_part, this_program, worker_exit};
use crate::tasks::*;

fn has_children() -> bool {
    wait(WaitOptions::NOHANG).is_ok()
}

/// A part that runs in its own process; see `started_by_a_test`.
pub(crate) fn many_pools() {
    in_time(|| {
        // The first one may open what stays open: the descriptor and the thread that watch all workers.
        use_up_a_pool(4);
        let before = (threads(), descriptors());
        for round in 0..rounds() {
            use_up_a_pool(round);
        }
        assert_eq!((threads(), descriptors()), before);
        assert!(!has_children());
    });
}

/// Returns the number of pools to create. To create more:
/// `POOLS=10000 cargo test --release -p concurrent-futures many_pools`.
fn rounds() -> usize {
    std::env::var("POOLS").map_or(100, |pools| pools.parse().unwrap())
}

/// Creates a pool and ends it in one of five ways, depending on `round`.
fn use_up_a_pool(round: usize) {
    let executor = pool().max_workers(2).max_tasks_per_child(2);
    let executor = executor.on_crash(OnCrash::Restart { max: round % 2 });
    let executor = executor.build().unwrap();
    let futures: Vec<_> = (0..5)
        .map(|n| executor.submit(Square(n)).unwrap())
        .collect();
    match round % 5 {
        0 => assert!(executor.shutdown(Shutdown::wait().cancel_pending())),
        1 => _ = executor.shutdown(Shutdown::no_wait()),
        2 => assert!(executor.submit(Exit(1)).unwrap().result().is_err()),
        3 => {
            let gates = Gates::new();
            let doomed = executor.submit(gates.task()).unwrap();
            let held = gates.held();
            held.kill();
            assert_eq!(worker_exit(&doomed).0, held.pid);
        }
        _ => assert!(futures.iter().all(|future| future.result().is_ok())),
    }
}

#[test]
fn many_pools_leave_nothing_behind() {
    in_time(|| {
        run_part(this_program("many-pools"));
    });
}

/// A part that runs in its own process; see `started_by_a_test`.
pub(crate) fn thousands_queued() {
    in_time(|| {
        let executor = pool().max_workers(4).window(16).build().unwrap();
        let futures: Vec<_> = (0..10_000)
            .map(|n| executor.submit(Square(n)).unwrap())
            .collect();
        assert!(futures.iter().all(|future| future.result().is_ok()));
    });
}

/// A part that runs in its own process; see `started_by_a_test`.
pub(crate) fn more_workers_than_descriptors() {
    in_time(|| {
        let executor = pool().max_workers(200).build().unwrap();
        let futures: Vec<_> = (0..200)
            .map(|n| executor.submit(Square(n)).unwrap())
            .collect();
        assert!(futures.iter().all(|future| future.result().is_ok()));
    });
}

fn with_64_descriptors(part: &str) {
    let inner = this_program(part);
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""]);
    shell.arg(inner.get_program()).args(inner.get_args());
    shell.env(PART, part);
    run_part(shell);
}

#[test]
fn thousands_of_queued_tasks_need_no_descriptors() {
    in_time(|| with_64_descriptors("thousands-queued"));
}

#[test]
fn a_pool_works_with_as_many_workers_as_can_be_started() {
    in_time(|| with_64_descriptors("more-workers-than-descriptors"));
}

/// A part of its own; see `started_by_a_test`.
pub(crate) fn huge_task() {
    in_time(|| {
        let executor = pool().build().unwrap();
        let workers_memory = || *executor.submit(Memory()).unwrap().result().unwrap();
        // Here second: by then the threads have released what belongs to the task before.
        let measure = || {
            let worker = workers_memory();
            (memory(), worker)
        };
        let before = measure();
        let huge = executor.submit(Echo("x".repeat(64 << 20))).unwrap();
        assert!(huge.result().is_ok());
        drop(huge);
        let after = measure();
        assert!(after.0 < before.0 + 16, "here: {before:?}, then {after:?}");
        assert!(
            after.1 < before.1 + 16,
            "worker: {before:?}, then {after:?}"
        );
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_huge_task_occupies_no_memory_after_its_end() {
    in_time(|| {
        run_part(this_program("huge-task"));
    });
}

/// Calls `test` while this process has a lower limit of a resource.
fn with_limit(resource: Resource, current: u64, test: impl FnOnce()) {
    let before = getrlimit(resource);
    let current = Some(current);
    setrlimit(resource, Rlimit { current, ..before }).unwrap();
    test();
    setrlimit(resource, before).unwrap();
}

/// Calls `test` while this process cannot open descriptors.
fn without_descriptors(test: impl FnOnce()) {
    // The three standard streams are open. With 0 the polls of threads that need no descriptor would fail too.
    with_limit(Resource::Nofile, 3, test);
}

/// A part of its own; see `started_by_a_test`.
pub(crate) fn descriptors_short_for_a_moment() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().max_workers(2).build().unwrap();
        let first = executor.submit(gates.task()).unwrap();
        let first_held = gates.held();
        let mut second = None;
        without_descriptors(|| {
            second = Some(executor.submit(gates.task()).unwrap());
            while !format!("{executor:?}").contains("os error 24") {
                std::thread::yield_now();
            }
        });
        let second_held = gates.held();
        assert_ne!(first_held.pid, second_held.pid);
        first_held.go_on();
        second_held.go_on();
        assert!(first.result().is_ok() && second.unwrap().result().is_ok());
    });
    in_time(|| {
        let executor = pool().max_workers(2).build().unwrap();
        without_descriptors(|| {
            let future = executor.submit(Square(1)).unwrap();
            let Err(TaskError::Broken(broken)) = future.result() else {
                panic!("{future:?}");
            };
            assert!(broken.to_string().contains("os error 24"), "{broken}");
        });
        assert_eq!(executor.submit(Square(2)).unwrap().result(), Ok(&4));
    });
}

#[test]
fn a_pool_has_its_size_again_when_descriptors_are_back() {
    in_time(|| {
        run_part(this_program("descriptors-short-for-a-moment"));
    });
}

/// A part that runs in its own process; see `started_by_a_test`.
pub(crate) fn failing_initializers() {
    in_time(|| {
        // The first one may open what stays open: the descriptor and the thread that watch all workers.
        use_a_pool_whose_initializer_fails();
        let before = (threads(), descriptors());
        for _ in 0..10 {
            use_a_pool_whose_initializer_fails();
        }
        assert_eq!((threads(), descriptors()), before);
        assert!(!has_children());
    });
}

fn use_a_pool_whose_initializer_fails() {
    let executor = pool().max_workers(2).initializer(SetUpPanics());
    let executor = executor.build().unwrap();
    let future = executor.submit(Square(1)).unwrap();
    assert!(future.result().is_err());
    assert!(executor.submit(Square(2)).is_err());
}

#[test]
fn pools_whose_initializer_fails_leave_nothing_behind() {
    in_time(|| {
        run_part(this_program("failing-initializers"));
    });
}

/// Calls `test` while this process cannot start threads: there is room for what it allocates, but not for another stack.
fn without_room_for_stacks(test: impl FnOnce()) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let occupied = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kibibytes = occupied.unwrap().trim().trim_end_matches(" kB");
    let kibibytes: u64 = kibibytes.parse().unwrap();
    with_limit(Resource::As, (kibibytes + 1024) << 10, test);
}

/// A part of its own; see `started_by_a_test`.
pub(crate) fn threads_short_for_a_moment() {
    in_time(|| {
        let executor = pool().max_workers(2).build().unwrap();
        let mut futures = Vec::new();
        without_room_for_stacks(|| {
            futures.extend((0..3).map(|n| executor.submit(Square(n)).unwrap()));
        });
        for future in &futures {
            let Err(TaskError::Broken(broken)) = future.result() else {
                panic!("{future:?}");
            };
            assert!(broken.to_string().contains("os error 11"), "{broken}");
        }
        assert_eq!(executor.submit(Square(2)).unwrap().result(), Ok(&4));
    });
}

#[test]
#[cfg(target_os = "linux")]
fn tasks_fail_while_no_thread_can_be_started() {
    in_time(|| {
        run_part(this_program("threads-short-for-a-moment"));
    });
}

/// A part of its own; see `started_by_a_test`.
pub(crate) fn threads_short_for_a_second_worker() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().max_workers(2).build().unwrap();
        // The threads of the first worker have started: one that starts without room ends the program.
        assert_eq!(executor.submit(Square(2)).unwrap().result(), Ok(&4));
        let first = executor.submit(gates.task()).unwrap();
        let held = gates.held();
        let mut second = None;
        without_room_for_stacks(|| second = executor.submit(gates.task()).ok());
        // It runs beside the first, although nothing else happens in the pool.
        let other = gates.held();
        assert_ne!(held.pid, other.pid);
        held.go_on();
        other.go_on();
        assert!(first.result().is_ok() && second.unwrap().result().is_ok());
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_thread_that_could_not_be_started_is_tried_again() {
    in_time(|| {
        run_part(this_program("threads-short-for-a-second-worker"));
    });
}
