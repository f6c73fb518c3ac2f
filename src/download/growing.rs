//! A file that grows, and the place where it goes when it is complete.

use std::path::{Path, PathBuf};

use program::{Files, NewFile, PartialFile, WriteError};

use crate::download::save::FILES;
use crate::item::Item;
use crate::job::Job;

/// A file under construction.
#[derive(Debug)]
pub(super) enum Growing {
    /// One that is dropped if the download fails.
    Temporary(NewFile),
    /// One that is kept if the rest of it can be requested. Boxed, because few files are that large.
    Partial(Box<PartialFile>),
}

/// Where a file goes.
#[derive(Debug)]
pub(super) struct Place {
    /// The path of the file. Folder and name are parts of it, so that a small file needs no copies of them.
    pub(super) path: PathBuf,
    /// The number of parts that the name has, with its subfolders.
    depth: usize,
    pub(super) files: Files,
    pub(super) is_synced: bool,
}

impl Growing {
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        match self {
            Self::Temporary(file) => file.write(bytes),
            Self::Partial(file) => file.write(bytes),
        }
    }

    pub(super) fn finish(self) -> Result<(), WriteError> {
        match self {
            Self::Temporary(file) => file.finish(),
            Self::Partial(file) => file.finish(),
        }
    }

    pub(super) fn discard(self) {
        match self {
            Self::Temporary(file) => drop(file),
            Self::Partial(file) => file.discard(),
        }
    }
}

impl Place {
    /// Returns the place of an item in the folder of a job.
    pub(super) fn of(job: &Job, item: &Item) -> Self {
        let name = item.file_name();
        Self {
            depth: 1 + name.bytes().filter(|&byte| byte == b'/').count(),
            path: job.dest.join(name),
            files: FILES.synced(job.fsync),
            is_synced: job.fsync,
        }
    }

    /// Returns the folder that the name is in, with its subfolders.
    pub(super) fn folder(&self) -> &Path {
        match self.path.ancestors().nth(self.depth) {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        }
    }

    /// Returns the name of the file with its subfolders.
    pub(super) fn name(&self) -> &Path {
        self.path.strip_prefix(self.folder()).unwrap_or(&self.path)
    }

    pub(super) fn temporary(&self) -> Result<NewFile, WriteError> {
        match self.depth {
            1 => self.files.begin(&self.path),
            _ => self.files.begin_below(self.folder(), self.name()),
        }
    }
}
