//! From the command line options to the servers to start. All options are checked before any server starts.

use std::error::Error;

use test_server::{Builder, Group, Label, Plan, PlanError, Ports, RouteError, TestServer, Tuning};

use crate::args::Args;
#[cfg(feature = "config")]
use crate::config;

/// A server to start.
pub(crate) struct ServerSpec {
    pub(crate) name: String,
    pub(crate) port: u16,
    plan: Plan,
    /// The plan as it was typed, if it was.
    plan_text: Option<String>,
    #[cfg(feature = "config")]
    entry: Option<config::Entry>,
}

/// Returns the servers to start, each with its builder, in the order in which their lines are printed.
///
/// # Errors
/// If a port, a plan, a label or the error rate is invalid.
pub(crate) fn from_args(args: &Args) -> Result<Vec<(ServerSpec, Builder)>, Box<dyn Error>> {
    let servers = if args.starts_labelled() {
        labelled(args)?
    } else {
        custom(args)?
    };
    with_builders(servers, args)
}

/// Returns the servers, each with its builder.
fn with_builders(
    servers: Vec<ServerSpec>,
    args: &Args,
) -> Result<Vec<(ServerSpec, Builder)>, Box<dyn Error>> {
    for server in &servers {
        let of_tls = server.plan.needs_tls().filter(|_| !server.has_tls(args));
        let of_tls = of_tls.map(|fault| (fault, needed(args, "--tls", "tls = true")));
        let of_tcp = server.plan.needs_tcp();
        let of_tcp = of_tcp.map(|fault| (fault, needed(args, "--tcp", "a [[tcp]]")));
        if let Some((fault, needed)) = of_tls.or(of_tcp) {
            let why = format!("'{fault}' needs {needed}");
            return Err(match &server.plan_text {
                Some(text) => PlanError::at_fault(text, fault, why).into(),
                None => why.into(),
            });
        }
    }
    let group = Group::new();
    #[cfg(feature = "tls")]
    let authority = if servers.iter().any(|server| server.has_tls(args)) {
        Some(test_server::Authority::new()?)
    } else {
        None
    };
    let with_builder = |server: ServerSpec| {
        let builder = server.builder(args, &group)?;
        #[cfg(feature = "tls")]
        let builder = match &authority {
            Some(authority) if server.has_tls(args) => builder.tls_from(authority),
            _ => builder,
        };
        Ok((server, builder))
    };
    servers.into_iter().map(with_builder).collect()
}

/// Returns the option to use, or the setting if there is a file of settings.
fn needed(args: &Args, option: &'static str, setting: &'static str) -> &'static str {
    #[cfg(feature = "config")]
    if args.config.is_some() {
        return setting;
    }
    let _ = (args, setting);
    option
}

/// Returns the servers of a file, each with its builder.
///
/// # Errors
/// If a fault in a plan needs what its server does not have.
#[cfg(feature = "config")]
pub(crate) fn from_config(
    entries: Vec<config::Entry>,
    args: &Args,
) -> Result<Vec<(ServerSpec, Builder)>, Box<dyn Error>> {
    let entries = entries.into_iter().enumerate();
    let server = |(i, entry): (usize, config::Entry)| {
        let name = entry.name.clone();
        let name = name.unwrap_or_else(|| config::server_name(i));
        ServerSpec {
            entry: Some(entry.clone()),
            ..ServerSpec::new(name, entry.port, entry.plan)
        }
    };
    with_builders(entries.map(server).collect(), args)
}

/// Returns LOCAL, DELAY and ERROR, with the plans from `--label`.
fn labelled(args: &Args) -> Result<Vec<ServerSpec>, Box<dyn Error>> {
    let ports = Ports::from_env()?;
    let tuning = Tuning {
        delay: args.delay,
        error_rate: args.error_rate,
    };
    let mut servers = Vec::new();
    for label in Label::ALL {
        let plan = label.plan(&tuning);
        let plan = plan.map_err(|error| format!("--error-rate: {}", error.message()))?;
        servers.push(ServerSpec::new(
            label.name().to_owned(),
            ports.of(label),
            plan,
        ));
    }
    for change in &args.label {
        let named = change.split_once('=');
        let named = named.and_then(|(name, plan)| Some((Label::find(name.trim())?, plan)));
        let (label, plan) = named.ok_or_else(|| {
            format!(
                "--label must be NAME=PLAN, where NAME is LOCAL, DELAY or ERROR, not '{change}'"
            )
        })?;
        for server in servers
            .iter_mut()
            .filter(|server| server.name == label.name())
        {
            server.plan = plan.parse()?;
            server.plan_text = Some(plan.to_owned());
        }
    }
    Ok(servers)
}

