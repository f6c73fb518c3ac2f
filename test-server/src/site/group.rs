//! Groups of servers whose pages link to each other.
//!
//! The program that starts the servers forms the groups. Servers are not discovered, because a test program runs many
//! that have nothing to do with each other. A group keeps no server alive.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::site::Site;

/// A group of servers that list each other on their pages at `/`, in the order they were started.
///
/// Each page shows the name, port and plan of every server in the group to every visitor.
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
    /// Creates an empty group.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a server that is about to start on this port, and removes the servers that have stopped.
    pub(crate) fn join(&self, site: &Arc<Site>, port: u16) {
        let mut members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        members.retain(|member| member.site.strong_count() > 0);
        let site = Arc::downgrade(site);
        members.push(Member { port, site });
    }

    /// Returns the running servers with their ports, in the order they were started.
    pub(crate) fn running(&self) -> Vec<(u16, Arc<Site>)> {
        let members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let running = members.iter();
        running
            .filter_map(|member| Some((member.port, member.site.upgrade()?)))
            .collect()
    }
}
