//! Reads one piece: decompresses it, splits it into lines, and passes them to the job.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Cursor, Read};

use concurrent_futures::{Current, current};

use super::file::LogFile;
use super::piece::{Part, Piece, PieceReport};
use super::progress::Progress;
use super::range::{Counted, Range};
use crate::decode::{
    Buffers, Cause, Damage, Format, Found, MEMORY, SNIFFED, Sink, Stopped, is_compressed_name,
    read_bgzf, read_blocks, read_bzip2, read_gzip, read_gzip_at_once, read_plain, read_xz,
    read_zstd,
};
use crate::jobs::{Job, Scanner};
use crate::line::LineSplitter;

/// Files of up to this size are read into memory as a whole. The rest of the memory is for what they decompress to.
const AT_ONCE: usize = MEMORY / 2;

/// The number of damaged places of a piece that are reported one by one.
const MAX_DAMAGE: usize = 10;

/// The number of first bytes of a stream that decide its format. Lines that have come count even if the run is stopped before the
/// stream ends; so these are fewer than those of a file, and fewer than a line that matters.
const FIRST: u64 = 18;

thread_local! {
    /// Used again for each piece: to allocate tens of megabytes anew takes as long as to decompress them.
    static BUFFERS: RefCell<Buffers> = RefCell::new(Buffers::new());
}

/// Reads the piece and adds what its lines say to `partial`.
pub(super) fn read_piece<J: Job>(
    piece: &Piece,
    scanner: &Scanner<'_, J>,
    partial: &mut J::Partial,
    progress: &Progress,
) -> PieceReport {
    BUFFERS.with_borrow_mut(|buffers| {
        let starts_in_line = match piece.part {
            Part::Whole => false,
            Part::Plain { start, .. } | Part::Bgzf { start, .. } | Part::Gzip { start, .. } => {
                start > 0
            }
        };
        let mut lines = Lines {
            splitter: LineSplitter::new(starts_in_line),
            scanner,
            partial,
            decompressed: 0,
            task: current(),
        };
        let mut reader = PieceReader {
            buffers,
            lines: &mut lines,
            compressed: 0,
            progress,
        };
        let read = reader.read(piece);
        let compressed = reader.compressed;
        lines.report(piece.index, compressed, read)
    })
}

/// Reads a stream, such as standard input, in the calling thread.
pub(super) fn read_stream<J: Job>(
    index: usize,
    file: &LogFile,
    input: impl Read,
    scanner: &Scanner<'_, J>,
    partial: &mut J::Partial,
    progress: &Progress,
) -> PieceReport {
    BUFFERS.with_borrow_mut(|buffers| {
        let mut lines = Lines {
            splitter: LineSplitter::default(),
            scanner,
            partial,
            decompressed: 0,
            task: current(),
        };
        let mut input = Counted::new(input, progress.clone());
        let mut first = Vec::new();
        let read = match (&mut input).take(FIRST).read_to_end(&mut first) {
            Ok(_) => {
                let format = Format::of(&first, is_compressed_name(file.path()));
                let input = Cursor::new(first).chain(&mut input);
                read_format(format, input, buffers, &mut lines).map_err(Failed::Stopped)
            }
            Err(error) => Err(Failed::Open(error)),
        };
        if read.is_ok() && !lines.task.is_cancelled() {
            // When the run is stopped the last line may not be whole.
            lines.finish();
        }
        lines.report(index, input.count(), read)
    })
}

/// Why a piece was not read to its end.
enum Failed {
    Open(io::Error),
    Stopped(Stopped),
}

impl From<Stopped> for Failed {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Open(error)
    }
}

/// One piece while it is read.
struct PieceReader<'r, 'j, J: Job> {
    buffers: &'r mut Buffers,
    lines: &'r mut Lines<'j, J>,
    compressed: u64,
    progress: &'r Progress,
}

