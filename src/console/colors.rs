//! Whether to print colours. Only errors have one: they are red.

use std::env;
use std::io::{self, IsTerminal as _};

use ::console::Style; // the crate, not the module around this one
use clap::ValueEnum;

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal, unless the environment decides otherwise.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Whether standard output and standard error get colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Colors {
    pub(crate) out: bool,
    pub(crate) err: bool,
}

impl Colors {
    /// Returns the colours of this process.
    pub(crate) fn new(when: When) -> Self {
        let variable = |name: &str| env::var(name).ok();
        Self {
            out: is_colored(when, &variable, io::stdout().is_terminal()),
            err: is_colored(when, &variable, io::stderr().is_terminal()),
        }
    }
}

/// Returns whether a stream gets colours.
///
/// # Source
/// <https://no-color.org> and <https://bixense.com/clicolors>. NO_COLOR counts more than CLICOLOR_FORCE, as in other
/// programs of the Rust world.
fn is_colored(when: When, variable: &impl Fn(&str) -> Option<String>, terminal: bool) -> bool {
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto if variable("NO_COLOR").is_some_and(|value| !value.is_empty()) => false,
        When::Auto if variable("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        When::Auto => {
            let refused = variable("CLICOLOR").is_some_and(|value| value == "0")
                || variable("TERM").is_some_and(|value| value == "dumb");
            terminal && !refused
        }
    }
}

/// Returns the text in red if `colored`. A final newline stays outside, so that the colour ends with its line.
pub(crate) fn red(text: &str, colored: bool) -> String {
    let line = text.trim_end_matches('\n');
    let end = &text[line.len()..];
    let style = Style::new().red().force_styling(colored);
    format!("{}{end}", style.apply_to(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_counts_before_the_environment_and_the_environment_before_the_terminal() {
        let colored = |when, variables: &[(&str, &str)], terminal| {
            let variable = |name: &str| {
                let mut variables = variables.iter();
                let found = variables.find(|(set, _)| *set == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            is_colored(when, &variable, terminal)
        };
        assert!(colored(When::Auto, &[("TERM", "xterm")], true));
        assert!(!colored(When::Auto, &[("TERM", "xterm")], false));
        for (variables, expected) in [
            (&[("NO_COLOR", "1")][..], false),
            (&[("NO_COLOR", "")], true),
            (&[("TERM", "dumb")], false),
            (&[("CLICOLOR", "0")], false),
            (&[("CLICOLOR", "0"), ("CLICOLOR_FORCE", "1")], true),
            (&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false),
        ] {
            assert_eq!(
                colored(When::Auto, variables, true),
                expected,
                "{variables:?}"
            );
            assert!(colored(When::Always, variables, false));
            assert!(!colored(When::Never, variables, true));
        }
        assert!(colored(When::Auto, &[("CLICOLOR_FORCE", "1")], false));
        assert!(!colored(When::Auto, &[("CLICOLOR_FORCE", "0")], false));
    }

    #[test]
    fn the_colour_ends_before_the_end_of_the_line() {
        assert_eq!(red("no\n", true), "\u{1b}[31mno\u{1b}[0m\n");
        assert_eq!(red("no\n", false), "no\n");
    }
}
