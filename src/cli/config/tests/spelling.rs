//! The spellings of the same arguments: order, prefixes, repetitions.

use std::num::NonZeroUsize;

use clap::CommandFactory as _;

use super::{config, series};
use crate::cli::args::Args;
use crate::cli::config::Config;
use crate::cli::mode::{Mode, Series};
use crate::cli::usage::EarlyExit;
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

#[test]
fn prefixes_that_were_unique_in_the_original_keep_their_meaning() {
    for prefix in prefixes("all") {
        assert_eq!(config(&[&prefix]).codes.len(), 194);
    }
    for prefix in prefixes("every") {
        assert_eq!(config(&[&prefix]).codes.len(), 676);
    }
    for prefix in prefixes("limit") {
        assert_eq!(config(&[&prefix, "2"]).codes.len(), 2);
    }
    for prefix in prefixes("max_req") {
        assert_eq!(series(&config(&[&prefix, "2"])).1, 2);
    }
    for prefix in prefixes("server") {
        assert_eq!(config(&[&prefix, "delay"]).server.name(), "DELAY");
    }
    for prefix in prefixes("verbose") {
        assert!(config(&[&prefix]).verbose);
    }
    for prefix in prefixes("help") {
        let args = ["flags".into(), prefix.into()];
        assert!(matches!(
            Config::from_args(args),
            Err(EarlyExit::HelpOrVersion(_))
        ));
    }
}

fn prefixes(option: &str) -> Vec<String> {
    (1..=option.len())
        .map(|length| format!("--{}", &option[..length]))
        .collect()
}
