//! Whether flags can be saved at all. If not, every other download of the run would fail as well.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

/// Why no flag can be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unsaved {
    /// There is no space left on the disk.
    DiskFull,
    /// The folder for the flags has been removed.
    FolderGone,
}

/// Set when a flag could not be saved for a reason that holds for all flags.
#[derive(Debug, Default)]
pub struct Saving {
    impossible: CancellationToken,
    why: OnceLock<Unsaved>,
}

impl Saving {
    /// Notes that no flag can be saved. The first reason counts.
    pub(crate) fn give_up(&self, why: Unsaved) {
        self.why.get_or_init(|| why);
        self.impossible.cancel();
    }

    /// Returns why no flag can be saved, or `None` if flags can be saved.
    pub fn impossible(&self) -> Option<Unsaved> {
        self.why.get().copied()
    }

    /// Waits until no flag can be saved. Safe to drop at any await point.
    pub(super) async fn given_up(&self) {
        self.impossible.cancelled().await;
    }
}
