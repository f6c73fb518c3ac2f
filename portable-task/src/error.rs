//! Errors that can be sent: what remains of an error when its type stays behind.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The error of a task that ran in another process or on another machine, as text.
///
/// The message of a task's own error keeps its causes. A task whose error cannot be serialized, such as an
/// [`io::Error`](std::io::Error), returns this one instead:
///
/// ```
/// use std::path::PathBuf;
/// use portable_task::{RemoteError, task};
///
/// fn length(path: PathBuf) -> Result<u64, RemoteError> {
///     Ok(std::fs::metadata(path)?.len())
/// }
///
/// task!(Length = fn length(path: PathBuf) -> Result<u64, RemoteError>);
///
/// let error = length("/no/such/file".into()).unwrap_err();
/// assert_eq!(error.to_string(), "No such file or directory (os error 2)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RemoteError {
    /// The step that failed.
    pub kind: RemoteErrorKind,
    /// The message of the error.
    pub message: String,
    /// The messages of its causes, nearest first.
    pub causes: Vec<String>,
}

/// The step at which a task failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RemoteErrorKind {
    /// The task returned an error.
    Failed,
    /// The task panicked.
    Panicked,
    /// The task or its value cannot be encoded.
    Encode,
    /// The task or its value cannot be decoded.
    Decode,
    /// The worker has no such task, or has it in another version.
    Unregistered,
}

/// The number of causes that an error keeps. A longer chain is more likely a circle.
const MAX_CAUSES: usize = 32;

impl RemoteError {
    /// Returns an error with this kind and message, and without causes.
    ///
    /// ```
    /// use portable_task::{RemoteError, RemoteErrorKind};
    ///
    /// let error = RemoteError::new(RemoteErrorKind::Decode, "cut off");
    /// assert_eq!(error.to_string(), "cut off");
    /// ```
    pub fn new(kind: RemoteErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            causes: Vec::new(),
        }
    }

    /// Returns the error of a task that ended with `error`. Keeps its message and those of its sources.
    ///
    /// ```
    /// use portable_task::RemoteError;
    ///
    /// let parsed = "forty-two".parse::<u32>().map_err(RemoteError::failed);
    /// assert_eq!(parsed.unwrap_err().message, "invalid digit found in string");
    /// ```
    pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let error = error.into();
        let sources = std::iter::successors(error.source(), |&source| source.source());
        Self {
            kind: RemoteErrorKind::Failed,
            message: error.to_string(),
            causes: sources.take(MAX_CAUSES).map(ToString::to_string).collect(),
        }
    }
}

/// The message and all causes in one line. A cause that the message before it ends with is not repeated.
impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let mut outer = &self.message;
        for cause in &self.causes {
            if !outer.ends_with(cause.as_str()) {
                write!(f, ": {cause}")?;
            }
            outer = cause;
        }
        Ok(())
    }
}

impl Error for RemoteError {}

/// So that `?` works in a task that reads files.
impl From<std::io::Error> for RemoteError {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Layer(&'static str, Option<Box<Layer>>);

    impl fmt::Display for Layer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Layer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|layer| layer as _)
        }
    }

    #[test]
    fn an_error_keeps_its_causes_and_repeats_none() {
        let inner = Layer("no such host", None);
        let middle = Layer("cannot connect: no such host", Some(Box::new(inner)));
        let error = RemoteError::failed(Layer("no flag", Some(Box::new(middle))));
        assert_eq!(
            error.causes,
            ["cannot connect: no such host", "no such host"]
        );
        assert_eq!(error.to_string(), "no flag: cannot connect: no such host");
    }

    #[test]
    fn a_long_chain_of_causes_is_cut() {
        let chain = (0..100).fold(Layer("last", None), |layer, _| {
            Layer("x", Some(Box::new(layer)))
        });
        assert_eq!(RemoteError::failed(chain).causes.len(), MAX_CAUSES);
    }
}
