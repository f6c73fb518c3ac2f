//! The spellings of the same arguments: order, prefixes, repetitions.

use std::num::NonZeroUsize;

use clap::error::ErrorKind;
use clap::{Arg, CommandFactory as _, Parser as _};

use super::{config, series};
use crate::cli::args::Args;
use crate::cli::mode::{Mode, Series};
use crate::strategy::Strategy;

#[test]
fn the_clap_configuration_is_valid() {
    Args::command().debug_assert();
}

#[test]
fn options_and_codes_can_be_mixed_in_any_order_and_spelling() {
    for args in [
        &["--lim", "3", "br"][..],
        &["br", "-l3"],
        &["-l=3", "br"],
        &["--limit=3", "--", "br"],
        &["-l", "1", "br", "-l", "+3"],
        &["--l", "3", "br"],
    ] {
        let config = config(args);
        assert_eq!(format!("{:?}", config.codes), "[BR]", "{args:?}");
    }
    let many = config(&["-avl2", "-s=error", "--max", "7", "--str", "THREADPOOL"]);
    assert_eq!(
        (many.codes.len(), many.verbose, many.server.name()),
        (2, true, "ERROR")
    );
    assert_eq!(series(&many), (Strategy::ThreadPool, 2));
    assert_eq!(config(&["--ev"]).codes.len(), 676);
    assert_eq!(
        config(&["-s", "delay", "-s", "local"]).server.name(),
        "LOCAL"
    );
    let again = ["--strategy", "sequential", "--strategy", "threadpool"];
    assert_eq!(series(&config(&again)).0, Strategy::ThreadPool);
    let limits = config(&[
        "--compare",
        "--strategy",
        "semaphore",
        "--at",
        "5,6",
        "--at",
        "7",
    ]);
    let Mode::Compare(compare) = limits.mode else {
        panic!("{limits:?}");
    };
    let seven = Series {
        strategy: Strategy::Semaphore,
        connections: NonZeroUsize::new(7).unwrap(),
    };
    assert_eq!(compare.series, [seven]);
    assert_eq!(series(&config(&["--max-req", "3", "-a"])).1, 3);
    assert!(config(&["-vvq", "--verbose"]).verbose);
}

/// The options with their shortest prefix that was unique in the original program, or in the first version of this one
/// for those that the original does not have. The value is one that the option accepts.
const PREFIXES: [(&str, &str, Option<&str>); 30] = [
    ("all", "a", None),
    ("allow-downgrade", "allo", None),
    ("allow-unframed", "allow-u", None),
    ("at", "at", Some("1,5")),
    ("compare", "com", None),
    ("connect-timeout", "con", Some("3")),
    ("dest", "d", Some("folder")),
    ("every", "e", None),
    ("fail-on-not-found", "fail-", None),
    ("failed", "faile", Some("r.json")),
    ("fsync", "fs", None),
    ("help", "h", None),
    ("input", "i", Some("list")),
    ("limit", "l", Some("2")),
    ("max-time", "max-t", Some("2.5")),
    ("max_req", "m", Some("2")),
    ("max-req", "max-", Some("2")),
    ("one-of-several", "o", None),
    ("quiet", "q", None),
    ("report", "rep", Some("r.json")),
    ("retries", "ret", Some("4")),
    ("rounds", "ro", Some("4")),
    ("server", "s", Some("DELAY")),
    ("size-limit", "si", Some("1MB")),
    ("skip-existing", "sk", None),
    ("strategy", "st", Some("sequential")),
    ("timeout", "t", Some("7")),
    ("verbose", "v", None),
    ("version", "vers", None),
    ("warmup", "w", Some("2")),
];

#[test]
fn prefixes_that_were_unique_keep_their_meaning() {
    let parsed = |option: &str, value: Option<&str>| {
        let option = format!("--{option}");
        let words = ["flags", &option].into_iter().chain(value);
        let args = Args::try_parse_from(words);
        args.map_err(|error| error.kind())
            .map(|args| format!("{args:?}"))
    };
    for (option, shortest, value) in PREFIXES {
        let whole = parsed(option, value);
        assert!(
            matches!(
                whole,
                Ok(_) | Err(ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)
            ),
            "--{option}: {whole:?}"
        );
        for length in shortest.len()..option.len() {
            let prefix = &option[..length];
            assert_eq!(parsed(prefix, value), whole, "--{prefix}");
        }
    }
}

#[test]
fn every_option_is_shown_under_a_heading() {
    let command = Args::command();
    let without: Vec<_> = command
        .get_opts()
        .filter(|option| option.get_help_heading().is_none() && !option.is_hide_set())
        .filter_map(Arg::get_long)
        .collect();
    assert!(without.is_empty(), "{without:?}");
}