impl<J: Job> PieceReader<'_, '_, J> {
    fn read(&mut self, piece: &Piece) -> Result<Found, Failed> {
        if let Some(content) = piece.file.sent()? {
            return match piece.part {
                Part::Whole => self.whole(content, &piece.file),
                // The plan does not split such files.
                _ => Err(io::Error::from(io::ErrorKind::InvalidInput).into()),
            };
        }
        let file = piece.file.open()?;
        match piece.part {
            Part::Whole => self.whole(&file, &piece.file),
            Part::Plain { start, end } => {
                let found = self.counted(&file, start, end, |input, _, lines| {
                    read_plain(input, start, lines)
                })?;
                self.end_of_line(&file, end, |input, _, lines| read_plain(input, end, lines));
                Ok(found)
            }
            Part::Bgzf { start, end } => {
                self.fill(Range::new(&file, start, end), end - start, u64::MAX)?;
                let (mut found, read) = read_blocks(self.buffers, start, self.lines)?;
                if (read as u64) < end - start {
                    // The file was changed since its blocks were found.
                    found.damage.push(Damage {
                        offset: start + read as u64,
                        cause: Cause::Truncated,
                    });
                    self.lines.cut();
                }
                self.end_of_line(&file, end, |input, buffers, lines| {
                    read_gzip(input, end, buffers, lines)
                });
                Ok(found)
            }
            Part::Gzip {
                start,
                end,
                is_last,
            } => {
                let mut found = self.counted(&file, start, end, |input, buffers, lines| {
                    read_gzip(input, start, buffers, lines)
                })?;
                if !is_last {
                    found.is_followed(self.lines);
                }
                self.end_of_line(&file, end, |input, buffers, lines| {
                    read_gzip(input, end, buffers, lines)
                });
                Ok(found)
            }
        }
    }

    /// Reads a whole file: at once if it is small, otherwise piece by piece.
    fn whole(&mut self, mut file: impl Read, log: &LogFile) -> Result<Found, Failed> {
        self.fill(&mut file, log.size(), AT_ONCE as u64 + 1)?;
        let input = &self.buffers.input;
        let first = &input[..input.len().min(SNIFFED)];
        let format = Format::of(first, is_compressed_name(log.path()));
        let found = match format {
            _ if input.len() > AT_ONCE => {
                let first = std::mem::take(&mut self.buffers.input);
                let mut rest = Counted::new(file, self.progress.clone());
                let input = Cursor::new(first).chain(&mut rest);
                let found = read_format(format, input, self.buffers, self.lines);
                self.compressed += rest.count();
                found?
            }
            Format::Gzip => read_gzip_at_once(self.buffers, 0, self.lines)?,
            Format::Bgzf => {
                let (mut found, read) = read_blocks(self.buffers, 0, self.lines)?;
                found.add(read_gzip_at_once(self.buffers, read, self.lines)?);
                found
            }
            Format::Plain | Format::Zstd | Format::Bzip2 | Format::Xz | Format::Unknown => {
                let input = std::mem::take(&mut self.buffers.input);
                let found = read_format(format, &input[..], self.buffers, self.lines);
                self.buffers.input = input;
                found?
            }
        };
        self.lines.finish();
        Ok(found)
    }

    /// Reads up to `most` bytes into the input buffer. About `expected` bytes will come.
    fn fill(&mut self, input: impl Read, expected: u64, most: u64) -> io::Result<()> {
        self.buffers.input.clear();
        // One more, so that the end is noticed without growing.
        let expected = usize::try_from(expected.min(most)).unwrap_or(0);
        self.buffers.input.reserve(expected.min(AT_ONCE) + 1);
        let mut counted = Counted::new(input.take(most), self.progress.clone());
        let read = counted.read_to_end(&mut self.buffers.input);
        self.compressed += counted.count();
        read.map(drop)
    }

    /// Calls `read` with a part of the file, whose bytes are counted.
    fn counted<T>(
        &mut self,
        file: &File,
        start: u64,
        end: u64,
        read: impl FnOnce(&mut Counted<Range<'_>>, &mut Buffers, &mut Lines<'_, J>) -> T,
    ) -> T {
        let mut input = Counted::new(Range::new(file, start, end), self.progress.clone());
        let result = read(&mut input, self.buffers, self.lines);
        self.compressed += input.count();
        result
    }

