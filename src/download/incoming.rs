//! An item as it arrives: checked at once, kept in memory up to 1 MiB, and beyond that in a file under construction.
//!
//! Nearly every file fits into one block of memory and is written at once. Large ones must not take as much memory as all
//! downloads in flight are long. Bytes that cannot become a GIF any more are not kept at all
//! if the file must be one. If the rest of a large file can be requested after a cut, what is there is kept for that, for the next
//! attempt and for a later run. Knows nothing of HTTP.

use std::path::PathBuf;

use program::{PartialFile, WriteError};

use crate::download::content::{ContentCheck, Invalid};
use crate::download::growing::{Growing, Place};
use crate::download::resume::{Note, Rest, Validator, key};
use crate::item::Item;
use crate::job::Job;

/// The capacity of a block, in bytes.
const BLOCK: usize = 64 << 10;

/// The most bytes kept in memory.
const IN_MEMORY: usize = 1 << 20;

/// An item that is being received.
#[derive(Debug)]
pub(super) struct Incoming {
    item: Item,
    place: Place,
    check: ContentCheck,
    allow_unframed: bool,
    /// The bytes, unless they are in `file`.
    ///
    /// One growing buffer would have up to twice the size of its content. The chunks themselves would take many times
    /// that size, because a server may make them as small as it likes.
    blocks: Vec<Vec<u8>>,
    file: Option<Growing>,
    /// What is needed to request the rest after a cut; `None` if that is not possible.
    note: Option<Box<Note>>,
    /// The length of the whole, if a part of it was requested.
    total: Option<u64>,
}

/// The reason why the bytes received did not become a file.
#[derive(Debug)]
pub(super) enum NotSaved {
    /// They are not the file that was asked for.
    Invalid(Invalid),
    /// Their number is not the one that the server gave for the whole.
    Incomplete {
        /// Theirs.
        length: u64,
        /// That of the server.
        total: u64,
    },
    /// They could not be written.
    Unwritten(WriteError),
}

impl Incoming {
    /// Creates an item without a byte. Touches no disk yet.
    pub(super) fn new(job: &Job, item: &Item) -> Self {
        Self {
            item: item.clone(),
            place: Place::of(job, item),
            check: ContentCheck::of(item),
            allow_unframed: job.allow_unframed,
            blocks: Vec::new(),
            file: None,
            note: None,
            total: None,
        }
    }

    /// Returns this item with the bytes that an earlier run has left of it, if they can be used. Reads them all, to check the
    /// whole. Blocks.
    pub(super) fn with_bytes_of_an_earlier_run(mut self) -> Self {
        let Some((mut partial, note)) = self.open_partial() else {
            return self;
        };
        let (check, mut usable) = (&mut self.check, 0);
        if let (Some(note), Ok(length)) = (&note, partial.length()) {
            usable = note.usable(length);
        }
        let read = partial.read_back(usable, |bytes| check.feed(bytes));
        let is_sound = usable > 0 && read.is_ok() && check.length() == usable;
        let is_wrong = check.is_not_gif() || check.check_size(usable, None).is_err();
        self.file = Some(Growing::Partial(Box::new(partial)));
        self.note = note.map(Box::new);
        if !is_sound || is_wrong {
            self.start_again();
        }
        self
    }

    /// Opens the partial file of this item, if there is one that this run can use, and its note if that is of this item.
    fn open_partial(&self) -> Option<(PartialFile, Option<Note>)> {
        let (url, place) = (self.item.url().ok()?, &self.place);
        let opened = place
            .files
            .open_partial(place.folder(), place.name(), self.key());
        let (partial, note) = opened.ok().flatten()?;
        let name = self.item.file_name();
        let note = Note::parse(&note).filter(|note| note.is_of(&name, &url));
        Some((partial, note))
    }

    /// Returns whether a job has seen the beginning of this item in its folder.
    pub(super) fn is_begun(&self, job: &Job) -> bool {
        !job.partials.is_empty() && job.partials.contains(&self.key())
    }

    /// Returns whether only the headers of the answer can say whether the bytes are complete, and must.
    pub(super) fn is_unchecked(&self) -> bool {
        !self.check.detects_cuts() && !self.allow_unframed
    }

    /// Returns what to request instead of the whole, if the beginning is there.
    pub(super) fn rest(&self) -> Option<Rest> {
        match (&self.file, &self.note) {
            (Some(Growing::Partial(_)), Some(note)) => Some(Rest {
                offset: self.check.length(),
                validator: note.validator.clone(),
                total: note.total,
            }),
            _ => None,
        }
    }

