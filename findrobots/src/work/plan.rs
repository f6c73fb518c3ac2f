//! The pieces of all files, largest file first: a large file that starts last would keep one worker busy while the others have
//! nothing left to do.
//!
//! The plan does not depend on the number of workers, so that every executor reads the same pieces.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::fs::File;

use super::file::LogFile;
use super::piece::{Part, Piece};
use super::range::{Range, read_at};
use crate::decode::{BgzfBlocks, Format, SNIFFED, is_compressed_name};

/// Files of up to this size are one piece.
const SPLIT_FROM: u64 = 16 << 20;

/// The size of the pieces of plain text.
const PLAIN_PIECE: u64 = 16 << 20;

/// The size of the pieces of BGZF. Logs are five to twenty times as large when they are decompressed.
const BGZF_PIECE: u64 = 4 << 20;

/// Small files are collected to tasks of this size, and of at most this number of files, so that handing them out costs
/// little beside reading them.
const TASK_BYTES: u64 = 1 << 20;
const TASK_FILES: usize = 64;

/// The tasks of a job, each with its pieces, found as they are needed.
#[derive(Debug)]
pub(super) struct Plan {
    /// The files whose pieces are not known yet, in order.
    files: VecDeque<(usize, LogFile)>,
    /// The file that is being split.
    splitting: Option<Splitting>,
    /// Whether every file is one piece.
    whole_only: bool,
}

/// One step of a plan.
#[derive(Debug)]
pub(super) enum Step {
    /// The pieces of the next task.
    Task(Vec<Piece>),
    /// All pieces of the file at this position have been returned.
    AllOf(usize),
}

#[derive(Debug)]
struct Splitting {
    index: usize,
    file: LogFile,
    opened: File,
    length: u64,
    next: u64,
    is_bgzf: bool,
}

impl Plan {
    /// Returns the plan for these files. Streams are not part of it.
    pub(super) fn new(files: &[LogFile]) -> Self {
        let files = files.iter().cloned().enumerate();
        let mut files: Vec<_> = files.filter(|(_, file)| !file.is_stream()).collect();
        files.sort_by_key(|(index, file)| (Reverse(file.size()), *index));
        Self {
            files: files.into(),
            splitting: None,
            whole_only: false,
        }
    }

    /// Makes each file one piece, for workers that are sent its bytes: a part of it needs those before.
    pub(super) fn whole_only(self, whole_only: bool) -> Self {
        Self { whole_only, ..self }
    }

    /// Returns a task of files that are small enough to be one piece each.
    fn whole_files(&mut self) -> Option<Vec<Piece>> {
        let (mut pieces, mut bytes) = (Vec::new(), 0);
        while let Some((_, next)) = self.files.front() {
            let fits = pieces.is_empty()
                || (bytes + next.size() <= TASK_BYTES && pieces.len() < TASK_FILES);
            if !fits {
                break;
            }
            let (index, file) = self.files.pop_front()?;
            bytes += file.size();
            pieces.push(Piece {
                index,
                file,
                part: Part::Whole,
            });
        }
        (!pieces.is_empty()).then_some(pieces)
    }
}

impl Iterator for Plan {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        if let Some(splitting) = &mut self.splitting {
            if let Some(piece) = splitting.next_piece() {
                return Some(Step::Task(vec![piece]));
            }
            let index = splitting.index;
            self.splitting = None;
            return Some(Step::AllOf(index));
        }
        let (_, file) = self.files.front()?;
        if file.size() > SPLIT_FROM
            && !self.whole_only
            && let Some(is_bgzf) = is_bgzf_or_plain(file)
            && let Ok(opened) = file.open()
        {
            let (index, file) = self.files.pop_front()?;
            self.splitting = Some(Splitting {
                index,
                length: opened
                    .metadata()
                    .map_or(file.size(), |metadata| metadata.len()),
                file,
                opened,
                next: 0,
                is_bgzf,
            });
            return self.next();
        }
        self.whole_files().map(Step::Task)
    }
}

impl Splitting {
    fn next_piece(&mut self) -> Option<Piece> {
        let start = self.next;
        let part = if self.is_bgzf {
            let read_at = |buffer: &mut [u8], place| {
                let mut range = Range::new(&self.opened, place, u64::MAX);
                read_full(&mut range, buffer)
            };
            let mut blocks = BgzfBlocks::from(read_at, start, self.length);
            let piece = blocks.next_piece(BGZF_PIECE)?;
            self.next = piece.end;
            match piece.is_whole {
                true => Part::Bgzf {
                    start,
                    end: piece.end,
                },
                false => Part::Gzip {
                    start,
                    end: piece.end,
                    is_last: piece.end == self.length,
                },
            }
        } else {
            if start >= self.length {
                return None;
            }
            self.next = (start + PLAIN_PIECE).min(self.length);
            Part::Plain {
                start,
                end: self.next,
            }
        };
        Some(Piece {
            index: self.index,
            file: self.file.clone(),
            part,
        })
    }
}

/// Fills the buffer as far as the range reaches.
fn read_full(range: &mut impl std::io::Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match range.read(&mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

/// Returns whether the file is BGZF (true) or plain text (false), which can be split; `None` if it is neither, or cannot be read.
fn is_bgzf_or_plain(file: &LogFile) -> Option<bool> {
    let mut first = [0; SNIFFED];
    let read = read_at(&file.open().ok()?, &mut first, 0).ok()?;
    match Format::of(&first[..read], is_compressed_name(file.path())) {
        Format::Bgzf => Some(true),
        Format::Plain => Some(false),
        _ => None,
    }
}
