//! From `--control` to a port of control paths.

use std::io;

use serde_json::Value;
use test_server::{ControlPort, ControlPortBuilder, TestServer};

use crate::args::Args;
use crate::proxies::RunningProxy;

/// A port of control paths to open.
pub(crate) struct ControlSpec {
    pub(crate) port: u16,
    builder: ControlPortBuilder,
}

/// Returns the port to open, if there is one. Those who may control the servers may use it.
pub(crate) fn from_args(args: &Args) -> Option<ControlSpec> {
    let port = args.control?;
    let mut builder = ControlPort::builder().port(port).report_refusals();
    if let Some(address) = args.bind {
        builder = builder.address(address);
    }
    if args.admin {
        builder = builder.admin();
    }
    for host in &args.allow_host {
        builder = builder.allow_host(host);
    }
    if let Some(token) = &args.token {
        builder = builder.token(token);
    }
    Some(ControlSpec { port, builder })
}

impl ControlSpec {
    pub(crate) fn start(
        &self,
        servers: &[TestServer],
        proxies: &[RunningProxy],
    ) -> io::Result<ControlPort> {
        let mut builder = self.builder.clone();
        for server in servers {
            builder = builder.server(server);
        }
        for proxy in proxies {
            builder = proxy.add_to(builder);
        }
        builder.start()
    }
}

/// Returns the line of the port, and sets it in the entries of the ready line.
pub(crate) fn describe(control: &ControlPort, ready: &mut [Value]) -> String {
    let mut names = Vec::new();
    for entry in ready {
        let name = entry["name"].as_str().unwrap_or_default().to_owned();
        entry["control"] = control.url_of(&name).into();
        names.push(name);
    }
    format!(
        "CONTROL site: {}/NAME has the control paths of {}\n",
        control.url(),
        names.join(", ")
    )
}
