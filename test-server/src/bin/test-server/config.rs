//! The file of `--config`: several servers, each with its settings.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use axum::http::{HeaderName, HeaderValue};
use serde::{Deserialize, Deserializer, de};
use test_server::{Plan, Response, TestServer};

/// The servers and the proxies of a file, in its order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Config {
    #[serde(default, rename = "server")]
    pub(crate) servers: Vec<Entry>,
    #[cfg(feature = "tcp")]
    #[serde(default, rename = "tcp")]
    pub(crate) proxies: Vec<ProxyEntry>,
    /// The file for the certificate of the authority.
    #[cfg(feature = "tls")]
    ca_out: Option<PathBuf>,
}

/// The settings of a proxy of TCP.
#[cfg(feature = "tcp")]
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProxyEntry {
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) port: u16,
    pub(crate) upstream: String,
    #[serde(default)]
    pub(crate) plan: String,
    pub(crate) seed: Option<u64>,
}

/// The settings of one server. What is missing is as on the command line.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Entry {
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) port: u16,
    #[serde(default, deserialize_with = "from_text")]
    pub(crate) plan: Plan,
    pub(crate) seed: Option<u64>,
    pub(crate) journal: Option<usize>,
    pub(crate) draw_by_query: Option<bool>,
    pub(crate) flags_dir: Option<PathBuf>,
    #[cfg(feature = "proxy")]
    #[serde(default, deserialize_with = "from_optional_text")]
    pub(crate) upstream: Option<test_server::Upstream>,
    #[cfg(feature = "proxy")]
    pub(crate) x_forwarded: Option<bool>,
    #[cfg(feature = "files")]
    pub(crate) root: Option<PathBuf>,
    #[cfg(feature = "httpbin")]
    pub(crate) httpbin: Option<bool>,
    #[cfg(feature = "cors")]
    pub(crate) cors: Option<bool>,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<bool>,
    /// The last one that fits a request answers it.
    #[serde(default, rename = "route")]
    pub(crate) routes: Vec<RouteEntry>,
}

/// A route with a fixed response.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RouteEntry {
    #[serde(rename = "match")]
    pub(crate) pattern: String,
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
    json: Option<serde_json::Value>,
}

/// Returns the name of a server without one, by its place, counted from 0.
pub(crate) fn server_name(place: usize) -> String {
    format!("SERVER-{}", place + 1)
}

/// Returns the name of a proxy without one, by its place, counted from 0.
#[cfg(feature = "tcp")]
pub(crate) fn proxy_name(place: usize) -> String {
    format!("TCP-{}", place + 1)
}

fn ok() -> u16 {
    200
}

