//! The role of a process: runs one task.

use std::io;
use std::os::unix::net::UnixStream;

use portable_task::Registry;

use crate::child::{Role, announce};
use crate::connection::attachments::supply;
use crate::connection::{Frame, Receiver, send_with};

/// Runs the task that arrives, and replies with its value.
///
/// # Errors
/// If the connection to the parent fails.
pub(crate) fn run_process(socket: &UnixStream, role: Role, registry: &Registry) -> io::Result<()> {
    announce(socket, role, registry)?;
    let mut receiver = Receiver::with_descriptors(Vec::new(), Vec::new());
    let mut call = Vec::new();
    // The number of the frame is that of its descriptors.
    let Some(count) = receiver.receive(socket, &mut call)? else {
        return Ok(());
    };
    let descriptors = receiver.take_descriptors(count)?;
    let mut reply = Frame::new();
    supply(descriptors, || registry.call_into(&call, reply.body()));
    reply.finish(0).map_err(io::Error::other)?;
    send_with(socket, reply.as_bytes(), &[])
}
