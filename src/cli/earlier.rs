//! Reads the report of an earlier run, so that its failed codes can be run again (`--failed`).

use std::collections::BTreeSet;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cli::args::Args;
use crate::country::CountryCode;
use crate::record::Status;
use crate::report::{SCHEMA, absolute_text};
use crate::server::Server;

/// The most bytes read of a report. A hundred runs of all codes take half of this.
const LARGEST_REPORT: u64 = 64 << 20;

/// The parts of an earlier report that `--failed` needs.
pub(super) struct EarlierReport {
    file: PathBuf,
    /// The codes that failed or were not attempted in any of the runs, sorted.
    pub(super) codes: Vec<CountryCode>,
    /// The server and the folder of all runs.
    place: Place,
}

impl EarlierReport {
    /// Reads the JSON report from `file`, or from standard input if that is `-`.
    ///
    /// # Errors
    /// If `args` select codes too, and if the file is not a report whose runs have one server and one folder.
    pub(super) fn read(file: &Path, args: &Args) -> Result<Self, String> {
        if args.all || args.every || !args.cc.is_empty() {
            return Err("--failed FILE cannot be used with CC, --all or --every".to_owned());
        }
        let wrong = |what: &str| format!("--failed FILE: {}: {what}", file.display());
        let text = read_report(file).map_err(|error| wrong(&error.to_string()))?;
        let unusable = |error: serde_json::Error| wrong(&format!("not a usable report: {error}"));
        let Schema { schema } = serde_json::from_str(&text).map_err(unusable)?;
        if schema != SCHEMA {
            return Err(wrong(&format!(
                "schema {schema} is not supported, only {SCHEMA}"
            )));
        }
        let Runs { runs } = serde_json::from_str(&text).map_err(unusable)?;
        let Some(EarlierRun { settings, .. }) = runs.first() else {
            return Err(wrong("it contains no run"));
        };
        if runs.iter().any(|run| run.settings != *settings) {
            return Err(wrong("its runs have different servers or folders"));
        }
        Ok(Self {
            file: file.to_owned(),
            codes: failed(&runs),
            place: settings.clone(),
        })
    }

    /// Returns the server of the earlier run, which is where its failed codes are requested again.
    ///
    /// # Errors
    /// If the report does not name a server, or hides the login in its URL.
    pub(super) fn server(&self) -> Result<Server, String> {
        let named = match self.place.server.as_str() {
            "CUSTOM" => &self.place.url,
            label => label,
        };
        match Server::parse(named) {
            Err(_) => Err(self.lacks("a known server", "--server")),
            Ok(Server::Custom(base)) if base.hides_login() => {
                Err(self.lacks("the login of its server", "--server"))
            }
            Ok(server) => Ok(server),
        }
    }

    /// Returns the folder of the earlier run, wherever this one is started: as it was typed if that leads to the same folder
    /// from here, else as an absolute path.
    ///
    /// # Errors
    /// If the report does not have its complete name, because that is not valid Unicode.
    pub(super) fn dest(&self) -> Result<PathBuf, String> {
        let Place { dest, folder, .. } = &self.place;
        let dest = match folder {
            Some(folder) if absolute_text(Path::new(dest)).as_ref() != Some(folder) => folder,
            _ => dest,
        };
        let lossy = |text: &String| text.contains(char::REPLACEMENT_CHARACTER);
        if dest.is_empty() || lossy(dest) || lossy(&self.place.dest) {
            return Err(self.lacks("the full name of its folder", "--dest"));
        }
        Ok(dest.into())
    }

    /// Returns the message for a setting that the report does not have and `option` can supply.
    fn lacks(&self, what: &str, option: &str) -> String {
        let file = self.file.display();
        format!("--failed FILE: {file} does not contain {what}; specify it with {option}")
    }
}

/// Reads the text of a report, from standard input if `file` is `-`.
fn read_report(file: &Path) -> io::Result<String> {
    let from: Box<dyn io::Read> = match file == Path::new("-") {
        true => Box::new(io::stdin()),
        false => Box::new(std::fs::File::open(file)?),
    };
    let mut text = String::new();
    from.take(LARGEST_REPORT).read_to_string(&mut text)?;
    if text.len() as u64 == LARGEST_REPORT {
        return Err(io::Error::other("too large for a report"));
    }
    Ok(text)
}

/// The field that reports of all versions have.
#[derive(Deserialize)]
struct Schema {
    schema: u32,
}

/// What is read of a report: nothing that another version may write with words that this one does not know, such as the
/// name of a new strategy.
#[derive(Deserialize)]
struct Runs {
    runs: Vec<EarlierRun>,
}

#[derive(Deserialize)]
struct EarlierRun {
    settings: Place,
    records: Vec<EarlierRecord>,
}

/// The server and the folder of a run.
#[derive(Clone, PartialEq, Eq, Deserialize)]
struct Place {
    server: String,
    url: String,
    dest: String,
    folder: Option<String>,
}

#[derive(Deserialize)]
struct EarlierRecord {
    code: CountryCode,
    status: Status,
}

/// Returns the codes that failed or were not attempted in any of the runs, sorted.
fn failed(runs: &[EarlierRun]) -> Vec<CountryCode> {
    let records = runs.iter().flat_map(|run| &run.records);
    let failed = records.filter(|record| match record.status {
        Status::Error | Status::NotAttempted => true,
        Status::Ok | Status::NotFound => false,
    });
    let failed: BTreeSet<_> = failed.map(|record| record.code).collect();
    failed.into_iter().collect()
}
