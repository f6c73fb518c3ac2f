//! An item as it arrives: checked at once, kept in memory up to 1 MiB, and beyond that in its temporary file.
//!
//! Nearly every file fits into one block of memory and is written at once. Large ones must not take as much memory as all
//! downloads in flight are long. Bytes that cannot become a GIF any more are not kept at all,
//! if they must. Knows nothing of HTTP.

use std::path::{Path, PathBuf};

use program::{Files, NewFile, WriteError};

use crate::download::content::{ContentCheck, Invalid};
use crate::download::save::FILES;
use crate::item::Item;
use crate::job::Job;

/// The capacity of a block, in bytes.
const BLOCK: usize = 64 << 10;

/// The most bytes kept in memory.
const IN_MEMORY: usize = 1 << 20;

/// An item that is being received.
#[derive(Debug)]
pub(super) struct Incoming {
    place: Place,
    check: ContentCheck,
    allow_unframed: bool,
    /// The bytes, unless they are in `file`.
    ///
    /// One growing buffer would have up to twice the size of its content. The chunks themselves would take many times
    /// that size, because a server may make them as small as it likes.
    blocks: Vec<Vec<u8>>,
    file: Option<NewFile>,
}

/// Where a file goes.
#[derive(Debug)]
struct Place {
    folder: PathBuf,
    /// The name of the file, perhaps with subfolders.
    name: String,
    files: Files,
}

/// The reason why the bytes received did not become a file.
#[derive(Debug)]
pub(super) enum NotSaved {
    /// They are not the file that was asked for.
    Invalid(Invalid),
    /// They could not be written.
    Unwritten(WriteError),
}

impl Incoming {
    /// Creates an item without a byte. Touches no disk yet.
    pub(super) fn new(job: &Job, item: &Item) -> Self {
        Self {
            place: Place {
                folder: job.dest.clone(),
                name: item.file_name(),
                files: FILES.synced(job.fsync),
            },
            check: ContentCheck::of(item),
            allow_unframed: job.allow_unframed,
            blocks: Vec::new(),
            file: None,
        }
    }

    /// Returns whether only the headers of the answer can say whether the bytes are complete, and must.
    pub(super) fn is_unchecked(&self) -> bool {
        !self.check.detects_cuts() && !self.allow_unframed
    }

    /// Checks the size that an answer announces against the one in the list.
    pub(super) fn check_announced(&self, total: Option<u64>) -> Result<(), Invalid> {
        self.check.check_size(0, total)
    }

    /// Returns whether more bytes have arrived than the list allows.
    pub(super) fn check_excess(&self) -> Result<(), Invalid> {
        self.check.check_size(self.check.length(), None)
    }

    /// Takes the next bytes. Blocks if they go to the disk.
    ///
    /// # Errors
    /// If they cannot be written.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.check.feed(bytes);
        if self.check.is_not_gif() {
            self.blocks = Vec::new();
            self.file = None;
            return Ok(());
        }
        let held: usize = self.blocks.iter().map(Vec::len).sum();
        if self.file.is_none() && held + bytes.len() > IN_MEMORY {
            self.file = Some(self.place.write(&self.blocks)?);
            self.blocks = Vec::new();
        }
        match &mut self.file {
            Some(file) => file.write(bytes),
            None => {
                self.hold(bytes);
                Ok(())
            }
        }
    }

    /// Saves the item under its name and returns that path. An older file stays until the new one is complete.
    ///
    /// Blocks: for files of this size a thread pool costs more than the disk (1.4 times the wall time, twice the CPU
    /// time).
    ///
    /// # Errors
    /// If the bytes are not the file that was asked for, or if the file cannot be written or renamed. No temporary file is
    /// left behind.
    pub(super) fn save(self) -> Result<PathBuf, NotSaved> {
        self.check.finish().map_err(NotSaved::Invalid)?;
        let file = match self.file {
            Some(file) => Ok(file),
            None => self.place.write(&self.blocks),
        };
        file.and_then(NewFile::finish)
            .map_err(NotSaved::Unwritten)?;
        Ok(self.place.path())
    }

    fn hold(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let block = match self.blocks.last_mut() {
                Some(last) if last.len() < BLOCK => last,
                _ => self.blocks.push_mut(Vec::new()),
            };
            let (fits, rest) = bytes.split_at(bytes.len().min(BLOCK - block.len()));
            // A file that arrives in one piece needs no more than its own size.
            if !block.is_empty() {
                block.reserve_exact(BLOCK - block.len());
            }
            block.extend_from_slice(fits);
            bytes = rest;
        }
    }
}

impl Place {
    fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// Writes blocks to a temporary file.
    fn write(&self, blocks: &[Vec<u8>]) -> Result<NewFile, WriteError> {
        let mut file = match self.name.contains('/') {
            true => self
                .files
                .begin_below(&self.folder, Path::new(&self.name))?,
            false => self.files.begin(&self.path())?,
        };
        for block in blocks {
            file.write(block)?;
        }
        Ok(file)
    }
}
