//! One run of a comparison in its own process: starts this program again with arguments for that run, and reads its
//! report.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio_util::sync::CancellationToken;

use crate::cli::{Config, Series};
use crate::job::RequestLimits;
use crate::report::{Report, RunReport};
use crate::server::BaseUrl;

/// A run for another process.
pub(super) struct Child<'a> {
    pub(super) config: &'a Config,
    /// Where the server of the comparison is.
    pub(super) base: &'a BaseUrl,
    /// The strategy and the connection limit of the run.
    pub(super) series: Series,
    /// The folder of this run.
    pub(super) dest: &'a Path,
}

impl Child<'_> {
    /// Starts the process, waits for it and returns its report. When `stop` is cancelled, the process is stopped early
    /// (by SIGTERM on Unix), and still reports.
    ///
    /// # Errors
    /// If the process cannot be started, and when it ends without a report.
    pub(super) fn run(&self, stop: &CancellationToken) -> io::Result<RunReport> {
        let mut command = this_program()?;
        command
            .args(self.args())
            .stdin(Stdio::piped()) // closed when this process ends; see `prepare_process`
            .stdout(Stdio::piped());
        set_process_group(&mut command);
        let mut process = command.spawn().map_err(|error| {
            let message = format!("cannot start {}: {error}", self.series.strategy);
            io::Error::new(error.kind(), message)
        })?;
        let mut out = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;

        let mut text = String::new();
        let ended = CancellationToken::new();
        let read = thread::scope(|scope| {
            let forwarding = scope.spawn(|| forward_stop(&process, stop, &ended));
            let read = out.read_to_string(&mut text);
            ended.cancel();
            // An `Err` is a panic, which the panic hook has printed.
            let _ = forwarding.join();
            read
        });
        let status = process.wait()?;
        read?;
        let report: Result<Report, _> = serde_json::from_str(&text);
        match report.ok().and_then(|mut report| report.runs.pop()) {
            Some(run) => Ok(run),
            None => {
                let message = format!("{} ended without a report ({status})", self.series.strategy);
                Err(io::Error::other(message))
            }
        }
    }

    /// Returns the command-line arguments for the run.
    fn args(&self) -> Vec<OsString> {
        // Every field is named, so that a new option does not compile until it is handled here.
        let Config {
            mode: _,              // `series` replaces it
            server: _,            // `base` replaces it
            ports: _,             // likewise
            dest: _,              // each run has its own folder
            reports: _,           // written by the comparing process
            fail_on_not_found: _, // decides the exit code of the comparing process
            above_most: _,        // reported by the comparing process
            max_time: _,          // kept by the comparing process, which stops the run
            codes,
            limits:
                RequestLimits {
                    connect_timeout,
                    timeout,
                    size,
                    allow_downgrade,
                },
            fsync,
            retries,
            verbose,
            quiet,
            color,
        } = self.config;
        let Series {
            strategy,
            connections,
        } = self.series;
        let seconds = |time: &Duration| time.as_secs_f64().to_string();
        let mut args: Vec<OsString> = vec!["--one-of-several".into()];
        let options = [
            ("--server", self.base.expose().to_owned()),
            ("--strategy", strategy.name().to_owned()),
            ("--max_req", connections.to_string()),
            ("--timeout", seconds(timeout)),
            ("--connect-timeout", seconds(connect_timeout)),
            ("--size-limit", size.to_string()),
            ("--retries", retries.to_string()),
            ("--report", "-".to_owned()),
            ("--color", color.word().to_owned()),
        ];
        for (option, value) in options {
            args.extend([option.into(), value.into()]);
        }
        args.extend(["--dest".into(), self.dest.into()]);
        args.extend(allow_downgrade.then(|| "--allow-downgrade".into()));
        args.extend(fsync.then(|| "--fsync".into()));
        args.extend(verbose.then(|| "--verbose".into()));
        args.extend(quiet.then(|| "--quiet".into()));
        args.extend(codes.iter().map(|code| code.to_string().into()));
        args
    }
}

/// Returns a command that runs the file of this program, even if it has been removed or another file has taken its name:
/// all runs of a comparison must execute the same code.
#[cfg(target_os = "linux")]
fn this_program() -> io::Result<Command> {
    use std::os::unix::process::CommandExt as _;
    let mut command = Command::new("/proc/self/exe");
    command.arg0(std::env::current_exe()?);
    Ok(command)
}

/// Returns a command that runs the file of this name. Only Linux can start the file that this program runs.
#[cfg(not(target_os = "linux"))]
fn this_program() -> io::Result<Command> {
    std::env::current_exe().map(Command::new)
}

/// Prepares the current process, which is that of a run: names it, and cancels `stop` when the comparing process ends,
/// even if it is killed. That process holds the other end of standard input and writes nothing to it.
///
/// # Errors
/// If no thread can be started.
pub(crate) fn prepare_process(stop: &CancellationToken) -> io::Result<()> {
    name_process();
    let stop = stop.clone();
    let wait_for_parent = move || {
        // An error also means that the other end is gone.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        stop.cancel();
    };
    let thread = thread::Builder::new().name("parent-watch".to_owned());
    // Never joined: it ends with the process.
    thread.spawn(wait_for_parent).map(drop)
}

/// Gives this process the name of its program, which `ps` and `killall` use. A program that is started as
/// `/proc/self/exe` is named `exe`.
#[cfg(target_os = "linux")]
fn name_process() {
    // The run works under any name.
    let _ = rustix::thread::set_name(c"flags");
}

/// Does nothing: the process is started by the name of its program.
#[cfg(not(target_os = "linux"))]
fn name_process() {}

/// Puts the process into its own process group. A terminal sends Ctrl-C to every process of a group. This one must be
/// signalled only once, by [`forward_stop`]: a second signal would end it without a report.
#[cfg(unix)]
fn set_process_group(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0);
}

/// Does nothing: without process groups, Ctrl-C reaches every process.
#[cfg(not(unix))]
fn set_process_group(_command: &mut Command) {}

/// Sends SIGTERM to the process when `stop` is cancelled. Returns after that, or once `ended` is cancelled.
#[cfg(unix)]
fn forward_stop(
    process: &std::process::Child,
    stop: &CancellationToken,
    ended: &CancellationToken,
) {
    use rustix::process::{Pid, Signal, kill_process};
    let Ok(runtime) = runtime::Builder::new_current_thread().build() else {
        return;
    };
    let stopped = runtime.block_on(async {
        tokio::select! {
            biased;
            () = ended.cancelled() => false,
            () = stop.cancelled() => true,
        }
    });
    if stopped {
        // The process has not been waited for, so its id cannot have been reused.
        let _ = kill_process(Pid::from_child(process), Signal::TERM);
    }
}

/// Does nothing: Ctrl-C reaches the process directly.
#[cfg(not(unix))]
fn forward_stop(
    _process: &std::process::Child,
    _stop: &CancellationToken,
    _ended: &CancellationToken,
) {
}
