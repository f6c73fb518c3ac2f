//! The settings that arguments give.

use std::ffi::OsString;

use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

use super::{config, series};
use crate::cli::config::Config;
use crate::strategy::Strategy;

#[test]
fn the_defaults_are_those_of_the_original() {
    let config = config(&[]);
    assert_eq!(config.codes.len(), 20);
    assert_eq!(config.server.name(), "LOCAL");
    assert_eq!(series(&config), (Strategy::Semaphore, 20));
    assert_eq!(
        (config.dest.to_str(), config.limits.timeout.as_secs()),
        (Some("downloads"), 30)
    );
    assert!(!config.verbose && !config.quiet);
}

#[test]
fn connections_are_bounded_by_max_req_the_strategy_and_the_codes() {
    for (args, connections) in [
        (&["-a"][..], 30),
        (&["-a", "-m", "5"], 5),
        (&["-e", "-m", "5000"], 676),
        (&["-a", "-l", "3", "-m", "1000"], 3),
        (&["-a", "--strategy", "sequential"], 1),
        (&["-a", "--strategy", "sequential", "-m", "50"], 1),
        (
            &[
                "-a",
                "--strategy",
                "threadpool",
                "-m",
                "99999999999999999999999",
            ],
            194,
        ),
    ] {
        assert_eq!(series(&config(args)).1, connections, "{args:?}");
    }
    assert_eq!(Strategy::Semaphore.cap().get(), 1000);
    assert_eq!(Strategy::ThreadPool.cap().get(), 1000);
}

#[test]
fn every_overrides_all_and_all_overrides_codes_which_are_not_checked() {
    assert_eq!(config(&["-a", "-e", "?!"]).codes.len(), 676);
    assert_eq!(config(&["?!", "-a"]).codes.len(), 194);
}

#[test]
fn the_limit_takes_the_first_of_the_sorted_codes() {
    let codes = |args: &[&str]| format!("{:?}", config(args).codes);
    assert_eq!(codes(&["us", "br", "de", "-l", "2"]), "[BR, DE]");
    assert_eq!(codes(&["-l3"]), "[BD, BR, CD]");
    assert_eq!(
        config(&["-e", "-l", "99999999999999999999999999"])
            .codes
            .len(),
        676
    );
}

proptest! {
    #[test]
    fn arbitrary_arguments_give_codes_to_run_or_an_early_exit(args: Vec<String>) {
        let args = std::iter::once("flags".to_owned()).chain(args).map(OsString::from);
        if let Ok(config) = Config::from_args(args) {
            prop_assert!(!config.codes.is_empty());
        }
    }

    #[test]
    fn connections_never_exceed_max_req_or_the_number_of_codes(
        limit in 1..2000_i64, max_req in 1..5000_i64, which in 0..3_usize,
    ) {
        let strategy = Strategy::ALL[which];
        let (limit, max_req) = (limit.to_string(), max_req.to_string());
        let config = config(&["-e", "-l", &limit, "-m", &max_req, "--strategy", strategy.name()]);
        let codes: usize = limit.parse::<usize>().unwrap().min(676);
        let bound = max_req.parse::<usize>().unwrap().min(strategy.cap().get()).min(codes);
        prop_assert_eq!((config.codes.len(), series(&config).1), (codes, bound));
    }
}
