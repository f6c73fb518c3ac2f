//! Where the certificates of a server come from.

use std::io;
use std::net::IpAddr;

#[cfg(feature = "tls")]
use crate::connection::tls::Authority;
use crate::connection::tls::Tls;

/// The authority that signs the certificates of a server.
#[derive(Debug, Clone)]
pub(super) enum Certificates {
    /// None: connections are not encrypted.
    None,
    /// One that is made for this server alone.
    #[cfg(feature = "tls")]
    Own,
    /// This one.
    #[cfg(feature = "tls")]
    Of(Authority),
}

impl Certificates {
    /// Makes the certificates of a server, which are also for the address to listen on, if it needs them.
    pub(super) fn make(&self, address: Option<IpAddr>) -> io::Result<Option<Tls>> {
        #[cfg(not(feature = "tls"))]
        let _ = address;
        #[cfg(feature = "tls")]
        let sign = |authority: &Authority| Tls::new(authority, address);
        match self {
            Self::None => Ok(None),
            #[cfg(feature = "tls")]
            Self::Own => {
                let made = Authority::new().and_then(|authority| sign(&authority));
                made.map(Some).map_err(io::Error::other)
            }
            #[cfg(feature = "tls")]
            Self::Of(authority) => sign(authority).map(Some).map_err(io::Error::other),
        }
    }
}
