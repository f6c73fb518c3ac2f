//! The matrix of faults, a test for each row in each strategy, through the program: status, kind, message, exit code and
//! folder. `docs/reliability.md` shows the same table.
//!
//! The rows are data, so that the table can be printed. The tests are made from them at run time, and each has a name:
//!
//! ```sh
//! cargo test --test reliability the_body::a_reset_inside_the_body
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
use matrix::{By, Row, Verdict};
use support::{a_flag, has_namespaces, skip};

/// What a server without faults serves for BR.
static FLAG: LazyLock<Vec<u8>> = LazyLock::new(a_flag);

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // More than there are cores: many rows only wait.
    arguments.test_threads.get_or_insert(6);
    let mut trials = vec![
        about_the_table(
            "each_row_has_a_name_of_its_own",
            each_row_has_a_name_of_its_own,
        ),
        about_the_table(
            "no_row_ends_in_other_and_every_kind_of_the_network_has_one",
            no_row_ends_in_other_and_every_kind_of_the_network_has_one,
        ),
        about_the_table(
            "the_document_shows_the_matrix",
            document::the_document_shows_the_matrix,
        ),
    ];
    trials.extend(rows());
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn about_the_table(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

/// A test for each row in each strategy: `the_body::204::semaphore`.
fn rows() -> impl Iterator<Item = Trial> {
    let named = matrix::groups().into_iter().flat_map(|(heading, rows)| {
        let named = move |row: Row| (format!("{}::{}", words(heading), words(row.fault)), row);
        rows.into_iter().map(named)
    });
    named.flat_map(|(name, row)| {
        Strategy::ALL.map(|strategy| {
            Trial::ignorable_test(format!("{name}::{strategy}"), move || {
                if matches!(row.by, By::NoNetwork(_)) && !has_namespaces() {
                    let what = format!("no network namespace: {} in {strategy}", row.fault);
                    skip(&what);
                    return Ok(Completion::ignored_with(what));
                }
                outcome::check(&row, strategy, &FLAG)?;
                Ok(Completion::Completed)
            })
        })
    })
}

/// A text as a part of the name of a test: its words in lower case, an underscore between them.
fn words(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("_").to_lowercase()
}

fn each_row_has_a_name_of_its_own() {
    let mut names = BTreeSet::new();
    for trial in rows() {
        assert!(names.insert(trial.name().to_owned()), "{}", trial.name());
    }
}

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
        Kind::Tls,         // tests/it/https.rs
        Kind::WriteFailed, // tests/it/disk
        Kind::FdLimit,     // tests/it/environment.rs makes sure that it does not happen
        Kind::Interrupted, // tests/it/program/signals.rs
        Kind::Internal,
        Kind::Other,
    ];
    for kind in Kind::ALL {
        assert!(met.contains(&kind) != elsewhere.contains(&kind), "{kind}");
    }
}
