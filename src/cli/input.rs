//! Reads the list of `--input`.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use reqwest::Url;

use crate::item::{Item, Lines};

/// A list of URLs, read from a file or from standard input.
#[derive(Debug, Clone)]
pub(crate) struct UrlList {
    /// The file as typed; `-` is standard input.
    pub(crate) file: PathBuf,
    /// Whether files are saved in folders as in their URLs.
    pub(crate) keeps_paths: bool,
    /// The items, in the order of their lines.
    pub(crate) items: Vec<Item>,
}

impl UrlList {
    /// Reads the list from `file`, or from standard input if that is `-`, but not beyond its first `limit` items. With
    /// `keeps_paths`, the names of files have folders as in their URLs.
    ///
    /// # Errors
    /// If the file cannot be read. A line that cannot be used is an item.
    pub(super) fn read(
        file: &Path,
        limit: NonZeroUsize,
        keeps_paths: bool,
    ) -> Result<Self, String> {
        let items = open(file).and_then(|reader| {
            let lines = Lines::of(reader).keeping_paths(keeps_paths);
            lines.take(limit.get()).collect()
        });
        match items {
            Ok(items) => Ok(Self {
                file: file.to_owned(),
                keeps_paths,
                items,
            }),
            Err(error) => Err(format!("--input FILE: {}: {error}", file.display())),
        }
    }

    /// Returns the first URL of each protocol.
    pub(super) fn first_of_each_protocol(&self) -> Vec<Url> {
        let first = |protocol| {
            let mut urls = self.items.iter().filter_map(|item| item.url().ok());
            urls.find(|url| url.scheme() == protocol)
        };
        ["http", "https"].into_iter().filter_map(first).collect()
    }
}

fn open(file: &Path) -> io::Result<Box<dyn BufRead>> {
    Ok(match file == Path::new("-") {
        true => Box::new(io::stdin().lock()),
        false => Box::new(BufReader::new(File::open(file)?)),
    })
}
