//! From `--tcp` to the proxies to start.

use std::error::Error;
use std::io;

use test_server::ControlPortBuilder;

use crate::args::Args;
#[cfg(feature = "config")]
use crate::config;

/// A proxy to start.
pub(crate) struct ProxySpec {
    pub(crate) name: String,
    pub(crate) port: u16,
    #[cfg(feature = "tcp")]
    builder: test_server::TcpBuilder,
}

/// A running proxy. Dropping it stops it.
pub(crate) struct RunningProxy {
    #[cfg(feature = "tcp")]
    proxy: test_server::TcpProxy,
}

/// Returns the proxies to start, in the order in which their lines are printed.
///
/// # Errors
/// If a port or a plan is invalid.
#[cfg(feature = "tcp")]
pub(crate) fn from_args(args: &Args) -> Result<Vec<ProxySpec>, Box<dyn Error>> {
    let proxy = |(i, text): (usize, &String)| {
        let wrong = || format!("--tcp must be PORT=HOST:PORT or PORT=HOST:PORT=PLAN, not '{text}'");
        let (port, rest) = text.split_once('=').ok_or_else(wrong)?;
        let (upstream, plan) = rest.split_once('=').unwrap_or((rest, ""));
        let port = port.trim().parse().map_err(|_| wrong())?;
        let builder = test_server::TcpProxy::builder(upstream.trim()).plan(plan)?;
        Ok(ProxySpec::new(
            format!("TCP-{}", i + 1),
            port,
            builder,
            args,
        ))
    };
    args.tcp.iter().enumerate().map(proxy).collect()
}

/// Returns the proxies of a file.
///
/// # Errors
/// If a plan is invalid.
#[cfg(all(feature = "config", feature = "tcp"))]
pub(crate) fn from_config(
    file: &config::Config,
    args: &Args,
) -> Result<Vec<ProxySpec>, Box<dyn Error>> {
    let proxy = |(i, entry): (usize, &config::ProxyEntry)| {
        let name = entry.name.clone();
        let name = name.unwrap_or_else(|| config::proxy_name(i));
        let builder = test_server::TcpProxy::builder(&entry.upstream);
        let builder = builder.plan(&entry.plan);
        let builder = builder.map_err(|why| format!("the plan of {name}: {why}"))?;
        let mut spec = ProxySpec::new(name, entry.port, builder, args);
        if let Some(seed) = entry.seed {
            spec.builder = spec.builder.seed(seed);
        }
        Ok(spec)
    };
    file.proxies.iter().enumerate().map(proxy).collect()
}

#[cfg(all(feature = "config", not(feature = "tcp")))]
pub(crate) fn from_config(_: &config::Config, _: &Args) -> Result<Vec<ProxySpec>, Box<dyn Error>> {
    Ok(Vec::new())
}

#[cfg(not(feature = "tcp"))]
pub(crate) fn from_args(_: &Args) -> Result<Vec<ProxySpec>, Box<dyn Error>> {
    Ok(Vec::new())
}

#[cfg(feature = "tcp")]
impl ProxySpec {
    fn new(name: String, port: u16, builder: test_server::TcpBuilder, args: &Args) -> Self {
        let builder = builder.name(&name).seed(args.seed).report_refusals();
        let mut builder = builder.port(port);
        if let Some(address) = args.bind {
            builder = builder.address(address);
        }
        Self {
            name,
            port,
            builder,
        }
    }

    pub(crate) fn start(&self) -> io::Result<RunningProxy> {
        let proxy = self.builder.clone().start()?;
        Ok(RunningProxy { proxy })
    }
}

#[cfg(not(feature = "tcp"))]
impl ProxySpec {
    pub(crate) fn start(&self) -> io::Result<RunningProxy> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(feature = "tcp")]
impl RunningProxy {
    /// Adds the control paths of the proxy to a port.
    pub(crate) fn add_to(&self, control: ControlPortBuilder) -> ControlPortBuilder {
        control.proxy(&self.proxy)
    }

    /// Returns the line of the proxy, and its entry in the ready line.
    pub(crate) fn describe(&self) -> (String, serde_json::Value) {
        let proxy = &self.proxy;
        let url = proxy.url();
        let line = format!("{} site: {url} {}\n", proxy.name(), proxy.describe());
        let entry = serde_json::json!({
            "name": proxy.name(),
            "url": url,
            "base": url,
            "port": proxy.port(),
            "plan": proxy.plan().to_string(),
            "seed": proxy.seed(),
        });
        (line, entry)
    }
}

#[cfg(not(feature = "tcp"))]
impl RunningProxy {
    pub(crate) fn add_to(&self, control: ControlPortBuilder) -> ControlPortBuilder {
        control
    }

    pub(crate) fn describe(&self) -> (String, serde_json::Value) {
        (String::new(), serde_json::Value::Null)
    }
}
