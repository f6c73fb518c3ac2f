//! Tests of processes and pipes. Each process is this program, started again, so it has a `main` of its own, which serves
//! the tasks before it runs the tests.
#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

#[cfg(unix)]
mod leaks;
#[cfg(unix)]
mod pipes;
#[cfg(unix)]
mod processes;
#[cfg(unix)]
mod queues;
#[cfg(unix)]
mod tasks;

#[cfg(unix)]
fn main() {
    multiprocessing::serve(tasks::registry());
    let tests = [
        leaks::tests(),
        pipes::tests(),
        processes::tests(),
        queues::tests(),
    ]
    .concat();
    let trials = tests.into_iter().map(|(name, test)| {
        libtest_mimic::Trial::test(name, move || {
            tasks::in_time(test);
            Ok(())
        })
    });
    let arguments = libtest_mimic::Arguments::from_args();
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

#[cfg(not(unix))]
fn main() {}

/// Returns the named tests of a module.
#[cfg(unix)]
macro_rules! tests {
    ($($test:ident,)*) => {
        pub(crate) fn tests() -> Vec<(String, fn())> {
            vec![$((concat!(module_path!(), "::", stringify!($test)).replacen("process::", "", 1), $test as fn())),*]
        }
    };
}

#[cfg(unix)]
use tests;
