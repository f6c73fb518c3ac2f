//! The messages of errors: one line names the cause, and a chain of sources repeats nothing.

use std::error::Error;
use std::{fmt, io};

use concurrent_futures::{BrokenError, BuildError, MapError, SubmitError, TaskError};

/// An error with a source, which its message leaves out.
#[derive(Debug)]
struct NotSaved(io::Error);

impl fmt::Display for NotSaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("br.gif is not saved")
    }
}

impl Error for NotSaved {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

fn disk_full() -> io::Error {
    io::Error::other("disk full")
}

/// The messages of an error and all its sources, as `anyhow` and others print them.
fn chain(error: &dyn Error) -> String {
    let sources = std::iter::successors(error.source(), |error| (*error).source());
    let messages = sources.map(ToString::to_string);
    std::iter::once(error.to_string())
        .chain(messages)
        .collect::<Vec<_>>()
        .join(" <- ")
}

#[test]
fn one_line_names_the_cause_and_a_chain_repeats_nothing() {
    let failed = || TaskError::failed(NotSaved(disk_full()));
    let broken = || BrokenError::initializer("no licence");
    let errors: [(Box<dyn Error>, &str); 10] = [
        (
            failed().into(),
            "the task failed: br.gif is not saved <- disk full",
        ),
        (
            TaskError::failed("no such flag").into(),
            "the task failed: no such flag",
        ),
        (
            TaskError::panicked("no such flag").into(),
            "the task panicked: no such flag",
        ),
        (
            TaskError::Broken(broken()).into(),
            "the task did not finish: the pool's initializer failed: no licence",
        ),
        (
            SubmitError::Broken(broken()).into(),
            "the pool is broken: the pool's initializer failed: no licence",
        ),
        (
            SubmitError::NoThread(disk_full()).into(),
            "cannot start a thread for the first worker: disk full",
        ),
        (
            MapError::Task(failed()).into(),
            "the task failed: br.gif is not saved <- disk full",
        ),
        (
            MapError::Submit(SubmitError::Broken(broken())).into(),
            "the map could not submit its next task: the pool is broken: the pool's initializer failed: no licence",
        ),
        (
            BuildError::NoProgram(disk_full()).into(),
            "cannot determine the path of this program: disk full",
        ),
        (
            BuildError::Initializer(TaskError::encode("too long")).into(),
            "the initializer cannot be used: the task or its value cannot be encoded: too long",
        ),
    ];
    for (error, expected) in errors {
        assert_eq!(chain(&*error), expected);
    }
}

#[test]
fn the_error_of_a_task_keeps_its_type() {
    let TaskError::Failed(failure) = TaskError::failed(NotSaved(disk_full())) else {
        panic!("another variant");
    };
    let NotSaved(cause) = failure.downcast_ref().unwrap();
    assert_eq!(cause.kind(), io::ErrorKind::Other);
}
