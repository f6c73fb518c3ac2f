//! The routes and the expectations of a server in a test.

use std::sync::Arc;

use crate::content::route::{self, Route};
use crate::expectation::Expectation;
use crate::matching::{Matcher, Request};
use crate::recording::journal::RecordedRequest;
use crate::server::TestServer;

impl TestServer {
    /// Adds a route: answers requests with this method and path, with status 200 and no body unless the methods of
    /// [`Route`] say otherwise. Routes come before all other paths, also before those of an upstream server, but not
    /// before `/__...`. The plan applies to them.
    ///
    /// The pattern is `METHOD PATH[?QUERY]`. The method `*` is any. `{name}` stands for a segment of the path, and
    /// `{*name}` for all further ones. The words of the query may come in any order and beside others.
    ///
    /// ```
    /// use std::io::{Read as _, Write as _};
    /// use std::net::TcpStream;
    /// use test_server::TestServer;
    ///
    /// let server = TestServer::builder().start()?;
    /// server.route("GET /orders/{id}").body("five");
    ///
    /// let mut client = TcpStream::connect(server.addresses()[0])?;
    /// write!(client, "GET /orders/5 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    /// let mut answer = String::new();
    /// client.read_to_string(&mut answer)?;
    /// assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nfive"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    /// If the pattern is not valid, or its path begins with `/__`.
    #[track_caller]
    pub fn route(&self, pattern: &str) -> Route {
        match route::parse_pattern(pattern) {
            Ok(matcher) => Route::new(self.site.routes.add(matcher)),
            Err(why) => panic!("{why}"),
        }
    }

    /// Expects one request with this method and path, or as often and as exactly as the methods of [`Expectation`] say,
    /// from now on. The pattern is as in [`TestServer::route`]. Requests for control paths do not count;
    /// those that are refused do.
    ///
    /// All expectations are checked when the server is dropped, unless the thread is panicking. From the first one on,
    /// all requests are recorded, and a reset makes their counts begin anew.
    ///
    /// ```
    /// use std::io::Write as _;
    /// use std::net::TcpStream;
    /// use std::time::Duration;
    /// use test_server::{Plan, TestServer};
    ///
    /// let server = TestServer::start(Plan::normal())?;
    /// server.expect("GET /flags/{cc}/{file}").within(Duration::from_secs(10));
    /// let mut client = TcpStream::connect(server.addresses()[0])?;
    /// write!(client, "GET /flags/br/br.gif HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
    /// server.verify(); // and again when it is dropped
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the pattern is not valid.
    #[track_caller]
    pub fn expect(&self, pattern: &str) -> Expectation {
        let list = &self.site.expectations;
        let at = list.add(parse_pattern(pattern));
        Expectation::new(Arc::clone(list), at)
    }

    /// Returns those of [`TestServer::requests`] that have this method and path. The pattern is as in
    /// [`TestServer::route`].
    ///
    /// # Panics
    /// If the pattern is not valid.
    #[track_caller]
    pub fn requests_to(&self, pattern: &str) -> Vec<RecordedRequest> {
        let matcher = parse_pattern(pattern);
        let mut requests = self.requests();
        requests.retain(|request| matcher.admit(&Request::recorded(request)).is_some());
        requests
    }

    /// Checks all expectations now.
    ///
    /// # Panics
    /// If one is not met. The message shows the requests that are closest to it.
    #[track_caller]
    pub fn verify(&self) {
        if let Some(message) = self.unmet() {
            panic!("{message}");
        }
    }

    /// Returns the message with which [`TestServer::verify`] panics, if an expectation is not met.
    pub fn unmet(&self) -> Option<String> {
        self.site.expectations.unmet(None)
    }
}

#[track_caller]
fn parse_pattern(pattern: &str) -> Matcher {
    match Matcher::parse(pattern) {
        Ok(matcher) => matcher,
        Err(why) => panic!("{why}"),
    }
}
