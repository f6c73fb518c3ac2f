//! The signals that reach this process.

use std::io;

use super::Signal;

/// What a signal means.
pub(super) enum Event {
    /// The run is to end.
    End(Signal),
    /// The process was stopped and has been continued.
    #[cfg_attr(not(unix), expect(dead_code, reason = "needs job control"))]
    Continued,
}

#[cfg(unix)]
pub(super) use self::unix::Source;

#[cfg(unix)]
mod unix {
    use std::future::pending;

    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    use super::{Event, Signal, io};

    /// The handlers of this process.
    pub(in super::super) struct Source {
        hangup: Option<Stream>,
        interrupt: Option<Stream>,
        quit: Option<Stream>,
        terminate: Option<Stream>,
        continued: Stream,
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
                continued: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
                _without_effect: without_effect,
            })
        }

        /// Waits for the next signal.
        pub(in super::super) async fn next(&mut self) -> Event {
            tokio::select! {
                () = receive(&mut self.hangup) => Event::End(Signal::Hangup),
                () = receive(&mut self.interrupt) => Event::End(Signal::Interrupt),
                () = receive(&mut self.quit) => Event::End(Signal::Quit),
                () = receive(&mut self.terminate) => Event::End(Signal::Terminate),
                _ = self.continued.recv() => Event::Continued,
            }
        }
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

    pub(super) async fn next(&mut self) -> Event {
        let _ = tokio::signal::ctrl_c().await;
        Event::End(Signal::Interrupt)
    }
}
