//! Checks that bytes are a complete GIF, because a status of 200 does not prove that the body is a flag.
//!
//! Captive portals answer with a page and crashing servers send half a picture, both with a 200. The check follows the
//! structure of the file from its header to its trailer, which must be the last byte. It does not decode pixels, so it
//! takes almost no time, and it rejects every proper prefix of a picture. The bytes may arrive in pieces, of which none is
//! kept. Knows nothing of where the bytes come from.

/// The reason why bytes are not a complete GIF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GifError {
    /// There are no bytes.
    #[error("the body is empty")]
    Empty,
    /// The header is not that of a GIF.
    #[error("the body does not start like a GIF")]
    NotGif,
    /// The header is valid, but a later byte does not begin a GIF block.
    #[error("byte {at} does not belong to a GIF")]
    BadBlock {
        /// The position of that byte, counted from 0.
        at: usize,
    },
    /// The bytes end before the trailer.
    #[error("the GIF ends after {length} bytes, without its trailer")]
    Cut {
        /// The number of bytes.
        length: usize,
    },
    /// Other bytes follow the trailer.
    #[error("{extra} bytes after the end of the GIF")]
    Trailing {
        /// The number of bytes after the trailer.
        extra: usize,
    },
}

const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2C;
const TRAILER: u8 = 0x3B;

/// Checks that `bytes` are exactly one complete GIF, from the first byte to the last.
///
/// ```
/// use flags::download::check_gif;
///
/// assert!(check_gif(b"<!doctype html>").is_err());
/// ```
///
/// # Errors
/// `GifError`, with the first problem found.
pub fn check_gif(bytes: &[u8]) -> Result<(), GifError> {
    let mut check = GifCheck::default();
    check.feed(bytes);
    check.finish()
}

/// A check of bytes that arrive in pieces.
///
/// # Source
/// Graphics Interchange Format, version 89a, appendix B: the grammar of a data stream.
#[derive(Debug)]
pub(crate) struct GifCheck {
    /// What is read next, after `skip` more bytes.
    next: Part,
    skip: usize,
    /// The bytes of `next` that have arrived: the first `filled` of these.
    bytes: [u8; Part::LONGEST],
    filled: usize,
    /// The number of bytes that have arrived.
    length: usize,
    /// The first problem found.
    problem: Option<GifError>,
}

/// The parts of a GIF that say what follows. All others are skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// `GIF87a` or `GIF89a`, width, height, flags, background colour, aspect ratio.
    Header,
    /// The byte that begins a block.
    Block,
    /// Left, top, width, height, flags.
    ImageDescriptor,
    /// The length of a sub-block; 0 ends their series.
    SubBlock,
    /// Nothing: the trailer has arrived.
    End,
}

impl Part {
    /// The length of the longest part, in bytes.
    const LONGEST: usize = 13;

    /// Returns the length of the part, in bytes.
    fn length(self) -> usize {
        match self {
            Self::Header => 13,
            Self::ImageDescriptor => 9,
            Self::Block | Self::SubBlock => 1,
            Self::End => 0,
        }
    }
}

impl Default for GifCheck {
    fn default() -> Self {
        Self {
            next: Part::Header,
            skip: 0,
            bytes: [0; Part::LONGEST],
            filled: 0,
            length: 0,
            problem: None,
        }
    }
}

impl GifCheck {
    /// Takes the next bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while self.problem.is_none() && self.next != Part::End && !rest.is_empty() {
            let skipped = self.skip.min(rest.len());
            self.skip -= skipped;
            rest = &rest[skipped..];
            let wanted = self.next.length() - self.filled;
            let (taken, left) = rest.split_at(wanted.min(rest.len()));
            self.bytes[self.filled..][..taken.len()].copy_from_slice(taken);
            self.filled += taken.len();
            rest = left;
            let at = self.length + bytes.len() - rest.len();
            if self.next == Part::Header && !self.starts_like_a_gif() {
                self.problem = Some(GifError::NotGif);
            } else if self.filled == self.next.length() {
                self.filled = 0;
                self.go_on(at - 1);
            }
        }
        self.length += bytes.len();
        if self.next == Part::End && self.problem.is_none() && !rest.is_empty() {
            self.problem = Some(GifError::Trailing { extra: 0 });
        }
        if let Some(GifError::Trailing { extra }) = &mut self.problem {
            *extra += rest.len();
        }
    }

    /// Returns whether no further bytes can make this a complete GIF.
    pub(crate) fn has_failed(&self) -> bool {
        self.problem.is_some()
    }

    /// Returns the result for all bytes that have arrived, of which there are no more.
    ///
    /// # Errors
    /// `GifError`, with the first problem found.
    pub(crate) fn finish(self) -> Result<(), GifError> {
        match self.problem {
            _ if self.length == 0 => Err(GifError::Empty),
            Some(problem) => Err(problem),
            None if self.next == Part::End => Ok(()),
            None => Err(GifError::Cut {
                length: self.length,
            }),
        }
    }

    fn starts_like_a_gif(&self) -> bool {
        let header = &self.bytes[..self.filled.min(6)];
        b"GIF87a".starts_with(header) || b"GIF89a".starts_with(header)
    }

    /// Decides by the part that has arrived what follows it. `at` is the position of its last byte.
    fn go_on(&mut self, at: usize) {
        (self.skip, self.next) = match (self.next, self.bytes) {
            (Part::Header, [_, _, _, _, _, _, _, _, _, _, flags, _, _]) => {
                (colour_table(flags), Part::Block)
            }
            // A label before the sub-blocks.
            (Part::Block, [EXTENSION, ..]) => (1, Part::SubBlock),
            (Part::Block, [IMAGE, ..]) => (0, Part::ImageDescriptor),
            (Part::Block, [TRAILER, ..]) | (Part::End, _) => (0, Part::End),
            (Part::Block, _) => {
                self.problem = Some(GifError::BadBlock { at });
                return;
            }
            // A code size before the sub-blocks.
            (Part::ImageDescriptor, [_, _, _, _, _, _, _, _, flags, ..]) => {
                (colour_table(flags) + 1, Part::SubBlock)
            }
            (Part::SubBlock, [0, ..]) => (0, Part::Block),
            (Part::SubBlock, [length, ..]) => (length.into(), Part::SubBlock),
        };
    }
}