/// Reads a file of servers. Paths in it are relative to its folder.
///
/// # Errors
/// If the file cannot be read, or a word in it is wrong: with its line and column.
pub(crate) fn read(path: &Path) -> Result<Config, Box<dyn Error>> {
    let with_path = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let text = fs::read_to_string(path).map_err(|error| with_path(&error))?;
    let mut config: Config =
        toml::from_str(&text).map_err(|error| with_path(&error.to_string().trim_end()))?;
    if config.servers.is_empty() && !config.has_proxies() {
        return Err(with_path(&"there is no [[server]]").into());
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    for entry in &mut config.servers {
        let paths = [&mut entry.flags_dir];
        #[cfg(feature = "files")]
        let paths = paths.into_iter().chain([&mut entry.root]);
        for path in paths.into_iter().flatten() {
            *path = folder.join(&path);
        }
        entry.check().map_err(|why| with_path(&why))?;
    }
    config.check_names().map_err(|why| with_path(&why))?;
    #[cfg(feature = "tls")]
    if let Some(path) = &mut config.ca_out {
        *path = folder.join(&path);
    }
    Ok(config)
}

impl Config {
    /// Checks that each server and each proxy has a name, and none that of another.
    fn check_names(&self) -> Result<(), String> {
        let mut known = BTreeSet::new();
        for name in self.names() {
            if name.is_empty() {
                return Err("a name has at least one character".to_owned());
            }
            if known.contains(&name) {
                return Err(format!("the name '{name}' is given twice"));
            }
            known.insert(name);
        }
        Ok(())
    }

    fn names(&self) -> Vec<String> {
        let names = self.servers.iter().map(|entry| entry.name.clone());
        let names = names
            .enumerate()
            .map(|(i, name)| name.unwrap_or_else(|| server_name(i)));
        #[cfg(feature = "tcp")]
        let names = {
            let of_proxies = self.proxies.iter().map(|entry| entry.name.clone());
            let of_proxies = of_proxies.enumerate();
            names.chain(of_proxies.map(|(i, name)| name.unwrap_or_else(|| proxy_name(i))))
        };
        names.collect()
    }

    #[cfg(feature = "tcp")]
    fn has_proxies(&self) -> bool {
        !self.proxies.is_empty()
    }

    #[cfg(not(feature = "tcp"))]
    fn has_proxies(&self) -> bool {
        false
    }

    #[cfg(feature = "tls")]
    pub(crate) fn ca_out(&self) -> Option<&Path> {
        self.ca_out.as_deref()
    }

    #[cfg(not(feature = "tls"))]
    pub(crate) fn ca_out(&self) -> Option<&Path> {
        None
    }
}

impl Entry {
    /// Checks the settings that exclude each other.
    fn check(&self) -> Result<(), String> {
        let places = [
            ("flags-dir", self.flags_dir.is_some()),
            #[cfg(feature = "proxy")]
            ("upstream", self.upstream.is_some()),
            #[cfg(feature = "files")]
            ("root", self.root.is_some()),
        ];
        #[cfg(feature = "proxy")]
        if self.x_forwarded == Some(true) && self.upstream.is_none() {
            return Err("'x-forwarded' needs 'upstream'".to_owned());
        }
        let given: Vec<_> = places.iter().filter(|(_, given)| *given).collect();
        match given.as_slice() {
            [(one, _), (other, _), ..] => {
                Err(format!("a server cannot have both '{one}' and '{other}'"))
            }
            _ => self.routes.iter().try_for_each(RouteEntry::check),
        }
    }
}

impl RouteEntry {
    fn check(&self) -> Result<(), String> {
        let of_route = |why: String| format!("the route '{}': {why}", self.pattern);
        if !(200..=999).contains(&self.status) {
            let why = format!("a status is a number from 200 to 999, not {}", self.status);
            return Err(of_route(why));
        }
        if self.body.is_some() && self.json.is_some() {
            return Err(of_route("it cannot have both 'body' and 'json'".to_owned()));
        }
        for (name, value) in &self.headers {
            let follows = ["content-length", "transfer-encoding"];
            if follows.contains(&name.to_ascii_lowercase().as_str()) {
                return Err(of_route(format!("{name} follows from the body")));
            }
            if name.parse::<HeaderName>().is_err() || HeaderValue::from_str(value).is_err() {
                return Err(of_route(format!("'{name}: {value}' is not a valid header")));
            }
        }
        TestServer::builder()
            .route(&self.pattern, Response::new(200))
            .map(drop)
            .map_err(|error| error.to_string())
    }

    /// Returns the response. What it contains has been checked.
    pub(crate) fn response(&self) -> Response {
        let mut response = Response::new(self.status);
        for (name, value) in &self.headers {
            response = response.header(name, value);
        }
        match (&self.body, &self.json) {
            (Some(body), _) => response.body(body.clone()),
            (None, Some(json)) => response.json(json),
            (None, None) => response,
        }
    }
}

fn from_text<'de, D: Deserializer<'de>, T: FromStr<Err: std::fmt::Display>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(de::Error::custom)
}

#[cfg(feature = "proxy")]
fn from_optional_text<'de, D: Deserializer<'de>, T: FromStr<Err: std::fmt::Display>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    from_text(deserializer).map(Some)
}
