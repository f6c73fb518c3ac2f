//! The settings of the program.
//!
//! `Args` holds the arguments as typed, and [`Config`] holds their meaning. All cross-checks happen in the conversion
//! from one to the other, before any work. All usage errors have the form of the original program, whether clap or a
//! check here detects them. Prefixes of options that were unique in the original program keep their meaning: where
//! clap's inference no longer gives it, a hidden alias does.
//!
//! * `reports`: the reports of `--report`, and the files that they must not replace
//! * `lists`: the list of `--input`, or that of an earlier run

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use clap::error::ErrorKind;
use reqwest::Url;
use test_server::{Label, Ports};

use crate::cli::args::Args;
use crate::cli::config::lists::{list, names_in, unreadable};
use crate::cli::config::reports::{check_inputs, reports};
use crate::cli::earlier::EarlierReport;
use crate::cli::hints;
use crate::cli::http::HttpOptions;
#[cfg(feature = "nats")]
use crate::cli::mode::role;
use crate::cli::mode::{Mode, check_codes, check_comparison, check_list};
#[cfg(feature = "nats")]
use crate::cli::nats::Role;
use crate::cli::texts;
use crate::cli::usage::{usage_error, usage_message};
use crate::cli::values::{List, at_least_one};
use crate::console::colors::When;
use crate::console::nouns::{self, Nouns};
use crate::country::{CountryCode, Selection};
use crate::download::save::find_complete_file;
use crate::item::Item;
use crate::job::http::tls::check_certificates;
use crate::job::{HttpSettings, RequestLimits, TrafficLimits};
use crate::run::input::Input;
use crate::server::{BaseUrl, Server, ServerError};
use crate::strategy::Strategy;

mod lists;
mod reports;

pub(crate) use reports::ReportTo;

/// The folder for the flags without `--dest`.
const DEFAULT_DEST: &str = "downloads";

/// The settings of the program.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// The mode: a run, a comparison, or one run of a comparison.
    pub(crate) mode: Mode,
    /// The codes, sorted. Empty with `--failed` if the earlier run had no failures, and with a list.
    pub(crate) codes: Vec<CountryCode>,
    /// The list of URLs, if there is one instead of codes.
    pub(crate) list: Option<Input>,
    /// The server of the flags.
    pub(crate) server: Server,
    /// The ports of LOCAL, DELAY and ERROR.
    pub(crate) ports: Ports,
    /// The folder for the flags.
    pub(crate) dest: PathBuf,
    /// The limits of one request: times, size and redirects.
    pub(crate) limits: RequestLimits,
    /// How requests reach their servers.
    pub(crate) http: Arc<HttpSettings>,
    /// The options from which `http` is made.
    pub(crate) http_options: HttpOptions,
    /// The limits on when requests are sent.
    pub(crate) traffic: TrafficLimits,
    /// Whether each flag is on the disk before it counts as saved.
    pub(crate) fsync: bool,
    /// Whether a body that does not say where it ends is saved. Only for lists.
    pub(crate) allow_unframed: bool,
    /// How often a transient failure is retried, at most.
    pub(crate) retries: u32,
    /// The time limit of the whole run or comparison, if there is one.
    pub(crate) max_time: Option<Duration>,
    /// The reports to write, each one only once.
    pub(crate) reports: Vec<ReportTo>,
    /// Whether a flag that the server does not have makes the exit code 1.
    pub(crate) fail_on_not_found: bool,
    /// Whether to print a line for each code instead of the progress bar.
    pub(crate) verbose: bool,
    /// Whether to print only errors on standard error.
    pub(crate) quiet: bool,
    /// When to use colours.
    pub(crate) color: When,
    /// Whether this process has workers on other machines, or is one.
    #[cfg(feature = "nats")]
    pub(crate) role: Option<Role>,
    /// The options that want more connections than are possible, with their values.
    pub(crate) above_most: Vec<(&'static str, NonZeroUsize)>,
}

/// The reason why the arguments do not lead to a run.
#[derive(Debug)]
pub(crate) enum EarlyExit {
    /// The user requested a text instead of a run, such as the help. Contains the text for standard output.
    Text(String),
    /// The user requested the items of a run with these settings instead of the run.
    List(Box<Config>),
    /// The arguments are invalid. Contains the text for standard error: the message, then the usage line.
    UsageError(String),
}