/// Returns the length of a colour table. The top bit of `flags` says whether there is one, and the low three bits give its
/// size.
fn colour_table(flags: u8) -> usize {
    let has_table = flags & 0b1000_0000 != 0;
    let colours = 2_usize << (flags & 0b111);
    if has_table { 3 * colours } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A GIF of 1 x 1 pixel with a global table of two colours, a comment and an image of one sub-block.
    const SMALLEST: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff\x21\xfe\x02hi\0\
        \x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b";

    /// The position of its image, after the header, the colours and the comment.
    const IMAGE_AT: usize = 13 + 6 + 6;

    #[test]
    fn a_complete_gif_is_accepted_and_its_prefixes_are_rejected() {
        assert_eq!(check_gif(SMALLEST), Ok(()));
        assert_eq!(check_gif(b""), Err(GifError::Empty));
        for length in 1..SMALLEST.len() {
            let cut = check_gif(&SMALLEST[..length]);
            assert_eq!(cut, Err(GifError::Cut { length }));
        }
    }

    #[test]
    fn gif87a_and_local_colour_tables_are_accepted() {
        let mut older = SMALLEST.to_vec();
        older[4] = b'7';
        assert_eq!(check_gif(&older), Ok(()));

        let flags_of_image = IMAGE_AT + 9;
        let mut local = SMALLEST.to_vec();
        assert_eq!((local[IMAGE_AT], local[flags_of_image]), (IMAGE, 0));
        local[flags_of_image] = 0b1000_0001; // 4 colours
        assert!(
            matches!(check_gif(&local), Err(GifError::Cut { .. })),
            "the table is missing"
        );
        local.splice(flags_of_image + 1..flags_of_image + 1, [7; 12]);
        assert_eq!(check_gif(&local), Ok(()));
    }

    #[test]
    fn trailing_bytes_and_invalid_blocks_are_rejected() {
        let trailing = [SMALLEST, b"<!-- -->"].concat();
        assert_eq!(check_gif(&trailing), Err(GifError::Trailing { extra: 8 }));
        let twice = [SMALLEST, SMALLEST].concat();
        assert_eq!(
            check_gif(&twice),
            Err(GifError::Trailing {
                extra: SMALLEST.len()
            })
        );
        let mut bad = SMALLEST.to_vec();
        bad[IMAGE_AT] = 0;
        assert_eq!(check_gif(&bad), Err(GifError::BadBlock { at: IMAGE_AT }));
    }

    #[test]
    fn other_headers_are_rejected() {
        for other in [
            &b"<!doctype html><p>log in</p>"[..],
            b"\x89PNG\r\n\x1a\n",
            b"GIF88a",
            b"gif89a",
            b"GIX",
        ] {
            assert_eq!(check_gif(other), Err(GifError::NotGif));
        }
    }

    /// Returns the result for bytes that arrive in pieces of these lengths, again and again.
    fn check_in_pieces(mut bytes: &[u8], lengths: &[usize]) -> Result<(), GifError> {
        let mut check = GifCheck::default();
        for &length in lengths.iter().cycle() {
            let (piece, rest) = bytes.split_at(length.min(bytes.len()));
            check.feed(piece);
            bytes = rest;
            if bytes.is_empty() {
                break;
            }
        }
        check.finish()
    }

    proptest! {
        #[test]
        fn the_result_does_not_depend_on_the_pieces_in_which_bytes_arrive(
            cut in 0..=SMALLEST.len(),
            more: Vec<u8>,
            lengths in proptest::collection::vec(1..20_usize, 1..5),
        ) {
            for bytes in [&SMALLEST[..cut], &[&SMALLEST[..cut], &more].concat(), &more] {
                prop_assert_eq!(check_in_pieces(bytes, &lengths), check_gif(bytes));
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>, cut in 0..SMALLEST.len()) {
            let _ = check_gif(&bytes);
            let _ = check_gif(&[&SMALLEST[..cut], &bytes].concat());
        }

        #[test]
        fn changing_one_byte_never_panics(at in 0..SMALLEST.len(), byte: u8) {
            let mut changed = SMALLEST.to_vec();
            changed[at] = byte;
            let _ = check_gif(&changed);
        }
    }
}
