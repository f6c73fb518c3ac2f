//! Ctrl-C and its kin. The first signal cancels a token, and the run ends in order: nothing new is begun, what is under
//! way is called off, and the report says what was done. The second ends the program on the spot.
//!
//! One thread with its own runtime watches for them, so strategies know nothing of signals.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread::{self, JoinHandle};

use tokio::runtime;
use tokio_util::sync::CancellationToken;

use crate::exit::Exit;

/// Watches for signals until dropped.
#[derive(Debug)]
pub struct Signals {
    /// 0 until there was one.
    caught: Arc<AtomicI32>,
    watching: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Signals {
    /// Has the first SIGINT or SIGTERM cancel `stop`; the second one ends the program.
    ///
    /// # Errors
    /// When the system gives no thread, no runtime, or does not let signals be caught.
    pub fn watch(stop: CancellationToken) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let source = {
            let _watched_by = runtime.enter();
            Source::new()?
        };
        let caught = Arc::new(AtomicI32::new(0));
        let watching = CancellationToken::new();
        let thread = {
            let (caught, watching) = (Arc::clone(&caught), watching.clone());
            let work = move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = watching.cancelled() => {}
                        () = obey(source, &caught, &stop) => {}
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
            thread: Some(thread),
        })
    }

    /// How the run ends because of a signal, if there was one.
    pub fn exit(&self) -> Option<Exit> {
        match self.caught.load(Ordering::SeqCst) {
            0 => None,
            number => Some(exit_for(number)),
        }
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

async fn obey(mut source: Source, caught: &AtomicI32, stop: &CancellationToken) {
    let first = source.next().await;
    caught.store(first, Ordering::SeqCst);
    stop.cancel();
    let second = source.next().await;
    #[expect(
        clippy::exit,
        reason = "a second Ctrl-C means out, whatever is still to be done"
    )]
    std::process::exit(exit_for(second).code().into());
}

const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;

fn exit_for(signal: i32) -> Exit {
    if signal == SIGTERM {
        Exit::Terminated
    } else {
        Exit::Interrupted
    }
}

/// The signals as they come.
#[cfg(unix)]
struct Source {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Source {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => SIGINT,
            _ = self.terminate.recv() => SIGTERM,
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

    async fn next(&mut self) -> i32 {
        let _ = tokio::signal::ctrl_c().await;
        SIGINT
    }
}
