//! The limits of one request.

use std::time::Duration;

/// The limits of one request: times, size and redirects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// The longest time until a connection is established.
    pub connect_timeout: Duration,
    /// The longest time until the last byte arrives, connecting included.
    pub timeout: Duration,
    /// The largest size of a body, in bytes.
    pub size: u64,
    /// Whether a redirect may lead from https to http.
    pub allow_downgrade: bool,
}

impl Default for RequestLimits {
    /// Returns 5 s to connect, 30 s in all, 1 MiB, and no downgrade. The largest flag has 36 KB.
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            size: 1 << 20,
            allow_downgrade: false,
        }
    }
}
