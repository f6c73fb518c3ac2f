//! What the processes of these tests do.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use multiprocessing::{JoinableQueue, PipeEnd, Process, Queue, Registry, RemoteError, pipe, task};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Longer than any test takes, unless it hangs.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(120);

/// Runs a test and fails, instead of hanging, if it does not end in time.
pub(crate) fn in_time(test: fn()) {
    let (sender, receiver) = channel();
    let thread = thread::spawn(move || {
        test();
        let _ = sender.send(());
    });
    if receiver.recv_timeout(WATCHDOG) == Err(RecvTimeoutError::Timeout) {
        panic!("still not done after {WATCHDOG:?}");
    }
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

fn pid() -> u32 {
    std::process::id()
}

fn square(n: u64) -> u64 {
    n.checked_mul(n).expect("too large")
}

#[expect(clippy::exit, reason = "the end of the process is what is tested")]
fn exit(code: i32) {
    std::process::exit(code)
}

fn abort() {
    std::process::abort()
}

fn echo(text: String) -> String {
    text
}

fn variable(name: String) -> Option<String> {
    std::env::var(name).ok()
}

fn folder() -> String {
    std::env::current_dir().unwrap().display().to_string()
}

/// Sends its process id, and waits until the other end is closed.
fn hold(pipe: PipeEnd<u32, ()>) {
    pipe.send(std::process::id()).unwrap();
    let _ = pipe.recv();
}

/// Answers each number with its double.
fn double(pipe: PipeEnd<u64>) {
    for number in pipe.iter() {
        pipe.send(2 * number.unwrap()).unwrap();
    }
}

/// Adds one to each number that arrives and passes it on, until it is `last`. Returns the process id.
fn count(pipe: PipeEnd<u64>, last: u64) -> u32 {
    for number in pipe.iter() {
        let next = number.unwrap() + 1;
        if pipe.send(next).is_err() || next >= last {
            break;
        }
    }
    std::process::id()
}

/// Sends an end of a new pipe through the pipe, and then speaks through the other end.
fn send_end(pipe: PipeEnd<PipeEnd<(), String>, ()>) {
    let (here, there) = multiprocessing::pipe::<String, ()>().unwrap();
    pipe.send(there).unwrap();
    here.send(format!("from {}", std::process::id())).unwrap();
}

/// Receives an end through the pipe, and returns what arrives there.
fn receive_end(pipe: PipeEnd<(), PipeEnd<(), String>>) -> String {
    pipe.recv().unwrap().recv().unwrap()
}

/// Returns all that arrives.
fn drain(pipe: PipeEnd<(), u64>) -> Vec<u64> {
    pipe.iter().map(Result::unwrap).collect()
}

/// Starts a process in this process, and returns the process ids of both.
fn nested() -> (u32, u32) {
    let inner = Process::spawn(Pid()).unwrap();
    (std::process::id(), inner.into_result().unwrap())
}

/// Starts a process that outlives this one or not, tells its process id, and waits to be killed.
fn own_child(daemon: bool, pipe: PipeEnd<u32, ()>, of_child: PipeEnd<u32, ()>) {
    let child = Process::builder()
        .daemon(daemon)
        .spawn(Hold(of_child))
        .unwrap();
    pipe.send(child.pid()).unwrap();
    let _ = pipe.recv();
}

/// Starts a process that outlives this one, and exits at once.
#[expect(clippy::exit, reason = "the end of the process is what is tested")]
fn start_and_exit(of_child: PipeEnd<u32, ()>) {
    let builder = Process::builder().daemon(false);
    builder.spawn(Hold(of_child)).unwrap();
    std::process::exit(0)
}

/// Leaves a process that keeps everything open that it inherits, and ends.
fn leave_process() -> u32 {
    let mut sleep = Command::new("sleep");
    sleep
        .arg("1000")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    sleep.spawn().unwrap().id()
}

fn long_value(megabytes: usize) -> String {
    "x".repeat(megabytes << 20)
}

/// Takes a number from one queue, and puts it into the other with the process id.
fn consume_one(numbers: Queue<u64>, results: Queue<(u32, u64)>) -> Result<(), RemoteError> {
    Ok(results.put((std::process::id(), numbers.get()?))?)
}

/// Receives a queue, and puts the process id into it.
fn answer_through_queue(queues: Queue<Queue<u64>>) -> Result<(), RemoteError> {
    Ok(queues.get()?.put(u64::from(std::process::id()))?)
}

fn answer_through_pipe(pipe: PipeEnd<(), Queue<u64>>) -> Result<(), RemoteError> {
    Ok(pipe.recv()?.put(u64::from(std::process::id()))?)
}

/// Takes an item and keeps it.
fn take_and_hold(queue: JoinableQueue<u64>, taken: Queue<u32>) -> Result<(), RemoteError> {
    let _item = queue.get()?;
    taken.put(std::process::id())?;
    loop {
        std::thread::park();
    }
}

/// Makes a queue, sends it, and keeps it.
fn own_queue(pipe: PipeEnd<Queue<u64>, ()>) -> Result<(), RemoteError> {
    pipe.send(Queue::new(None)?)?;
    loop {
        std::thread::park();
    }
}

/// Makes queues while the process may not open descriptors, and one when it may. Returns the errors of the first.
fn make_queues_without_descriptors() -> Result<Vec<String>, RemoteError> {
    let before = getrlimit(Resource::Nofile);
    let next_free = File::open("/dev/null").unwrap().as_raw_fd();
    let mut errors = Vec::new();
    for more in 0..=4 {
        let limit = u64::from(next_free.unsigned_abs()) + more;
        let current = Some(limit);
        setrlimit(Resource::Nofile, Rlimit { current, ..before }).unwrap();
        errors.extend(Queue::<u64>::new(None).err().map(|error| error.to_string()));
    }
    setrlimit(Resource::Nofile, before).unwrap();
    let queue = Queue::new(None)?;
    queue.put(7)?;
    assert_eq!(queue.get()?, 7);
    Ok(errors)
}

/// Receives ends of pipes while the process may open only one more descriptor, and again when it may open more. Returns
/// their numbers, or the errors.
fn receive_without_descriptors(pipe: PipeEnd<(), Vec<PipeEnd<()>>>) -> Vec<Result<usize, String>> {
    let receive = || match pipe.recv() {
        Ok(ends) => Ok(ends.len()),
        Err(error) => Err(error.to_string()),
    };
    let before = getrlimit(Resource::Nofile);
    let next_free = File::open("/dev/null").unwrap().as_raw_fd();
    let current = Some(u64::from(next_free.unsigned_abs()) + 1);
    setrlimit(Resource::Nofile, Rlimit { current, ..before }).unwrap();
    let first = receive();
    setrlimit(Resource::Nofile, before).unwrap();
    vec![first, receive()]
}

task!(pub(crate) ConsumeOne = fn consume_one(numbers: Queue<u64>, results: Queue<(u32, u64)>) -> Result<(), RemoteError>);
task!(pub(crate) AnswerThroughQueue = fn answer_through_queue(queues: Queue<Queue<u64>>) -> Result<(), RemoteError>);
task!(pub(crate) AnswerThroughPipe = fn answer_through_pipe(pipe: PipeEnd<(), Queue<u64>>) -> Result<(), RemoteError>);
task!(pub(crate) TakeAndHold = fn take_and_hold(queue: JoinableQueue<u64>, taken: Queue<u32>) -> Result<(), RemoteError>);
task!(pub(crate) OwnQueue = fn own_queue(pipe: PipeEnd<Queue<u64>, ()>) -> Result<(), RemoteError>);
/// Lets a shell write to the connection of this process, which it has as descriptor 7.
fn write_to_connection(text: String) {
    let mut shell = Command::new("sh");
    shell.args(["-c", "printf %s \"$0\" >&7", &text]);
    assert!(shell.status().unwrap().success());
}

/// Leaves a program that keeps the connection of this process open, and waits to be killed.
fn leave_connection(pipe: PipeEnd<u32, ()>) {
    let mut shell = Command::new("sh");
    shell.args(["-c", "sleep 1000 <&7 >/dev/null 2>&1 & echo $!"]);
    let output = shell.output().unwrap();
    let pid = String::from_utf8(output.stdout).unwrap();
    pipe.send(pid.trim().parse().unwrap()).unwrap();
    let _ = pipe.recv();
}

task!(pub(crate) WriteToConnection = fn write_to_connection(text: String));
task!(pub(crate) LeaveConnection = fn leave_connection(pipe: PipeEnd<u32, ()>));
task!(pub(crate) Pid = fn pid() -> u32);
task!(pub(crate) Square = fn square(n: u64) -> u64);
task!(pub(crate) Exit = fn exit(code: i32));
task!(pub(crate) Abort = fn abort());
task!(pub(crate) Echo = fn echo(text: String) -> String);
task!(pub(crate) Variable = fn variable(name: String) -> Option<String>);
task!(pub(crate) Folder = fn folder() -> String);
task!(pub(crate) Hold = fn hold(pipe: PipeEnd<u32, ()>));
task!(pub(crate) Double = fn double(pipe: PipeEnd<u64>));
task!(pub(crate) Count = fn count(pipe: PipeEnd<u64>, last: u64) -> u32);
task!(pub(crate) SendEnd = fn send_end(pipe: PipeEnd<PipeEnd<(), String>, ()>));
task!(pub(crate) ReceiveEnd = fn receive_end(pipe: PipeEnd<(), PipeEnd<(), String>>) -> String);
task!(pub(crate) Drain = fn drain(pipe: PipeEnd<(), u64>) -> Vec<u64>);
task!(pub(crate) Nested = fn nested() -> (u32, u32));
task!(pub(crate) OwnChild = fn own_child(daemon: bool, pipe: PipeEnd<u32, ()>, of_child: PipeEnd<u32, ()>));
task!(pub(crate) StartAndExit = fn start_and_exit(of_child: PipeEnd<u32, ()>));
task!(pub(crate) MakeQueuesWithoutDescriptors = fn make_queues_without_descriptors() -> Result<Vec<String>, RemoteError>);
task!(pub(crate) ReceiveWithoutDescriptors = fn receive_without_descriptors(pipe: PipeEnd<(), Vec<PipeEnd<()>>>) -> Vec<Result<usize, String>>);
task!(pub(crate) LeaveProcess = fn leave_process() -> u32);
task!(pub(crate) LongValue = fn long_value(megabytes: usize) -> String);
task!(pub(crate) Unregistered = fn pid() -> u32, name = "unregistered");

pub(crate) fn registry() -> Registry {
    Registry::new()
        .with::<Pid>()
        .with::<Square>()
        .with::<Exit>()
        .with::<Abort>()
        .with::<Echo>()
        .with::<Variable>()
        .with::<Folder>()
        .with::<Hold>()
        .with::<Double>()
        .with::<Count>()
        .with::<SendEnd>()
        .with::<ReceiveEnd>()
        .with::<Drain>()
        .with::<Nested>()
        .with::<OwnChild>()
        .with::<StartAndExit>()
        .with::<MakeQueuesWithoutDescriptors>()
        .with::<ReceiveWithoutDescriptors>()
        .with::<LeaveProcess>()
        .with::<LongValue>()
        .with::<WriteToConnection>()
        .with::<LeaveConnection>()
        .with::<ConsumeOne>()
        .with::<AnswerThroughQueue>()
        .with::<AnswerThroughPipe>()
        .with::<TakeAndHold>()
        .with::<OwnQueue>()
}

/// Starts a process that runs until the pipe is closed, and waits until it runs.
pub(crate) fn held() -> (Process<()>, PipeEnd<(), u32>) {
    let (here, there) = pipe().unwrap();
    let process = Process::spawn(Hold(there)).unwrap();
    assert_eq!(here.recv().unwrap(), process.pid());
    (process, here)
}
