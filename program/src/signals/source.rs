//! The signals that reach this process.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::Signal;

#[cfg(unix)]
pub(super) use self::unix::{Source, note_continued};

#[cfg(unix)]
mod unix {
    use std::future::pending;

    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    use super::{Arc, AtomicBool, Signal, io};

    /// The handlers of this process.
    pub(in super::super) struct Source {
        hangup: Option<Stream>,
        interrupt: Option<Stream>,
        quit: Option<Stream>,
        terminate: Option<Stream>,
        /// Signals that must not end the process. SIGXFSZ does when a file exceeds a limit (`ulimit -f`); with a handler installed
        /// the write fails instead, which is an error of one flag only.
        _without_effect: Vec<Stream>,
    }

    impl Source {
        /// Installs the handlers. Those of `ends` end the run, the other ones have no effect. What the process ignores when it
        /// starts stays ignored.
        pub(in super::super) fn new(ends: &[Signal]) -> io::Result<Self> {
            let ignored = ignored_signals();
            let mut without_effect = vec![signal(SignalKind::from_raw(
                rustix::process::Signal::XFSZ.as_raw(),
            ))?];
            let mut handler = |of: Signal| {
                if ignored & (1 << (of.number() - 1)) != 0 {
                    return Ok(None);
                }
                let stream = signal(SignalKind::from_raw(of.number().into()))?;
                if ends.contains(&of) {
                    return Ok(Some(stream));
                }
                without_effect.push(stream);
                io::Result::Ok(None)
            };
            Ok(Self {
                hangup: handler(Signal::Hangup)?,
                interrupt: handler(Signal::Interrupt)?,
                quit: handler(Signal::Quit)?,
                terminate: handler(Signal::Terminate)?,
                _without_effect: without_effect,
            })
        }

        /// Waits for the next signal.
        pub(in super::super) async fn next(&mut self) -> Signal {
            tokio::select! {
                () = receive(&mut self.hangup) => Signal::Hangup,
                () = receive(&mut self.interrupt) => Signal::Interrupt,
                () = receive(&mut self.quit) => Signal::Quit,
                () = receive(&mut self.terminate) => Signal::Terminate,
            }
        }
    }

    /// Sets the flag when the process is continued after it was stopped. The handler itself sets it: a thread that waits for
    /// signals may get its turn only after the run has ended.
    pub(in super::super) fn note_continued(flag: Arc<AtomicBool>) -> io::Result<()> {
        let continued = rustix::process::Signal::CONT.as_raw();
        signal_hook::flag::register(continued, flag).map(drop)
    }

    /// Waits for the signal; for ever without a handler.
    async fn receive(stream: &mut Option<Stream>) {
        match stream {
            Some(stream) => drop(stream.recv().await),
            None => pending().await,
        }
    }

    /// Returns the signals that this process ignores, as a bit for each, the lowest for signal 1.
    #[cfg(target_os = "linux")]
    fn ignored_signals() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or(0)
    }

    /// Returns no signal: asking needs `unsafe` here.
    #[cfg(not(target_os = "linux"))]
    fn ignored_signals() -> u64 {
        0
    }
}

/// The source of Ctrl-C.
#[cfg(not(unix))]
pub(super) struct Source;

#[cfg(not(unix))]
impl Source {
    pub(super) fn new(_ends: &[Signal]) -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) async fn next(&mut self) -> Signal {
        let _ = tokio::signal::ctrl_c().await;
        Signal::Interrupt
    }
}

/// Does nothing: this system has no job control.
#[cfg(not(unix))]
pub(super) fn note_continued(_flag: Arc<AtomicBool>) -> io::Result<()> {
    Ok(())
}
