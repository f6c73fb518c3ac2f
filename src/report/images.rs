//! The flags that a page shows: what lies on disk, by its code.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use comparison::Images;

use crate::report::model::Report;

/// One more byte than this of one image, and no page shows any: what is larger is not read to its end.
const READ_AT_MOST: u64 = 1 << 20;

/// The flags that this report says were saved. What is not there any more, or cannot be read, is left out.
pub fn read_images(report: &Report) -> Images {
    let mut images = Images::new("flag");
    let mut found = BTreeSet::new();
    for record in report.runs.iter().flat_map(|run| &run.records) {
        if let Some(path) = &record.path
            && !found.contains(&record.code)
            && let Ok(bytes) = read(Path::new(path))
        {
            found.insert(record.code);
            images.insert(&record.code.to_string(), bytes);
        }
    }
    images
}

/// Only of a file: a pipe that lies where the flag was would be waited for.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(READ_AT_MOST)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}
