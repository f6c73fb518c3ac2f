//! Ctrl-C and its kin. The first signal cancels a token, and the run ends in order: nothing new is begun, what is under
//! way is called off, and the report says what was done. The second ends the program on the spot, and so does the first once the
//! run is over.
//!
//! One thread with its own runtime watches for them, so strategies know nothing of signals.

use std::io;
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use serde::{Deserialize, Serialize};
use tokio::runtime;
use tokio_util::sync::CancellationToken;

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
    /// Its number, the same on all systems.
    pub fn number(self) -> u8 {
        match self {
            Self::Interrupt => 2,
            Self::Terminate => 15,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        }
    }

    /// What a shell reports for a program that this signal ended.
    pub fn exit_code(self) -> u8 {
        128 + self.number()
    }
}

/// Watches for signals until dropped.
#[derive(Debug)]
pub(crate) struct Signals {
    caught: Arc<OnceLock<Signal>>,
    watching: CancellationToken,
    /// There is nothing left that could be ended in order.
    over: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Signals {
    /// Has the first SIGINT or SIGTERM cancel `stop`; the second one ends the program.
    ///
    /// # Errors
    /// When the system gives no thread, no runtime, or does not let signals be caught.
    pub(crate) fn watch(stop: CancellationToken) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let source = {
            let _watched_by = runtime.enter();
            Source::new()?
        };
        let caught = Arc::new(OnceLock::new());
        let (watching, over) = (CancellationToken::new(), CancellationToken::new());
        let thread = {
            let (caught, watching, over) = (Arc::clone(&caught), watching.clone(), over.clone());
            let work = move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = watching.cancelled() => {}
                        () = obey(source, &caught, &stop, &over) => {}
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
            over,
            thread: Some(thread),
        })
    }

    /// The run is over and only its report is to be written, which may take for ever where nobody reads: from now on the first
    /// signal ends the program on the spot as well.
    pub(crate) fn run_is_over(&self) {
        self.over.cancel();
    }

    /// The first signal, if there was one.
    pub(crate) fn caught(&self) -> Option<Signal> {
        self.caught.get().copied()
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.watching.cancel();
        if let Some(thread) = self.thread.take() {
            // An `Err` is a panic, which has been reported there.
            let _ = thread.join();
        }
    }
}

async fn obey(
    mut source: Source,
    caught: &OnceLock<Signal>,
    stop: &CancellationToken,
    over: &CancellationToken,
) {
    let mut last = source.next().await;
    caught.get_or_init(|| last);
    stop.cancel();
    if !over.is_cancelled() {
        last = source.next().await;
    }
    #[expect(
        clippy::exit,
        reason = "this Ctrl-C means out, whatever is still to be done"
    )]
    std::process::exit(last.exit_code().into());
}

/// The signals as they come.
#[cfg(unix)]
struct Source {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// SIGXFSZ ends a program whose file grows over a limit (`ulimit -f`). While somebody listens for it, the write fails
    /// instead, and that is the error of one flag.
    _file_size: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Source {
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

/// Ctrl-C as it comes.
#[cfg(not(unix))]
struct Source;

#[cfg(not(unix))]
impl Source {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        let _ = tokio::signal::ctrl_c().await;
        Signal::Interrupt
    }
}
