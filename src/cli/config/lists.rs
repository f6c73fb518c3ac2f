//! The list of `--input`, or that of the earlier run of `--failed`.

use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{self, Path};

use crate::cli::args::Args;
use crate::cli::config::reports::ReportTo;
use crate::cli::earlier::{EarlierReport, Failed};
use crate::run::input::{Input, Naming};

/// Returns the list of `--input`, or that of the earlier run of `--failed`.
pub(super) fn list(
    args: &Args,
    earlier: Option<&EarlierReport>,
    limit: NonZeroUsize,
    reserved: &dyn Fn(&Path) -> Vec<String>,
) -> Result<Option<Input>, String> {
    let (file, opened) = match (&args.input, earlier) {
        (None, None) => return Ok(None),
        (Some(file), None) => {
            let naming = Naming {
                keeps_paths: args.keep_paths,
                reserved: reserved(file),
            };
            (file.clone(), Input::open(file, limit, naming))
        }
        (typed, Some(earlier)) => match (&earlier.failed, typed) {
            (Failed::Codes(_), None) => return Ok(None),
            (Failed::Codes(_), Some(_)) => {
                let message = "--input FILE cannot be used with --failed FILE of a run over codes";
                return Err(message.to_owned());
            }
            (Failed::Lines(lines), typed) => {
                let file = typed.clone().map_or_else(|| earlier.input(), Ok)?;
                let keeps_paths = earlier.keeps_paths();
                if args.keep_paths && !keeps_paths {
                    let message =
                        "--keep-paths cannot be used with --failed FILE of a run without it";
                    return Err(message.to_owned());
                }
                let opened = {
                    let naming = Naming {
                        keeps_paths,
                        reserved: reserved(&file),
                    };
                    Input::open_unfinished(&file, limit, naming, lines.clone())
                };
                (file, opened)
            }
        },
    };
    opened.map(Some).map_err(|error| unreadable(&file, &error))
}

/// Returns the names of the list and of the reports that are in the folder for the files of the list.
pub(super) fn names_in(dest: &Path, list: &Path, reports: &[ReportTo]) -> Vec<String> {
    let real = |path: &Path| {
        fs::canonicalize(path)
            .or_else(|_| path::absolute(path))
            .ok()
    };
    let dest = real(dest);
    let reports = reports.iter().filter_map(|to| match to {
        ReportTo::File(path, _) => Some(path.as_path()),
        ReportTo::StandardOutput => None,
    });
    let is_there = |file: &&Path| {
        let folder = path::absolute(file).ok();
        let folder = folder.as_deref().and_then(Path::parent).and_then(real);
        folder.is_some() && folder == dest
    };
    let there = [list].into_iter().chain(reports).filter(is_there);
    there
        .filter_map(|file| Some(file.file_name()?.to_str()?.to_owned()))
        .collect()
}

/// Returns the message for a list that cannot be read.
pub(super) fn unreadable(file: &Path, error: &io::Error) -> String {
    format!("--input FILE: {}: {error}", file.display())
}
