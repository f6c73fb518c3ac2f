//! A part of a file as a stream of bytes, without moving the file's own position.

use std::fs::File;
use std::io::{self, Read};

use super::progress::Progress;

/// Reads the bytes of a file from one place to another.
#[derive(Debug)]
pub(super) struct Range<'f> {
    file: &'f File,
    place: u64,
    end: u64,
}

impl<'f> Range<'f> {
    /// Returns the bytes from `start` up to `end`, or to the end of the file if that comes first.
    pub(super) fn new(file: &'f File, start: u64, end: u64) -> Self {
        Self {
            file,
            place: start,
            end,
        }
    }
}

impl Read for Range<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.place)).unwrap_or(usize::MAX);
        let length = buffer.len().min(left);
        let read = read_at(self.file, &mut buffer[..length], self.place)?;
        self.place += read as u64;
        Ok(read)
    }
}

/// Reads some bytes at a place of the file. Returns 0 at its end.
#[cfg(unix)]
pub(super) fn read_at(file: &File, buffer: &mut [u8], place: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, place)
}

/// Reads some bytes at a place of the file. Returns 0 at its end.
#[cfg(windows)]
pub(super) fn read_at(file: &File, buffer: &mut [u8], place: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, place)
}

/// Counts the bytes that are read, and reports them as progress.
#[derive(Debug)]
pub(super) struct Counted<R> {
    inner: R,
    read: u64,
    progress: Progress,
}

impl<R> Counted<R> {
    /// Returns a reader that has counted nothing.
    pub(super) fn new(inner: R, progress: Progress) -> Self {
        Self {
            inner,
            read: 0,
            progress,
        }
    }

    /// Returns the number of bytes read.
    pub(super) fn count(&self) -> u64 {
        self.read
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        self.progress.add(read as u64);
        Ok(read)
    }
}
