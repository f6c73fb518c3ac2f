//! A search with the library.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use findrobots::{Account, LogFile, Robots, Search};
use harness::{ExecutorKind, Series};
use tokio_util::sync::CancellationToken;

/// The answer of a search.
pub(crate) struct Found {
    /// The hosts with their numbers of requests.
    pub(crate) hosts: BTreeMap<Vec<u8>, u64>,
    /// What was read of each file.
    pub(crate) accounts: Vec<Account>,
}

/// Searches the files on an executor. Processes are not possible here: the program of the test has no tasks.
pub(crate) fn search(executor: ExecutorKind, paths: &[impl AsRef<Path>]) -> Found {
    let files = paths
        .iter()
        .map(|path| LogFile::new(path.as_ref()).unwrap());
    let files: Vec<_> = files.collect();
    let series = Series::new(executor, NonZeroUsize::new(2));
    let outcome = Search::new(Robots::default(), &files).run(series, &CancellationToken::new());
    assert!(outcome.totals.is_ok(), "{:?}", outcome.totals);
    let hosts = outcome.total.sorted().into_iter();
    Found {
        hosts: hosts
            .map(|(host, requests)| (host.to_vec(), requests))
            .collect(),
        accounts: outcome.accounts,
    }
}
