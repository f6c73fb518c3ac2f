//! A flag as it arrives: checked at once, kept in memory up to 1 MiB, and beyond that in its temporary file.
//!
//! Nearly every flag fits into one block of memory and is written at once. Large ones must not take as much memory as all
//! downloads in flight are long. Bytes that cannot become a flag any more are not kept at all. Knows nothing of HTTP.

use std::path::{Path, PathBuf};

use program::{Files, NewFile, WriteError};

use crate::download::gif::{GifCheck, GifError};
use crate::item::Item;

/// The capacity of a block, in bytes.
const BLOCK: usize = 64 << 10;

/// The most bytes kept in memory.
const IN_MEMORY: usize = 1 << 20;

/// The most bytes shown of a body that is not a GIF.
const BEGINNING: usize = 24;

/// A flag that is being received.
#[derive(Debug)]
pub(super) struct Incoming {
    path: PathBuf,
    files: Files,
    check: GifCheck,
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
    /// Creates the flag `item`, without a byte. Touches no disk yet.
    pub(super) fn new(files: Files, folder: &Path, item: &Item) -> Self {
        Self {
            path: folder.join(item.file_name()),
            files,
            check: GifCheck::default(),
            beginning: Vec::new(),
            blocks: Vec::new(),
            file: None,
        }
    }

    /// Takes the next bytes. Blocks if they go to the disk.
    ///
    /// # Errors
    /// If they cannot be written.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.check.feed(bytes);
        let missing = BEGINNING - self.beginning.len();
        self.beginning
            .extend_from_slice(&bytes[..missing.min(bytes.len())]);
        if self.check.has_failed() {
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

    /// Saves the flag as `{folder}/br.gif` and returns that path. An older file stays until the new one is complete.
    ///
    /// Blocks: for files of this size a thread pool costs more than the disk (1.4 times the wall time, twice the CPU
    /// time).
    ///
    /// # Errors
    /// If the bytes are not a complete GIF, or if the file cannot be written or renamed. No temporary file is left
    /// behind.
    pub(super) fn save(self) -> Result<PathBuf, NotSaved> {
        if let Err(error) = self.check.finish() {
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

    fn hold(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let block = match self.blocks.last_mut() {
                Some(last) if last.len() < BLOCK => last,
                _ => self.blocks.push_mut(Vec::new()),
            };
            let (fits, rest) = bytes.split_at(bytes.len().min(BLOCK - block.len()));
            // A flag that arrives in one piece needs no more than its own size.
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
