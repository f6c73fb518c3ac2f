//! The program and its output; runs that a test observes while they are in progress.

use std::ffi::OsStr;
use std::process::{Command, Output};

/// The name of the program file.
pub(crate) const GCD: &str = env!("CARGO_BIN_EXE_gcd");

/// A pair for which the loop takes centuries.
#[cfg(target_os = "linux")]
pub(crate) const ENDLESS: &str = "18446744073709551615,18446744073709551614";

/// The result of a run of the program.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit code; `None` if a signal ended the process.
    pub(crate) exit: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            exit: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn lines(&self) -> Vec<&str> {
        self.out.lines().collect()
    }
}

/// Runs the program with these arguments until it ends.
pub(crate) fn gcd(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
    Run::of(Command::new(GCD).args(args).output().unwrap())
}

#[cfg(target_os = "linux")]
pub(crate) use self::running::{Running, wait_until_gone};

#[cfg(target_os = "linux")]
mod running {
    use std::fs;
    use std::process::{Child, Command, Stdio};
    use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::process::{Pid, Signal, kill_process};

    use super::{GCD, Run};

    /// Longer than any test takes. A test that waits for the program must not hang.
    const WATCHDOG: Duration = Duration::from_secs(100);

    /// The processor time, in hundredths of a second, after which a process is no longer starting.
    const BUSY: u64 = 10;

    /// A run in progress. It is killed when the watchdog expires; dropping this ends the watchdog.
    pub(crate) struct Running {
        child: Child,
        _watchdog: Sender<()>,
    }

    impl Running {
        pub(crate) fn start(args: &[&str]) -> Self {
            let mut command = Command::new(GCD);
            let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
            let child = piped.args(args).spawn().unwrap();
            let pid = Pid::from_child(&child);
            let (watchdog, ended) = channel();
            thread::spawn(move || {
                if ended.recv_timeout(WATCHDOG) == Err(RecvTimeoutError::Timeout) {
                    let _ = kill_process(pid, Signal::KILL);
                }
            });
            Self {
                child,
                _watchdog: watchdog,
            }
        }

        /// Waits until the program or a process that it started computes. Returns the id of that process.
        pub(crate) fn wait_until_busy(&self) -> Pid {
            let (began, own) = (Instant::now(), Pid::from_child(&self.child));
            loop {
                let mut all = self.processes().into_iter();
                if let Some((pid, _)) = all.find(|(_, time)| *time >= BUSY) {
                    return pid;
                }
                assert!(!is_gone(own), "the program has ended");
                assert!(began.elapsed() < WATCHDOG, "the program waits");
                thread::yield_now();
            }
        }

        /// Returns this process, those that it started, those that they started and so on, each with its processor time.
        pub(crate) fn processes(&self) -> Vec<(Pid, u64)> {
            let all = fs::read_dir("/proc").unwrap().filter_map(|entry| {
                let stat = fs::read_to_string(entry.unwrap().path().join("stat")).ok()?;
                // The name, in parentheses, may contain spaces.
                let (start, rest) = (stat.split(' ').next()?, stat.rsplit_once(')')?.1);
                let fields: Vec<_> = rest.split_whitespace().collect();
                let number = |text: &str| text.parse::<i32>().ok();
                let time = fields.get(11)?.parse::<u64>().ok()?;
                Some((number(start)?, number(fields.get(1)?)?, time))
            });
            let all: Vec<_> = all.collect();
            let mut family = vec![Pid::from_child(&self.child).as_raw_pid()];
            let mut i = 0;
            while let Some(&parent) = family.get(i) {
                let children = all.iter().filter(|(_, of, _)| *of == parent);
                family.extend(children.map(|(pid, ..)| *pid));
                i += 1;
            }
            let with_time = family.iter().filter_map(|pid| {
                let (_, _, time) = all.iter().find(|(other, ..)| other == pid)?;
                Some((Pid::from_raw(*pid)?, *time))
            });
            with_time.collect()
        }

        pub(crate) fn signal(&self, signal: Signal) {
            kill_process(Pid::from_child(&self.child), signal).unwrap();
        }

        /// Waits for the end of the program.
        pub(crate) fn wait(self) -> Run {
            Run::of(self.child.wait_with_output().unwrap())
        }
    }

    /// Returns whether the process has ended. Its entry may be left.
    fn is_gone(pid: Pid) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid()));
        stat.map_or(true, |stat| stat.contains(") Z "))
    }

    /// Waits until the process has ended.
    pub(crate) fn wait_until_gone(pid: Pid) {
        let began = Instant::now();
        while !is_gone(pid) {
            assert!(began.elapsed() < WATCHDOG, "{pid:?} is still there");
            thread::yield_now();
        }
    }
}
