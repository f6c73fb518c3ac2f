//! Where decompressed bytes go.

/// The size of the blocks that a sink gets at most. Small enough for the caches, and much longer than a line.
pub(super) const BLOCK: usize = 1 << 20;

/// The reader of decompressed bytes.
pub(crate) trait Sink {
    /// Takes some bytes that follow those before.
    ///
    /// # Errors
    /// If the run is stopped. The decoder then returns at once.
    fn block(&mut self, block: &[u8]) -> Result<(), Stopped>;

    /// Learns that bytes are missing between the last block and the next one, or at the end.
    fn cut(&mut self);
}

/// The run is stopped, or the sink needs no more bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stopped;

/// Passes bytes of any length to the sink, in blocks.
pub(super) fn pass(bytes: &[u8], sink: &mut impl Sink) -> Result<(), Stopped> {
    bytes.chunks(BLOCK).try_for_each(|block| sink.block(block))
}