/// Returns the servers from `--serve`.
fn custom(args: &Args) -> Result<Vec<ServerSpec>, Box<dyn Error>> {
    let server = |(i, text): (usize, &String)| {
        let (port, plan) = text.split_once('=').unwrap_or((text, ""));
        let port: u16 = port
            .trim()
            .parse()
            .map_err(|_| format!("--serve must begin with a port from 0 to 65535, not '{text}'"))?;
        let name = format!("SERVER-{}", i + 1);
        Ok(ServerSpec {
            plan_text: Some(plan.to_owned()),
            ..ServerSpec::new(name, port, plan.parse()?)
        })
    };
    args.serve.iter().enumerate().map(server).collect()
}

impl ServerSpec {
    fn new(name: String, port: u16, plan: Plan) -> Self {
        Self {
            name,
            port,
            plan,
            plan_text: None,
            #[cfg(feature = "config")]
            entry: None,
        }
    }

    /// Returns whether the server is to speak TLS.
    pub(crate) fn has_tls(&self, args: &Args) -> bool {
        #[cfg(all(feature = "config", feature = "tls"))]
        if let Some(has_tls) = self.entry.as_ref().and_then(|entry| entry.tls) {
            return has_tls;
        }
        args.has_tls()
    }

    /// Returns whether faults are to be drawn by the query as well.
    fn draws_by_query(&self, args: &Args) -> bool {
        #[cfg(feature = "config")]
        if let Some(draws) = self.entry.as_ref().and_then(|entry| entry.draw_by_query) {
            return draws;
        }
        args.draw_by_query
    }

    /// Returns whether pages of other sites may read the responses.
    #[cfg(feature = "cors")]
    fn has_cors(&self, args: &Args) -> bool {
        #[cfg(feature = "config")]
        if let Some(has_cors) = self.entry.as_ref().and_then(|entry| entry.cors) {
            return has_cors;
        }
        args.cors
    }

    /// Returns whether the paths of httpbin are answered.
    #[cfg(feature = "httpbin")]
    fn has_httpbin(&self, args: &Args) -> bool {
        #[cfg(feature = "config")]
        if let Some(has_httpbin) = self.entry.as_ref().and_then(|entry| entry.httpbin) {
            return has_httpbin;
        }
        args.httpbin
    }

    /// Returns the builder that starts this server.
    fn builder(&self, args: &Args, group: &Group) -> Result<Builder, RouteError> {
        let mut builder = TestServer::builder()
            .group(group)
            .name(&self.name)
            .with_plan(self.plan.clone())
            .seed(args.seed)
            .journal(args.journal)
            .header_timeout(args.header_timeout)
            .report_refusals()
            .port(self.port);
        if let Some(address) = args.bind {
            builder = builder.address(address);
        }
        if let Some(folder) = &args.flags_dir {
            builder = builder.flags_dir(folder);
        }
        #[cfg(feature = "proxy")]
        if let Some(upstream) = &args.upstream {
            builder = builder.upstream(forwarding(upstream, args.x_forwarded));
        }
        #[cfg(feature = "files")]
        if let Some(folder) = &args.root {
            builder = builder.root(folder);
        }
        #[cfg(feature = "httpbin")]
        if self.has_httpbin(args) {
            builder = builder.httpbin();
        }
        #[cfg(feature = "cors")]
        if self.has_cors(args) {
            builder = builder.cors();
        }
        for host in &args.allow_host {
            builder = builder.allow_host(host);
        }
        if let Some(token) = &args.token {
            builder = builder.token(token);
        }
        if args.admin {
            builder = builder.admin();
        }
        if self.draws_by_query(args) {
            builder = builder.draw_by_query();
        }
        if args.verbose {
            builder = builder.access_log();
        }
        #[cfg(feature = "config")]
        if let Some(entry) = &self.entry {
            return with_entry(builder, entry);
        }
        Ok(builder)
    }
}

/// Changes the settings that a file names for a server.
#[cfg(feature = "config")]
fn with_entry(mut builder: Builder, entry: &config::Entry) -> Result<Builder, RouteError> {
    for route in &entry.routes {
        builder = builder.route(&route.pattern, route.response())?;
    }
    if let Some(seed) = entry.seed {
        builder = builder.seed(seed);
    }
    if let Some(requests) = entry.journal {
        builder = builder.journal(requests);
    }
    if let Some(folder) = &entry.flags_dir {
        builder = builder.flags_dir(folder);
    }
    #[cfg(feature = "proxy")]
    if let Some(upstream) = &entry.upstream {
        builder = builder.upstream(forwarding(upstream, entry.x_forwarded == Some(true)));
    }
    #[cfg(feature = "files")]
    if let Some(folder) = &entry.root {
        builder = builder.root(folder);
    }
    Ok(builder)
}

#[cfg(feature = "proxy")]
fn forwarding(upstream: &test_server::Upstream, x_forwarded: bool) -> test_server::Upstream {
    if x_forwarded {
        upstream.clone().with_x_forwarded()
    } else {
        upstream.clone()
    }
}
