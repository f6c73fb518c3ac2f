//! The settings of the HTTP client.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::redirect::Policy;

use crate::download::fetch::trail;
use crate::job::{HttpSettings, RequestLimits};
use crate::server::LOCALHOST;

/// The longest time limit. A deadline further ahead overflows on some systems, and 100 years are as good as no limit.
pub(super) const LONGEST_TIMEOUT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Returns the settings that both kinds of client share.
pub(super) fn builder(limits: RequestLimits, http: &HttpSettings) -> reqwest::ClientBuilder {
    let addresses = addresses_of_localhost();
    let builder = reqwest::Client::builder()
        .user_agent(concat!("flags/", env!("CARGO_PKG_VERSION")))
        .referer(false)
        .redirect(Policy::none()) // see `redirect`
        .connector_layer(trail::Noting)
        .connect_timeout(limits.connect_timeout.min(LONGEST_TIMEOUT))
        .tls_backend_preconfigured(http.tls())
        // Otherwise every runtime starts its own thread to resolve the name.
        .resolve_to_addrs(LOCALHOST, &addresses)
        .resolve_to_addrs(&format!("{LOCALHOST}."), &addresses);
    http.proxies().add_to(builder)
}

/// Returns both loopback addresses, without looking at the hosts file, as browsers and curl do: a server may listen on
/// either. Port 0 stands for the port of the URL, which may change with a redirect.
fn addresses_of_localhost() -> Vec<SocketAddr> {
    static HAS_V6: OnceLock<bool> = OnceLock::new();
    // Without IPv6, trying ::1 fails with "no such address", which would hide that 127.0.0.1 refused.
    let has_v6 = *HAS_V6.get_or_init(|| UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_ok());
    let v6 = has_v6.then_some((Ipv6Addr::LOCALHOST, 0).into());
    std::iter::once((Ipv4Addr::LOCALHOST, 0).into())
        .chain(v6)
        .collect()
}
