//! The entry point of all children: takes the connection to the parent from the standard input and acts in the role that
//! the argument names.
//!
//! The socket arrives as the standard input, the only way to pass a descriptor to a new process in safe Rust. It is
//! moved away from there at once, so that neither a task that reads its input nor a program that a task starts can
//! access it. Standard output and standard error remain those of the parent.

#[cfg(target_os = "linux")]
use std::ffi::CString;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::net::UnixStream;
#[cfg(target_os = "linux")]
use std::path::Path;

use portable_task::Registry;

use crate::child::{Role, argument_of_this_process, parse};
use crate::manager;
use crate::program;
use crate::roles::{run_process, watch_parent, work};

/// Acts as a child and never returns, if this process was started as one; otherwise returns at once.
///
/// Call this first in `main`, with the tasks of the program and of all its libraries, because every child also runs the
/// code before it. The crate's front page has an example. In a child the standard input is empty. A worker exits when its
/// parent has no more tasks for it, or has ended.
///
/// # Panics
/// If it is called twice. A child would never reach the second call.
pub fn serve(registry: Registry) {
    let registry = program::set(registry);
    let Some(argument) = argument_of_this_process() else {
        return;
    };
    let status = match take_socket(&argument) {
        // The parent may disconnect a child that it no longer needs. Only the parent could receive the error, so it is
        // not printed.
        Ok((Role::Worker, socket)) => i32::from(work(&socket, registry).is_err()),
        Ok((role @ (Role::Process | Role::IndependentProcess), socket)) => {
            i32::from(run_process(&socket, role, registry).is_err())
        }
        Ok((Role::Manager, socket)) => i32::from(manager::serve(socket, registry).is_err()),
        Err(error) => {
            eprintln!("cannot run as a child process: {error}");
            2
        }
    };
    // A child must not run the rest of `main`.
    #[expect(clippy::exit, reason = "this is the end of the child's `main`")]
    std::process::exit(status);
}

/// Moves the socket away from the standard input, which is empty afterwards. Returns the role as well.
fn take_socket(argument: &OsStr) -> io::Result<(Role, UnixStream)> {
    let Some(role) = parse(argument) else {
        let expected = Role::Worker.argument();
        let message = format!("started with {argument:?}, but this program expects {expected:?}");
        return Err(io::Error::other(message));
    };
    let socket = UnixStream::from(rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3)?);
    // Fails if this is not a socket: then the process was not started by a launcher.
    socket.local_addr()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    name_process();
    // An independent process outlives its parent, and a manager notices the end itself and removes its folder.
    if !matches!(role, Role::IndependentProcess | Role::Manager) {
        watch_parent(socket.try_clone()?)?;
    }
    Ok((role, socket))
}

/// Gives this process the name of its program, which `ps` and `top` show. A program that is started as `/proc/self/exe`
/// is named `exe`.
#[cfg(target_os = "linux")]
fn name_process() {
    let program = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&program).file_name().unwrap_or_default();
    if let Ok(name) = CString::new(name.as_encoded_bytes()) {
        // The child works under any name.
        let _ = rustix::thread::set_name(&name);
    }
}

#[cfg(not(target_os = "linux"))]
fn name_process() {}
