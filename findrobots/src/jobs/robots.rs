//! The hosts that requested a path.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::Job;
use crate::line::{fields, is_space};

/// Finds the hosts that requested a path: field 6 of a line is the path, field 0 is the host.
///
/// ```
/// use findrobots::{Hosts, Job, Robots};
///
/// let mut hosts = Hosts::default();
/// let line = br#"124.115.6.12 - - [10/Jul/2012:00:18:50 -0500] "GET /robots.txt HTTP/1.1" 200 71"#;
/// Robots::default().map(line, &mut hosts);
/// assert_eq!(hosts.sorted(), [(&b"124.115.6.12"[..], 1)]);
/// ```
///
/// # Source
/// `find_robots` of findrobots.py (*Python Cookbook*, 3rd edition, recipe 12.8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Robots {
    path: Vec<u8>,
    is_prefix: bool,
    status: Option<Vec<u8>>,
    method: Option<Vec<u8>>,
}

impl Default for Robots {
    fn default() -> Self {
        Self {
            path: b"/robots.txt".to_vec(),
            is_prefix: false,
            status: None,
            method: None,
        }
    }
}

impl Robots {
    /// Returns the search for another path. Returns `None` if it is empty or contains white space, which no field does.
    pub fn with_path(self, path: impl Into<Vec<u8>>) -> Option<Self> {
        let path = path.into();
        is_field(&path).then_some(Self { path, ..self })
    }

    /// Returns the search for all paths that begin with the path.
    #[must_use]
    pub fn as_prefix(self, is_prefix: bool) -> Self {
        Self { is_prefix, ..self }
    }

    /// Returns the search for requests with this status (field 8). Returns `None` if it is empty or contains white space.
    pub fn with_status(self, status: impl Into<Vec<u8>>) -> Option<Self> {
        let status = status.into();
        is_field(&status).then_some(Self {
            status: Some(status),
            ..self
        })
    }

    /// Returns the search for requests with this method (field 5, without its quote). Returns `None` if it is empty or
    /// contains white space.
    pub fn with_method(self, method: impl Into<Vec<u8>>) -> Option<Self> {
        let method = method.into();
        is_field(&method).then_some(Self {
            method: Some(method),
            ..self
        })
    }

    /// Returns the path.
    pub fn path(&self) -> &[u8] {
        &self.path
    }
}

fn is_field(bytes: &[u8]) -> bool {
    !bytes.is_empty() && !bytes.iter().copied().any(is_space)
}

impl Job for Robots {
    type Partial = Hosts;
    const NAME: &'static str = "findrobots::robots";

    fn needle(&self) -> &[u8] {
        &self.path
    }

    fn map(&self, line: &[u8], hosts: &mut Hosts) {
        let mut fields = fields(line);
        let (Some(host), Some(method), Some(path)) = (fields.next(), fields.nth(4), fields.next())
        else {
            return;
        };
        let is_path = match self.is_prefix {
            true => path.starts_with(&self.path),
            false => path == self.path,
        };
        let is_method = |wanted: &Vec<u8>| method.strip_prefix(b"\"").unwrap_or(method) == wanted;
        if !is_path || !self.method.as_ref().is_none_or(is_method) {
            return;
        }
        if let Some(status) = &self.status
            && fields.nth(1) != Some(status)
        {
            return;
        }
        hosts.add(host, 1);
    }

    fn reduce(total: &mut Hosts, partial: &Hosts) {
        for (host, requests) in &partial.0 {
            total.add(host, *requests);
        }
    }
}

/// Hosts with the numbers of their requests. A host is any bytes without white space.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hosts(HashMap<Vec<u8>, u64>);

impl Hosts {
    /// Adds requests of a host.
    fn add(&mut self, host: &[u8], requests: u64) {
        match self.0.get_mut(host) {
            Some(known) => *known += requests,
            None => drop(self.0.insert(host.to_vec(), requests)),
        }
    }

    /// Returns the number of hosts.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no hosts.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the hosts with their numbers of requests, sorted by host, byte by byte.
    pub fn sorted(&self) -> Vec<(&[u8], u64)> {
        let hosts = self.0.iter();
        let mut hosts: Vec<_> = hosts
            .map(|(host, requests)| (host.as_slice(), *requests))
            .collect();
        hosts.sort_unstable();
        hosts
    }

    /// Returns the hosts with their numbers of requests, the most requests first. Hosts with the same number are sorted.
    pub fn by_requests(&self) -> Vec<(&[u8], u64)> {
        let mut hosts = self.sorted();
        hosts.sort_by_key(|(_, requests)| std::cmp::Reverse(*requests));
        hosts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"h - - [10/Jul/2012:00:18:50 -0500] "GET /robots.txt HTTP/1.1" 200 71"#;

    fn found(job: &Robots, line: &str) -> bool {
        let mut hosts = Hosts::default();
        job.map(line.as_bytes(), &mut hosts);
        !hosts.is_empty()
    }

    #[test]
    fn only_the_whole_field_6_counts() {
        let job = Robots::default();
        assert!(found(&job, LINE));
        assert!(found(&job, "h 1 2 3 4 5 /robots.txt"));
        for (from, to) in [
            ("/robots.txt", "/robots.txt?x"),
            ("/robots.txt", "/x/robots.txt"),
            ("h -", "h with a name -"),
            ("/robots.txt HTTP", "/ HTTP /robots.txt"),
            ("/robots.txt HTTP/1.1\"", "/robots.txt\""),
        ] {
            assert!(!found(&job, &LINE.replace(from, to)), "{to}");
        }
        assert!(!found(&job, "/robots.txt"));
    }

    #[test]
    fn a_prefix_a_status_and_a_method_select_requests() {
        let prefix = Robots::default().with_path("/rob").unwrap();
        assert!(!found(&prefix, LINE));
        assert!(found(&prefix.as_prefix(true), LINE));
        for (status, is_found) in [("200", true), ("20", false), ("71", false)] {
            let job = Robots::default().with_status(status).unwrap();
            assert_eq!(found(&job, LINE), is_found, "{status}");
        }
        for (method, is_found) in [("GET", true), ("HEAD", false), ("GE", false)] {
            let job = Robots::default().with_method(method).unwrap();
            assert_eq!(found(&job, LINE), is_found, "{method}");
        }
        for never in ["", "a b", "\t"] {
            assert!(Robots::default().with_path(never).is_none());
            assert!(Robots::default().with_status(never).is_none());
            assert!(Robots::default().with_method(never).is_none());
        }
    }

    #[test]
    fn requests_are_added_up_and_ties_are_sorted() {
        let mut total = Hosts::default();
        for host in [&b"b"[..], b"a", b"c", b"c"] {
            let mut partial = Hosts::default();
            partial.add(host, 2);
            Robots::reduce(&mut total, &partial);
        }
        assert_eq!(total.by_requests(), [(&b"c"[..], 4), (b"a", 2), (b"b", 2)]);
        assert_eq!(total.sorted(), [(&b"a"[..], 2), (b"b", 2), (b"c", 4)]);
        assert_eq!(total.len(), 3);
    }
}
