//! One run of a comparison in its own process: starts this program again with arguments for that run, passes on what it
//! prints, and receives its result.
//!
//! The process is in the process group of the comparing one, so Ctrl-Z stops both. It does not react to Ctrl-C itself: the
//! comparing process passes that on as SIGTERM. It ends when the comparing process does.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio_util::sync::CancellationToken;

use crate::cli::{Config, Series};
use crate::compare::handover::{End, Message};
use crate::console::colors::Colors;
use crate::job::{RequestLimits, TrafficLimits};
use crate::run::input::Input;
use crate::server::BaseUrl;
use crate::tally::Counts;

/// A run for another process.
pub(super) struct Child<'a> {
    pub(super) config: &'a Config,
    /// Where the server of the comparison is.
    pub(super) base: Option<&'a BaseUrl>,
    /// The strategy and the connection limit of the run.
    pub(super) series: Series,
    /// The folder of this run.
    pub(super) dest: &'a Path,
}

/// An update from the process of a run.
#[derive(Debug)]
pub(super) enum Update {
    /// The counts so far.
    Counts(Counts),
    /// A line for standard error, with its line break.
    Line(String),
    /// The result, which is the last.
    End(Box<End>),
}

impl Child<'_> {
    /// Starts the process, passes on its updates, and waits for it. When `stop` is cancelled, the process is stopped early
    /// (by SIGTERM on Unix), and still reports.
    ///
    /// Returns its result, or `None` if a signal to both processes ended it before it could watch for signals.
    ///
    /// # Errors
    /// If the process cannot be started, and when it ends without a result.
    pub(super) fn run(
        &self,
        stop: &CancellationToken,
        mut notify: impl FnMut(Update),
    ) -> io::Result<Option<End>> {
        let mut process = self.command()?.spawn().map_err(|error| {
            let message = format!("cannot start {}: {error}", self.series.strategy);
            io::Error::new(error.kind(), message)
        })?;
        // Its end tells the process that this one has ended.
        let lifeline = process.stdin.take();
        let (out, err) = (process.stdout.take(), process.stderr.take());
        let ended = CancellationToken::new();
        let mut end = None;
        let started = thread::scope(|scope| {
            let (update, received) = channel();
            let lines = update.clone();
            let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
                let thread = thread::Builder::new().name(name.to_owned());
                thread.spawn_scoped(scope, work).map(drop)
            };
            let started = spawn("forward-stop", {
                let (process, ended) = (&process, &ended);
                Box::new(move || forward_stop(process, stop, ended))
            })
            .and_then(|()| spawn("messages", Box::new(move || read_messages(out, &update))))
            .and_then(|()| spawn("lines", Box::new(move || read_lines(err, &lines))));
            if started.is_err() {
                drop(lifeline);
            }
            for update in received {
                match update {
                    Update::End(of) => end = Some(*of),
                    update => notify(update),
                }
            }
            ended.cancel();
            started
        });
        let status = process.wait()?;
        started?;
        if end.is_none() && !is_ended_with_this_process(status, stop) {
            let message = format!("{} ended without a report ({status})", self.series.strategy);
            return Err(io::Error::other(message));
        }
        Ok(end)
    }

    fn command(&self) -> io::Result<Command> {
        let mut command = this_program()?;
        command
            .args(self.args())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(command)
    }

    /// Returns the command-line arguments for the run.
    fn args(&self) -> Vec<OsString> {
        // Every field is named, so that a new option does not compile until it is handled here.
        let Config {
            mode: _,              // `series` replaces it
            http: _,              // made from `http_options`
            server: _,            // `base` replaces it
            ports: _,             // likewise
            dest: _,              // each run has its own folder
            reports: _,           // written by the comparing process
            fail_on_not_found: _, // decides the exit code of the comparing process
            #[cfg(feature = "nats")]
                role: _, // only for runs
            above_most: _,        // reported by the comparing process
            max_time: _,          // kept by the comparing process, which stops the run
            codes,
            list,
            allow_unframed,
            limits:
                RequestLimits {
                    connect_timeout,
                    timeout,
                    size,
                    allow_downgrade,
                },
            http_options,
            traffic: TrafficLimits { per_host, rate },
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
        // The process cannot tell where its lines are printed.
        let color = match Colors::new(*color).err {
            true => "always",
            false => "never",
        };
        let mut args: Vec<OsString> = vec!["--one-of-several".into()];
        let options = [
            ("--strategy", strategy.name().to_owned()),
            ("--max_req", connections.to_string()),
            ("--timeout", seconds(timeout)),
            ("--connect-timeout", seconds(connect_timeout)),
            ("--retries", retries.to_string()),
            ("--color", color.to_owned()),
        ];
        for (option, value) in options {
            args.extend([option.into(), value.into()]);
        }
        if *size < u64::MAX {
            args.extend(["--size-limit".into(), size.to_string().into()]);
        }
        if let Some(Input {
            file,
            limit,
            naming: _,   // each run has a folder of its own
            only: _,     // not compared
            contents: _, // read again
        }) = list
        {
            args.extend(["--input".into(), file.into()]);
            args.extend(["--limit".into(), limit.to_string().into()]);
        }
        let traffic = [
            ("--max-per-host", per_host.map(|most| most.to_string())),
            ("--rate", rate.map(|rate| rate.to_string())),
        ];
        for (option, value) in traffic {
            args.extend(
                value
                    .into_iter()
                    .flat_map(|value| [option.into(), value.into()]),
            );
        }
        args.extend(http_options.args());
        if let Some(base) = self.base {
            args.extend(["--server".into(), base.expose().into()]);
        }
        args.extend(["--dest".into(), self.dest.into()]);
        args.extend(allow_downgrade.then(|| "--allow-downgrade".into()));
        args.extend(allow_unframed.then(|| "--allow-unframed".into()));
        args.extend(fsync.then(|| "--fsync".into()));
        args.extend(verbose.then(|| "--verbose".into()));
        args.extend(quiet.then(|| "--quiet".into()));
        args.extend(codes.iter().map(|code| code.to_string().into()));
        args
    }
}

