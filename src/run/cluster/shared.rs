//! What the ranges of a worker share: the pauses that servers request, and what was found in the folders of runs.
//!
//! A worker may download many ranges of one run in a second. To read a folder of 100,000 names for each would take longer than to
//! download them.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use program::error_chain;

use crate::download::save::FILES;
use crate::job::Pauses;
use crate::run::descriptors::{self, Descriptors};
use crate::strategy::Strategy;

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
    room: OnceLock<Room>,
    folders: Mutex<HashMap<Key, Arc<Mutex<Option<Names>>>>>,
}

/// What limits the connections of a range.
#[derive(Debug, Clone, Copy)]
struct Room {
    descriptors: Option<Descriptors>,
    /// The number of ranges at once.
    ranges: NonZeroUsize,
}

/// The marker of a run and its folder. Another run may find what this one left, so it reads the names anew.
type Key = (String, PathBuf);

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

    /// Divides the descriptors of this process among this number of ranges.
    pub(super) fn divide(&self, descriptors: Option<Descriptors>, ranges: NonZeroUsize) {
        // A second call would come from a second worker in this process.
        let _ = self.room.set(Room {
            descriptors,
            ranges,
        });
    }

    /// Returns how many of the `wanted` connections a range can make with the descriptors that it has.
    pub(super) fn connections(&self, strategy: Strategy, wanted: NonZeroUsize) -> NonZeroUsize {
        let Some(room) = self.room.get() else {
            return wanted;
        };
        let each = strategy.descriptors_per_connection() + strategy.descriptors_for_subfolders();
        let all = descriptors::connections(NonZeroUsize::MAX, each, false, room.descriptors);
        let fit = NonZeroUsize::new(all.get() / room.ranges);
        wanted.min(fit.unwrap_or(NonZeroUsize::MIN))
    }

    /// Returns the pauses that servers have requested of this worker.
    pub(super) fn pauses(&self) -> Arc<Pauses> {
        Arc::clone(&self.pauses)
    }

    /// Returns the keys of the partial files in `folder` that can be continued. Removes the temporary files of dead runs, unless that
    /// was done for this run a moment ago. `marker` is the name of a file that the run keeps in its folder.
    ///
    /// # Errors
    /// A message, if the marker is not there, so that this is another folder, or if no file can be created in it.
    pub(super) fn partials(
        &self,
        folder: &Path,
        marker: &str,
        fsync: bool,
    ) -> Result<HashSet<u64>, String> {
        if let Err(error) = fs::symlink_metadata(folder.join(marker)) {
            let folder = folder.display();
            return Err(match error.kind() {
                io::ErrorKind::NotFound => {
                    format!("{folder} is not the folder of the run, which must be shared storage")
                }
                _ => format!("cannot read {folder}: {error}"),
            });
        }
        let names = self.names(marker, folder);
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

    fn names(&self, marker: &str, folder: &Path) -> Arc<Mutex<Option<Names>>> {
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (marker.to_owned(), folder.to_owned());
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

    #[test]
    fn the_names_of_a_folder_are_read_once_for_many_ranges_of_a_run() {
        let (shared, folder) = (Shared::default(), tempfile::tempdir().unwrap());
        let folder = folder.path();
        let partials = |marker| shared.partials(folder, marker, false);
        fs::write(folder.join("one"), "").unwrap();
        fs::write(folder.join("two"), "").unwrap();
        partials("one").unwrap();
        let left = folder.join(".flags-1-abcdef.tmp");
        fs::write(&left, "").unwrap();
        partials("one").unwrap();
        assert!(
            left.exists(),
            "not read again, so the file of a dead run stays"
        );
        partials("two").unwrap();
        assert!(!left.exists(), "another run reads the names");
    }

    #[test]
    fn a_folder_without_the_marker_is_refused_at_any_time() {
        let (shared, folder) = (Shared::default(), tempfile::tempdir().unwrap());
        let folder = folder.path();
        fs::write(folder.join("one"), "").unwrap();
        shared.partials(folder, "one", false).unwrap();
        fs::remove_file(folder.join("one")).unwrap();
        let error = shared.partials(folder, "one", false).unwrap_err();
        let why = " is not the folder of the run, which must be shared storage";
        assert!(error.ends_with(why), "{error}");
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_tried_again() {
        let (shared, folder) = (Shared::default(), tempfile::tempdir().unwrap());
        let folder = folder.path().join("downloads");
        fs::write(&folder, "").unwrap();
        let error = shared.partials(&folder, "one", false).unwrap_err();
        assert!(error.starts_with("cannot read"), "{error}");
        fs::remove_file(&folder).unwrap();
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("one"), "").unwrap();
        shared.partials(&folder, "one", false).unwrap();
    }

    #[test]
    fn few_folders_are_remembered() {
        let (shared, folder) = (Shared::default(), tempfile::tempdir().unwrap());
        for run in 0..10 * MOST_FOLDERS {
            let marker = run.to_string();
            fs::write(folder.path().join(&marker), "").unwrap();
            shared.partials(folder.path(), &marker, false).unwrap();
        }
        assert!(shared.folders.lock().unwrap().len() <= MOST_FOLDERS);
    }
}
