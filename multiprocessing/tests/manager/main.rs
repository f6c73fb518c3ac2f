//! Tests of managers: each object is used from several processes, which are this test program, started again.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod objects;
mod support;
mod tasks;

use libtest_mimic::{Arguments, Conclusion};
use multiprocessing::serve;

fn main() -> std::process::ExitCode {
    serve(tasks::registry());
    let tests = [objects::tests()].into_iter().flatten().collect();
    let conclusion: Conclusion = libtest_mimic::run(&Arguments::from_args(), tests);
    conclusion.exit_code()
}
