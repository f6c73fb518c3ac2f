//! The flags to serve: those drawn at build time, or those in a folder of the user.
//!
//! A folder is read once, at the start. So no request waits for a disk, and a missing folder is reported at once
//! instead of as 676 times "not found" later. Knows nothing of HTTP.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use axum::body::Bytes;
use axum::http::HeaderValue;

use crate::script::Content;

include!(concat!(env!("OUT_DIR"), "/flags.rs"));

/// The 194 country codes that have a built-in flag: two capital letters each, in alphabetical order, separated by
/// blanks and line ends.
///
/// ```
/// let codes: Vec<_> = test_server::COUNTRY_CODES.split_whitespace().collect();
/// assert_eq!((codes.len(), codes[0], codes[193]), (194, "AD", "ZW"));
/// ```
pub const COUNTRY_CODES: &str = include_str!("../../country_codes.txt");

/// The images of one server, by code in lower case.
#[derive(Debug, Clone)]
pub(crate) struct Images(HashMap<String, Arc<Content>>);

/// The reason why a folder of flags cannot be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImagesError {
    /// The folder, or a file in it, cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The folder or the file.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        source: io::Error,
    },
    /// A flag is something other than a file, such as a pipe, which would never end.
    #[error("{} is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// A flag is a link to a file outside the folder.
    #[error("{} is a link that leads out of the folder", .0.display())]
    Outside(PathBuf),
    /// The folder has no file `cc/cc.gif` for any code.
    #[error("no flags in {}: expected files such as br/br.gif", .0.display())]
    Empty(PathBuf),
}

impl Images {
    /// Returns the built-in flags of [`COUNTRY_CODES`].
    pub(crate) fn built_in() -> Self {
        let flags = FLAGS.iter();
        Self(
            flags
                .map(|&(code, gif)| (code.to_owned(), content(Bytes::from_static(gif))))
                .collect(),
        )
    }

    /// Reads the files `cc/cc.gif` of a folder for all codes aa...zz that have one. Does not check their contents.
    pub(crate) fn read_from(folder: &Path) -> Result<Self, ImagesError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| ImagesError::Read { path, source }
        };
        fs::read_dir(folder).map_err(failed(folder))?;
        let real_folder = fs::canonicalize(folder).map_err(failed(folder))?;

        let mut images = HashMap::new();
        for code in ('a'..='z').flat_map(|a| ('a'..='z').map(move |b| format!("{a}{b}"))) {
            let path = folder.join(&code).join(&code).with_extension("gif");
            let real_path = match fs::canonicalize(&path) {
                Ok(real_path) => real_path,
                Err(error) if is_absent(&error) => continue,
                Err(error) => return Err(failed(&path)(error)),
            };
            if !real_path.starts_with(&real_folder) {
                return Err(ImagesError::Outside(path));
            }
            // Checked before the file is opened: opening a pipe waits for its other end.
            if !real_path.metadata().map_err(failed(&path))?.is_file() {
                return Err(ImagesError::NotAFile(path));
            }
            let bytes = fs::read(&real_path).map_err(failed(&path))?;
            images.insert(code, content(Bytes::from(bytes)));
        }
        if images.is_empty() {
            return Err(ImagesError::Empty(folder.to_owned()));
        }
        Ok(Self(images))
    }

    /// Returns the image of a code in lower case.
    pub(crate) fn find(&self, code: &str) -> Option<&Arc<Content>> {
        self.0.get(code)
    }

    /// Returns the codes that have an image, in lower case and in alphabetical order.
    pub(crate) fn codes(&self) -> Vec<&str> {
        let mut codes: Vec<_> = self.0.keys().map(String::as_str).collect();
        codes.sort_unstable();
        codes
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}

/// Returns the content of the file of a flag.
fn content(gif: Bytes) -> Arc<Content> {
    Arc::new(Content::new(gif, HeaderValue::from_static("image/gif")))
}

/// Returns whether an error means that the image does not exist: `br` may be missing, or be a file instead of a folder.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
