//! The flags that a page shows: what lies on disk, by its code.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use crate::results::Results;

/// One more byte than this of one image, and no page shows any: what is larger is not read to its end.
const READ_AT_MOST: u64 = 1 << 20;

/// Flags by code. A code without one is none that anything went wrong with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Images {
    by_code: BTreeMap<String, Vec<u8>>,
}

impl Images {
    /// The flags that these results say they saved. What is not there any more, or cannot be read, is left out.
    pub fn read(results: &Results) -> Self {
        let mut images = Self::default();
        for record in results.runs.iter().flat_map(|run| &run.records) {
            let Some(path) = &record.path else { continue };
            if images.by_code.contains_key(&record.code) {
                continue;
            }
            if let Ok(bytes) = read(Path::new(path)) {
                images.insert(&record.code, bytes);
            }
        }
        images
    }

    /// Adds a flag, or puts it in the place of another.
    pub fn insert(&mut self, code: &str, bytes: Vec<u8>) {
        self.by_code.insert(code.to_owned(), bytes);
    }

    /// The different images, each with the codes that have it.
    pub(super) fn distinct(&self) -> BTreeMap<&[u8], Vec<&str>> {
        let mut distinct = BTreeMap::<_, Vec<_>>::new();
        for (code, bytes) in &self.by_code {
            distinct
                .entry(bytes.as_slice())
                .or_default()
                .push(code.as_str());
        }
        distinct
    }
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
