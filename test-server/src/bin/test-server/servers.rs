//! From the command line options to the servers to start. All options are checked before any server starts.

use std::error::Error;

use test_server::{Builder, Group, Label, Plan, Ports, TestServer, Tuning};

use crate::args::Args;

/// A server to start.
pub(crate) struct ServerSpec {
    pub(crate) name: String,
    pub(crate) port: u16,
    plan: Plan,
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
    let needs_tls = servers.iter().find_map(|server| server.plan.needs_tls());
    if let Some(fault) = needs_tls.filter(|_| !args.has_tls()) {
        return Err(format!("'{fault}' needs --tls").into());
    }
    if let Some(fault) = servers.iter().find_map(|server| server.plan.needs_tcp()) {
        return Err(format!("'{fault}' needs --tcp").into());
    }
    let group = Group::new();
    #[cfg(feature = "tls")]
    let authority = if args.tls {
        Some(test_server::Authority::new()?)
    } else {
        None
    };
    let with_builder = |server: ServerSpec| {
        let builder = server.builder(args, &group);
        #[cfg(feature = "tls")]
        let builder = match &authority {
            Some(authority) => builder.tls_from(authority),
            None => builder,
        };
        (server, builder)
    };
    Ok(servers.into_iter().map(with_builder).collect())
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
        servers.push(ServerSpec {
            name: label.name().to_owned(),
            port: ports.of(label),
            plan,
        });
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
        Ok(ServerSpec {
            name: format!("SERVER-{}", i + 1),
            port,
            plan: plan.parse()?,
        })
    };
    args.serve.iter().enumerate().map(server).collect()
}

impl ServerSpec {
    /// Returns the builder that starts this server.
    fn builder(&self, args: &Args, group: &Group) -> Builder {
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
            builder = builder.upstream(upstream.clone());
        }
        if args.admin {
            builder = builder.admin();
        }
        if args.draw_by_query {
            builder = builder.draw_by_query();
        }
        if args.verbose {
            builder = builder.access_log();
        }
        builder
    }
}
