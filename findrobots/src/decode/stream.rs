//! Formats that a library reads as a stream, and plain text.

use std::io::{self, BufReader, Read};

use crate::decode::damage::Damage;
use crate::decode::gzip::{Found, MEMORY};
use crate::decode::header::of_error;
use crate::decode::sink::{BLOCK, Sink, Stopped};

/// The size of the input buffer.
const INPUT: usize = 256 << 10;

/// Reads plain text.
///
/// # Errors
/// If the sink stops.
pub(crate) fn read_plain(
    input: impl Read,
    offset: u64,
    sink: &mut impl Sink,
) -> Result<Found, Stopped> {
    read(Counted::new(input), |input| input.read, offset, sink)
}

/// Reads a Zstandard file with any number of frames.
///
/// # Errors
/// If the sink stops.
pub(crate) fn read_zstd(input: impl Read, sink: &mut impl Sink) -> Result<Found, Stopped> {
    let input = BufReader::with_capacity(INPUT, Counted::new(input));
    match zstd::stream::read::Decoder::with_buffer(input) {
        Ok(mut decoder) => {
            // A frame that needs a larger window is an error: it would need as much memory.
            let limited = decoder.window_log_max(MEMORY.ilog2());
            match limited {
                Ok(()) => read(decoder, |decoder| consumed(decoder.get_ref()), 0, sink),
                Err(error) => Ok(failed(&error, 0, sink)),
            }
        }
        Err(error) => Ok(failed(&error, 0, sink)),
    }
}

/// Reads a bzip2 file with any number of streams.
///
/// # Errors
/// If the sink stops.
pub(crate) fn read_bzip2(input: impl Read, sink: &mut impl Sink) -> Result<Found, Stopped> {
    let input = BufReader::with_capacity(INPUT, Counted::new(input));
    read(
        bzip2::bufread::MultiBzDecoder::new(input),
        |decoder| consumed(decoder.get_ref()),
        0,
        sink,
    )
}

/// Reads an xz file with any number of streams.
///
/// # Errors
/// If the sink stops.
pub(crate) fn read_xz(input: impl Read, sink: &mut impl Sink) -> Result<Found, Stopped> {
    let input = BufReader::with_capacity(INPUT, Counted::new(input));
    // The preset -9 has a dictionary of 64 MiB, to which the decoder adds some memory of its own.
    let memory = MEMORY as u64 + (4 << 20);
    match liblzma::stream::Stream::new_stream_decoder(memory, liblzma::stream::CONCATENATED) {
        Ok(stream) => read(
            liblzma::bufread::XzDecoder::new_stream(input, stream),
            |decoder| consumed(decoder.get_ref()),
            0,
            sink,
        ),
        Err(error) => Ok(failed(&error.into(), 0, sink)),
    }
}

/// Passes all bytes of a decoder to the sink. `place` returns how many bytes of the file the decoder has taken.
fn read<D: Read>(
    mut decoder: D,
    place: impl Fn(&D) -> u64,
    offset: u64,
    sink: &mut impl Sink,
) -> Result<Found, Stopped> {
    let mut block = vec![0; BLOCK];
    loop {
        match decoder.read(&mut block) {
            Ok(0) => return Ok(Found::default()),
            Ok(length) => sink.block(&block[..length])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Ok(failed(&error, offset + place(&decoder), sink)),
        }
    }
}

fn failed(error: &io::Error, offset: u64, sink: &mut impl Sink) -> Found {
    sink.cut();
    let cause = of_error(error);
    Found {
        damage: vec![Damage { offset, cause }],
        garbage: None,
    }
}

/// Returns how many bytes of the file were consumed.
fn consumed<R: Read>(input: &BufReader<Counted<R>>) -> u64 {
    input.get_ref().read - input.buffer().len() as u64
}

/// Counts the bytes that are read.
struct Counted<R> {
    inner: R,
    read: u64,
}

impl<R> Counted<R> {
    fn new(inner: R) -> Self {
        Self { inner, read: 0 }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}
