//! Usage errors in the form of the original program, whether clap or a check of ours detects them.

use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::args::Args;

/// The reason why the arguments do not lead to a run.
#[derive(Debug)]
pub(crate) enum EarlyExit {
    /// The user requested help or the version. Contains the text for standard output.
    HelpOrVersion(String),
    /// The arguments are invalid. Contains the text for standard error: the message, then the usage line.
    UsageError(String),
}

/// Returns a usage error in the form that all of them share: a line with the message, and the usage line.
pub(super) fn usage_error(message: &str) -> EarlyExit {
    EarlyExit::UsageError(format!(
        "*** Usage error: {message}\n{}\n",
        Args::command().render_usage()
    ))
}

/// Returns the message for an error that clap detected, such as `--limit N must be >= 1, not 'abc'`. Uses the words of
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
        (ErrorKind::ValueValidation, Some(option), Some(value), Some(cause)) => {
            format!("{option} {cause}, not '{value}'")
        }
        (ErrorKind::UnknownArgument, Some(option), ..) => {
            match context(ContextKind::SuggestedArg).filter(|meant| is_shown(meant)) {
                Some(meant) => format!("unknown option {option}; did you mean {meant}?"),
                None => format!("unknown option {option}"),
            }
        }
        (ErrorKind::TooManyValues, Some(option), Some(value), _) => {
            format!("{option} takes no value, but got '{value}'")
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

/// Returns whether the help lists this option. Suggesting a hidden alias, such as `--s`, would not help.
fn is_shown(option: &str) -> bool {
    let command = Args::command();
    let long = option.trim_start_matches("--");
    command
        .get_arguments()
        .any(|argument| argument.get_long() == Some(long))
}
