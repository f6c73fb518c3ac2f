//! Logs, their search on threads, and the search on workers that must find the same.

use std::ffi::OsStr;
use std::sync::{LazyLock, OnceLock};

use crate::cluster::machines::Pool;
use crate::support::pack::bzip2;
use crate::support::running::Running;
use crate::support::{Folder, Random, Run, hit};

/// The number of files, each of which is a task, with a host of its own.
pub(crate) const FILES: usize = 32;

/// Logs, and what a search on threads finds.
pub(crate) struct Bench {
    pub(crate) folder: Folder,
    local: &'static Run,
}

impl Bench {
    /// Writes the logs and searches them on threads. Each has more than half a MiB, because smaller ones would share tasks, and
    /// takes as long as possible to decompress, so that something can happen meanwhile.
    pub(crate) fn new() -> Self {
        static SLOW: LazyLock<Vec<u8>> = LazyLock::new(|| bzip2(&Random(1).bytes(600_000)));
        // The same for all tests.
        static LOCAL: OnceLock<Run> = OnceLock::new();

        let folder = Folder::new();
        for number in 0..FILES {
            // Hosts that several files have are counted in all of them.
            let hits = [hit(&format!("host-{number}")), hit("host-of-all")].concat();
            let streams = [&bzip2(&hits), &SLOW[..]].concat();
            assert!(streams.len() > 1 << 19);
            folder.write(format!("logs/{number}.log"), streams);
        }
        let local = LOCAL.get_or_init(|| folder.run(ARGS));
        assert_eq!(local.exit, Some(0), "{}", local.err);
        assert_eq!(local.text().lines().count(), FILES + 1);
        Self { folder, local }
    }

    /// Starts the search on the workers of this server.
    pub(crate) fn start(&self, url: &str) -> Running {
        self.start_with(["--nats", url])
    }

    pub(crate) fn start_with(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Running {
        Running::start(self.folder.command().args(ARGS).args(args))
    }

    /// Asserts that the search has found what threads find, and counted every file and byte once.
    #[track_caller]
    pub(crate) fn assert_same(&self, run: Running) {
        self.assert_same_run(&run.wait());
    }

    #[track_caller]
    pub(crate) fn assert_same_run(&self, run: &Run) {
        assert_eq!(run.exit, self.local.exit, "{}", run.err);
        assert_eq!(run.text(), self.local.text(), "{}", run.err);
        assert_eq!(read(run), read(self.local), "{}", run.err);
    }
}

/// The arguments of all searches: with the number of requests of each host.
const ARGS: [&str; 4] = ["--count", "--glob", "*.log", "logs"];

/// Returns the summary as far as it does not tell of times.
fn read(run: &Run) -> Option<&str> {
    let summary = run.err.lines().find(|line| line.contains("decompressed"))?;
    Some(summary.split_once(") in ")?.0)
}

/// Waits until the workers have done some tasks, and others remain.
#[track_caller]
pub(crate) fn wait_for_the_middle(pool: &Pool) {
    pool.wait_until("some tasks are done", |status| status.finished >= 3);
    let status = pool.status();
    assert!(status.queued > 0, "too fast: {status:?}");
}
