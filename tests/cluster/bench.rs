//! A list, its local run, and the run on workers that must give the same account.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use test_server::TestServer;

use crate::support::running::Running;
use crate::support::{Program, Run, every_code, listing, server, wait_until};

/// The number of lines of the list: all codes, a name that occurs twice, and a line that is none.
pub(crate) const LINES: usize = 678;

/// A web server that takes its time for each answer, and fails for a fifth of the codes.
pub(crate) const SLOW_SITE: &str = "20:status=503,80:delay=20ms";

/// A program with a list, and what a local run makes of it.
pub(crate) struct Bench {
    pub(crate) site: TestServer,
    pub(crate) program: Program,
    /// The requests of the local run.
    requests: u64,
    exit: Option<i32>,
    out: Vec<String>,
    account: (Vec<[Value; 6]>, Value),
    files: BTreeMap<String, Vec<u8>>,
}

impl Bench {
    /// Makes the local run against a web server with this plan. Its files are then removed.
    pub(crate) fn new(plan: &str) -> Self {
        let site = server(plan);
        let program = program(&site);
        let run = program.run(["--input", "list", "-q", "--report", "local.json"]);
        assert_eq!(run.exit, Some(1), "{}", run.err);
        let (account, files) = (account(&program, "local.json"), files(&program));
        assert_eq!(account.0.len(), LINES);
        fs::remove_dir_all(program.downloads()).unwrap();
        Self {
            requests: site.stats().requests,
            site,
            program,
            exit: run.exit,
            out: summary(&run),
            account,
            files,
        }
    }

    /// Starts the run on the workers of this server.
    pub(crate) fn start(&self, url: &str) -> Running {
        let args = ["--input", "list", "-q", "-m", "5", "--report", "nats.json"];
        let nats = ["--executor", "nats", "--nats", url];
        Running::start(&self.program, &[&args[..], &nats].concat())
    }

    /// Waits until the workers have sent this many requests.
    #[track_caller]
    pub(crate) fn wait_for_requests(&self, requests: u64) {
        let requests = self.requests + requests;
        wait_until(&self.site, |stats| stats.requests >= requests);
    }

    /// Asserts that the run has the exit code, the summary, the account and the files of the local run.
    #[track_caller]
    pub(crate) fn assert_same(&self, run: Running) {
        let run = run.wait();
        assert_eq!(run.exit, self.exit, "{}", run.err);
        assert_eq!(summary(&run), self.out, "{}", run.err);
        let (records, totals) = account(&self.program, "nats.json");
        for (record, expected) in records.iter().zip(&self.account.0) {
            assert_eq!(record, expected, "{}", run.err);
        }
        assert_eq!((records.len(), &totals), (LINES, &self.account.1));
        self.assert_files();
    }

    /// Asserts that the files are those of the local run.
    #[track_caller]
    pub(crate) fn assert_files(&self) {
        let files = files(&self.program);
        let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&files), names(&self.files));
        assert!(files == self.files, "the content of files differs");
    }
}

/// Returns a program with a list of all codes on this server.
pub(crate) fn program(site: &TestServer) -> Program {
    let url = site.url();
    let mut list = String::new();
    for code in every_code() {
        let cc = code.lower();
        list += &format!("{url}/{cc}/{cc}.gif\n");
    }
    list += &format!("{url}/us/us.gif\nnot a URL\n");
    let program = Program::new();
    fs::write(program.folder.path().join("list"), list).unwrap();
    program
}

/// Returns what the report says of each line, without times, and the totals.
pub(crate) fn account(program: &Program, report: &str) -> (Vec<[Value; 6]>, Value) {
    let run = &report_of(program, report)["runs"][0];
    let mut totals = run["totals"].clone();
    totals.as_object_mut().unwrap().remove("elapsed_ms");
    let records = run["records"].as_array().unwrap().iter();
    let fields = ["line", "name", "status", "message", "bytes", "path"];
    let records = records.map(|record| fields.map(|field| record[field].clone()));
    (records.collect(), totals)
}

/// Returns a report.
pub(crate) fn report_of(program: &Program, report: &str) -> Value {
    let text = fs::read_to_string(program.folder.path().join(report)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Returns the lines about files.
fn summary(run: &Run) -> Vec<String> {
    let differs = |line: &str| line.contains("time") || line.contains("connections");
    let lines = run.out.lines().filter(|line| !differs(line));
    lines.map(str::to_owned).collect()
}

fn files(program: &Program) -> BTreeMap<String, Vec<u8>> {
    let names = listing(&program.downloads()).into_iter();
    let read = |name: &String| fs::read(program.downloads().join(name)).unwrap();
    names.map(|name| (name.clone(), read(&name))).collect()
}
