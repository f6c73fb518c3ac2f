//! What the tests share: a job against a server, and the program itself in a folder of its own.

// Each file in tests/ is a program of its own and uses its own part of this.
#![allow(dead_code, reason = "no file uses all of it")]

pub(crate) mod matrix;
pub(crate) mod raw;
#[cfg(unix)]
pub(crate) mod running;

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use flags::country::{CountryCode, Selection};
use flags::job::Job;
use flags::record::Record;
use flags::server::BaseUrl;
use flags::strategy::Strategy;
use tempfile::TempDir;
use test_server::TestServer;

/// The strategies by name.
pub(crate) const STRATEGIES: [&str; 3] = ["sequential", "threadpool", "semaphore"];

/// Nothing here takes nearly as long; a test that hangs must end all the same.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(60);

/// Waits until it is so.
pub(crate) fn until(mut it_is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + WATCHDOG;
    while !it_is_so() {
        assert!(Instant::now() < deadline, "waited for too long");
        std::thread::yield_now();
    }
}

/// Says that this machine cannot make what a test needs. Counted: a machine that ought to be able to is not believed.
pub(crate) fn skip(what: &str) {
    eprintln!("skipped: {what}");
    if let Some(list) = std::env::var_os("FLAGS_SKIPPED") {
        let mut list = fs::File::options()
            .append(true)
            .create(true)
            .open(list)
            .unwrap();
        writeln!(list, "{what}").unwrap();
    }
}

/// Whether this machine lets a test have a network and file systems of its own.
pub(crate) fn has_namespaces() -> bool {
    static HAS: OnceLock<bool> = OnceLock::new();
    *HAS.get_or_init(|| {
        let mut unshare = Command::new("unshare");
        let tried = unshare
            .args(["-rmn", "mount", "-t", "tmpfs", "tmpfs", "/mnt"])
            .output();
        tried.is_ok_and(|output| output.status.success())
    })
}

/// A named pipe.
#[cfg(unix)]
pub(crate) fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

pub(crate) fn codes(words: &[&str]) -> Vec<CountryCode> {
    Selection::Words(words).codes().unwrap()
}

pub(crate) fn every_code() -> Vec<CountryCode> {
    Selection::<&str>::Every.codes().unwrap()
}

pub(crate) fn limit(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap()
}

/// A job and the folder it saves in.
pub(crate) struct Work {
    pub(crate) job: Arc<Job>,
    pub(crate) dest: TempDir,
}

impl Work {
    pub(crate) fn new(base: &str, codes: Vec<CountryCode>) -> Self {
        Self::with_timeout(base, codes, WATCHDOG)
    }

    pub(crate) fn with_timeout(base: &str, codes: Vec<CountryCode>, timeout: Duration) -> Self {
        Self::with(base, codes, |job| job.limits.timeout = timeout)
    }

    /// A job that differs from the usual one.
    pub(crate) fn with(base: &str, codes: Vec<CountryCode>, differ: impl FnOnce(&mut Job)) -> Self {
        let dest = tempfile::tempdir().unwrap();
        let base = BaseUrl::parse(base).unwrap();
        let mut job = Job::new(codes, base, dest.path().to_owned());
        job.limits.timeout = WATCHDOG;
        differ(&mut job);
        Self {
            job: Arc::new(job),
            dest,
        }
    }

    /// The records of a run, sorted by code; there is one for each code.
    pub(crate) fn run(&self, strategy: Strategy, connections: usize) -> Vec<Record> {
        let mut records = Vec::new();
        strategy
            .run(&self.job, limit(connections), &mut |record| {
                records.push(record)
            })
            .unwrap();
        records.sort_by_key(|record| record.code);
        let recorded: Vec<_> = records.iter().map(|record| record.code).collect();
        assert_eq!(recorded, self.job.codes, "one record per code");
        records
    }

    /// The names of the files saved, sorted.
    pub(crate) fn listing(&self) -> Vec<String> {
        listing(self.dest.path())
    }
}

pub(crate) fn listing(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// The bytes that a test server serves for a code, from a server that does nothing to them.
pub(crate) fn served(server: &TestServer, code: CountryCode) -> Vec<u8> {
    let url = BaseUrl::parse(&server.url()).unwrap().flag_url(code);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    // A client insists on a provider even where it speaks plain http.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    runtime.block_on(async {
        client
            .get(url)
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap()
            .to_vec()
    })
}

/// The program, in an empty folder of its own, with ports of its own.
pub(crate) struct Program {
    pub(crate) folder: TempDir,
    ports: String,
}

/// What a run of the program left.
pub(crate) struct Run {
    pub(crate) exit: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Program {
    /// Its own servers on free ports.
    pub(crate) fn new() -> Self {
        Self::with_ports([0, 0, 0])
    }

    /// LOCAL, DELAY and ERROR on these ports.
    pub(crate) fn with_ports([local, delay, error]: [u16; 3]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            folder,
            ports: format!("{local},{delay},{error}"),
        }
    }

    pub(crate) fn command(&self) -> Command {
        self.at_home(Command::new(env!("CARGO_BIN_EXE_flags")))
    }

    /// The program started by another one, such as `unshare -rn`.
    pub(crate) fn inside(&self, outer: &[&str]) -> Command {
        let mut command = self.at_home(Command::new(outer[0]));
        command.args(&outer[1..]).arg(env!("CARGO_BIN_EXE_flags"));
        command
    }

    /// The same for somebody who may not read where the program was built: it is copied into the folder first.
    pub(crate) fn copied_inside(&self, outer: &[&str]) -> Command {
        let copy = self.folder.path().join("flags");
        fs::copy(env!("CARGO_BIN_EXE_flags"), &copy).unwrap();
        let mut command = self.at_home(Command::new(outer[0]));
        command.args(&outer[1..]).arg(copy);
        command
    }

    /// The program started by a shell after these commands, such as `ulimit -n 64`.
    pub(crate) fn after(&self, commands: &str) -> Command {
        self.inside(&["sh", "-c", &format!("{commands}; exec \"$0\" \"$@\"")])
    }

    fn at_home(&self, mut command: Command) -> Command {
        command
            .current_dir(self.folder.path())
            .env("FLAGS_PORTS", &self.ports);
        let proxies = [
            "http_proxy",
            "HTTP_PROXY",
            "all_proxy",
            "ALL_PROXY",
            "no_proxy",
            "NO_PROXY",
        ];
        for variable in
            proxies
                .into_iter()
                .chain(["RUST_BACKTRACE", "SSL_CERT_FILE", "SSL_CERT_DIR"])
        {
            command.env_remove(variable);
        }
        command
    }

    pub(crate) fn run(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
        Run::of(self.command().args(args))
    }

    pub(crate) fn downloads(&self) -> PathBuf {
        self.folder.path().join("downloads")
    }
}

impl Run {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            exit: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Standard output with what differs from run to run replaced.
    pub(crate) fn report(&self) -> String {
        let lines = self.out.lines().map(|line| {
            let elapsed = line
                .strip_prefix("Elapsed time: ")
                .and_then(|time| time.strip_suffix('s'));
            match (elapsed, line.rsplit_once("http://localhost:")) {
                (Some(time), _) => {
                    let (whole, hundredths) = time.split_once('.').unwrap();
                    assert!(
                        whole.parse::<u32>().is_ok() && hundredths.len() == 2,
                        "{line}"
                    );
                    "Elapsed time: TIME".to_owned()
                }
                (None, Some((before, _port))) => format!("{before}http://localhost:PORT/flags"),
                (None, None) => line.to_owned(),
            }
        });
        lines.map(|line| line + "\n").collect()
    }
}
