//! An item as it arrives: checked at once, kept in memory up to 1 MiB, and beyond that in its temporary file.
//!
//! Nearly every file fits into one block of memory and is written at once. Large ones must not take as much memory as all
//! downloads in flight are long. Bytes that cannot become a GIF any more are not kept at all,
//! if they must. Knows nothing of HTTP.

use std::path::{Path, PathBuf};

use program::{Files, NewFile, WriteError};

use crate::download::gif::{GifCheck, GifError};
use crate::download::save::FILES;
use crate::item::{Check, Item};
use crate::job::Job;

/// The capacity of a block, in bytes.
const BLOCK: usize = 64 << 10;

/// The most bytes kept in memory.
const IN_MEMORY: usize = 1 << 20;

/// The most bytes shown of a body that is not a GIF.
const BEGINNING: usize = 24;

/// An item that is being received.
#[derive(Debug)]
pub(super) struct Incoming {
    path: PathBuf,
    files: Files,
    /// The check of a GIF; `None` if the bytes may be anything.
    check: Option<GifCheck>,
    allow_unframed: bool,
    beginning: Vec<u8>,
    /// The bytes, unless they are in `file`.
    ///
    /// One growing buffer would have up to twice the size of its content. The chunks themselves would take many times
    /// that size, because a server may make them as small as it likes.
    blocks: Vec<Vec<u8>>,
    file: Option<NewFile>,
}

/// The reason why the bytes received did not become a file.
#[derive(Debug)]
pub(super) enum NotSaved {
    /// They are not a complete GIF. Holds their beginning.
    Invalid(GifError, Vec<u8>),
    /// They could not be written.
    Unwritten(WriteError),
}

impl Incoming {
    /// Creates an item without a byte. Touches no disk yet.
    pub(super) fn new(job: &Job, item: &Item) -> Self {
        Self {
            path: job.dest.join(item.file_name()),
            files: FILES.synced(job.fsync),
            check: (item.check() == Check::Gif).then(GifCheck::default),
            allow_unframed: job.allow_unframed,
            beginning: Vec::new(),
            blocks: Vec::new(),
            file: None,
        }
    }

    /// Returns whether only the headers of the answer can say whether the bytes are complete, and must.
    pub(super) fn is_unchecked(&self) -> bool {
        self.check.is_none() && !self.allow_unframed
    }

    /// Takes the next bytes. Blocks if they go to the disk.
    ///
    /// # Errors
    /// If they cannot be written.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.feed(bytes);
        let missing = BEGINNING - self.beginning.len();
        self.beginning
            .extend_from_slice(&bytes[..missing.min(bytes.len())]);
        if self.check.as_ref().is_some_and(GifCheck::has_failed) {
            self.blocks = Vec::new();
            self.file = None;
            return Ok(());
        }
        let held: usize = self.blocks.iter().map(Vec::len).sum();
        if self.file.is_none() && held + bytes.len() > IN_MEMORY {
            self.file = Some(write_blocks(self.files, &self.path, &self.blocks)?);
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
    /// If the bytes must be a complete GIF and are not, or if the file cannot be written or renamed. No temporary file is left
    /// behind.
    pub(super) fn save(self) -> Result<PathBuf, NotSaved> {
        if let Some(Err(error)) = self.check.map(GifCheck::finish) {
            return Err(NotSaved::Invalid(error, self.beginning));
        }
        let file = match self.file {
            Some(file) => Ok(file),
            None => write_blocks(self.files, &self.path, &self.blocks),
        };
        file.and_then(NewFile::finish)
            .map_err(NotSaved::Unwritten)?;
        Ok(self.path)
    }

    fn feed(&mut self, bytes: &[u8]) {
        if let Some(check) = &mut self.check {
            check.feed(bytes);
        }
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

/// Writes blocks to the temporary file of `path`.
fn write_blocks(files: Files, path: &Path, blocks: &[Vec<u8>]) -> Result<NewFile, WriteError> {
    let mut file = files.begin(path)?;
    for block in blocks {
        file.write(block)?;
    }
    Ok(file)
}
