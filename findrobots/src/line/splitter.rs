//! Whole lines out of blocks that end anywhere.

use memchr::{memchr, memrchr};

/// The length of the longest line that is read, in bytes, without its line feed. Longer ones are skipped: they bound the
/// memory, and no server writes them.
pub const MAX_LINE: usize = 16 << 20;

/// Collects blocks to runs of whole lines.
///
/// Only an unfinished line is copied; a block should be much longer than a line, and much shorter than [`MAX_LINE`].
#[derive(Debug, Default)]
pub(crate) struct LineSplitter {
    /// The beginning of a line whose end has not come yet.
    unfinished: Vec<u8>,
    /// Whether the bytes up to the next line feed are skipped: the end of a line that belongs to the piece before, is too
    /// long, or lost its beginning.
    skipping: bool,
    too_long: u64,
}

impl LineSplitter {
    /// Returns a splitter that starts at the beginning of a line, or in the middle of a line, whose rest it skips.
    pub(crate) fn new(starts_in_line: bool) -> Self {
        Self {
            skipping: starts_in_line,
            ..Self::default()
        }
    }

    /// Passes the whole lines of the block to `lines`, together with what is unfinished from earlier blocks. Each run that is
    /// passed consists of whole lines with their line feeds.
    pub(crate) fn feed(&mut self, block: &[u8], mut lines: impl FnMut(&[u8])) {
        let Some(block) = self.finish_line(block, &mut lines) else {
            return;
        };
        let whole = memrchr(b'\n', block).map_or(0, |at| at + 1);
        let (whole, unfinished) = block.split_at(whole);
        if !whole.is_empty() {
            lines(whole);
        }
        self.keep(unfinished);
    }

    /// Passes the line in which the block begins, up to its line feed. Call it with the blocks after the end of a piece: the line
    /// that crosses the end belongs to this piece, and so does one that begins exactly there, because the next piece skips the
    /// line in which it begins. Returns whether that line has ended: if not, more blocks are needed.
    pub(crate) fn feed_end_of_line(&mut self, block: &[u8], lines: impl FnMut(&[u8])) -> bool {
        let end = match memchr(b'\n', block) {
            // The line belongs to an earlier piece, is too long, or is damaged.
            _ if self.skipping => return true,
            Some(end) => end + 1,
            None => {
                self.keep(block);
                return self.skipping;
            }
        };
        self.unfinished.extend_from_slice(&block[..end]);
        self.pass_unfinished(lines);
        true
    }

    /// Passes the last line, if it has no line feed.
    pub(crate) fn finish(&mut self, mut lines: impl FnMut(&[u8])) {
        if !self.unfinished.is_empty() {
            lines(&self.unfinished);
            self.unfinished.clear();
        }
        self.skipping = false;
    }

    /// Drops the line that is unfinished, and skips the rest of the line in which the next block begins: bytes are missing here.
    pub(crate) fn cut(&mut self) {
        self.unfinished.clear();
        self.skipping = true;
    }

    /// Returns the number of lines that were skipped because they are too long.
    pub(crate) fn too_long(&self) -> u64 {
        self.too_long
    }

