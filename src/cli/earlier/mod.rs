//! The report of an earlier run, whose failed items are downloaded again (`--failed`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::country::CountryCode;
use crate::record::Status;
use crate::report::absolute_text;
use crate::run::unfinished::Unfinished;
use crate::server::Server;

use self::reading::{EarlierRecord, Ending, Part, Place, read};

mod reading;

/// The parts of an earlier report that `--failed` needs.
pub(super) struct EarlierReport {
    file: PathBuf,
    /// What failed or was not attempted in any of the runs.
    pub(super) failed: Failed,
    /// The server and the folder of all runs.
    place: Place,
}

/// What failed or was not attempted.
pub(super) enum Failed {
    /// Flags: their codes, sorted.
    Codes(Vec<CountryCode>),
    /// Lines of a list.
    Lines(Unfinished),
}

impl EarlierReport {
    /// Reads the report, JSON or JSON lines, from `file`, or from standard input if that is `-`.
    ///
    /// # Errors
    /// If the file is not a report whose runs have one server and one folder.
    pub(super) fn read(file: &Path) -> Result<Self, String> {
        let wrong = |what: String| format!("--failed FILE: {}: {what}", file.display());
        let mut found = Found::default();
        let ending = read(file, &mut |part| found.note(part)).map_err(wrong)?;
        let Some(place) = found.place else {
            return Err(wrong("it contains no run".to_owned()));
        };
        found.lines.is_cut |= ending == Ending::Cut;
        found.lines.limit = place.limit.unwrap_or(usize::MAX);
        if found.lines.is_cut && place.failed {
            return Err(wrong(
                "it is cut, and the run was one with --failed: use the report that it had"
                    .to_owned(),
            ));
        }
        Ok(Self {
            file: file.to_owned(),
            failed: match &place.input {
                Some(_) => Failed::Lines(found.lines),
                None if ending == Ending::Cut => {
                    return Err(wrong(
                        "it ends in the middle of a run; --skip-existing keeps what is there"
                            .to_owned(),
                    ));
                }
                None => Failed::Codes(found.codes.into_iter().collect()),
            },
            place,
        })
    }

    /// Returns the codes that failed or were not attempted, sorted. There are none in the report of a list.
    pub(super) fn codes(&self) -> Vec<CountryCode> {
        match &self.failed {
            Failed::Codes(codes) => codes.clone(),
            Failed::Lines(_) => Vec::new(),
        }
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

    /// Returns the file with the list of the earlier run.
    ///
    /// # Errors
    /// If it had none, or if that was a stream or has no valid Unicode name.
    pub(super) fn input(&self) -> Result<PathBuf, String> {
        let Place {
            input, input_path, ..
        } = &self.place;
        match input.as_deref() {
            Some(input) if input != "-" && !is_lossy(input) => {
                Ok(from_here(input, input_path.as_deref()).into())
            }
            Some(_) | None => Err(self.lacks("a list that can be read again", "--input")),
        }
    }

    /// Returns whether the files of the earlier run are in folders as in their URLs.
    pub(super) fn keeps_paths(&self) -> bool {
        self.place.keep_paths
    }

    /// Returns the folder of the earlier run, wherever this one is started: as it was typed if that leads to the same folder
    /// from here, else as an absolute path.
    ///
    /// # Errors
    /// If the report does not have its complete name, because that is not valid Unicode.
    pub(super) fn dest(&self) -> Result<PathBuf, String> {
        let Place { dest, folder, .. } = &self.place;
        let dest = from_here(dest, folder.as_deref());
        if dest.is_empty() || is_lossy(dest) || is_lossy(&self.place.dest) {
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

/// Returns the name under which a file of the earlier run is found from the current folder: as it was typed if that leads to
/// the same file from here, else its absolute path, if the report has that.
fn from_here<'a>(typed: &'a str, absolute: Option<&'a str>) -> &'a str {
    match absolute {
        Some(absolute) if absolute_text(Path::new(typed)).as_deref() != Some(absolute) => absolute,
        Some(_) | None => typed,
    }
}

/// What has been found in a report so far.
#[derive(Default)]
struct Found {
    place: Option<Place>,
    codes: BTreeSet<CountryCode>,
    lines: Unfinished,
}

impl Found {
    fn note(&mut self, part: Part) -> Result<(), String> {
        match part {
            Part::Run(place) => match &self.place {
                Some(other) if *other != place => {
                    return Err("its runs have different servers or folders".to_owned());
                }
                _ => self.place = Some(place),
            },
            Part::Unread => self.lines.is_cut = true,
            Part::Record(record) => self.note_record(&record)?,
        }
        Ok(())
    }

    fn note_record(&mut self, record: &EarlierRecord) -> Result<(), String> {
        let has_failed = match record.status {
            Status::Error | Status::NotAttempted => true,
            Status::Ok | Status::NotFound => false,
        };
        match (record.code, record.line) {
            (Some(code), _) => {
                if has_failed {
                    self.codes.insert(code);
                }
            }
            (None, Some(line)) => {
                if !self.lines.note(line, &record.name, &record.url, has_failed) {
                    return Err(format!("not a usable report: no list has a line {line}"));
                }
            }
            (None, None) => {
                return Err("not a usable report: a record has neither code nor line".to_owned());
            }
        }
        Ok(())
    }
}

/// Returns whether a text has lost bytes that are not valid Unicode.
fn is_lossy(text: &str) -> bool {
    text.contains(char::REPLACEMENT_CHARACTER)
}
