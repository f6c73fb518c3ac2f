//! The flags that are served: those drawn at build time, or a folder of one's own.
//!
//! A folder is read once, at the start: no request waits for a disk, and a folder that is not there is the user's error
//! at once and not 676 times "not found" later. Knows nothing of HTTP.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use axum::body::Bytes;

include!(concat!(env!("OUT_DIR"), "/flags.rs"));

/// The 194 country codes that have a built-in flag: two capital letters each, in alphabetical order, separated by blanks and
/// line ends.
///
/// ```
/// let codes: Vec<_> = test_server::COUNTRY_CODES.split_whitespace().collect();
/// assert_eq!((codes.len(), codes[0], codes[193]), (194, "AD", "ZW"));
/// ```
pub const COUNTRY_CODES: &str = include_str!("../country_codes.txt");

/// The images a server has, by code.
#[derive(Debug, Clone)]
pub(crate) struct Images(HashMap<String, Bytes>);

/// Why a folder of flags cannot be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImagesError {
    /// The folder, or a file in it, cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// Why it could not.
        #[source]
        source: io::Error,
    },
    /// No `cc/cc.gif` for any code.
    #[error("no flag in {}: expected files such as br/br.gif", .0.display())]
    Empty(PathBuf),
}

impl Images {
    /// The flags of [`COUNTRY_CODES`].
    pub(crate) fn built_in() -> Self {
        let flags = FLAGS.iter();
        Self(
            flags
                .map(|&(code, gif)| (code.to_owned(), Bytes::from_static(gif)))
                .collect(),
        )
    }

    /// The files `cc/cc.gif` of a folder, for all codes aa...zz that have one, whatever is in them.
    pub(crate) fn read_from(folder: &Path) -> Result<Self, ImagesError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| ImagesError::Read { path, source }
        };
        fs::read_dir(folder).map_err(failed(folder))?;

        let mut images = HashMap::new();
        for code in ('a'..='z').flat_map(|a| ('a'..='z').map(move |b| format!("{a}{b}"))) {
            let path = folder.join(&code).join(&code).with_extension("gif");
            match fs::read(&path) {
                Ok(bytes) => {
                    images.insert(code, Bytes::from(bytes));
                }
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(failed(&path)(error)),
            }
        }
        if images.is_empty() {
            return Err(ImagesError::Empty(folder.to_owned()));
        }
        Ok(Self(images))
    }

    /// The image of a code in lower case.
    pub(crate) fn find(&self, code: &str) -> Option<Bytes> {
        self.0.get(code).cloned()
    }

    /// The codes that have an image, in lower case and in order.
    pub(crate) fn codes(&self) -> Vec<&str> {
        let mut codes: Vec<_> = self.0.keys().map(String::as_str).collect();
        codes.sort_unstable();
        codes
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}

/// `br` may be missing, or be a file beside the folders.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
