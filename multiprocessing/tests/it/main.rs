//! Tests of child processes. The children are this test program, started again to run only the test
//! `started_by_a_test`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use multiprocessing::{
    CANCEL, Child, Frame, Launcher, Receiver, Refusal, Registry, Role, compare_versions, serve,
};
use portable_task::{PortableTask, TaskId, current, decode_reply, encode_call, task};

/// Longer than any test waits, unless it hangs.
const WATCHDOG: Duration = Duration::from_secs(60);

fn square(n: u64) -> u64 {
    n * n
}

fn until_cancelled() -> bool {
    while !current().is_cancelled() {
        std::thread::yield_now();
    }
    true
}

task!(Square = fn square(n: u64) -> u64, name = "square");
task!(UntilCancelled = fn until_cancelled() -> bool);

fn registry() -> Registry {
    Registry::new().with::<Square>().with::<UntilCancelled>()
}

/// The entry point of the children. Does nothing in an ordinary run of the tests.
#[test]
fn started_by_a_test() {
    if std::env::var_os(IS_CHILD).is_some() {
        serve(registry());
    }
}

const IS_CHILD: &str = "MULTIPROCESSING_TEST_IS_CHILD";

fn this_program() -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["started_by_a_test", "--exact", "--nocapture"]);
    command.arg("--test-threads=1").env(IS_CHILD, "1");
    command.stdout(Stdio::null());
    command
}

/// A worker that has announced itself.
struct Worker {
    child: Child,
    socket: Arc<UnixStream>,
    receiver: Receiver,
}

impl Worker {
    fn start() -> Self {
        let launcher = Launcher::new(this_program(), Role::Worker).unwrap();
        let (child, socket) = launcher.launch().unwrap();
        let mut receiver = Receiver::new();
        let announced = receiver.receive_announcement(&socket, Role::Worker, WATCHDOG);
        let mut tasks = announced.unwrap();
        tasks.sort();
        let mut expected: Vec<TaskId> = registry().tasks().collect();
        expected.sort();
        assert_eq!(tasks, expected);
        let socket = Arc::new(socket);
        Self {
            child,
            socket,
            receiver,
        }
    }

    fn send(&self, number: u64, task: impl PortableTask) {
        let mut frame = Frame::new();
        encode_call(task, frame.body()).unwrap();
        frame.finish(number).unwrap();
        (&*self.socket).write_all(frame.as_bytes()).unwrap();
    }

    fn receive(&mut self) -> Option<(u64, Vec<u8>)> {
        let mut reply = Vec::new();
        let received = self.receiver.receive(&self.socket, &mut reply);
        received.unwrap().map(|number| (number, reply))
    }
}

#[test]
fn a_worker_replies_under_the_numbers_of_its_requests_and_ends_with_the_stream() {
    let mut worker = Worker::start();
    let numbers = [7, 3, 1 << 40];
    for number in numbers {
        worker.send(number, Square(number % 100));
    }
    worker.socket.shutdown(std::net::Shutdown::Write).unwrap();
    for expected in numbers {
        let (number, reply) = worker.receive().unwrap();
        assert_eq!(number, expected);
        assert_eq!(decode_reply::<u64>(&reply), Ok((expected % 100).pow(2)));
    }
    assert_eq!(worker.receive(), None);
    assert_eq!(worker.child.end().unwrap().code(), Some(0));
}

#[test]
fn a_running_task_learns_that_it_is_cancelled() {
    let mut worker = Worker::start();
    worker.send(1, UntilCancelled());
    let mut cancel = Frame::new();
    cancel.finish(CANCEL).unwrap();
    (&*worker.socket).write_all(cancel.as_bytes()).unwrap();
    let (number, reply) = worker.receive().unwrap();
    assert_eq!((number, decode_reply(&reply)), (1, Ok(true)));
    // The worker continues.
    worker.send(2, Square(3));
    assert_eq!(worker.receive().unwrap().0, 2);
}

#[test]
fn a_signal_after_the_end_is_none() {
    let worker = Worker::start();
    worker.child.terminate().unwrap();
    let status = worker.child.end().unwrap();
    assert_eq!(status.to_string(), "signal: 15 (SIGTERM)");
    worker.child.terminate().unwrap();
    worker.child.kill().unwrap();
    assert_eq!(worker.child.end(), Some(status));
}

#[test]
fn a_child_whose_connection_is_closed_ends_even_in_a_task() {
    let worker = Worker::start();
    worker.send(1, UntilCancelled());
    drop(worker.socket);
    assert_eq!(
        worker.child.wait().unwrap().to_string(),
        "signal: 9 (SIGKILL)"
    );
}

#[test]
fn a_program_that_is_not_a_worker_is_refused() {
    let refusal = |script: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stderr(Stdio::null());
        let launcher = Launcher::new(command, Role::Worker).unwrap();
        let (child, socket) = launcher.launch().unwrap();
        let limit = match script {
            "exec sleep 1000" => Duration::from_millis(50),
            _ => WATCHDOG,
        };
        let refusal = Receiver::new().receive_announcement(&socket, Role::Worker, limit);
        child.kill().unwrap();
        child.end();
        refusal.unwrap_err()
    };
    assert_eq!(refusal("exit 3"), Refusal::Ended(Role::Worker));
    assert!(matches!(refusal("exec sleep 1000"), Refusal::Silent(..)));
    let other = refusal("echo I am another program, though >&0; exec sleep 1000");
    let message =
        r#"announced itself as "I am another program, th" and not as "multiprocessing-1-worker""#;
    assert_eq!(other.to_string(), message);
    let cut = refusal("printf multiprocessing-1-worker >&0");
    assert_eq!(cut, Refusal::Ended(Role::Worker));
}

#[test]
fn a_child_of_another_version_of_the_protocol_says_so_and_ends() {
    let mut command = this_program();
    let output = command.arg("multiprocessing-0-worker").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let printed = String::from_utf8(output.stderr).unwrap();
    let expected = r#"cannot run as a child process: started with "multiprocessing-0-worker""#;
    assert!(printed.contains(expected), "{printed}");
}

#[test]
fn a_task_in_another_version_is_found_and_a_missing_one_is_none() {
    task!(NewSquare = fn square(n: u64) -> u64, name = "square", version = 2);

    let there: Vec<TaskId> = Registry::new().with::<NewSquare>().tasks().collect();
    let refusal = compare_versions(&registry(), &there).unwrap_err();
    let message = r#"has the task "square" in version 2, and this program in version 1"#;
    assert_eq!(refusal.to_string(), message);
    assert_eq!(compare_versions(&registry(), &[]), Ok(()));
    assert_eq!(compare_versions(&Registry::new(), &there), Ok(()));
}

#[test]
fn messages_name_this_program_and_not_the_link_to_its_file() {
    serve(registry());
    let launcher = Launcher::this_program(Role::Worker).unwrap();
    let program = std::env::current_exe().unwrap();
    assert_eq!(launcher.program(), program.display().to_string());
    let other = Launcher::new(Command::new("other-program"), Role::Worker).unwrap();
    assert_eq!(other.program(), "other-program");
}
