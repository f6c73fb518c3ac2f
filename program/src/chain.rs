//! An error with all its causes, as one line.

use std::error::Error;

/// Returns the error and its causes, outermost first, separated by colons.
///
/// ```
/// use std::io;
///
/// let error = io::Error::other(io::Error::from(io::ErrorKind::NotFound));
/// assert_eq!(program::error_chain(&error), "entity not found");
/// ```
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
    causes(error)
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// Returns the error, then its source, then the source of that, and so on.
///
/// ```
/// let error = std::io::Error::other("no such flag");
/// assert_eq!(program::causes(&error).last().map(ToString::to_string).as_deref(), Some("no such flag"));
/// ```
pub fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
