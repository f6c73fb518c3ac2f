//! Starts and ends the program.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// The program with its three servers on these ports.
pub(crate) fn command(ports: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_test-server"));
    command.env("FLAGS_PORTS", ports);
    command
}

/// A running program; a test that fails does not leave it behind.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program on free ports, and the first lines it printed.
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

/// Sends the signal and waits; returns the exit code.
pub(crate) fn stop(mut running: Running, signal: Signal) -> Option<i32> {
    kill_process(Pid::from_child(&running.0), signal).unwrap();
    running.0.wait().unwrap().code()
}

/// The port in the line of a server.
pub(crate) fn port(line: &str) -> u16 {
    let (_, rest) = line.split_once("http://localhost:").unwrap();
    rest.split_once('/').unwrap().0.parse().unwrap()
}
