//! What one request may take.

use std::time::Duration;

/// How much one request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// The time until there is a connection.
    pub connect_timeout: Duration,
    /// The time until the last byte is there, connecting included.
    pub timeout: Duration,
    /// The bytes of a body.
    pub size: u64,
}

impl Default for RequestLimits {
    /// 5 s, 30 s, and 1 MiB, while the largest flag has 36 KB.
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            size: 1 << 20,
        }
    }
}
