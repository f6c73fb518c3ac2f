//! A gzip member in memory, decompressed at once by libdeflate, which takes 0.6 of the time of zlib-rs.
//!
//! Binds the C library itself: the safe crate `libdeflater` does not return how many bytes the member takes, and without that
//! the members after the first are lost. Searching for the next header instead would find those inside of compressed data.

use std::ptr::NonNull;

use libdeflate_sys::{
    libdeflate_alloc_decompressor, libdeflate_decompressor, libdeflate_free_decompressor,
    libdeflate_gzip_decompress_ex, libdeflate_result_LIBDEFLATE_INSUFFICIENT_SPACE,
    libdeflate_result_LIBDEFLATE_SUCCESS,
};

/// A decompressor, which can be used again and again.
#[derive(Debug)]
pub(super) struct Decompressor(NonNull<libdeflate_decompressor>);

/// The sizes of a member that was decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sizes {
    /// The bytes that the member takes in the file, with its header and its trailer.
    pub(super) compressed: usize,
    /// The bytes of its data.
    pub(super) decompressed: usize,
}

/// Why a member was not decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failed {
    /// The data does not fit into the output.
    TooSmall,
    /// The member is not complete, not valid, or has a wrong checksum. Where, and what is left of it, only a decoder that
    /// goes piece by piece can tell.
    BadData,
}

impl Decompressor {
    /// Returns a decompressor, or `None` if there is no memory for one.
    #[allow(unsafe_code, reason = "allocates with the C library")]
    pub(super) fn new() -> Option<Self> {
        // SAFETY: takes no arguments; the result is null or a decompressor that `drop` frees.
        NonNull::new(unsafe { libdeflate_alloc_decompressor() }).map(Self)
    }

    /// Decompresses the first member of `input`, and checks its checksum and its length.
    ///
    /// # Errors
    /// If that is not possible. What `output` then contains is not defined.
    #[allow(unsafe_code, reason = "calls the C library")]
    pub(super) fn member(&mut self, input: &[u8], output: &mut [u8]) -> Result<Sizes, Failed> {
        let mut sizes = Sizes {
            compressed: 0,
            decompressed: 0,
        };
        // SAFETY: `self.0` is a decompressor that only this call uses, because `self` is borrowed mutably. The library reads
        // `input.len()` bytes from `input` and writes at most `output.len()` bytes to `output` and one number to each of the
        // last two pointers, and keeps none of them.
        let result = unsafe {
            libdeflate_gzip_decompress_ex(
                self.0.as_ptr(),
                input.as_ptr().cast(),
                input.len(),
                output.as_mut_ptr().cast(),
                output.len(),
                &raw mut sizes.compressed,
                &raw mut sizes.decompressed,
            )
        };
        #[expect(
            non_upper_case_globals,
            reason = "the names of the C library, with which the constants are declared"
        )]
        match result {
            libdeflate_result_LIBDEFLATE_SUCCESS => Ok(sizes),
            libdeflate_result_LIBDEFLATE_INSUFFICIENT_SPACE => Err(Failed::TooSmall),
            _ => Err(Failed::BadData),
        }
    }
}

// A decompressor is memory without ties to its thread; `Buffers` in a thread-local needs no `Send`.
impl Drop for Decompressor {
    #[allow(unsafe_code, reason = "frees what the C library allocated")]
    fn drop(&mut self) {
        // SAFETY: `new` got it from `libdeflate_alloc_decompressor`, and nothing uses it any more.
        unsafe { libdeflate_free_decompressor(self.0.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use std::io::Write as _;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn the_size_of_the_first_of_two_members_is_known() {
        let (first, second) = (gzip(b"one and one"), gzip(b"two"));
        let both = [&first[..], &second].concat();
        let mut output = [0; 11];
        let mut decompressor = Decompressor::new().unwrap();
        let sizes = decompressor.member(&both, &mut output).unwrap();
        assert_eq!((sizes.compressed, sizes.decompressed), (first.len(), 11));
        assert_eq!(&output, b"one and one");
        let sizes = decompressor.member(&both[first.len()..], &mut output);
        assert_eq!(sizes.unwrap().compressed, second.len());
        let too_small = decompressor.member(&first, &mut output[..10]);
        assert_eq!(too_small, Err(Failed::TooSmall));
        for cut in 0..first.len() {
            let cut = decompressor.member(&first[..cut], &mut output);
            assert_eq!(cut, Err(Failed::BadData));
        }
    }
}