impl Config {
    /// Parses the arguments, of which the first is the name of the program. With `--failed`, reads the earlier report, and with
    /// `--input` the list.
    ///
    /// # Errors
    /// [`EarlyExit`] if the user requested a text instead of a run, and for the first usage error.
    pub(crate) fn from_args(args: impl IntoIterator<Item = OsString>) -> Result<Self, EarlyExit> {
        let args = Args::try_parse_from(args).map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                EarlyExit::Text(error.to_string())
            }
            _ => EarlyExit::UsageError(usage_error(&usage_message(&error))),
        })?;
        if let Some(shell) = args.completions {
            return Err(EarlyExit::Text(texts::completions(shell)));
        }
        if args.man {
            return Err(EarlyExit::Text(texts::manual_page()));
        }
        let list = args.list;
        let invalid = |message: String| EarlyExit::UsageError(usage_error(&message));
        let config = Self::from_parsed(args).map_err(invalid)?;
        if list {
            return Err(EarlyExit::List(Box::new(config)));
        }
        match check_environment(&config.http, &config.sites()) {
            Ok(()) => Ok(config),
            Err(message) => Err(invalid(message)),
        }
    }

    /// Passes the items that a run would request to `each` as they are read, until that returns false.
    ///
    /// # Errors
    /// The text of a usage error, if the list cannot be read.
    pub(crate) fn list(&self, mut each: impl FnMut(&Item) -> bool) -> Result<(), String> {
        let skips = matches!(&self.mode, Mode::Run { skip_existing, .. } if *skip_existing);
        let is_there =
            |item: &Item| find_complete_file(&self.dest, item, self.limits.size).is_some();
        let mut takes_more = |item: &Item| (skips && is_there(item)) || each(item);
        match (&self.list, self.base()) {
            (Some(list), _) => {
                let unreadable = |error| usage_error(&unreadable(&list.file, &error));
                for item in list.lines().map_err(unreadable)? {
                    if !takes_more(&item.map_err(unreadable)?) {
                        break;
                    }
                }
            }
            (None, Some(base)) => {
                self.flags(&Arc::new(base)).all(|item| takes_more(&item));
            }
            (None, None) => {}
        }
        Ok(())
    }

    /// Returns the flags of the codes, from the server at `base`.
    pub(crate) fn flags(&self, base: &Arc<BaseUrl>) -> impl Iterator<Item = Item> {
        self.codes.iter().map(|&code| Item::flag(code, base))
    }

    /// Returns how many items a run requests; `None` if they come from a stream.
    pub(crate) fn asked(&self) -> Option<usize> {
        asked(&self.codes, self.list.as_ref())
    }

    /// Returns the words for what is downloaded.
    pub(crate) fn nouns(&self) -> &'static Nouns {
        match self.list {
            Some(_) => &nouns::FILES,
            None => &nouns::CODES,
        }
    }

    /// Returns the base URL of the server, if there is one. An embedded one may be moved to another port.
    fn base(&self) -> Option<BaseUrl> {
        match &self.server {
            Server::Remote => Some(BaseUrl::remote()),
            Server::Labelled(label) => Some(BaseUrl::on_localhost(self.ports.of(*label))),
            Server::Custom(base) => Some(base.clone()),
            Server::Listed => None,
        }
    }

    /// Returns a URL of each kind of site that requests are for.
    fn sites(&self) -> Vec<Url> {
        match (self.base(), &self.list) {
            (Some(base), _) => vec![base.root()],
            (None, list) => {
                let contents = list.as_ref().and_then(|list| list.contents.as_ref());
                contents.map(|of| of.sites.clone()).unwrap_or_default()
            }
        }
    }

    /// Returns whether standard output gets the text, rather than JSON instead of it.
    pub(crate) fn prints_text(&self) -> bool {
        let compared = matches!(self.mode, Mode::ComparedRun(_));
        !compared && !self.reports.contains(&ReportTo::StandardOutput)
    }

    /// Converts the parsed arguments. Checks the options of the original program in its order.
    fn from_parsed(args: Args) -> Result<Self, String> {
        let max_req = match args.max_req {
            None => None,
            Some(number) => {
                Some(at_least_one(number).ok_or("--max_req CONCURRENT must be >= 1".to_owned())?)
            }
        };
        let limit = match args.limit {
            None => NonZeroUsize::MAX,
            Some(number) => at_least_one(number).ok_or("--limit N must be >= 1".to_owned())?,
        };
        let per_host = match args.max_per_host.map(at_least_one) {
            Some(None) => return Err("--max-per-host N must be >= 1".to_owned()),
            limit => limit.flatten(),
        };
        check_comparison(&args)?;
        check_codes(&args)?;
        #[cfg(feature = "nats")]
        let role = role(&args)?;
        let typed = args.server.as_deref().map(server).transpose()?;
        let earlier = match &args.failed {
            Some(file) => Some(EarlierReport::read(file)?),
            None => None,
        };
        let reports = reports(&args.report)?;
        let dest = match (&args.dest, &earlier) {
            (Some(dest), _) => dest.clone(),
            (None, Some(earlier)) => earlier.dest()?,
            (None, None) => DEFAULT_DEST.into(),
        };
        let reserved = |list: &Path| names_in(&dest, list, &reports);
        let list = list(&args, earlier.as_ref(), limit, &reserved)?;
        check_list(&args, list.as_ref())?;
        let server = match (typed, &earlier, &list) {
            (Some(server), ..) => server,
            (None, _, Some(_)) => Server::Listed,
            (None, Some(earlier), None) => earlier.server()?,
            (None, None, None) => Server::Labelled(Label::Local),
        };
        let ports = match server {
            Server::Labelled(_) => Ports::from_env().map_err(|error| error.to_string())?,
            Server::Remote | Server::Custom(_) | Server::Listed => Ports::default(),
        };
        let mut codes = match (&earlier, &list) {
            (_, Some(_)) => Vec::new(),
            (Some(earlier), None) => earlier.codes(),
            (None, None) => selected(&args)?,
        };
        codes.truncate(limit.get());
        let http_options = HttpOptions::of(&args)?;
        if let (Server::Labelled(label), true) = (&server, http_options.has_proxy()) {
            let label = label.name();
            return Err(format!(
                "--proxy URL cannot be used with {label}, a server on this machine"
            ));
        }
        check_inputs(&args, &reports, list.as_ref())?;
        // A stream may have any number of items.
        let asked = asked(&codes, list.as_ref()).unwrap_or(usize::MAX);

        Ok(Self {
            mode: Mode::new(&args, max_req, asked)?,
            limits: limits(&args, list.is_some()),
            http: Arc::new(http_options.settings()?),
            http_options,
            traffic: TrafficLimits {
                per_host,
                rate: args.rate,
            },
            codes,
            list,
            server,
            ports,
            dest,
            fsync: args.fsync,
            allow_unframed: args.allow_unframed,
            retries: args.retries,
            max_time: args.max_time,
            reports,
            fail_on_not_found: args.fail_on_not_found,
            verbose: args.verbose,
            quiet: args.quiet,
            color: args.color,
            #[cfg(feature = "nats")]
            role,
            above_most: above_most(&args, max_req),
        })
    }
}

