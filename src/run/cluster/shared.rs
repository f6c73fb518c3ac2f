//! What the ranges of a worker share: the pauses that servers request, and what was found in the folders of runs.
//!
//! A worker may download many ranges of one run in a second. To read a folder of 100,000 names for each would take longer than to
//! download them.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use program::error_chain;

use crate::download::save::FILES;
use crate::job::Pauses;

/// How long the names of a folder are relied on. Shorter than the ack wait of 10 seconds, less a third for the last sign of life:
/// a range whose worker died is downloaded again by one that has read the names since.
const FRESH: Duration = Duration::from_secs(5);

/// The part of the time that may be spent on reading the names of a folder: one of this many.
const SHARE: u32 = 20;

/// The most folders that are remembered. More only means that some are read again.
const MOST_FOLDERS: usize = 64;

/// What the ranges of this process share.
static SHARED: LazyLock<Shared> = LazyLock::new(Shared::default);

/// What the ranges of a worker share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pauses: Arc<Pauses>,
    folders: Mutex<HashMap<Key, Arc<Mutex<Option<Names>>>>>,
}

/// A folder in a run. Another run may find what this one left, so it reads the names anew.
type Key = (u64, PathBuf);

/// What was found in a folder.
#[derive(Debug)]
struct Names {
    /// The keys of the partial files that can be continued.
    partials: HashSet<u64>,
    read: Instant,
    /// How long that took.
    took: Duration,
}

impl Shared {
    /// Returns what the ranges of this process share.
    pub(super) fn of_this_process() -> &'static Self {
        &SHARED
    }

    /// Returns the pauses that servers have requested of this worker.
    pub(super) fn pauses(&self) -> Arc<Pauses> {
        Arc::clone(&self.pauses)
    }

    /// Returns the keys of the partial files in `folder` that can be continued. Creates the folder and removes the temporary files
    /// of dead runs, unless that was done for this run a moment ago.
    ///
    /// # Errors
    /// A message, if no file can be created in the folder.
    pub(super) fn partials(
        &self,
        run: u64,
        folder: &Path,
        fsync: bool,
    ) -> Result<HashSet<u64>, String> {
        let names = self.names(run, folder);
        // Other ranges of this run wait for the names instead of reading them as well.
        let mut names = names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(names) = names.as_ref().filter(|names| names.are_fresh()) {
            return Ok(names.partials.clone());
        }
        let began = Instant::now();
        let found = FILES.synced(fsync).prepare_folder(folder);
        let partials: HashSet<u64> = found
            .map_err(|error| error_chain(&error))?
            .into_iter()
            .collect();
        *names = Some(Names {
            partials: partials.clone(),
            read: began,
            took: began.elapsed(),
        });
        Ok(partials)
    }

    fn names(&self, run: u64, folder: &Path) -> Arc<Mutex<Option<Names>>> {
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (run, folder.to_owned());
        if folders.len() >= MOST_FOLDERS && !folders.contains_key(&key) {
            folders.clear();
        }
        Arc::clone(folders.entry(key).or_default())
    }
}

impl Names {
    fn are_fresh(&self) -> bool {
        self.read.elapsed() < FRESH.max(self.took.saturating_mul(SHARE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_names_of_a_folder_are_read_once_for_many_ranges_of_a_run() {
        let (shared, folder) = (Shared::default(), tempfile::tempdir().unwrap());
        let folder = folder.path().join("downloads");
        let partials = |run| shared.partials(run, &folder, false).unwrap();
        assert!(partials(1).is_empty());
        // Reading it again would create it again.
        fs::remove_dir(&folder).unwrap();
        assert!(partials(1).is_empty());
        assert!(!folder.exists());
        assert!(partials(2).is_empty());
        assert!(folder.exists(), "another run reads it");
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_tried_again() {
        let (shared, folder) = (Shared::default(), tempfile::tempdir().unwrap());
        let folder = folder.path().join("downloads");
        fs::write(&folder, "").unwrap();
        let error = shared.partials(1, &folder, false).unwrap_err();
        assert!(error.starts_with("cannot write"), "{error}");
        fs::remove_file(&folder).unwrap();
        shared.partials(1, &folder, false).unwrap();
    }

    #[test]
    fn few_folders_are_remembered() {
        let (shared, folder) = (Shared::default(), tempfile::tempdir().unwrap());
        for run in 0..10 * MOST_FOLDERS as u64 {
            shared.partials(run, folder.path(), false).unwrap();
        }
        assert!(shared.folders.lock().unwrap().len() <= MOST_FOLDERS);
    }
}
