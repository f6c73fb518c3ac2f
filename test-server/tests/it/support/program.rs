//! Starts and stops the program.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// Returns the command that starts the three servers on these ports.
pub(crate) fn command(ports: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_test-server"));
    command.env("FLAGS_PORTS", ports);
    command
}

/// Returns the command that starts the program in a shell after this command, such as `ulimit -n 20`.
#[allow(dead_code, reason = "tests/crowd.rs uses this file as well")]
pub(crate) fn limited_command(limit: &str, args: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("{limit} && exec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_test-server"))
        .args(args);
    command
}

/// A running program, killed when dropped, so that a failing test leaves none behind.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the program on free ports. Returns it with the first lines that it prints.
pub(crate) fn start(args: &[&str], lines: usize) -> (Running, Vec<String>) {
    let mut child = command("0,0,0")
        .args(args)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let lines = out.lines().take(lines).map(Result::unwrap).collect();
    (Running(child), lines)
}

/// Sends the signal, waits for the end of the program and returns its exit code.
pub(crate) fn stop(mut running: Running, signal: Signal) -> Option<i32> {
    kill_process(Pid::from_child(&running.0), signal).unwrap();
    running.0.wait().unwrap().code()
}

/// Returns the port in the line of a server.
pub(crate) fn port(line: &str) -> u16 {
    let (_, rest) = line.split_once("http://localhost:").unwrap();
    rest.split_once('/').unwrap().0.parse().unwrap()
}
