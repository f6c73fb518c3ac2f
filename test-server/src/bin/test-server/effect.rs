//! Options that would have no effect: each is an error, because its user expects one.

use clap::ArgMatches;
use clap::parser::ValueSource;
use test_server::Label;

use crate::args::Args;

/// The options of control paths, which proxies of TCP have only on a port of their own.
const OF_CONTROL: [&str; 3] = ["admin", "allow_host", "token"];

/// The options of HTTP servers, which proxies of TCP do not have.
const OF_SERVERS: [&str; 9] = [
    "cors",
    "delay",
    "draw_by_query",
    "error_rate",
    "flags_dir",
    "header_timeout",
    "journal",
    "tls",
    "verbose",
];

/// The options on the command line, by the names of their fields.
pub(crate) struct Given<'a>(Vec<&'a str>);

impl<'a> Given<'a> {
    /// Returns those that were typed: not those of the environment, which may be set for another run.
    pub(crate) fn new(matches: &'a ArgMatches) -> Self {
        let is_typed = |name: &&str| matches.value_source(name) == Some(ValueSource::CommandLine);
        let names = matches.ids().map(clap::Id::as_str);
        // A struct of arguments is a group, which has no value of its own.
        let options = names.filter(|name| matches.try_contains_id(name).is_ok());
        Self(
            options
                .filter(is_typed)
                .filter(|name| *name != "Args")
                .collect(),
        )
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains(&name)
    }
}

/// Checks that every option has an effect, before anything is planned.
///
/// # Errors
/// If one has none: the reason.
pub(crate) fn check(args: &Args, given: &Given<'_>) -> Result<(), String> {
    if args.list_faults {
        let other = given.0.iter().find(|name| **name != "list_faults");
        return match other {
            Some(other) => Err(without_effect(
                other,
                "--list-faults only prints the faults",
            )),
            None => Ok(()),
        };
    }
    if given.has("journal") && args.journal == 0 {
        return Err(without_effect("journal", "the last 0 requests are none"));
    }
    // Certificates are for these hosts as well.
    let names_certificates = args.has_tls() || given.has("config");
    for name in ["admin", "allow_host"] {
        let has_other_effect = name == "allow_host" && names_certificates;
        if args.token.is_some() && given.has(name) && !has_other_effect {
            let why = "with a token, the control paths are open to requests with it, from everywhere, and to no others";
            return Err(without_effect(name, why));
        }
    }
    let is_beyond_loopback = args.bind.is_some_and(|address| !address.is_loopback());
    let needs_admin = is_beyond_loopback && !args.admin && !names_certificates;
    if given.has("allow_host") && needs_admin {
        let why = "without --admin, the control paths are closed beyond loopback";
        return Err(without_effect("allow_host", why));
    }
    let has_plan = |label: Label| {
        let mut names = args
            .label
            .iter()
            .filter_map(|change| change.split('=').next());
        names.any(|name| Label::find(name.trim()) == Some(label))
    };
    if given.has("error_rate") && has_plan(Label::Error) {
        return Err(without_effect(
            "error_rate",
            "--label gives ERROR another plan",
        ));
    }
    if given.has("delay") && has_plan(Label::Error) && has_plan(Label::Delay) {
        let why = "--label gives DELAY and ERROR other plans";
        return Err(without_effect("delay", why));
    }
    Ok(())
}

/// Checks that options of HTTP servers have an effect if only proxies of TCP are started.
///
/// # Errors
/// If one has none: the reason.
pub(crate) fn check_of_proxies(given: &Given<'_>) -> Result<(), String> {
    let why = "proxies of TCP do not have it, and no other server is started";
    let mut names = OF_SERVERS.into_iter();
    if let Some(name) = names.find(|name| given.has(name)) {
        return Err(without_effect(name, why));
    }
    let mut names = OF_CONTROL.into_iter().filter(|_| !given.has("control"));
    match names.find(|name| given.has(name)) {
        Some(name) => Err(without_effect(
            name,
            "proxies of TCP have control paths only with --control",
        )),
        None => Ok(()),
    }
}

fn without_effect(name: &str, why: &str) -> String {
    format!("--{} would have no effect: {why}", name.replace('_', "-"))
}
