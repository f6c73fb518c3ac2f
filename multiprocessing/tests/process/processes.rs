//! Processes: their values, their ends, and what can be asked of them.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use multiprocessing::{
    PipeError, Process, ProcessError, SpawnError, active_children, pipe, wait_any,
};
use rustix::process::{Pid as RawPid, Signal, kill_process};

use crate::tasks::*;
use crate::tests;

tests! {
    a_process_returns_the_value_of_its_task,
    a_panic_an_exit_and_a_signal_are_different_errors,
    the_exit_status_distinguishes_a_signal_from_a_code,
    a_process_can_be_ended,
    join_waits_at_most_for_its_timeout,
    running_processes_are_listed_until_they_have_ended,
    the_first_of_several_to_end_is_found,
    a_process_starts_processes,
    a_daemon_ends_with_its_owner,
    an_independent_process_outlives_its_owner,
    an_independent_process_runs_its_task_even_if_its_owner_exits_at_once,
    environment_folder_and_name_can_be_set,
    a_task_that_is_not_registered_is_refused,
    a_program_that_is_another_is_refused,
    a_program_that_is_another_is_refused_however_long_the_task_is,
    long_arguments_and_values_arrive,
    a_process_that_a_task_leaves_behind_does_not_keep_it_alive,
    the_end_of_a_process_is_noticed_while_another_program_keeps_its_connection,
    what_is_not_the_reply_is_an_error,
    a_process_can_have_a_process_group_of_its_own,
}

fn a_process_returns_the_value_of_its_task() {
    let processes = [
        Process::spawn(Pid()).unwrap(),
        Process::spawn(Pid()).unwrap(),
    ];
    let pids = processes.each_ref().map(|process| process.pid());
    assert_ne!(pids[0], pids[1]);
    assert!(!pids.contains(&std::process::id()));
    let values = processes.map(|process| process.into_result().unwrap());
    assert_eq!(values, pids);
}

fn a_panic_an_exit_and_a_signal_are_different_errors() {
    let error = |process: Process<()>| process.into_result().unwrap_err();
    let panicked = Process::spawn(Square(u64::MAX)).unwrap();
    let expected = ProcessError::Panicked("too large".to_owned());
    assert_eq!(panicked.into_result(), Err(expected));
    assert_eq!(
        error(Process::spawn(Exit(0)).unwrap()),
        ProcessError::Exited(0)
    );
    assert_eq!(
        error(Process::spawn(Exit(7)).unwrap()),
        ProcessError::Exited(7)
    );
    assert_eq!(
        error(Process::spawn(Abort()).unwrap()),
        ProcessError::Signaled(6)
    );
    let (process, _pipe) = held();
    process.kill().unwrap();
    let killed = error(process);
    assert_eq!(killed, ProcessError::Signaled(9));
    assert_eq!(killed.to_string(), "the process was ended by signal 9");
}

fn the_exit_status_distinguishes_a_signal_from_a_code() {
    let (process, pipe) = held();
    assert_eq!(process.exit_status(), None);
    drop(pipe);
    assert_eq!(process.join().unwrap().code(), Some(0));
    let (process, _pipe) = held();
    process.terminate().unwrap();
    let status = process.join().unwrap();
    assert_eq!((status.code(), status.signal()), (None, Some(15)));
    assert_eq!(process.exit_status(), Some(status));
}

fn a_process_can_be_ended() {
    for signal in [15, 9] {
        let (process, pipe) = held();
        assert!(process.is_alive());
        let ended = match signal {
            15 => process.terminate(),
            _ => process.kill(),
        };
        ended.unwrap();
        assert_eq!(process.join().unwrap().signal(), Some(signal));
        assert!(!process.is_alive());
        assert!(matches!(pipe.recv(), Err(PipeError::Closed)));
        // There is nothing left to end.
        process.terminate().unwrap();
        process.kill().unwrap();
    }
}

fn join_waits_at_most_for_its_timeout() {
    let (process, pipe) = held();
    assert!(!process.join_timeout(Duration::ZERO));
    assert!(!process.join_timeout(Duration::from_millis(1)));
    drop(pipe);
    assert!(process.join_timeout(WATCHDOG));
    assert!(process.join_timeout(Duration::ZERO));
}