    /// Takes note of a whole body that begins: its length, if the answer announces it, and what its rest can be requested
    /// with after a cut. Forgets what was there.
    ///
    /// # Errors
    /// If the list says another size.
    pub(super) fn begin(
        &mut self,
        announced: Option<u64>,
        validator: impl FnOnce() -> Option<Validator>,
    ) -> Result<(), Invalid> {
        if self.check.length() > 0 {
            self.start_again();
        }
        self.check.check_size(0, announced)?;
        // A small body is not worth a range.
        if announced.is_none_or(|length| length > IN_MEMORY as u64)
            && let (Some(validator), Ok(url)) = (validator(), self.item.url())
        {
            let (name, is_synced) = (self.item.file_name(), self.place.is_synced);
            let note = Note::new(&name, &url, validator, announced, is_synced);
            self.note = Some(Box::new(note));
        }
        Ok(())
    }

    /// Takes note of the rest of a body that begins, and of the length of the whole.
    ///
    /// # Errors
    /// If the list says another size.
    pub(super) fn go_on(&mut self, total: u64) -> Result<(), Invalid> {
        self.total = Some(total);
        self.check.check_size(0, self.total)
    }

    /// Checks that there are no more bytes than the list says.
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
            self.forget_bytes();
            return Ok(());
        }
        let held: usize = self.blocks.iter().map(Vec::len).sum();
        if self.file.is_none() && held + bytes.len() > IN_MEMORY {
            self.file = Some(self.grow(self.note.as_deref())?);
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
    pub(super) fn save(mut self) -> Result<PathBuf, NotSaved> {
        if let Err(error) = self.finish_checks() {
            self.forget_bytes();
            return Err(error);
        }
        let file = match self.file.take() {
            Some(file) => Ok(file),
            None => self.grow(None),
        };
        file.and_then(Growing::finish)
            .map_err(NotSaved::Unwritten)?;
        Ok(self.place.path)
    }

    fn finish_checks(&mut self) -> Result<(), NotSaved> {
        let length = self.check.length();
        match self.total.filter(|&total| total != length) {
            Some(total) => Err(NotSaved::Incomplete { length, total }),
            None => self.check.finish().map_err(NotSaved::Invalid),
        }
    }

    /// Keeps what is there for another attempt or run, if the rest of it can be requested, and otherwise removes it. Returns
    /// what is kept. Blocks if the bytes must be on the disk.
    pub(super) fn put_aside(mut self) -> Option<Box<Self>> {
        let (Some(Growing::Partial(partial)), Some(note)) = (&mut self.file, &mut self.note) else {
            return None;
        };
        if self.place.is_synced {
            note.bytes = Some(self.check.length());
            if partial.note(&note.text()).is_err() {
                self.discard();
                return None;
            }
        }
        Some(Box::new(self))
    }

    /// Removes what is there.
    pub(super) fn discard(mut self) {
        self.forget_bytes();
    }

    /// Forgets everything that is there, so that the whole can come in.
    pub(super) fn start_again(&mut self) {
        self.forget_bytes();
        self.check = ContentCheck::of(&self.item);
        (self.note, self.total) = (None, None);
    }

    /// Writes the blocks to a new file, which outlives this run if there is a note for it.
    fn grow(&self, note: Option<&Note>) -> Result<Growing, WriteError> {
        let mut file = match note.and_then(|note| self.begin_partial(note)) {
            Some(partial) => Growing::Partial(Box::new(partial)),
            None => Growing::Temporary(self.place.temporary()?),
        };
        for block in &self.blocks {
            if let Err(error) = file.write(block) {
                file.discard();
                return Err(error);
            }
        }
        Ok(file)
    }

    /// Returns a new partial file, or `None` if that is not possible, such as while another run downloads the same file.
    fn begin_partial(&self, note: &Note) -> Option<PartialFile> {
        let (place, key) = (&self.place, self.key());
        let begun = place
            .files
            .begin_partial(place.folder(), place.name(), key, &note.text());
        begun.ok().flatten()
    }

    /// Returns the key of the partial file.
    fn key(&self) -> u64 {
        key(&self.item.file_name())
    }

    fn forget_bytes(&mut self) {
        self.blocks = Vec::new();
        self.file.take().into_iter().for_each(Growing::discard);
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
