//! One run of a comparison: this program once more, told by its arguments what to do, and asked for its report.

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

/// A run that another process is to do.
pub(super) struct Child<'a> {
    pub(super) config: &'a Config,
    pub(super) base: &'a BaseUrl,
    pub(super) series: Series,
    pub(super) dest: &'a Path,
}

impl Child<'_> {
    /// Runs it to its end, or until `stop`, and reads what it reports.
    ///
    /// # Errors
    /// When it cannot be started, and when it ends without a report.
    pub(super) fn run(&self, stop: &CancellationToken) -> io::Result<RunReport> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(self.args())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        own_group(&mut command);
        let mut process = command.spawn()?;
        let mut out = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;

        let mut text = String::new();
        let ended = CancellationToken::new();
        let read = thread::scope(|scope| {
            let forwarding = scope.spawn(|| forward(&process, stop, &ended));
            let read = out.read_to_string(&mut text);
            ended.cancel();
            // An `Err` is a panic, which has been reported there.
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

    /// What is typed for such a run.
    fn args(&self) -> Vec<OsString> {
        // Every field is named, so that a new option cannot be forgotten here.
        let Config {
            mode: _,    // this run is one of its series
            server: _,  // `base` says where it is
            ports: _,   // likewise
            dest: _,    // each run has a folder of its own
            reports: _, // written by the process that compares
            fail_on_not_found: _,
            codes,
            limits:
                RequestLimits {
                    connect_timeout,
                    timeout,
                    size,
                },
            retries,
            verbose,
            quiet,
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
        ];
        for (option, value) in options {
            args.extend([option.into(), value.into()]);
        }
        args.extend(["--dest".into(), self.dest.into()]);
        args.extend(verbose.then(|| "--verbose".into()));
        args.extend(quiet.then(|| "--quiet".into()));
        args.extend(codes.iter().map(|code| code.to_string().into()));
        args
    }
}

/// Ctrl-C in a terminal goes to every process of a group. This one shall hear of it once, from us.
#[cfg(unix)]
fn own_group(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0);
}

/// Here there are no groups: Ctrl-C goes to all.
#[cfg(not(unix))]
fn own_group(_command: &mut Command) {}

/// Tells the process to end in order once `stop` is cancelled; returns when the process has ended.
#[cfg(unix)]
fn forward(process: &std::process::Child, stop: &CancellationToken, ended: &CancellationToken) {
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
        // It has not been waited for, so the number is still its own.
        let _ = kill_process(Pid::from_child(process), Signal::TERM);
    }
}

#[cfg(not(unix))]
fn forward(_process: &std::process::Child, _stop: &CancellationToken, _ended: &CancellationToken) {}