    /// Finishes the line in which the block begins. Returns the rest of the block, or `None` if the line does not end in it.
    fn finish_line<'b>(
        &mut self,
        block: &'b [u8],
        lines: &mut impl FnMut(&[u8]),
    ) -> Option<&'b [u8]> {
        if self.skipping {
            let end = memchr(b'\n', block)?;
            self.skipping = false;
            return Some(&block[end + 1..]);
        }
        if self.unfinished.is_empty() {
            return Some(block);
        }
        let Some(end) = memchr(b'\n', block) else {
            self.keep(block);
            return None;
        };
        let (end_of_line, rest) = block.split_at(end + 1);
        self.unfinished.extend_from_slice(end_of_line);
        self.pass_unfinished(lines);
        Some(rest)
    }

    /// Passes a line that has ended with a line feed, unless it is too long.
    fn pass_unfinished(&mut self, mut lines: impl FnMut(&[u8])) {
        if self.unfinished.len() - 1 > MAX_LINE {
            self.too_long += 1;
        } else {
            lines(&self.unfinished);
        }
        self.unfinished.clear();
    }

    /// Keeps the beginning of a line, or skips the line if it is too long.
    fn keep(&mut self, beginning: &[u8]) {
        self.unfinished.extend_from_slice(beginning);
        if self.unfinished.len() > MAX_LINE {
            self.unfinished.clear();
            self.unfinished.shrink_to(1 << 20);
            self.skipping = true;
            self.too_long += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the lines of the text, fed in blocks of this size.
    fn split(text: &[u8], size: usize, starts_in_line: bool) -> Vec<Vec<u8>> {
        let mut splitter = LineSplitter::new(starts_in_line);
        let mut all = Vec::new();
        for block in text.chunks(size) {
            splitter.feed(block, |lines| {
                assert!(lines.ends_with(b"\n"));
                all.extend(
                    lines
                        .split_inclusive(|byte| *byte == b'\n')
                        .map(<[u8]>::to_vec),
                );
            });
        }
        splitter.finish(|line| all.push(line.to_vec()));
        all
    }

    #[test]
    fn blocks_of_any_size_give_the_same_lines() {
        let text = b"one\n\nthree\r\nlast";
        for size in 1..=text.len() {
            let expected: [&[u8]; 4] = [b"one\n", b"\n", b"three\r\n", b"last"];
            assert_eq!(split(text, size, false), expected, "{size}");
            assert_eq!(split(text, size, true), expected[1..], "{size}");
        }
    }

    #[test]
    fn the_longest_line_is_read_and_a_longer_one_is_skipped() {
        for (length, found) in [(MAX_LINE, 2), (MAX_LINE + 1, 1)] {
            let mut text = vec![b'a'; length];
            text.extend_from_slice(b"\nb\n");
            let mut splitter = LineSplitter::default();
            let mut lines = 0;
            for block in text.chunks(1 << 20) {
                splitter.feed(block, |run| lines += run.split(|b| *b == b'\n').count() - 1);
            }
            assert_eq!((lines, splitter.too_long()), (found, 2 - found as u64));
        }
    }

    #[test]
    fn a_cut_loses_the_lines_on_both_sides_of_it() {
        let mut splitter = LineSplitter::default();
        let mut all = Vec::new();
        let mut lines = |run: &[u8]| all.extend_from_slice(run);
        splitter.feed(b"one\ntw", &mut lines);
        splitter.cut();
        splitter.feed(b"ree\nfour\n", &mut lines);
        assert_eq!(all, b"one\nfour\n");
    }

    #[test]
    fn the_last_line_of_a_piece_ends_in_the_next_one() {
        let mut splitter = LineSplitter::default();
        let mut all = Vec::new();
        let mut lines = |run: &[u8]| all.extend_from_slice(run);
        splitter.feed(b"one\ntw", &mut lines);
        assert!(!splitter.feed_end_of_line(b"o an", &mut lines));
        assert!(splitter.feed_end_of_line(b"d more\nthree\n", &mut lines));
        assert_eq!(all, b"one\ntwo and more\n");
    }

    #[test]
    fn two_pieces_have_every_line_once_wherever_they_meet() {
        let text = b"one\n\nthree\nlast\n";
        for at in 0..text.len() {
            let (first, second) = text.split_at(at);
            let mut all = Vec::new();
            let mut splitter = LineSplitter::default();
            splitter.feed(first, |run| all.extend_from_slice(run));
            splitter.feed_end_of_line(second, |run| all.extend_from_slice(run));
            let mut splitter = LineSplitter::new(true);
            splitter.feed(second, |run| all.extend_from_slice(run));
            assert_eq!(all, text, "{at}");
        }
    }
}
