//! Tests of the public API of the process pool. The workers are this test program, started again to run only the test
//! `started_by_a_test`.
#![cfg(all(unix, feature = "processes"))]
#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod breakage;
mod control;
#[path = "../common/counts.rs"]
mod counts;
mod endings;
mod environment;
mod failures;
mod resources;
mod support;
mod tasks;
mod versions;
mod work;

use concurrent_futures::serve;

/// The entry point of processes that the other tests start: a worker, or one side of a test that must be observed from
/// outside. Does nothing in an ordinary run of the tests.
#[test]
fn started_by_a_test() {
    match std::env::var(support::PART).as_deref() {
        Err(_) => {}
        Ok("worker") => serve(tasks::registry()),
        Ok("to-be-killed") => endings::to_be_killed(),
        Ok("descriptors-short-for-a-moment") => resources::descriptors_short_for_a_moment(),
        Ok("threads-short-for-a-moment") => resources::threads_short_for_a_moment(),
        Ok("discards-exit-statuses") => environment::discards_exit_statuses(),
        Ok("tasks-that-print") => failures::tasks_that_print(),
        Ok("many-pools") => resources::many_pools(),
        Ok("thousands-queued") => resources::thousands_queued(),
        Ok("threads-short-for-a-second-worker") => resources::threads_short_for_a_second_worker(),
        Ok("failing-initializers") => resources::failing_initializers(),
        Ok("task-that-panics") => failures::task_that_panics(),
        Ok("huge-task") => resources::huge_task(),
        Ok("more-workers-than-descriptors") => resources::more_workers_than_descriptors(),
        Ok("worker-of-another-version") => versions::worker_of_another_version(),
        Ok("meets-another-version") => versions::meets_another_version(),
        Ok("submits-unregistered") => versions::submits_unregistered(),
        Ok("without-serve") => work::without_serve(),
        Ok("worker-without-serve") => work::worker_without_serve(),
        Ok(unknown) => panic!("unknown part {unknown:?}"),
    }
    // A part that never runs must not look like one that succeeded.
    println!("{}", support::COMPLETED);
}
