//! How much of each file was read. Every file has an account, including files that cannot be opened or were not attempted.

use std::path::PathBuf;

use super::file::LogFile;
use super::piece::PieceReport;
use crate::decode::Damage;

/// How much of a file was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// All of it.
    Whole,
    /// A part of it: the rest is damaged, or the run was stopped.
    InPart,
    /// Nothing: it cannot be opened or is not in a known format, or its worker ended.
    NotAtAll,
    /// Nothing, because the run was stopped before.
    NotAttempted,
}

impl Fate {
    /// All fates, in display order.
    pub const ALL: [Self; 4] = [
        Self::Whole,
        Self::InPart,
        Self::NotAtAll,
        Self::NotAttempted,
    ];

    /// Returns the fate in words that follow a number of files.
    pub fn words(self) -> &'static str {
        match self {
            Self::Whole => "read whole",
            Self::InPart => "in part",
            Self::NotAtAll => "not at all",
            Self::NotAttempted => "not attempted",
        }
    }
}

/// What was read of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The path; `-` for standard input.
    pub path: PathBuf,
    /// How much was read.
    pub fate: Fate,
    /// The bytes read from the file.
    pub compressed: u64,
    /// The bytes of text.
    pub decompressed: u64,
    /// The number of lines that were skipped because they are longer than [`MAX_LINE`](crate::MAX_LINE).
    pub too_long: u64,
    /// The first places that are damaged, in the order of the file.
    pub damage: Vec<Damage>,
    /// The number of further places that are damaged.
    pub more_damage: u64,
    /// The place of bytes after the last gzip member that were ignored.
    pub garbage: Option<u64>,
    /// The reason why the file, or a piece of it, was not read at all.
    pub failure: Option<String>,
}

/// The sums of all accounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// The number of files of each fate, in the order of [`Fate::ALL`].
    pub files: [usize; Fate::ALL.len()],
    /// The bytes read from the files.
    pub compressed: u64,
    /// The bytes of text.
    pub decompressed: u64,
    /// The number of lines that were skipped because they are too long.
    pub too_long: u64,
}

impl Totals {
    /// Returns the sums of these accounts.
    pub fn of(accounts: &[Account]) -> Self {
        let mut totals = Self::default();
        for account in accounts {
            totals.files[account.fate as usize] += 1;
            totals.compressed += account.compressed;
            totals.decompressed += account.decompressed;
            totals.too_long += account.too_long;
        }
        totals
    }

    /// Returns the number of files with this fate.
    pub fn count(&self, fate: Fate) -> usize {
        self.files[fate as usize]
    }

    /// Returns the number of all files.
    pub fn all(&self) -> usize {
        self.files.iter().sum()
    }
}

/// The accounts while the files are read.
#[derive(Debug)]
pub(super) struct Ledger(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    account: Account,
    /// The number of pieces that were planned so far.
    planned: usize,
    /// Whether that is all of them.
    all_planned: bool,
    /// The number of pieces that were read to their end.
    read: usize,
}

impl Ledger {
    /// Returns empty accounts of these files.
    pub(super) fn new(files: &[LogFile]) -> Self {
        let entry = |file: &LogFile| Entry {
            account: Account {
                path: file.path().to_owned(),
                fate: Fate::NotAttempted,
                compressed: 0,
                decompressed: 0,
                too_long: 0,
                damage: Vec::new(),
                more_damage: 0,
                garbage: None,
                failure: None,
            },
            planned: 0,
            all_planned: false,
            read: 0,
        };
        Self(files.iter().map(entry).collect())
    }

    /// Notes that a piece of the file is going to be read.
    pub(super) fn plan_piece(&mut self, file: usize, is_last: bool) {
        let entry = &mut self.0[file];
        entry.planned += 1;
        entry.all_planned = is_last;
    }

    /// Notes that the file has no more pieces.
    pub(super) fn all_planned(&mut self, file: usize) {
        self.0[file].all_planned = true;
    }

    /// Notes what was read of a piece.
    pub(super) fn add(&mut self, report: &PieceReport) {
        let Entry { account, read, .. } = &mut self.0[report.index];
        account.compressed += report.compressed;
        account.decompressed += report.decompressed;
        account.too_long += report.too_long;
        account.damage.extend(report.damage.iter().cloned());
        account.more_damage += report.more_damage;
        account.garbage = account.garbage.or(report.garbage);
        if account.failure.is_none() {
            account.failure.clone_from(&report.unopened);
        }
        *read += usize::from(!report.stopped && report.unopened.is_none());
    }

    /// Notes that a piece was not read, for this reason.
    pub(super) fn fail(&mut self, file: usize, reason: &str) {
        let failure = &mut self.0[file].account.failure;
        failure.get_or_insert_with(|| reason.to_owned());
    }

    /// Returns the accounts, in the order of the files.
    pub(super) fn close(self) -> Vec<Account> {
        let close = |mut entry: Entry| {
            let account = &mut entry.account;
            account.damage.sort_by_key(|damage| damage.offset);
            let is_intact = account.damage.is_empty() && account.failure.is_none();
            let all_read = entry.all_planned && entry.read == entry.planned;
            account.fate = if is_intact && all_read {
                Fate::Whole
            } else if account.decompressed > 0 {
                Fate::InPart
            } else if is_intact {
                Fate::NotAttempted
            } else {
                Fate::NotAtAll
            };
            entry.account
        };
        self.0.into_iter().map(close).collect()
    }
}
