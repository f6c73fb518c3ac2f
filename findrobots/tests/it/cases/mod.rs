//! The hard cases: files on which programs for this task fail or give wrong answers. Every case runs on each executor, and all of
//! standard output, standard error and the exit code are asserted.
//!
//! * `text`: what lines may contain
//! * `gzip`: what gzip files may contain
//! * `damaged`: damaged gzip files, and files that are not gzip
//! * `compressed`: other formats than gzip

mod compressed;
mod damaged;
mod gzip;
mod text;

use crate::support::{EXECUTORS, Folder};

/// A file and what the program prints for it.
struct Case {
    name: &'static str,
    bytes: Vec<u8>,
    hosts: Vec<&'static str>,
    /// What standard error says after the path, without `*** `.
    notice: Option<(&'static str, String)>,
    exit: i32,
}

impl Case {
    /// Returns the case of a file that is read whole.
    fn whole(name: &'static str, bytes: impl Into<Vec<u8>>, hosts: &[&'static str]) -> Self {
        Self {
            name,
            bytes: bytes.into(),
            hosts: hosts.to_vec(),
            notice: None,
            exit: 0,
        }
    }

    /// Adds an error at a place of the file.
    fn error(mut self, cause: &str, offset: usize) -> Self {
        self.notice = Some(("Error", format!("{cause} at byte {offset}")));
        self.exit = 1;
        self
    }

    /// Adds a warning.
    fn warning(mut self, warning: impl Into<String>) -> Self {
        self.notice = Some(("Warning", warning.into()));
        self
    }

    fn stderr(&self, path: &str) -> String {
        let notice = self.notice.as_ref();
        notice.map_or(String::new(), |(kind, notice)| {
            format!("*** {kind}: {path}: {notice}\n")
        })
    }
}

/// Runs each case on its own, and then all of them in one folder, on each executor.
fn check(cases: &[Case]) {
    check_with(cases, true);
}

/// Runs each case on its own, on each executor. For large files.
fn check_each(cases: &[Case]) {
    check_with(cases, false);
}

fn check_with(cases: &[Case], in_one_folder: bool) {
    let folder = Folder::new();
    for case in cases {
        folder.write(format!("all/{}", case.name), &case.bytes);
    }
    for executor in EXECUTORS {
        for case in cases {
            let path = format!("all/{}", case.name);
            let run = folder.run_on(executor, &[&path]);
            let what = format!("{executor}: {}", case.name);
            run.assert(&what, &case.hosts, &case.stderr(&path), case.exit);
        }
        if !in_one_folder {
            continue;
        }
        let mut hosts: Vec<_> = cases.iter().flat_map(|case| &case.hosts).copied().collect();
        hosts.sort_unstable();
        hosts.dedup();
        let mut sorted: Vec<_> = cases.iter().collect();
        sorted.sort_by_key(|case| case.name);
        let errors = sorted
            .iter()
            .map(|case| case.stderr(&format!("all/{}", case.name)));
        let exit = cases.iter().map(|case| case.exit).max().unwrap();
        let run = folder.run_on(executor, &["--glob", "*", "all"]);
        run.assert(executor, &hosts, &errors.collect::<String>(), exit);
    }
}
