//! Every row of the matrix of faults in every strategy, through the program: status, kind, message, exit code and folder.
//! `docs/reliability.md` shows the same table.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use flags::record::Kind;
use flags::results::{RecordResults, Results};
use flags::strategy::Strategy;
use socket2::{Domain, Socket, Type};
use support::matrix::{self, By, Row, Verdict};
use support::raw::RawServer;
use support::{Program, Run, codes, has_namespaces, listing, served, skip};
use test_server::{Plan, TestServer};

/// What is in the place of the flag before the run.
const OLDER: &[u8] = b"an older flag";

/// A fault that has been brought about, for as long as this lives.
enum Staged {
    Server(TestServer),
    Raw(RawServer),
    Outside(&'static str),
    /// To a port, on which it does not listen; nobody else can.
    Bound(Socket),
}

impl Staged {
    fn new(by: &By, flag: &[u8]) -> Self {
        match by {
            By::Plan(plan) => {
                Self::Server(TestServer::start(plan.parse::<Plan>().unwrap()).unwrap())
            }
            By::Raw(server) => Self::Raw(server(flag)),
            By::DeadProxy => Self::Server(TestServer::start(Plan::normal()).unwrap()),
            By::NoNetwork(base) => Self::Outside(base),
            By::NobodyListens => {
                let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
                let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
                socket.bind(&any_port.into()).unwrap();
                Self::Bound(socket)
            }
        }
    }

    fn base(&self) -> String {
        match self {
            Self::Server(server) => server.url(),
            Self::Raw(server) => server.url(),
            Self::Outside(base) => (*base).to_owned(),
            Self::Bound(socket) => {
                let address = socket.local_addr().unwrap().as_socket().unwrap();
                format!("http://{address}/flags")
            }
        }
    }
}

fn command(row: &Row, program: &Program) -> Command {
    let flags = program.command();
    match row.by {
        By::NoNetwork(_) => program.inside(&["unshare", "-rn"]),
        By::DeadProxy => {
            let mut flags = flags;
            for variable in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
                flags.env(variable, "http://127.0.0.1:1");
            }
            flags
        }
        By::Plan(_) | By::Raw(_) | By::NobodyListens => flags,
    }
}

/// Runs a row in a strategy, and says how it differs from what must come of it.
fn differs(row: &Row, strategy: Strategy, flag: &[u8]) -> Option<String> {
    let staged = Staged::new(&row.by, flag);
    let program = Program::new();
    let file = program.downloads().join("br.gif");
    fs::create_dir(program.downloads()).unwrap();
    fs::write(&file, OLDER).unwrap();
    let run = Run::of(
        command(row, &program)
            .args(["-s", &staged.base(), "--strategy", strategy.name(), "br"])
            .args(row.args)
            .args(["--report", "-"]),
    );
    let record = only_record(&run);
    let on_disk = fs::read(&file).unwrap();
    let kind = record.kind.as_deref().unwrap_or_default();
    let message = record.message.as_deref().unwrap_or_default();
    let (status, exit, disk) = match row.verdict {
        Verdict::Saved => ("ok", 0, flag),
        Verdict::NotFound => ("not_found", 0, OLDER),
        Verdict::Error(..) => ("error", 1, OLDER),
    };
    let told = match row.verdict {
        Verdict::Error(expected, text) => kind == expected.word() && fits(message, text),
        Verdict::Saved | Verdict::NotFound => kind.is_empty() && message.is_empty(),
    };
    let printable = message.chars().all(|c| !c.is_control());
    let nothing_new = listing(&program.downloads()) == ["br.gif"];
    let as_expected = told
        && printable
        && nothing_new
        && (record.status.as_str(), run.exit) == (status, Some(exit))
        && on_disk == disk
        && !run.err.contains("panic");
    let failed = || {
        format!(
            "{} {strategy}: {record:?} {:?} {}",
            row.fault, run.exit, run.err
        )
    };
    (!as_expected).then(failed)
}

fn only_record(run: &Run) -> RecordResults {
    let results = serde_json::from_str(&run.out);
    let results: Results = results.unwrap_or_else(|_| panic!("{}{}", run.out, run.err));
    assert_eq!(results.runs[0].records.len(), 1);
    results.runs[0].records[0].clone()
}

