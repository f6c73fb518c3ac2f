//! A thread that serves sockets until it is stopped.

use std::io;
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use tokio::runtime;
use tokio::sync::oneshot;

use crate::connection::limits;
use crate::connection::listen::Addresses;

/// Sockets that are served by a thread with a runtime of its own, until this is stopped or dropped.
#[derive(Debug)]
pub(crate) struct Background {
    addresses: Addresses,
    stopper: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Starts a thread with this name, which calls `serve` once for each of these sockets. What `serve` spawns ends with
    /// the thread, in the middle if need be.
    ///
    /// # Errors
    /// If no thread or no runtime can be started. In this case nothing is left running.
    pub(crate) fn start(
        name: &str,
        (listeners, addresses): (Vec<TcpListener>, Addresses),
        serve: impl FnMut(tokio::net::TcpListener) + Send + 'static,
    ) -> io::Result<Self> {
        limits::check_descriptors()?;
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listeners = {
            let _runtime_context = runtime.enter();
            let listeners = listeners.into_iter().map(tokio::net::TcpListener::from_std);
            listeners.collect::<io::Result<Vec<_>>>()?
        };
        let (stopper, stopped) = oneshot::channel::<()>();
        let run = move || {
            runtime.block_on(async {
                listeners.into_iter().for_each(serve);
                let _ = stopped.await;
            });
            // Does not wait for the look-up of a name, which blocks a thread for as long as the system likes.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new()
            .name(format!("{name} {}", addresses.port()))
            .spawn(run)?;
        Ok(Self {
            addresses,
            stopper: Some(stopper),
            thread: Some(thread),
        })
    }

    pub(crate) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Ends the thread and closes the sockets. The port is free when this returns.
    pub(crate) fn stop(&mut self) {
        drop(self.stopper.take());
        if let Some(thread) = self.thread.take() {
            // An `Err` means that the thread panicked, which the panic hook has already reported.
            let _ = thread.join();
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::connection::listen;

    #[test]
    fn a_stop_does_not_wait_for_a_look_up() {
        let sockets = listen::bind(None, 0, listen::BACKLOG).unwrap();
        let (began, begun) = mpsc::channel();
        let (end_look_up, ended) = mpsc::channel::<()>();
        let mut ended = Some(ended);
        // A thread that waits for the system, as a look-up does.
        let serve = move |_| {
            if let Some(ended) = ended.take() {
                let began = began.clone();
                tokio::task::spawn_blocking(move || {
                    began.send(()).unwrap();
                    let _ = ended.recv();
                });
            }
        };
        let mut background = Background::start("test", sockets, serve).unwrap();
        begun.recv().unwrap();
        let (stopped, wait) = mpsc::channel();
        let address = background.addresses().all()[0];
        thread::spawn(move || {
            background.stop();
            let _ = stopped.send(());
        });
        let waited = wait.recv_timeout(Duration::from_secs(30));
        drop(end_look_up);
        assert!(waited.is_ok(), "the stop waits");
        assert!(TcpStream::connect(address).is_err(), "the port is free");
    }
}
