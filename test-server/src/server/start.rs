//! Starts a server with its settings.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::SystemTime;

use axum::http::HeaderValue;
use safe_text::writable_date;

use crate::connection::background::Background;
use crate::connection::limits;
use crate::connection::listen::{self, Addresses};
use crate::connection::refusals::Refusals;
use crate::connection::tls::Tls;
use crate::content::folder::Folder;
use crate::content::images::Images;
use crate::content::route::RouteTable;
use crate::exchange::quotas::Quotas;
use crate::expectation::Expectations;
use crate::recording::access_log::AccessLog;
use crate::recording::counters::Counters;
use crate::recording::current_plan::CurrentPlan;
use crate::recording::journal::Journal;
use crate::server::{Builder, TestServer, serve};
use crate::site::Site;
use crate::site::access::Access;
use crate::site::routes;

impl Builder {
    /// Starts the server. Clients can connect when this returns. Raises the limit of open files of the process.
    ///
    /// # Errors
    /// If two of `upstream`, `root` and `flags_dir` are set, the port is in use on one of the addresses, the plan has a
    /// fault of TLS and the server has none, the folder of flags or of files cannot be served, the `Server` header is not a
    /// valid header value, or no thread can be started. In these cases nothing is left running.
    pub fn start(mut self) -> io::Result<TestServer> {
        limits::raise_descriptor_limit();
        self.check_places()?;
        let server_header = HeaderValue::from_str(&self.server_header).map_err(io::Error::other)?;
        let images = match &self.flags_dir {
            Some(folder) => Images::read_from(folder).map_err(io::Error::other)?,
            None => Images::built_in(),
        };
        let folder = match self.root.take() {
            Some(root) => Some(Arc::new(Folder::open(&root)?)),
            None => None,
        };
        let tls = self.certificates.make(self.address, &self.hosts)?;
        let check = self.plan.check_layers(tls.is_some());
        check.map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
        self.plan.prepare();
        let fills_backlog = self.plan.fills_the_backlog();
        check_clock(SystemTime::now())?;
        let sockets = self.bind(if fills_backlog { 0 } else { listen::BACKLOG })?;
        let addresses = sockets.1.clone();
        let group = self.group.take().unwrap_or_default();
        let site = Arc::new(self.into_site(images, folder, tls)?);
        let fillers = if fills_backlog {
            listen::fill_backlog(addresses.all())
        } else {
            Vec::new()
        };
        group.join(&site, addresses.port());
        let router = routes::router(Arc::clone(&site), group, server_header);
        let serve = {
            let site = Arc::clone(&site);
            move |listener| {
                let (router, site) = (router.clone(), Arc::clone(&site));
                tokio::spawn(async move {
                    if fills_backlog {
                        // Keeps the listener open without accepting.
                        let _listener = listener;
                        std::future::pending::<()>().await;
                    } else {
                        serve::serve(listener, router, site).await;
                    }
                });
            }
        };
        Ok(TestServer {
            background: Background::start("test-server", sockets, serve)?,
            site,
            is_checked: false,
            _fillers: fillers,
        })
    }

    /// Checks that at most one place is set that answers instead of the built-in flags.
    fn check_places(&self) -> io::Result<()> {
        let places = [
            ("an upstream server", self.upstream.is_some()),
            ("a folder of files", self.root.is_some()),
            ("a folder of flags", self.flags_dir.is_some()),
        ];
        let mut given = places.iter().filter(|(_, given)| *given);
        match (given.next(), given.next()) {
            (Some((one, _)), Some((other, _))) => {
                let why = format!("a server cannot have both {one} and {other}");
                Err(io::Error::new(io::ErrorKind::InvalidInput, why))
            }
            _ => Ok(()),
        }
    }

    /// Listens. Returns the sockets with their addresses.
    fn bind(&self, backlog: i32) -> io::Result<(Vec<TcpListener>, Addresses)> {
        let (listeners, addresses) = listen::bind(self.address, self.port, backlog)?;
        let upstream = self.upstream.as_ref();
        if upstream.is_some_and(|upstream| upstream.is_at(&addresses)) {
            let why = "a server cannot be its own upstream server";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        Ok((listeners, addresses))
    }

    /// Returns the state that the handlers share.
    fn into_site(
        self,
        images: Images,
        folder: Option<Arc<Folder>>,
        tls: Option<Tls>,
    ) -> io::Result<Site> {
        let routes = RouteTable::default();
        for (matcher, response) in self.routes {
            routes.add_fixed(matcher, response);
        }
        let counters = Arc::new(Counters::new());
        let journal = Arc::new(Journal::new(self.journal));
        Ok(Site {
            name: self.name,
            plan: CurrentPlan::new(self.plan, Arc::clone(&counters)),
            seed: self.seed,
            images,
            routes,
            upstream: self.upstream,
            folder,
            httpbin: self.httpbin,
            tls,
            expectations: Arc::new(Expectations::new(
                Arc::clone(&journal),
                Arc::clone(&counters),
            )),
            counters,
            quotas: Quotas::default(),
            journal,
            access: Access {
                is_open: self.admin || self.address.is_none_or(|address| address.is_loopback()),
                hosts: self.hosts,
                token: self.token,
            },
            cors: self.cors,
            access_log: if self.access_log {
                Some(AccessLog::start()?)
            } else {
                None
            },
            header_timeout: self.header_timeout,
            query_in_keys: self.draw_by_query,
            refusals: Refusals::new(self.report_refusals),
        })
    }
}

/// Checks that answers can have a date. hyper panics at the first answer otherwise, and the client sees a reset.
fn check_clock(now: SystemTime) -> io::Result<()> {
    match now == writable_date(now) {
        true => Ok(()),
        false => Err(io::Error::other(
            "the clock of this machine is before 1970 or after 9999, and an answer needs a date",
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_clock_whose_dates_cannot_be_written_is_an_error() {
        let day = Duration::from_secs(24 * 60 * 60);
        assert!(check_clock(SystemTime::UNIX_EPOCH).is_ok());
        for clock in [
            SystemTime::UNIX_EPOCH - day,
            SystemTime::UNIX_EPOCH + day * 3_000_000,
        ] {
            let error = check_clock(clock).unwrap_err().to_string();
            assert!(error.contains("before 1970 or after 9999"), "{error}");
        }
    }
}
