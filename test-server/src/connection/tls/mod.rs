//! TLS, with the feature `tls`: certificates made at the start, and handshakes that fail as the plan says.
//!
//! * `absent`: stands for all of this if the feature is off
//! * `authority`: the authority of the certificates, and the certificates that a server presents
//! * `throttled`: a TCP connection that sends slowly at first, or only this many bytes
//! * `session`: an encrypted connection
//! * `canned`: answers to a handshake that no TLS library would give
//! * `handshake`: the handshake of a connection

#[cfg(not(feature = "tls"))]
mod absent;
#[cfg(feature = "tls")]
mod authority;
#[cfg(feature = "tls")]
mod canned;
#[cfg(feature = "tls")]
mod handshake;
#[cfg(feature = "tls")]
mod session;
#[cfg(feature = "tls")]
mod throttled;

#[cfg(not(feature = "tls"))]
pub(crate) use absent::{Session, Tls};
#[cfg(feature = "tls")]
pub(crate) use authority::check_host;
#[cfg(feature = "tls")]
pub use authority::{Authority, AuthorityError};
#[cfg(feature = "tls")]
pub(crate) use handshake::Tls;
#[cfg(feature = "tls")]
pub(crate) use session::Session;
