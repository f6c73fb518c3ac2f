//! Tests of managers: each object is used from several processes, which are this test program, started again.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod endings;
mod kills;
mod objects;
mod strangers;
mod support;
mod tasks;

use libtest_mimic::Arguments;
use multiprocessing::serve;

fn main() -> std::process::ExitCode {
    serve(tasks::registry());
    let tests = [
        endings::tests(),
        kills::tests(),
        objects::tests(),
        strangers::tests(),
    ];
    let tests = tests.into_iter().flatten().collect();
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}
