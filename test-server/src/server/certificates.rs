//! Where the certificates of a server come from.

use std::io;
use std::net::IpAddr;

use crate::connection::tls::Tls;
#[cfg(feature = "tls")]
use crate::connection::tls::{Authority, check_host};

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
    /// Makes the certificates of a server, which are also for the address to listen on and for these hosts, if it needs
    /// them.
    pub(super) fn make(
        &self,
        address: Option<IpAddr>,
        hosts: &[String],
    ) -> io::Result<Option<Tls>> {
        #[cfg(not(feature = "tls"))]
        let _ = (address, hosts);
        #[cfg(feature = "tls")]
        let sign = |authority: &Authority| {
            let mut checked = hosts.iter().map(|host| check_host(host));
            let invalid = |why| io::Error::new(io::ErrorKind::InvalidInput, why);
            checked.try_for_each(|host| host.map_err(invalid))?;
            Tls::new(authority, address, hosts).map_err(io::Error::other)
        };
        match self {
            Self::None => Ok(None),
            #[cfg(feature = "tls")]
            Self::Own => {
                let authority = Authority::new().map_err(io::Error::other)?;
                sign(&authority).map(Some)
            }
            #[cfg(feature = "tls")]
            Self::Of(authority) => sign(authority).map(Some),
        }
    }
}
