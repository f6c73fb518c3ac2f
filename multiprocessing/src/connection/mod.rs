//! What goes over the socket between two processes.
//!
//! The modules, lowest layer first; each imports only from those above it in this list:
//!
//! * `frame`: the frames of a connection
//! * `attachments`: descriptors that travel with a frame
//! * `sender`: the sending half of a connection
//! * `socket`: reads from a socket, and waits for it
//! * `receiver`: the receiving half of a connection

pub(crate) mod attachments;
mod frame;
mod receiver;
mod sender;
mod socket;

pub use frame::{Frame, FrameTooLong};
pub(crate) use frame::{HEADER_BYTES, MAX_FRAME_BYTES, read_header, release};
pub use receiver::Receiver;
pub use sender::send_without_waiting;
pub(crate) use sender::{send_all, send_with};
