//! Handles Ctrl-C and similar signals.
//!
//! The first signal cancels a token, and the run ends in order: no new download starts, downloads in progress are
//! cancelled, and the summary contains the results so far. A second signal ends the program immediately, and so does the
//! first one after the run is over.
//!
//! One thread with its own runtime waits for signals, so strategies know nothing of them.

use std::io;
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::runtime;
use tokio_util::sync::CancellationToken;

/// The same signal again within this time is the same event: `timeout` signals a process and then its process group. No
/// user presses Ctrl-C twice in this time.
const SAME_EVENT: Duration = Duration::from_millis(100);

/// A signal that asks a run to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signal {
    /// SIGINT, or Ctrl-C.
    #[serde(rename = "SIGINT")]
    Interrupt,
    /// SIGTERM.
    #[serde(rename = "SIGTERM")]
    Terminate,
}

impl Signal {
    /// Returns the number of the signal, which is the same on all systems.
    pub fn number(self) -> u8 {
        match self {
            Self::Interrupt => 2,
            Self::Terminate => 15,
        }
    }

    /// Returns the name of the signal, such as `SIGINT`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        }
    }

    /// Returns the exit code that a shell reports for a program ended by this signal.
    pub fn exit_code(self) -> u8 {
        128 + self.number()
    }
}

/// A watcher for signals. Dropping it ends the watch and waits for its thread.
#[derive(Debug)]
pub struct Signals {
    caught: Arc<OnceLock<Signal>>,
    watching: CancellationToken,
    /// Cancelled when the run is over: from then on the first signal ends the program.
    run_over: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Signals {
    /// Starts the watch. The first SIGINT or SIGTERM cancels `stop`; the second one ends the program.
    ///
    /// # Errors
    /// If the thread, the runtime or the signal handlers cannot be set up.
    pub fn watch(stop: CancellationToken) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let source = {
            let _runtime_context = runtime.enter();
            SignalSource::new()?
        };
        let caught = Arc::new(OnceLock::new());
        let (watching, run_over) = (CancellationToken::new(), CancellationToken::new());
        let thread = {
            let (caught, watching, run_over) =
                (Arc::clone(&caught), watching.clone(), run_over.clone());
            let work = move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = watching.cancelled() => {}
                        () = handle_signals(source, &caught, &stop, &run_over) => {}
                    }
                });
            };
            thread::Builder::new()
                .name("signals".to_owned())
                .spawn(work)?
        };
        Ok(Self {
            caught,
            watching,
            run_over,
            thread: Some(thread),
        })
    }

    /// Makes the first signal end the program immediately from now on.
    ///
    /// Call it when the run is over and only its report is left to write, which blocks forever if the reader stops
    /// reading.
    pub fn run_is_over(&self) {
        self.run_over.cancel();
    }

    /// Returns the first signal received, if any.
    pub fn caught(&self) -> Option<Signal> {
        self.caught.get().copied()
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.watching.cancel();
        if let Some(thread) = self.thread.take() {
            // An `Err` is a panic, which that thread has already reported.
            let _ = thread.join();
        }
    }
}

/// Waits for the first signal and cancels `stop`, then waits for the second, unless the run is over, and exits.
async fn handle_signals(
    mut source: SignalSource,
    caught: &OnceLock<Signal>,
    stop: &CancellationToken,
    run_over: &CancellationToken,
) {
    let first = source.next().await;
    caught.get_or_init(|| first);
    // Read before `stop` is cancelled: that may end the run at once, which still has to write its report.
    let was_over = run_over.is_cancelled();
    stop.cancel();
    let last = if was_over {
        first
    } else {
        next_after(first, &mut source).await
    };
    #[expect(
        clippy::exit,
        reason = "the user wants the program to end now, with its work unfinished"
    )]
    std::process::exit(last.exit_code().into());
}

/// Waits for the signal after `first`. The same signal again within [`SAME_EVENT`] does not count.
async fn next_after(first: Signal, source: &mut SignalSource) -> Signal {
    let received_at = Instant::now();
    loop {
        let next = source.next().await;
        if next != first || received_at.elapsed() >= SAME_EVENT {
            return next;
        }
    }
}

/// The source of SIGINT and SIGTERM.
#[cfg(unix)]
struct SignalSource {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// SIGXFSZ ends a program when a file exceeds a limit (`ulimit -f`). With a handler installed the write fails
    /// instead, which is an error of one flag only.
    _file_size: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl SignalSource {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            _file_size: signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}

/// The source of Ctrl-C.
#[cfg(not(unix))]
struct SignalSource;

#[cfg(not(unix))]
impl SignalSource {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        let _ = tokio::signal::ctrl_c().await;
        Signal::Interrupt
    }
}