fn running_processes_are_listed_until_they_have_ended() {
    // Other tests of this program have processes as well.
    let listed = |pid| active_children().iter().any(|child| child.pid() == pid);
    let (process, pipe) = held();
    assert!(listed(process.pid()));
    drop(pipe);
    process.join();
    assert!(!listed(process.pid()));
    let (dropped, pipe) = held();
    let pid = dropped.pid();
    drop(dropped);
    let children = active_children();
    let child = children.iter().find(|child| child.pid() == pid).unwrap();
    drop(pipe);
    child.join();
    assert!(!listed(pid));
}

fn the_first_of_several_to_end_is_found() {
    let held = [held(), held(), held()];
    let handles = || held.iter().map(|(process, _)| process.handle());
    assert_eq!(wait_any(handles(), Some(Duration::from_millis(1))), None);
    held[1].0.kill().unwrap();
    assert_eq!(wait_any(handles(), None), Some(1));
    assert_eq!(wait_any([], Some(Duration::ZERO)), None);
}

fn a_process_starts_processes() {
    let process = Process::spawn(Nested()).unwrap();
    let pid = process.pid();
    let (outer, inner) = process.into_result().unwrap();
    assert_eq!(outer, pid);
    assert!(inner != outer && inner != std::process::id());
}

/// Starts a process that starts a process, and kills the first. Returns the pipe to the second, and its process id.
fn orphan(daemon: bool) -> (multiprocessing::PipeEnd<(), u32>, u32) {
    let (to_owner, of_owner) = pipe().unwrap();
    let (to_child, of_child) = pipe::<(), u32>().unwrap();
    let owner = Process::spawn(OwnChild(daemon, of_owner, of_child)).unwrap();
    let child = to_owner.recv().unwrap();
    assert_eq!(to_child.recv().unwrap(), child);
    owner.kill().unwrap();
    assert_eq!(owner.join().unwrap().signal(), Some(9));
    (to_child, child)
}

fn a_daemon_ends_with_its_owner() {
    let (to_child, _) = orphan(true);
    assert!(matches!(to_child.recv(), Err(PipeError::Closed)));
}

