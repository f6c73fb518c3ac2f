//! Compares the tables in docs/reliability.md with the matrix.

use std::fs;
use std::path::Path;

use crate::matrix::{self, PROXY_VARIABLES, Row, Setup, Verdict};

pub(crate) fn the_document_shows_every_row_of_the_matrix() {
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

/// Returns the rows as a Markdown table.
fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| fault | reproduced by | verdict | message | on disk |\n| --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        let setup = match row.setup {
            Setup::Plan("") => "a server without faults".to_owned(),
            Setup::Plan(plan) => format!("`{}`", plan.replace('|', "\\|")),
            Setup::Raw(_) => "raw bytes on a socket".to_owned(),
            Setup::Tls(setup) => format!("TLS at {}", setup.host),
            Setup::RefusingPort => "a port without a listener".to_owned(),
            Setup::EmptyNetwork(_) => "an empty network namespace".to_owned(),
            Setup::Proxy {
                variables, base, ..
            } => {
                let variables = variables
                    .iter()
                    .map(|(name, value)| format!("`{name}={value}`"));
                let base = format!("`-s {base}`");
                variables.chain([base]).collect::<Vec<_>>().join(", ")
            }
            Setup::UnreachableProxy => PROXY_VARIABLES.map(|name| format!("`{name}`")).join(", "),
        };
        let setup = match row.args {
            [] => setup,
            args => format!("{setup}, `{}`", args.join(" ")),
        };
        let (verdict, message, disk) = match row.verdict {
            Verdict::Saved => ("ok", String::new(), "the flag"),
            Verdict::NotFound => ("not found", String::new(), "unchanged"),
            Verdict::Refused(text) => ("usage error", format!("`{text}`"), "unchanged"),
            Verdict::Error(_, text) => ("error", format!("`{text}`"), "unchanged"),
        };
        table += &format!(
            "| {} | {setup} | {verdict} | {message} | {disk} |\n",
            row.fault
        );
    }
    table
}
