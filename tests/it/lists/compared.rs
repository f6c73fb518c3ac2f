//! `--compare` with a list.

use std::fs;

use flags::report::Report;

use super::{list, program, site};
use crate::support::listing;

#[test]
fn the_strategies_are_compared_over_a_list() {
    let server = site();
    let program = program(list(
        &server,
        &["a.txt", "b.gif", "missing", "x/a.txt", "left out"],
    ));
    let args = [
        "--input",
        "list",
        "--limit",
        "4",
        "--compare",
        "--rounds",
        "2",
        "--report",
        "r.json",
        "--report",
        "r.html",
    ];
    let run = program.run(args);
    assert!(
        run.out
            .starts_with("Searching for 4 files: a.txt, b.gif, missing, a.2.txt\n"),
        "{}",
        run.out
    );
    assert_eq!(run.exit, Some(0), "{}", run.err);
    assert_eq!(listing(&program.downloads()), ["a.2.txt", "a.txt", "b.gif"]);
    let read = |name: &str| fs::read_to_string(program.folder.path().join(name)).unwrap();
    let report: Report = serde_json::from_str(&read("r.json")).unwrap();
    assert_eq!(report.runs.len(), 6);
    for run in &report.runs {
        let totals = &run.totals;
        assert_eq!((totals.asked, totals.ok, totals.not_found), (4, 3, 1));
        assert_eq!(run.settings.input.as_deref(), Some("list"));
        assert_eq!(run.settings.size_limit, None);
        let names: Vec<_> = run.records.iter().map(|record| record.word()).collect();
        assert_eq!(names, ["a.txt", "b.gif", "missing", "a.2.txt"]);
    }
    assert!(read("r.html").contains("4 files, downloaded by sequential, threadpool and semaphore"));
}

#[test]
fn failures_are_counted_as_files() {
    let program = program("nothing\n");
    let run = program.run(["--input", "list", "--compare", "--rounds", "1"]);
    assert!(
        run.err.contains(": 1 file in each of 3 runs\n  line 1\n"),
        "{}",
        run.err
    );
    assert_eq!(run.exit, Some(1));
}
