//! Which servers know of each other, so that the page of each can lead to the others.
//!
//! Said by whoever starts them, and not found out: a test program runs many servers that are none of each other's business.
//! A group keeps no server alive.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::site::Site;

/// Servers that name each other on their pages at `/`, in the order they were started.
///
/// A page tells the name, port and plan of each, whoever looks at it.
///
/// ```
/// use test_server::{Group, TestServer};
///
/// let group = Group::new();
/// let fast = TestServer::builder().name("FAST").group(&group).start()?;
/// let slow = TestServer::builder().name("SLOW").group(&group).plan("100:delay=2s")?.start()?;
/// // In a browser, each page has a link to the other.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Group(Arc<Mutex<Vec<Member>>>);

#[derive(Debug)]
struct Member {
    port: u16,
    site: Weak<Site>,
}

impl Group {
    /// A group of no server yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a server that is about to run on this port.
    pub(crate) fn join(&self, site: &Arc<Site>, port: u16) {
        let mut members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        members.retain(|member| member.site.strong_count() > 0);
        let site = Arc::downgrade(site);
        members.push(Member { port, site });
    }

    /// The servers that run, and their ports.
    pub(crate) fn running(&self) -> Vec<(u16, Arc<Site>)> {
        let members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let running = members.iter();
        running
            .filter_map(|member| Some((member.port, member.site.upgrade()?)))
            .collect()
    }
}
