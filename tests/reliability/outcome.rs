//! Runs one row and compares the outcome with the expected verdict.

use std::fs;

use flags::record::Status;
use flags::report::{RecordReport, Report};
use flags::strategy::Strategy;

use crate::matrix::{Row, Verdict};
use crate::staged::{Staged, command};
use crate::support::{Program, Run, listing};

/// The content of the flag file before the run.
const OLDER: &[u8] = b"an older flag";

/// How the program is asked for the flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// By its code.
    Code,
    /// By a list with its URL.
    List,
}

/// Runs the program against the fault of `row` with `strategy`. `flag` is the flag of BR.
///
/// # Errors
/// The names of the properties that differ from the verdict, with the exit code, the record and standard error.
pub(crate) fn check(
    row: &Row,
    strategy: Strategy,
    asked: Asked,
    flag: &[u8],
) -> Result<(), String> {
    let staged = Staged::new(&row.setup, flag);
    let program = Program::new();
    let file = program.downloads().join("br.gif");
    fs::create_dir(program.downloads()).unwrap();
    fs::write(&file, OLDER).unwrap();
    let mut command = command(row, &staged, &program);
    match asked {
        Asked::Code => command.args(["-s", &staged.base(), "br"]),
        Asked::List => {
            let url = format!("{}/br/br.gif\n", staged.base());
            fs::write(program.folder.path().join("list"), url).unwrap();
            // Without this, a list has no limit.
            command.args(["--input", "list", "--size-limit", "1MiB"])
        }
    };
    let run = Run::of(
        command
            .args(["--strategy", strategy.name()])
            .args(row.args)
            .args(["--report", "-"]),
    );
    if let Verdict::Refused(text) = row.verdict {
        return check_refused(&run, text, fs::read(&file).unwrap() == OLDER);
    }
    let record = only_record(&run);
    let on_disk = fs::read(&file).unwrap();

    let message = record.message.as_deref().unwrap_or_default();
    let (expected_kind, text) = match row.verdict {
        Verdict::Error(kind, text) => (Some(kind), text),
        Verdict::Saved | Verdict::NotFound | Verdict::Refused(_) => (None, ""),
    };
    let (status, exit, disk) = match row.verdict {
        Verdict::Saved => (Status::Ok, 0, flag),
        Verdict::NotFound => (Status::NotFound, 0, OLDER),
        Verdict::Error(..) | Verdict::Refused(_) => (Status::Error, 1, OLDER),
    };
    let expectations = [
        ("the status", record.status == status),
        ("the kind", record.kind == expected_kind),
        ("the message", matches_pattern(message, text)),
        (
            "a control character in the message",
            message.chars().all(|c| !c.is_control()),
        ),
        ("the exit code", run.exit == Some(exit)),
        ("the file", on_disk == disk),
        ("the folder", listing(&program.downloads()) == ["br.gif"]),
        ("a panic", !run.err.contains("panic")),
    ];
    let wrong: Vec<_> = expectations
        .into_iter()
        .filter(|(_, holds)| !holds)
        .map(|(what, _)| what)
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!(
        "wrong: {}\nexit code {:?}, {record:?}\n{}",
        wrong.join(", "),
        run.exit,
        run.err
    ))
}

/// Checks that the run ended with a usage error before the first request.
fn check_refused(run: &Run, text: &str, unchanged: bool) -> Result<(), String> {
    let first = run.err.lines().next().unwrap_or_default();
    let message = first.trim_start_matches("*** Usage error: ");
    match matches_pattern(message, text) && run.exit == Some(2) && run.out.is_empty() && unchanged {
        true => Ok(()),
        false => Err(format!("exit code {:?}\n{}{}", run.exit, run.out, run.err)),
    }
}

fn only_record(run: &Run) -> RecordReport {
    let results = serde_json::from_str(&run.out);
    let results: Report = results.unwrap_or_else(|_| panic!("{}{}", run.out, run.err));
    assert_eq!(results.runs[0].records.len(), 1);
    results.runs[0].records[0].clone()
}

/// Whether `message` matches `pattern`, in which `…` stands for any text.
fn matches_pattern(message: &str, pattern: &str) -> bool {
    match pattern.split_once('…') {
        Some((before, after)) => message.starts_with(before) && message.ends_with(after),
        None => message == pattern,
    }
}
