//! The hosts, on standard output.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use program::{visible, visible_json};
use serde_json::{Value, json};

use crate::cli::Format;
use crate::jobs::{Hosts, Malformed, Sort};
use crate::work::{Account, Fate, Totals};

/// What JSON says about a run beside its hosts.
pub(crate) struct Facts<'f> {
    /// What was read of each file.
    pub(crate) accounts: &'f [Account],
    /// What was wrong with paths that could not be read at all, with their reasons.
    pub(crate) errors: &'f [(std::path::PathBuf, String)],
    /// The malformed lines, with `--strict`.
    pub(crate) malformed: Option<&'f [Malformed]>,
    /// The time that the run took, in milliseconds.
    pub(crate) elapsed_ms: f64,
    /// The name of the executor.
    pub(crate) executor: &'static str,
    /// The number of its workers.
    pub(crate) workers: usize,
}

/// Returns the hosts in this format, ending in a line break unless there are none.
pub(crate) fn text(hosts: &Hosts, format: Format, by_requests: bool, facts: &Facts<'_>) -> Vec<u8> {
    let sorted = match by_requests {
        true => hosts.by_requests(),
        false => hosts.sorted(),
    };
    match format {
        Format::Lines => lines(&sorted, by_requests),
        Format::Csv => csv(&sorted),
        Format::Json => visible_json(&format!("{:#}\n", json(&sorted, facts))).into_bytes(),
    }
}

/// Returns the text as a terminal may show it. A stranger can write any bytes into a log, so those that could control the
/// terminal or reorder a line are escaped. A pipe or a file gets each byte as it is.
pub(crate) fn for_terminal(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<_> = text.split('\n').map(visible).collect();
    lines.join("\n").into_bytes()
}

fn lines(hosts: &[(&[u8], u64)], with_requests: bool) -> Vec<u8> {
    let mut text = Vec::new();
    for (host, requests) in hosts {
        if with_requests {
            text.extend_from_slice(format!("{requests} ").as_bytes());
        }
        text.extend_from_slice(host);
        text.push(b'\n');
    }
    text
}

fn csv(hosts: &[(&[u8], u64)]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let records = hosts
        .iter()
        .map(|(host, requests)| [host.to_vec(), requests.to_string().into_bytes()]);
    let header = [b"host".to_vec(), b"requests".to_vec()];
    for record in std::iter::once(header).chain(records) {
        writer
            .write_record(record)
            .expect("a vector can be written, and all records have two fields");
    }
    writer.into_inner().expect("a vector can be written")
}

fn json(hosts: &[(&[u8], u64)], facts: &Facts<'_>) -> Value {
    let totals = Totals::of(facts.accounts);
    let count = |fate| totals.count(fate);
    let hosts = hosts.iter().map(|(host, requests)| {
        // JSON has no bytes. A host that is not UTF-8 must not be confused with another one.
        match std::str::from_utf8(host) {
            Ok(host) => json!({ "host": host, "requests": requests }),
            Err(_) => json!({ "host_base64": BASE64_STANDARD.encode(host), "requests": requests }),
        }
    });
    let of_paths = facts.errors.iter().map(
        |(path, reason)| json!({ "path": path.to_string_lossy(), "offset": null, "cause": reason }),
    );
    let of_files = facts.accounts.iter().flat_map(|account| {
        let path = account.path.to_string_lossy();
        let failure = account.failure.iter().map({
            let path = path.clone();
            move |reason| json!({ "path": path, "offset": null, "cause": reason })
        });
        failure.chain(account.damage.iter().map(move |damage| {
            json!({ "path": path, "offset": damage.offset, "cause": damage.cause.to_string() })
        }))
    });
    let malformed = facts.malformed.map(|malformed| {
        let sorts = Sort::ALL.iter().zip(malformed).map(|(sort, of_sort)| {
            let examples = of_sort.examples.iter().map(crate::jobs::Example::text);
            json!({
                "sort": sort.words(),
                "lines": of_sort.lines,
                "examples": examples.collect::<Vec<_>>(),
            })
        });
        sorts.collect::<Vec<_>>()
    });
    json!({
        "schema": 1,
        "hosts": hosts.collect::<Vec<_>>(),
        "files": {
            "whole": count(Fate::Whole),
            "in_part": count(Fate::InPart),
            "not_at_all": count(Fate::NotAtAll) + facts.errors.len(),
            "not_attempted": count(Fate::NotAttempted),
        },
        "errors": of_paths.chain(of_files).collect::<Vec<_>>(),
        "lines_too_long": totals.too_long,
        "malformed": malformed,
        "compressed_bytes": totals.compressed,
        "decompressed_bytes": totals.decompressed,
        "elapsed_ms": facts.elapsed_ms,
        "executor": facts.executor,
        "workers": facts.workers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_cannot_control_a_terminal() {
        let shown = for_terminal("a\u{1b}[2J\n\u{202e}b\nç\n".as_bytes());
        assert_eq!(
            String::from_utf8(shown).unwrap(),
            "a\\u{1b}[2J\n\\u{202e}b\nç\n"
        );
    }
}
