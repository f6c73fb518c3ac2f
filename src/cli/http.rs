//! The options of how requests reach their servers, and the settings that they are converted to.

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use reqwest::header::AUTHORIZATION;
use safe_text::shown_path;

use crate::cli::args::Args;
use crate::cli::values::{Header, Login, Secret};
use crate::job::HttpSettings;
use crate::job::http::Netrc;
use crate::job::http::proxy::Proxies;
use crate::job::http::tls::{TlsSettings, read_roots};

/// The most bytes of a netrc file.
const LARGEST_NETRC: u64 = 1 << 20;

/// The name of a netrc file in the user's folder.
const NETRC: &str = if cfg!(windows) { "_netrc" } else { ".netrc" };

/// The options of how requests reach their servers. Prints no header, no login and no proxy.
#[derive(Debug, Clone)]
pub(crate) struct HttpOptions {
    headers: Vec<Header>,
    user: Option<Login>,
    /// The netrc file, if logins are read from one.
    netrc: Option<PathBuf>,
    proxy: Option<Secret>,
    cacert: Option<PathBuf>,
    insecure: bool,
    http2: bool,
}

impl HttpOptions {
    /// Returns the options among the arguments.
    ///
    /// # Errors
    /// If there are two logins for each request, or the folder of the user is not known.
    pub(super) fn of(args: &Args) -> Result<Self, String> {
        let has_authorization = args
            .header
            .iter()
            .any(|header| header.name == AUTHORIZATION);
        if args.user.is_some() && has_authorization {
            let message = "--user NAME:PASSWORD cannot be used with --header 'Authorization: ...'";
            return Err(message.to_owned());
        }
        let netrc = match (&args.netrc_file, args.netrc) {
            (None, true) => {
                let home = env::home_dir().filter(|home| !home.as_os_str().is_empty());
                let home =
                    home.ok_or("--netrc needs the variable HOME; or use --netrc-file FILE")?;
                Some(home.join(NETRC))
            }
            (file, _) => file.clone(),
        };
        Ok(Self {
            headers: args.header.clone(),
            user: args.user.clone(),
            netrc,
            proxy: args.proxy.clone().map(Secret),
            cacert: args.cacert.clone(),
            insecure: args.insecure,
            http2: args.http2,
        })
    }

    /// Returns whether all requests go through a proxy.
    pub(super) fn has_proxy(&self) -> bool {
        self.proxy
            .as_ref()
            .is_some_and(|Secret(url)| !url.is_empty())
    }

    /// Reads the files and returns the settings.
    ///
    /// # Errors
    /// If a file cannot be read or has the wrong content, and if the proxy is none.
    pub(super) fn settings(&self) -> Result<HttpSettings, String> {
        let mut settings = HttpSettings::default();
        for Header { name, value } in self.headers.clone() {
            settings = settings.with_header(name, value);
        }
        if let Some(login) = &self.user {
            settings = settings.with_header(AUTHORIZATION, login.header.clone());
        }
        if let Some(file) = &self.netrc {
            let netrc = read_netrc(file);
            let wrong = |error| format!("netrc file {}: {error}", shown_path(file));
            settings = settings.with_netrc(netrc.map_err(wrong)?);
        }
        if let Some(Secret(url)) = &self.proxy {
            let proxies = Proxies::of_option(url).map_err(|error| error.to_string())?;
            settings = settings.with_proxies(proxies);
        }
        if self.cacert.is_some() || self.insecure || self.http2 {
            let roots = self.cacert.as_deref().map(read_roots).transpose();
            settings = settings.with_tls(TlsSettings {
                roots: roots
                    .map_err(|error| error.to_string())?
                    .unwrap_or_default(),
                insecure: self.insecure,
                http2: self.http2,
            });
        }
        Ok(settings)
    }

    /// Returns the arguments for another process with the same options.
    pub(crate) fn args(&self) -> Vec<OsString> {
        // Every field is named, so that a new option does not compile until it is handled here.
        let Self {
            headers,
            user,
            netrc,
            proxy,
            cacert,
            insecure,
            http2,
        } = self;
        let mut args = Vec::<OsString>::new();
        for header in headers {
            args.extend(["--header".into(), header.expose().into()]);
        }
        let user = user.as_ref().map(|login| login.text.0.clone().into());
        let proxy = proxy.as_ref().map(|Secret(url)| url.into());
        let path = |path: &Option<PathBuf>| path.clone().map(OsString::from);
        let valued = [
            ("--user", user),
            ("--netrc-file", path(netrc)),
            ("--proxy", proxy),
            ("--cacert", path(cacert)),
        ];
        for (option, value) in valued {
            args.extend(value.into_iter().flat_map(|value| [option.into(), value]));
        }
        args.extend(insecure.then(|| "--insecure".into()));
        args.extend(http2.then(|| "--http2".into()));
        args
    }
}

fn read_netrc(file: &Path) -> Result<Netrc, String> {
    let read = || -> io::Result<String> {
        let mut text = String::new();
        File::open(file)?
            .take(LARGEST_NETRC + 1)
            .read_to_string(&mut text)?;
        match text.len() as u64 > LARGEST_NETRC {
            true => Err(io::Error::other("too large for a netrc file")),
            false => Ok(text),
        }
    };
    let text = read().map_err(|error| error.to_string())?;
    Netrc::parse(&text).map_err(|error| error.to_string())
}
