//! Ends a child when its parent has ended, even in the middle of a task.
//!
//! The end of the stream only means that there are no more requests. The death of the parent is a different event.

use std::io;
use std::os::unix::net::UnixStream;
use std::thread;

use rustix::process::{Signal, getpid, kill_process};

/// Starts a thread that ends this process when the parent has ended, even in the middle of a task.
pub(crate) fn watch_parent(socket: UnixStream) -> io::Result<()> {
    let watch = move || {
        wait_until_parent_ends(&socket);
        // There is no process left to report to. Only this signal is certain to end the process: a task may block any
        // other, or hold the locks that an orderly exit waits for.
        let _ = kill_process(getpid(), Signal::KILL);
    };
    thread::Builder::new()
        .name("parent-watch".to_owned())
        .spawn(watch)?;
    Ok(())
}

/// Waits until the other end is closed for both reading and writing, which is a hang-up. If the other end has only
/// finished writing, it is not.
#[cfg(not(target_vendor = "apple"))]
fn wait_until_parent_ends(socket: &UnixStream) {
    use rustix::event::{PollFd, PollFlags, poll};

    let mut watched = [PollFd::new(socket, PollFlags::empty())];
    loop {
        let polled = poll(&mut watched, None);
        if polled.is_err_and(|error| error != rustix::io::Errno::INTR) {
            return;
        }
        if watched[0].revents().contains(PollFlags::HUP) {
            return;
        }
    }
}

/// Waits until this process has a new parent. On Apple systems a hang-up cannot be awaited without waiting for data as
/// well.
#[cfg(target_vendor = "apple")]
fn wait_until_parent_ends(_socket: &UnixStream) {
    use std::os::unix::process::parent_id;

    let parent = parent_id();
    // 1 from the start: the parent had ended before the first check.
    while parent != 1 && parent_id() == parent {
        thread::sleep(std::time::Duration::from_millis(200));
    }
}
