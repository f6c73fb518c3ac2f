//! Handles Ctrl-C and similar signals.
//!
//! The first signal cancels a token, and the run ends in order: no new download starts, downloads in progress are
//! cancelled, and the summary contains the results so far. A second signal ends the program immediately, and so does the
//! first one after the run is over.
//!
//! One thread with its own runtime waits for signals, so strategies know nothing of them.
//!
//! * `first_runtime`: the first runtime of a process, without a panic
//! * `source`: the signals of this process

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use self::first_runtime::first_runtime;
use self::source::{Source, note_continued};

mod first_runtime;
mod source;

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
    /// SIGHUP: the terminal was closed.
    #[serde(rename = "SIGHUP")]
    Hangup,
    /// SIGQUIT, or Ctrl-\\.
    #[serde(rename = "SIGQUIT")]
    Quit,
}

impl Signal {
    /// All signals, by ascending number.
    pub const ALL: [Self; 4] = [Self::Hangup, Self::Interrupt, Self::Quit, Self::Terminate];

    /// Returns the number of the signal, which is the same on all systems.
    pub fn number(self) -> u8 {
        match self {
            Self::Hangup => 1,
            Self::Interrupt => 2,
            Self::Quit => 3,
            Self::Terminate => 15,
        }
    }

    /// Returns the name of the signal, such as `SIGINT`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hangup => "SIGHUP",
            Self::Interrupt => "SIGINT",
            Self::Quit => "SIGQUIT",
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
    continued: Arc<AtomicBool>,
    watching: CancellationToken,
    /// Cancelled when the run is over: from then on the first signal ends the program.
    run_over: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Signals {
    /// Starts the watch. The first [`Signal`] cancels `stop`; the second one ends the program. A signal that was ignored when
    /// the program started, as SIGINT is by `sh -c 'program &'` and SIGHUP by `nohup`, stays ignored. (Only on Linux.)
    ///
    /// # Errors
    /// If the thread, the runtime or the signal handlers cannot be set up.
    pub fn watch(stop: CancellationToken) -> io::Result<Self> {
        Self::watch_for(&Signal::ALL, stop)
    }

    /// Starts the watch in a process that another process starts, and ends by SIGTERM. A terminal sends its signals to both;
    /// here the other ones are ignored.
    ///
    /// # Errors
    /// As for [`watch`](Self::watch).
    pub fn watch_in_child(stop: CancellationToken) -> io::Result<Self> {
        Self::watch_for(&[Signal::Terminate], stop)
    }

    fn watch_for(signals: &[Signal], stop: CancellationToken) -> io::Result<Self> {
        let runtime = first_runtime()?;
        let source = {
            let _runtime_context = runtime.enter();
            Source::new(signals)?
        };
        let continued = Arc::new(AtomicBool::new(false));
        note_continued(Arc::clone(&continued))?;
        let caught = Arc::new(OnceLock::new());
        let (watching, run_over) = (CancellationToken::new(), CancellationToken::new());
        let thread = {
            let watching = watching.clone();
            let handler = Handler {
                source,
                caught: Arc::clone(&caught),
                stop,
                run_over: run_over.clone(),
            };
            let work = move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = watching.cancelled() => {}
                        () = handler.run() => {}
                    }
                });
            };
            thread::Builder::new()
                .name("signals".to_owned())
                .spawn(work)?
        };
        Ok(Self {
            caught,
            continued,
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

    /// Returns whether the process was stopped, by Ctrl-Z or SIGSTOP, and continued. Times measured across that are wrong.
    pub fn was_stopped(&self) -> bool {
        self.continued.load(Ordering::Relaxed)
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

/// The work of the thread that watches.
struct Handler {
    source: Source,
    caught: Arc<OnceLock<Signal>>,
    stop: CancellationToken,
    run_over: CancellationToken,
}

impl Handler {
    /// Waits for the first signal and cancels `stop`, then waits for the second, unless the run is over, and exits.
    async fn run(mut self) {
        let first = self.source.next().await;
        self.caught.get_or_init(|| first);
        // Read before `stop` is cancelled: that may end the run at once, which still has to write its report.
        let was_over = self.run_over.is_cancelled();
        self.stop.cancel();
        let last = if was_over {
            first
        } else {
            self.next_after(first).await
        };
        // The user wants the program to end now, with its work unfinished.
        std::process::exit(last.exit_code().into());
    }

    /// Waits for the signal after `first`. The same signal again within [`SAME_EVENT`] does not count.
    async fn next_after(&mut self, first: Signal) -> Signal {
        let received_at = Instant::now();
        loop {
            let next = self.source.next().await;
            if next != first || received_at.elapsed() >= SAME_EVENT {
                return next;
            }
        }
    }
}
