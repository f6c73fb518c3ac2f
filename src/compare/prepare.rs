//! Prepares the process of a run, which another process has started.

use std::io;
use std::thread;

use tokio_util::sync::CancellationToken;

/// Names the current process, and lets it end with the comparing process, even if that is killed. That process holds the other
/// end of standard input and writes nothing to it.
///
/// # Errors
/// If no thread can be started.
pub(crate) fn prepare_process(stop: &CancellationToken) -> io::Result<()> {
    name_process();
    end_with_parent();
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

/// Asks the system to kill this process when the comparing one ends. Standard input tells as well, but a run that is about to
/// write may take a while to notice.
#[cfg(target_os = "linux")]
fn end_with_parent() {
    use rustix::process::{Signal, set_parent_process_death_signal};
    // Standard input still shows it.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
}

/// Does nothing: only Linux offers this.
#[cfg(not(target_os = "linux"))]
fn end_with_parent() {}
