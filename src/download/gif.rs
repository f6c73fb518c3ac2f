//! Checks that bytes are a complete GIF, because a status of 200 does not prove that the body is a flag.
//!
//! Captive portals answer with a page and crashing servers send half a picture, both with a 200. The check follows the
//! structure of the file from its header to its trailer, which must be the last byte. It does not decode pixels, so it
//! takes almost no time, and it rejects every proper prefix of a picture. Knows nothing of where the bytes come from.

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
///
/// # Source
/// Graphics Interchange Format, version 89a, appendix B: the grammar of a data stream.
pub fn check_gif(bytes: &[u8]) -> Result<(), GifError> {
    if bytes.is_empty() {
        return Err(GifError::Empty);
    }
    let header = &bytes[..bytes.len().min(6)];
    if !b"GIF87a".starts_with(header) && !b"GIF89a".starts_with(header) {
        return Err(GifError::NotGif);
    }
    let mut walk = Walk { bytes, at: 6 };
    // Width, height, flags, background colour, aspect ratio.
    let [_, _, _, _, flags, _, _] = walk.take()?;
    walk.skip_colour_table(flags)?;
    loop {
        let block = walk.at;
        match walk.take()? {
            [EXTENSION] => {
                let [_label] = walk.take()?;
                walk.skip_sub_blocks()?;
            }
            [IMAGE] => {
                // Left, top, width, height, flags.
                let [_, _, _, _, _, _, _, _, flags] = walk.take()?;
                walk.skip_colour_table(flags)?;
                let [_code_size] = walk.take()?;
                walk.skip_sub_blocks()?;
            }
            [TRAILER] => break,
            _ => return Err(GifError::BadBlock { at: block }),
        }
    }
    match bytes.len() - walk.at {
        0 => Ok(()),
        extra => Err(GifError::Trailing { extra }),
    }
}

/// A position in the bytes that only moves forward.
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Walk<'_> {
    /// Returns the next `N` bytes and moves past them.
    fn take<const N: usize>(&mut self) -> Result<[u8; N], GifError> {
        let taken = self
            .bytes
            .get(self.at..)
            .and_then(|rest| rest.first_chunk());
        self.at += N;
        taken.copied().ok_or(GifError::Cut {
            length: self.bytes.len(),
        })
    }

    /// Moves `count` bytes forward.
    fn skip(&mut self, count: usize) -> Result<(), GifError> {
        self.at += count;
        if self.at > self.bytes.len() {
            return Err(GifError::Cut {
                length: self.bytes.len(),
            });
        }
        Ok(())
    }

    /// Skips a colour table. The top bit of `flags` says whether there is one, and the low three bits give its size.
    fn skip_colour_table(&mut self, flags: u8) -> Result<(), GifError> {
        let has_table = flags & 0b1000_0000 != 0;
        let colours = 2_usize << (flags & 0b111);
        self.skip(if has_table { 3 * colours } else { 0 })
    }

    /// Skips a series of sub-blocks. Each is a length byte followed by that many bytes; a length of 0 ends the series.
    fn skip_sub_blocks(&mut self) -> Result<(), GifError> {
        loop {
            match self.take()? {
                [0] => return Ok(()),
                [length] => self.skip(length.into())?,
            }
        }
    }
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

    proptest! {
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
