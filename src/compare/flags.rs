//! Moves the flags of a run from its own folder to the folder of the comparison.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use program::WriteError;

use crate::download::cause::is_disk_full;
use crate::record::{Failure, Status};
use crate::report::RunReport;

/// Moves the flags of a run from `folder` to `dest`, where they replace those of the run before. Each move is atomic. A
/// flag that cannot be moved becomes an error of its code.
///
/// # Errors
/// If the disk is full or `dest` is gone. The other flags would fail as well.
pub(super) fn move_flags(run: &mut RunReport, folder: &Path, dest: &Path) -> io::Result<()> {
    let mut not_moved = 0;
    for record in &mut run.records {
        let Some(name) = record.path.as_ref().and_then(|path| name_of(path)) else {
            continue;
        };
        let target = dest.join(&name);
        match fs::rename(folder.join(&name), &target) {
            Ok(()) => record.path = Some(target.to_string_lossy().into_owned()),
            Err(error) if is_disk_full(&error) || !dest.is_dir() => return Err(error),
            Err(source) => {
                let failure = Failure::from(WriteError {
                    path: target,
                    source,
                });
                record.status = Status::Error;
                record.kind = Some(failure.kind());
                record.message = Some(failure.to_string());
                record.path = None;
                not_moved += 1;
            }
        }
    }
    run.totals.ok -= not_moved;
    run.totals.error += not_moved;
    Ok(())
}

fn name_of(path: &str) -> Option<PathBuf> {
    Path::new(path).file_name().map(PathBuf::from)
}
