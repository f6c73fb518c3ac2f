//! Runs the program against every fault of the matrix, in every strategy, and checks status, kind, message, exit code
//! and folder. `docs/reliability.md` shows the same table.
//!
//! The rows are data, so that the table can be printed. The tests are generated from them at run time, each with a name
//! of its own:
//!
//! ```sh
//! cargo test --test reliability the_body::connection_closed_between_two_chunks
//! ```

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod document;
mod matrix;
mod outcome;
mod staged;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::LazyLock;

use flags::record::Kind;
use flags::strategy::Strategy;
use libtest_mimic::{Arguments, Completion, Trial};
use matrix::{Row, Setup, Verdict};
use outcome::Asked;
use support::{flag_of_brazil, has_namespaces, skip};

/// The flag that a server without faults serves for BR.
static FLAG: LazyLock<Vec<u8>> = LazyLock::new(flag_of_brazil);

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Most rows only wait, so six run at once even on two cores.
    arguments.test_threads.get_or_insert(6);
    let mut trials = vec![
        trial("test_names_are_unique", test_names_are_unique),
        trial(
            "every_network_error_kind_has_a_row",
            every_network_error_kind_has_a_row,
        ),
        trial(
            "the_document_shows_every_row_of_the_matrix",
            document::the_document_shows_every_row_of_the_matrix,
        ),
    ];
    trials.extend(row_trials());
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

/// Returns a test for each row in each strategy, with a name such as `the_body::204::semaphore`, and one in which a list asks for
/// the flag.
fn row_trials() -> impl Iterator<Item = Trial> {
    let named = matrix::groups().into_iter().flat_map(|(heading, rows)| {
        let named = move |row: Row| {
            let name = format!("{}::{}", snake_case(heading), snake_case(row.fault));
            (name, row)
        };
        rows.into_iter().map(named)
    });
    named.flat_map(|(name, row)| {
        let by_code = Strategy::ALL.map(|strategy| (strategy.name(), strategy, Asked::Code));
        let all = by_code
            .into_iter()
            .chain([("list", Strategy::Semaphore, Asked::List)]);
        all.map(move |(kind, strategy, asked)| {
            Trial::ignorable_test(format!("{name}::{kind}"), move || {
                if matches!(row.setup, Setup::EmptyNetwork(_)) && !has_namespaces() {
                    let what = format!("no network namespace: {} in {kind}", row.fault);
                    skip(&what);
                    return Ok(Completion::ignored_with(what));
                }
                outcome::check(&row, strategy, asked, &FLAG)?;
                Ok(Completion::Completed)
            })
        })
    })
}

/// Returns the words of `text` in lower case, joined by underscores, for use in a test name.
fn snake_case(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("_").to_lowercase()
}

fn test_names_are_unique() {
    let mut names = BTreeSet::new();
    for trial in row_trials() {
        assert!(names.insert(trial.name().to_owned()), "{}", trial.name());
    }
}

/// Also checks that no row has one of the kinds that are tested elsewhere, `Kind::Other` among them.
fn every_network_error_kind_has_a_row() {
    let groups = matrix::groups();
    let kinds = groups
        .iter()
        .flat_map(|(_, rows)| rows)
        .filter_map(|row| match row.verdict {
            Verdict::Error(kind, _) => Some(kind),
            Verdict::Saved | Verdict::NotFound | Verdict::Refused(_) => None,
        });
    let in_matrix: BTreeSet<_> = kinds.collect();
    let tested_elsewhere = [
        Kind::BadLine,     // tests/it/lists
        Kind::Checksum,    // tests/it/lists
        Kind::Unframed,    // likewise
        Kind::Network,     // src/download/cause.rs
        Kind::WriteFailed, // tests/it/disk
        Kind::Lost,        // tests/cluster
        Kind::FdLimit,     // tests/it/environment.rs checks that it does not happen
        Kind::Interrupted, // tests/it/program/signals.rs
        Kind::Internal,
        Kind::Other,
    ];
    for kind in Kind::ALL {
        assert!(
            in_matrix.contains(&kind) != tested_elsewhere.contains(&kind),
            "{kind}"
        );
    }
}
