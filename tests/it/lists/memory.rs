//! Lists of many lines: each is accounted for, and they take little memory.

use std::fs;

use serde_json::Value;

use super::{list, program, site};

/// Runs a list of this many lines, nearly all of which are bad, and returns the end of its report and the number of records.
fn end_of(lines: usize) -> (Value, usize) {
    let server = site();
    let mut text = list(&server, &["a.txt", "missing"]);
    text.extend((2..lines).map(|number| format!("not a URL, but {number}\n")));
    let program = program(text);
    let run = program.run([
        "--input", "list", "-q", "--report", "r.jsonl", "--report", "r.csv",
    ]);
    let range = format!("Searching for {lines} files: from a.txt to line {lines}\n");
    assert!(run.out.starts_with(&range), "{}", run.out);
    assert_eq!(run.exit, Some(1));
    let read = |name: &str| fs::read_to_string(program.folder.path().join(name)).unwrap();
    assert_eq!(read("r.csv").lines().count(), 1 + lines);
    let report = read("r.jsonl");
    let values = report
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut values: Vec<_> = values.collect();
    let end = values.pop().unwrap();
    let mut numbers: Vec<_> = values[2..]
        .iter()
        .map(|record| record["line"].as_u64().unwrap())
        .collect();
    numbers.sort_unstable();
    assert!(
        numbers.into_iter().eq(1..=lines as u64),
        "one record for each line"
    );
    (end["end"].clone(), values.len() - 2)
}

#[test]
fn a_hundred_thousand_lines_are_accounted_for_in_the_memory_of_a_thousand() {
    let (few, _) = end_of(1000);
    let (many, records) = end_of(100_000);
    let totals = &many["totals"];
    let counts = ["asked", "ok", "not_found", "error", "not_attempted"]
        .map(|name| totals[name].as_u64().unwrap());
    assert_eq!((counts, records), ([100_000, 1, 1, 99_998, 0], 100_000));
    let memory = |end: &Value| end["resources"]["peak_memory"].as_u64();
    if let (Some(few), Some(many)) = (memory(&few), memory(&many)) {
        let more = many.saturating_sub(few);
        // 16 bytes for each line, and the thousand failures that are kept by name.
        assert!(more < 4 << 20, "{more} bytes more");
    }
}
