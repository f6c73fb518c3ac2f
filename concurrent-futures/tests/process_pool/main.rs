//! The pool of processes as its users meet it. The workers are this test program, started again to run the one test
//! `started_by_a_test`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod breakage;
mod common;
mod endings;
mod failures;
mod resources;
mod support;
mod tasks;
mod work;

/// Where this program does what it was started for by one of its tests: as a worker, or in the part of a program that has
/// to be watched from outside. In an ordinary run of the tests it was started for nothing.
#[test]
fn started_by_a_test() {
    match std::env::var(support::PART).as_deref() {
        Err(_) => {}
        Ok("worker") => tasks::registry().serve(),
        Ok("to-be-killed") => endings::to_be_killed(),
        Ok("tasks-that-print") => failures::tasks_that_print(),
        Ok("many-pools") => resources::many_pools(),
        Ok("thousands-queued") => resources::thousands_queued(),
        Ok("more-workers-than-descriptors") => resources::more_workers_than_descriptors(),
        Ok("without-serve") => work::without_serve(),
        Ok("astray") => work::astray(),
        Ok(unknown) => panic!("there is no part {unknown:?}"),
    }
    // A part that is not come to must not look like one that went well.
    println!("{}", support::PLAYED);
}