/// Reads the messages of the process until it closes its output. A line that is no message ends the reading: the process then
/// ends without a result.
fn read_messages(out: Option<impl Read>, update: &Sender<Update>) {
    let lines = out
        .map(BufReader::new)
        .into_iter()
        .flat_map(BufReader::lines);
    let messages = lines.map_while(|line| serde_json::from_str(&line.ok()?).ok());
    for message in messages {
        let of = match message {
            Message::Counts(counts) => Update::Counts(counts),
            Message::End(end) => Update::End(end),
        };
        // Received for as long as this sender exists.
        let _ = update.send(of);
    }
}

/// Reads the lines that the process prints on standard error, until it closes it.
fn read_lines(err: Option<impl Read>, update: &Sender<Update>) {
    let Some(mut err) = err.map(BufReader::new) else {
        return;
    };
    let mut line = Vec::new();
    while err
        .read_until(b'\n', &mut line)
        .is_ok_and(|bytes| bytes > 0)
    {
        let text = String::from_utf8_lossy(&line).into_owned();
        let _ = update.send(Update::Line(text));
        line.clear();
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

/// Returns whether a terminal's signal to both processes ended that of the run. This process may notice its own signal later
/// than the end of the other.
#[cfg(unix)]
fn is_ended_with_this_process(status: ExitStatus, stop: &CancellationToken) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    /// Many times what a signal needs.
    const DELAY: Duration = Duration::from_secs(1);
    let terminal = program::Signal::ALL.map(|signal| i32::from(signal.number()));
    if !status.signal().is_some_and(|by| terminal.contains(&by)) {
        return false;
    }
    let Ok(runtime) = runtime::Builder::new_current_thread().enable_time().build() else {
        return stop.is_cancelled();
    };
    runtime.block_on(async { tokio::time::timeout(DELAY, stop.cancelled()).await.is_ok() })
}

/// Returns whether this process ends as well.
#[cfg(not(unix))]
fn is_ended_with_this_process(_status: ExitStatus, stop: &CancellationToken) -> bool {
    stop.is_cancelled()
}

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
