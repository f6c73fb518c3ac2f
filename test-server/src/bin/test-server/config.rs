//! The file of `--config`: several servers, each with its settings.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};
use test_server::Plan;

/// The servers of a file, in its order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    #[serde(rename = "server")]
    pub(crate) servers: Vec<Entry>,
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
    #[serde(default)]
    pub(crate) draw_by_query: bool,
    pub(crate) flags_dir: Option<PathBuf>,
    #[cfg(feature = "proxy")]
    #[serde(default, deserialize_with = "from_optional_text")]
    pub(crate) upstream: Option<test_server::Upstream>,
    #[cfg(feature = "proxy")]
    #[serde(default)]
    pub(crate) x_forwarded: bool,
    #[cfg(feature = "files")]
    pub(crate) root: Option<PathBuf>,
    #[cfg(feature = "httpbin")]
    #[serde(default)]
    pub(crate) httpbin: bool,
    #[cfg(feature = "cors")]
    #[serde(default)]
    pub(crate) cors: bool,
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
    if config.servers.is_empty() {
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
    Ok(config)
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
        let given: Vec<_> = places.iter().filter(|(_, given)| *given).collect();
        match given.as_slice() {
            [(one, _), (other, _), ..] => {
                Err(format!("a server cannot have both '{one}' and '{other}'"))
            }
            _ => Ok(()),
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
