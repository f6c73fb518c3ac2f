//! Random bytes from the system.

use std::fs::File;
use std::io::{self, Read};

/// Returns bytes that no other process can guess.
pub(crate) fn random_bytes<const COUNT: usize>() -> io::Result<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}
