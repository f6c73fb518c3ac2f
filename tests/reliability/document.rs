//! The matrix as docs/reliability.md shows it.

use std::fs;
use std::path::Path;

use crate::matrix::{self, By, Row, Verdict};

pub(crate) fn the_document_shows_the_matrix() {
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
