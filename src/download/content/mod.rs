//! Checks the bytes of a file as they arrive against everything that is known of it: that it is a GIF, its size, its
//! checksum. Knows nothing of where the bytes come from or go to.
//!
//! * `gif`: checks that bytes are a complete GIF

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::item::{Check, Checksum, Item};
use crate::record::{Failure, Kind};

pub use self::gif::{GifError, check_gif};
use gif::GifCheck;

mod gif;

/// The most bytes shown of a body that is not a GIF.
const BEGINNING: usize = 24;

/// The checks of one file. None of its bytes is kept, except the first.
pub(super) struct ContentCheck {
    /// The check of a GIF; `None` if the bytes may be anything.
    gif: Option<GifCheck>,
    /// The checksum so far, and the one that the list requires. Boxed, because few files have one.
    sha256: Option<Box<(Sha256, Checksum)>>,
    /// The size that the list requires.
    size: Option<u64>,
    /// The number of bytes so far.
    length: u64,
    beginning: Vec<u8>,
}

/// The reason why bytes are not the file that was asked for.
#[derive(Debug)]
pub(super) enum Invalid {
    /// They are not a complete GIF. Holds their beginning.
    Gif(GifError, Vec<u8>),
    /// Their number is not the one in the list.
    Size {
        /// The number of bytes, if it is known.
        length: Option<u64>,
        /// The number in the list.
        expected: u64,
    },
    /// Their SHA-256 is not the one in the list.
    Sha256 {
        /// Theirs.
        actual: Checksum,
        /// The one in the list.
        expected: Checksum,
    },
}

impl ContentCheck {
    /// Creates the checks that `item` requires.
    pub(super) fn of(item: &Item) -> Self {
        let expected = item.expected();
        let sha256 = |expected| Box::new((Sha256::new(), expected));
        Self {
            gif: (item.check() == Check::Gif).then(GifCheck::default),
            sha256: expected.sha256.map(sha256),
            size: expected.size,
            length: 0,
            beginning: Vec::new(),
        }
    }

    /// Returns the number of bytes so far.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Returns whether these checks tell a whole file from a cut one.
    pub(super) fn detects_cuts(&self) -> bool {
        self.gif.is_some() || self.sha256.is_some() || self.size.is_some()
    }

    /// Takes the next bytes.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        let missing = BEGINNING - self.beginning.len();
        self.beginning
            .extend_from_slice(&bytes[..missing.min(bytes.len())]);
        if let Some(gif) = &mut self.gif {
            gif.feed(bytes);
        }
        if let Some(sha256) = &mut self.sha256 {
            sha256.0.update(bytes);
        }
    }

    /// Returns whether the bytes cannot become a GIF any more, although they must.
    pub(super) fn is_not_gif(&self) -> bool {
        self.gif.as_ref().is_some_and(GifCheck::has_failed)
    }

    /// Checks the size of a file that has at least `least` bytes, or exactly `total` if that is known.
    pub(super) fn check_size(&self, least: u64, total: Option<u64>) -> Result<(), Invalid> {
        match self.size {
            Some(expected) if least > expected || total.is_some_and(|total| total != expected) => {
                Err(Invalid::Size {
                    length: total,
                    expected,
                })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Checks whether the bytes so far are the whole file. Call it once.
    pub(super) fn finish(&mut self) -> Result<(), Invalid> {
        self.check_size(self.length, None)?;
        if let Some(Err(error)) = self.gif.take().map(GifCheck::finish) {
            return Err(Invalid::Gif(error, std::mem::take(&mut self.beginning)));
        }
        if let Some(expected) = self.size.filter(|&expected| expected != self.length) {
            let length = Some(self.length);
            return Err(Invalid::Size { length, expected });
        }
        match self.sha256.take().map(|sha256| *sha256) {
            Some((sha256, expected)) => {
                let actual = Checksum(sha256.finalize().into());
                match actual == expected {
                    true => Ok(()),
                    false => Err(Invalid::Sha256 { actual, expected }),
                }
            }
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ContentCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentCheck")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        match invalid {
            Invalid::Gif(error, beginning) => invalid_gif(error, &beginning),
            Invalid::Size {
                length: Some(length),
                expected,
            } => Self::new(
                Kind::Checksum,
                format_args!("{length} bytes instead of {expected}, the size in the list"),
            ),
            Invalid::Size {
                length: None,
                expected,
            } => Self::new(
                Kind::Checksum,
                format_args!("more than {expected} bytes, the size in the list"),
            ),
            Invalid::Sha256 { actual, expected } => Self::new(
                Kind::Checksum,
                format_args!("the SHA-256 is {actual} instead of {expected}"),
            ),
        }
    }
}

/// Returns the failure of a body that is not a complete GIF.
fn invalid_gif(error: GifError, beginning: &[u8]) -> Failure {
    let kind = match error {
        GifError::Empty => Kind::Empty,
        // Shows the beginning of the body: often it is a page that explains the problem.
        GifError::NotGif => {
            let beginning = String::from_utf8_lossy(beginning);
            return Failure::new(Kind::NotGif, format!("the body begins with {beginning:?}"));
        }
        GifError::BadBlock { .. } => Kind::NotGif,
        GifError::Cut { .. } => Kind::GifCut,
        GifError::Trailing { .. } => Kind::GifTrailing,
    };
    Failure::new(kind, error)
}
