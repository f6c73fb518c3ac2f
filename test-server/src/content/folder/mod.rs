//! A folder whose files are served.
//!
//! * `files`: serves them, with the feature `files`

#[cfg(feature = "files")]
mod files;

#[cfg(feature = "files")]
pub(crate) use files::Folder;

/// Without the feature `files`, no folder is served.
#[cfg(not(feature = "files"))]
#[derive(Debug)]
pub(crate) enum Folder {}

#[cfg(not(feature = "files"))]
impl Folder {
    pub(crate) fn open(_: &std::path::Path) -> std::io::Result<Self> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        match *self {}
    }

    pub(crate) async fn respond(&self, _: axum::extract::Request) -> axum::response::Response {
        match *self {}
    }
}
