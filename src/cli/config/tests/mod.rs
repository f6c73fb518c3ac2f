//! Tests of the conversion from arguments to settings: the settings that arguments give, the spellings of the same
//! arguments, and the usage errors.

mod errors;
mod settings;
mod spelling;

use std::ffi::OsString;

use super::Config;
use crate::cli::mode::Mode;
use crate::strategy::Strategy;

fn config(args: &[&str]) -> Config {
    let args = std::iter::once("flags")
        .chain(args.iter().copied())
        .map(OsString::from);
    match Config::from_args(args) {
        Ok(config) => config,
        Err(exit) => panic!("{exit:?}"),
    }
}

/// Returns the strategy of a run and its connections.
fn series(config: &Config) -> (Strategy, usize) {
    match config.mode {
        Mode::Run { series, .. } => (series.strategy, series.connections.get()),
        _ => panic!("{config:?}"),
    }
}
