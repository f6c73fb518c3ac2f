//! Usage errors in the words of the original program, whoever finds them.

use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::args::Args;

/// Why there is nothing to run.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Help or version was asked for; the text is for standard output.
    Answer(String),
    /// What was typed makes no sense; the text, for standard error, says what, and ends with the usage line.
    Usage(String),
}

/// The one form of usage errors: a line that says what is wrong, and the usage.
pub(super) fn usage_error(message: &str) -> Stop {
    Stop::Usage(format!(
        "*** Usage error: {message}\n{}\n",
        Args::command().render_usage()
    ))
}

/// What clap found, in the words of the original where it had some: `--limit N must be >= 1, not 'abc'`.
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

/// Whether the help shows this option; to suggest a hidden alias such as `--s` would help nobody.
fn is_shown(option: &str) -> bool {
    let command = Args::command();
    let long = option.trim_start_matches("--");
    command
        .get_arguments()
        .any(|argument| argument.get_long() == Some(long))
}
