//! The files that the words on the command line stand for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use globset::{Error as GlobError, GlobBuilder, GlobSet, GlobSetBuilder};
use walkdir::WalkDir;

use crate::work::LogFile;

/// The names that are looked for in folders, unless others are given.
const DEFAULT_GLOB: &str = "*.log.gz";

/// Which files of a folder are read.
#[derive(Debug, Clone)]
pub struct Select {
    names: GlobSet,
    patterns: Vec<String>,
    recursive: bool,
}

impl Select {
    /// Returns the selection of the names that match one of the patterns, or `*.log.gz` if there are none. With `recursive`, the
    /// folders in a folder are searched as well.
    ///
    /// # Errors
    /// If a pattern is not valid.
    pub fn new(patterns: &[String], recursive: bool) -> Result<Self, GlobError> {
        let patterns = match patterns {
            [] => vec![DEFAULT_GLOB.to_owned()],
            some => some.to_vec(),
        };
        let mut names = GlobSetBuilder::new();
        for pattern in &patterns {
            names.add(GlobBuilder::new(pattern).literal_separator(true).build()?);
        }
        Ok(Self {
            names: names.build()?,
            patterns,
            recursive,
        })
    }

    fn selects(&self, path: &Path) -> bool {
        path.file_name()
            .is_some_and(|name| self.names.is_match(name))
    }
}

/// The files to be read, and what is wrong with the others.
#[derive(Debug, Default)]
pub struct Inputs {
    /// The files, in the order of the words; those of a folder are sorted by name.
    pub files: Vec<LogFile>,
    /// The paths that cannot be read, each with the reason.
    pub errors: Vec<(PathBuf, String)>,
    /// What is not read and is not an error, each in a sentence.
    pub notes: Vec<String>,
}

impl Inputs {
    /// Finds the files. `-` stands for standard input, a folder for its selected files, and anything else for itself.
    pub fn find(words: &[OsString], select: &Select) -> Self {
        let mut inputs = Self::default();
        for word in words {
            let path = Path::new(word);
            if word == "-" {
                inputs.files.push(LogFile::standard_input());
            } else if path.is_dir() {
                inputs.add_folder(path, select);
            } else {
                inputs.add_file(path);
            }
        }
        inputs
    }

    fn add_file(&mut self, path: &Path) {
        match LogFile::new(path) {
            Ok(file) => self.files.push(file),
            Err(error) => self.errors.push((path.to_owned(), error.to_string())),
        }
    }

    fn add_folder(&mut self, folder: &Path, select: &Select) {
        let (files, errors) = (self.files.len(), self.errors.len());
        let depth = if select.recursive { usize::MAX } else { 1 };
        let entries = WalkDir::new(folder)
            .min_depth(1)
            .max_depth(depth)
            .follow_links(true)
            .sort_by_file_name();
        for entry in entries {
            match entry {
                Ok(entry) if entry.file_type().is_dir() || !select.selects(entry.path()) => {}
                // Opening a pipe would wait for a writer that may never come.
                Ok(entry) if !entry.file_type().is_file() => self.notes.push(format!(
                    "{} is not a regular file and is skipped",
                    entry.path().display()
                )),
                Ok(entry) => self.add_file(entry.path()),
                Err(error) => self.add_error(folder, &error, select),
            }
        }
        if (files, errors) == (self.files.len(), self.errors.len()) {
            let (folder, patterns) = (folder.display(), select.patterns.join(" or "));
            self.notes
                .push(format!("no file in {folder} matches {patterns}"));
        }
    }

    fn add_error(&mut self, folder: &Path, error: &walkdir::Error, select: &Select) {
        let path = error.path().unwrap_or(folder);
        let message = match (error.loop_ancestor(), error.io_error()) {
            // Only what would have been read matters: a link to nowhere with another name does not.
            (None, Some(_)) if path.is_symlink() && !select.selects(path) => return,
            // Only a search of the folders in a folder would go around in it.
            (Some(_), _) if !select.recursive => return,
            (Some(ancestor), _) => format!("a link in a circle, to {}", ancestor.display()),
            (None, Some(error)) => error.to_string(),
            (None, None) => error.to_string(),
        };
        self.errors.push((path.to_owned(), message));
    }
}