/// Whether this is the text, `…` in it standing for anything.
fn fits(message: &str, text: &str) -> bool {
    match text.split_once('…') {
        Some((before, after)) => message.starts_with(before) && message.ends_with(after),
        None => message == text,
    }
}

fn a_flag() -> Vec<u8> {
    let server = TestServer::start(Plan::normal()).unwrap();
    served(&server, codes(&["br"])[0])
}

#[test]
fn every_row_has_its_verdict_in_every_strategy() {
    let flag = a_flag();
    let rows: Vec<Row> = matrix::groups()
        .into_iter()
        .flat_map(|(_, rows)| rows)
        .collect();
    let pairs: Vec<_> = rows
        .iter()
        .flat_map(|row| Strategy::ALL.map(|strategy| (row, strategy)))
        .collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        while let Some((row, strategy)) = pairs.get(next.fetch_add(1, Ordering::Relaxed)) {
            if matches!(row.by, By::NoNetwork(_)) && !has_namespaces() {
                skip(&format!(
                    "no network namespace: {} in {strategy}",
                    row.fault
                ));
                continue;
            }
            wrong.extend(differs(row, *strategy, &flag));
        }
        wrong
    };
    let wrong: Vec<_> = thread::scope(|scope| {
        // Many of them only wait.
        let workers: Vec<_> = (0..6).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_row_ends_in_other_and_every_kind_of_the_network_has_one() {
    let groups = matrix::groups();
    let kinds = groups
        .iter()
        .flat_map(|(_, rows)| rows)
        .filter_map(|row| match row.verdict {
            Verdict::Error(kind, _) => Some(kind),
            Verdict::Saved | Verdict::NotFound => None,
        });
    let met: BTreeSet<_> = kinds.collect();
    let elsewhere = [
        Kind::Tls,         // tests/https.rs
        Kind::WriteFailed, // tests/disk.rs
        Kind::FdLimit,     // tests/environment.rs makes sure that it does not happen
        Kind::Interrupted, // tests/program.rs
        Kind::Internal,
        Kind::Other,
    ];
    for kind in Kind::ALL {
        assert!(met.contains(&kind) != elsewhere.contains(&kind), "{kind}");
    }
}

#[test]
fn the_document_shows_the_matrix() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reliability.md");
    let document = fs::read_to_string(path).unwrap();
    for (heading, rows) in matrix::groups() {
        let table = table(&rows);
        assert!(
            document.contains(&format!("### {heading}\n\n{table}\n")),
            "docs/reliability.md should have:\n\n### {heading}\n\n{table}"
        );
    }
}

/// The rows as Markdown.
fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| fault | made here by | verdict | message | on disk |\n| --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        let by = match row.by {
            By::Plan("") => "a server without faults".to_owned(),
            By::Plan(plan) => format!("`{}`", plan.replace('|', "\\|")),
            By::Raw(_) => "bytes from a socket".to_owned(),
            By::NobodyListens => "a port on which nobody listens".to_owned(),
            By::NoNetwork(_) => "a network namespace".to_owned(),
            By::DeadProxy => "`http_proxy` and its kin".to_owned(),
        };
        let by = match row.args {
            [] => by,
            args => format!("{by}, `{}`", args.join(" ")),
        };
        let (verdict, message, disk) = match row.verdict {
            Verdict::Saved => ("ok", String::new(), "the flag"),
            Verdict::NotFound => ("not found", String::new(), "as before"),
            Verdict::Error(_, text) => ("error", format!("`{text}`"), "as before"),
        };
        table += &format!(
            "| {} | {by} | {verdict} | {message} | {disk} |\n",
            row.fault
        );
    }
    table
}

#[test]
fn the_document_of_reports_has_every_kind() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reports.md");
    let document = fs::read_to_string(path).unwrap();
    let (_, kinds) = document.split_once("## Kinds").unwrap();
    let listed: Vec<_> = kinds
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert_eq!(listed, Kind::ALL.map(Kind::word));
}
