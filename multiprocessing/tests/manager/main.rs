//! Tests of managers: each object is used from several processes, which are this test program, started again.
#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

#[cfg(target_os = "linux")]
mod endings;
#[cfg(target_os = "linux")]
mod kills;
#[cfg(target_os = "linux")]
mod objects;
#[cfg(target_os = "linux")]
mod strangers;
#[cfg(target_os = "linux")]
mod support;
#[cfg(target_os = "linux")]
mod tasks;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    multiprocessing::serve(tasks::registry());
    let tests = [
        endings::tests(),
        kills::tests(),
        objects::tests(),
        strangers::tests(),
    ];
    let tests = tests.into_iter().flatten().collect();
    libtest_mimic::run(&libtest_mimic::Arguments::from_args(), tests).exit_code()
}

/// The tests look at processes in /proc.
#[cfg(not(target_os = "linux"))]
fn main() {}