    /// Reads the line that crosses the end of the piece. Its bytes, and damage in them, count for the piece that they are in.
    fn end_of_line(
        &mut self,
        file: &File,
        end: u64,
        read: impl FnOnce(Range<'_>, &mut Buffers, &mut EndOfLine<'_, '_, J>) -> Result<Found, Stopped>,
    ) {
        let mut end_of_line = EndOfLine(self.lines);
        let range = Range::new(file, end, u64::MAX);
        // Stopped at the line feed; otherwise at the end of the file.
        if read(range, self.buffers, &mut end_of_line).is_ok() {
            self.lines.finish();
        }
    }
}

/// Reads a file of this format piece by piece.
fn read_format(
    format: Format,
    input: impl Read,
    buffers: &mut Buffers,
    lines: &mut impl Sink,
) -> Result<Found, Stopped> {
    match format {
        Format::Plain => read_plain(input, 0, lines),
        Format::Gzip => read_gzip(input, 0, buffers, lines),
        Format::Bgzf => read_bgzf(input, buffers, lines),
        Format::Zstd => read_zstd(input, lines),
        Format::Bzip2 => read_bzip2(input, lines),
        Format::Xz => read_xz(input, lines),
        Format::Unknown => Ok(Found {
            damage: vec![Damage {
                offset: 0,
                cause: Cause::UnknownFormat,
            }],
            garbage: None,
        }),
    }
}

/// The reader of the decompressed bytes: splits them into lines for the job.
struct Lines<'j, J: Job> {
    splitter: LineSplitter,
    scanner: &'j Scanner<'j, J>,
    partial: &'j mut J::Partial,
    decompressed: u64,
    /// The running task, which may be cancelled.
    task: Current,
}

impl<J: Job> Lines<'_, J> {
    /// Passes the last line, which has no line feed.
    fn finish(&mut self) {
        let Self {
            splitter,
            scanner,
            partial,
            ..
        } = self;
        splitter.finish(|line| scanner.scan(line, partial));
    }

    fn report(self, index: usize, compressed: u64, read: Result<Found, Failed>) -> PieceReport {
        let mut report = PieceReport {
            index,
            compressed,
            decompressed: self.decompressed,
            too_long: self.splitter.too_long(),
            ..PieceReport::default()
        };
        match read {
            Ok(mut found) => {
                report.more_damage = found.damage.len().saturating_sub(MAX_DAMAGE) as u64;
                found.damage.truncate(MAX_DAMAGE);
                report.damage = found.damage;
                report.garbage = found.garbage;
            }
            Err(Failed::Open(error)) => report.unopened = Some(error.to_string()),
            Err(Failed::Stopped(Stopped)) => report.stopped = true,
        }
        report
    }
}

impl<J: Job> Sink for Lines<'_, J> {
    fn block(&mut self, block: &[u8]) -> Result<(), Stopped> {
        if self.task.is_cancelled() {
            return Err(Stopped);
        }
        self.decompressed += block.len() as u64;
        let Self {
            splitter,
            scanner,
            partial,
            ..
        } = self;
        splitter.feed(block, |lines| scanner.scan(lines, partial));
        Ok(())
    }

    fn cut(&mut self) {
        self.splitter.cut();
    }
}

/// The reader of the bytes after a piece, up to the end of the line that crosses its end.
struct EndOfLine<'l, 'j, J: Job>(&'l mut Lines<'j, J>);

impl<J: Job> Sink for EndOfLine<'_, '_, J> {
    fn block(&mut self, block: &[u8]) -> Result<(), Stopped> {
        let Lines {
            splitter,
            scanner,
            partial,
            ..
        } = &mut *self.0;
        match splitter.feed_end_of_line(block, |lines| scanner.scan(lines, partial)) {
            true => Err(Stopped),
            false => Ok(()),
        }
    }

    fn cut(&mut self) {
        self.0.splitter.cut();
    }
}
