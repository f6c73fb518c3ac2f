//! Texts printed instead of a run: completions for shells, and the manual page.

use clap::{Command, CommandFactory as _};
use clap_complete::{Shell, generate};
use clap_mangen::Man;

use crate::cli::args::Args;

/// The name of the program, as a shell completes it.
const PROGRAM: &str = "flags";

/// Returns the completions for a shell.
pub(super) fn completions(shell: Shell) -> String {
    let command = Args::command();
    let shown = command
        .get_arguments()
        .filter(|argument| !argument.is_hide_set());
    // Without the hidden options: bash would complete them.
    let mut shown = Command::new(PROGRAM)
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args(shown.cloned());
    let mut script = Vec::new();
    generate(shell, &mut shown, PROGRAM, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Returns the manual page, in the format of `man`.
pub(super) fn manual_page() -> String {
    let mut page = Vec::new();
    Man::new(Args::command())
        .render(&mut page)
        .expect("writing to memory does not fail");
    String::from_utf8_lossy(&page).into_owned()
}
