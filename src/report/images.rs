//! Reads the flags that a page shows from the files that the runs saved.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use comparison::Images;

use crate::report::model::Report;

/// The most bytes read of one image. A page does not show longer ones: cut, they are not valid.
const MAX_READ: u64 = 1 << 20;

/// Reads the flags whose paths are in this report. Skips files that are gone or cannot be read.
///
/// Each code is read once, from the first run whose file can be read.
pub fn read_images(report: &Report) -> Images {
    let mut images = Images::new("flag");
    let mut found = BTreeSet::new();
    for record in report.runs.iter().flat_map(|run| &run.records) {
        if let Some(path) = &record.path
            && let Some(code) = record.code
            && !found.contains(&code)
            && let Ok(bytes) = read_file(Path::new(path))
        {
            found.insert(code);
            images.insert(&code.to_string(), bytes);
        }
    }
    images
}

/// Reads a regular file. Fails on anything else: reading a named pipe in its place would block.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_READ).read_to_end(&mut bytes)?;
    Ok(bytes)
}
