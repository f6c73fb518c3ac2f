//! The standard output, which may be full or closed.

use std::io::{self, ErrorKind, Write as _};

/// The standard output does not take what is to be printed.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output")]
pub(crate) struct OutputError(#[source] io::Error);

/// Prints a text. A reader that has closed the pipe wants no more of it, which is not an error.
///
/// # Errors
/// If the standard output does not take the text, for example because a disk is full.
pub(crate) fn print(text: &str) -> Result<(), OutputError> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(OutputError(error)),
        _ => Ok(()),
    }
}
