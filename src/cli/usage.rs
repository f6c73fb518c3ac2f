//! Usage errors in the form of the original program, whether clap or a check of ours detects them.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, CommandFactory as _};
use safe_text::visible;

use crate::cli::args::Args;
use crate::cli::hints;

/// Returns the text of a usage error in the form that all of them share: a line with the message, and the usage line.
pub(crate) fn usage_error(message: &str) -> String {
    format!(
        "*** Usage error: {}\n{}\n",
        visible(message),
        Args::command().render_usage()
    )
}

/// Returns the message for an error that clap detected, such as `--limit N must be a whole number, not 'abc'`. Uses the words of
/// the original program where it has a message for the error.
pub(super) fn usage_message(error: &clap::Error) -> String {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.replace(['<', '>'], "")),
        _ => None,
    };
    let option = context(ContextKind::InvalidArg);
    let value = context(ContextKind::InvalidValue).filter(|value| !value.is_empty());
    let cause = std::error::Error::source(error);
    match (error.kind(), option, value, cause) {
        (ErrorKind::ValueValidation, Some(option), Some(_), Some(cause)) => {
            format!("{option} {cause}")
        }
        (ErrorKind::UnknownArgument, Some(option), ..) => unknown_option(&option),
        (ErrorKind::TooManyValues, Some(option), Some(value), _) => {
            format!("{option} takes no value, but got '{value}'")
        }
        (ErrorKind::InvalidValue, Some(option), Some(value), _) => {
            let valid = match error.get(ContextKind::ValidValue) {
                Some(ContextValue::Strings(valid)) => valid.join(", "),
                _ => String::new(),
            };
            format!("{option} must be one of {valid}, not '{value}'")
        }
        (ErrorKind::InvalidValue | ErrorKind::ValueValidation, Some(option), None, _) => {
            format!("{option} needs a value")
        }
        (ErrorKind::InvalidUtf8, ..) => "the value of an option is not UTF-8".to_owned(),
        _ => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            first.trim_start_matches("error: ").to_owned()
        }
    }
}

/// Returns the message for an option that does not exist, or that abbreviates several. Clap's own suggestions are not
/// used: for `--foo` it suggests `--fail-on-not-found`.
fn unknown_option(option: &str) -> String {
    let command = Args::command();
    // Suggesting a hidden option or alias, such as `--s`, would not help.
    let shown = || {
        command
            .get_arguments()
            .filter(|argument| !argument.is_hide_set())
    };
    let names = || shown().filter_map(Arg::get_long);
    let Some(typed) = option.strip_prefix("--") else {
        return format!("unknown option {option}; try --help");
    };
    let mut abbreviated: Vec<_> = names()
        .filter(|name| name.starts_with(typed))
        .map(|name| format!("--{name}"))
        .collect();
    abbreviated.sort_unstable();
    match hints::closest(typed, names()) {
        _ if abbreviated.len() > 1 => {
            format!("{option} is ambiguous: {}", abbreviated.join(", "))
        }
        Some(meant) => format!("unknown option {option}; did you mean --{meant}?"),
        None => format!("unknown option {option}; try --help"),
    }
}
