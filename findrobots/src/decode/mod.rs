//! The bytes of a log, decompressed: what can be read of it, and where it is damaged.
//!
//! The decoders pass blocks to a [`Sink`] and return a list of [`Damage`]; they know nothing of lines.
//!
//! The modules, lowest layer first; each imports only from those listed before it:
//!
//! * `format`: the format of a file, from its first bytes
//! * `damage`: what cannot be read of a file
//! * `sink`: where the bytes go
//! * `header`: the header and the trailer of a gzip member
//! * `libdeflate`: a gzip member in memory, decompressed at once
//! * `inflate`: a gzip member decompressed piece by piece
//! * `gzip`: all members of a gzip file
//! * `bgzf`: the blocks of a BGZF file
//! * `stream`: formats that a library reads as a stream

mod bgzf;
mod damage;
mod format;
mod gzip;
mod header;
mod inflate;
mod libdeflate;
mod sink;
mod stream;

pub(crate) use bgzf::{BgzfBlocks, read_bgzf, read_blocks};
pub use damage::{Cause, Damage};
pub(crate) use format::{Format, SNIFFED, is_compressed_name};
pub(crate) use gzip::{Buffers, Found, MEMORY, read_gzip, read_gzip_at_once};
pub(crate) use sink::{Sink, Stopped};
pub(crate) use stream::{read_bzip2, read_plain, read_xz, read_zstd};