fn an_independent_process_outlives_its_owner() {
    let (to_child, child) = orphan(false);
    // A daemon would have this long to end.
    assert_eq!(
        to_child.recv_timeout(Duration::from_millis(100)).unwrap(),
        None
    );
    let pid = RawPid::from_raw(child.cast_signed()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    assert!(matches!(to_child.recv(), Err(PipeError::Closed)));
}

fn an_independent_process_runs_its_task_even_if_its_owner_exits_at_once() {
    for _ in 0..10 {
        let (to_child, of_child) = pipe::<(), u32>().unwrap();
        let owner = Process::spawn(StartAndExit(of_child)).unwrap();
        assert_eq!(owner.join().unwrap().code(), Some(0));
        // It runs until this end is closed.
        assert_ne!(to_child.recv().unwrap(), owner.pid());
    }
}

fn environment_folder_and_name_can_be_set() {
    let builder = Process::builder().env("FLAG", "br").name("reader");
    let process = builder.spawn(Variable("FLAG".to_owned())).unwrap();
    assert_eq!(process.name(), "reader");
    assert_eq!(process.into_result().unwrap().as_deref(), Some("br"));
    let folder = Process::builder().current_dir("/").spawn(Folder()).unwrap();
    assert_eq!(folder.into_result().unwrap(), "/");
    let process = Process::builder().name("nul\0").spawn(Pid()).unwrap();
    assert!(process.into_result().is_ok());
    let error = Process::builder()
        .current_dir("/no/such/folder")
        .spawn(Pid());
    assert!(matches!(error, Err(SpawnError::Io(_))), "{error:?}");
    let unnamed = Process::spawn(Pid()).unwrap();
    assert!(unnamed.name().starts_with("process-"));
}

fn a_task_that_is_not_registered_is_refused() {
    let refused = Process::spawn(Unregistered()).unwrap_err();
    let expected = r#"the task "unregistered" is not registered: add `.with::<process::tasks::Unregistered>()` to the registry"#;
    assert_eq!(refused.to_string(), expected);
}

fn a_program_that_is_another_is_refused() {
    let mut command = std::process::Command::new("sh");
    command.args([
        "-c",
        "echo this is a program that is another one >&0; exec sleep 1000",
    ]);
    let process = Process::builder().command(command).spawn(Pid()).unwrap();
    let handle = process.handle().clone();
    let error = process.into_result().unwrap_err();
    let expected =
        r#"the program that was started announced itself as "this is a program that is""#;
    assert!(error.to_string().starts_with(expected), "{error}");
    assert_eq!(handle.join().unwrap().signal(), Some(9));
}

fn a_program_that_is_another_is_refused_however_long_the_task_is() {
    let mut command = std::process::Command::new("sh");
    // It never reads.
    let script = "echo this is a program that is another one >&0; exec sleep 1000";
    command.args(["-c", script]);
    let task = Echo("x".repeat(8 << 20));
    let process = Process::builder().command(command).spawn(task).unwrap();
    let error = process.into_result().unwrap_err();
    assert!(matches!(error, ProcessError::Refused(_)), "{error}");
}

fn long_arguments_and_values_arrive() {
    let text = "x".repeat(64 << 20);
    let process = Process::spawn(Echo(text.clone())).unwrap();
    assert!(process.into_result().unwrap() == text);
    let process = Process::spawn(LongValue(64)).unwrap();
    assert_eq!(process.into_result().unwrap().len(), 64 << 20);
}

fn a_process_that_a_task_leaves_behind_does_not_keep_it_alive() {
    let process = Process::spawn(LeaveProcess()).unwrap();
    let handle = process.handle().clone();
    let left = process.into_result().unwrap();
    assert_eq!(handle.join().unwrap().code(), Some(0));
    let left = RawPid::from_raw(left.cast_signed()).unwrap();
    kill_process(left, Signal::KILL).unwrap();
}

/// Returns the command that starts this program with its connection as descriptor 7 as well, which programs that it starts
/// inherit.
fn with_leaked_connection() -> std::process::Command {
    let mut command = std::process::Command::new("sh");
    command.args(["-c", r#"exec 7<&0; exec "$0" "$@""#]);
    command.arg(std::env::current_exe().unwrap());
    command
}

fn the_end_of_a_process_is_noticed_while_another_program_keeps_its_connection() {
    let (here, there) = pipe().unwrap();
    let builder = Process::builder().command(with_leaked_connection());
    let process = builder.spawn(LeaveConnection(there)).unwrap();
    let left = here.recv().unwrap();
    process.kill().unwrap();
    assert_eq!(process.join().unwrap().signal(), Some(9));
    assert_eq!(process.into_result(), Err(ProcessError::Signaled(9)));
    let left = RawPid::from_raw(left.cast_signed()).unwrap();
    kill_process(left, Signal::KILL).unwrap();
}

fn what_is_not_the_reply_is_an_error() {
    // The start of the first looks like the length of a long frame, that of the second like one that is impossible.
    for text in ["pid 1234 started", "\u{7f}\u{7f}\u{7f}\u{7f}12345678"] {
        let builder = Process::builder().command(with_leaked_connection());
        let process = builder.spawn(WriteToConnection(text.to_owned())).unwrap();
        let error = process.into_result().unwrap_err();
        assert!(matches!(error, ProcessError::Protocol(_)), "{error:?}");
    }
}

fn a_process_can_have_a_process_group_of_its_own() {
    let group = |process: &Process<()>| {
        let pid = RawPid::from_raw(process.pid().cast_signed());
        rustix::process::getpgid(pid).unwrap()
    };
    let (shared, _pipe) = held();
    assert_eq!(group(&shared), rustix::process::getpgrp());
    let (here, there) = pipe::<(), u32>().unwrap();
    let own = Process::builder()
        .process_group()
        .spawn(Hold(there))
        .unwrap();
    here.recv().unwrap();
    assert_eq!(group(&own).as_raw_nonzero().get().unsigned_abs(), own.pid());
}
