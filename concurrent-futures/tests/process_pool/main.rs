//! The pool of processes as its users meet it. The workers are this test program, started again to run the one test
//! `worker`.
#![cfg(unix)]

mod breakage;
#[cfg(test)]
mod common;
mod endings;
// What is marked like this Clippy takes for tests, where an unwrap is an assertion, also outside of test functions.
#[cfg(test)]
mod failures;
#[cfg(test)]
mod resources;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tasks;
mod work;

/// In a worker this is where it works; else there is nothing to test.
#[test]
fn worker() {
    tasks::registry().serve();
}