/// Returns how many items there are; `None` if they come from a stream.
fn asked(codes: &[CountryCode], list: Option<&Input>) -> Option<usize> {
    match list {
        Some(list) => list.contents.as_ref().map(|of| of.count),
        None => Some(codes.len()),
    }
}

/// Returns the limits of one request. Flags are small, and the files of a list may be of any size.
fn limits(args: &Args, is_list: bool) -> RequestLimits {
    let default = match is_list {
        true => u64::MAX,
        false => RequestLimits::default().size,
    };
    RequestLimits {
        connect_timeout: args.connect_timeout,
        timeout: args.timeout,
        size: args.size_limit.unwrap_or(default),
        allow_downgrade: args.allow_downgrade,
    }
}

/// Checks the variables of the environment that requests for these sites depend on: otherwise each of them would fail.
fn check_environment(http: &HttpSettings, sites: &[Url]) -> Result<(), String> {
    for url in sites {
        http.proxies()
            .check(url)
            .map_err(|error| error.to_string())?;
        if url.scheme() == "https" && !http.is_insecure() {
            check_certificates().map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// Returns the options that want more connections than any strategy makes, with their values. A strategy that makes only
/// one connection says so itself.
fn above_most(args: &Args, max_req: Option<NonZeroUsize>) -> Vec<(&'static str, NonZeroUsize)> {
    let at = args.at.iter().flat_map(|List(limits)| limits);
    let at = at.filter_map(|&limit| at_least_one(limit)).max();
    let typed = [("--max_req", max_req), ("--at", at)].into_iter();
    let most = Strategy::ALL.map(Strategy::cap).into_iter().max();
    typed
        .filter_map(|(option, typed)| Some((option, typed?)))
        .filter(|&(_, typed)| Some(typed) > most)
        .collect()
}

/// Returns the codes that the arguments select, sorted.
fn selected(args: &Args) -> Result<Vec<CountryCode>, String> {
    let selection = match args {
        Args { every: true, .. } => Selection::Every,
        Args { all: true, .. } => Selection::All,
        Args { cc, .. } => Selection::Words(cc),
    };
    selection
        .codes()
        .map_err(|error| match hints::country(&error.0) {
            Some(hint) => format!("'{}' is not a country code: {hint}", error.0),
            None => error.to_string(),
        })
}

/// Parses a value of `--server`.
fn server(text: &str) -> Result<Server, String> {
    Server::parse(text).map_err(|error| {
        let unknown = error == ServerError::Unknown;
        match hints::server(text).filter(|_| unknown) {
            Some(meant) => format!("{error}; did you mean {meant}?"),
            None => error.to_string(),
        }
    })
}

#[cfg(test)]
mod tests;
