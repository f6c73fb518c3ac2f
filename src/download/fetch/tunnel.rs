//! The status with which a proxy refuses a tunnel.
//!
//! A request for an https URL goes through a tunnel that the proxy opens on `CONNECT`. If the proxy answers otherwise, the
//! HTTP client only says "unsuccessful", and drops the status, which says what to do. So the proxy is asked once more, with
//! its login. Only once in a run: to a proxy that refuses a login, each further question is one more failed login.

use std::error::Error;
use std::time::Duration;

use hyper::client::conn::http1;
use hyper::header::{HOST, PROXY_AUTHORIZATION};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use program::causes;
use reqwest::Url;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::job::http::proxy::Proxy;

/// The time that the proxy has to repeat its answer. It has just given it.
const ASK_TIMEOUT: Duration = Duration::from_secs(1);

/// Returns whether the error is the answer of a proxy that refused to open a tunnel.
///
/// The type of that error is private to its crate, so its text decides; a test watches it.
pub(super) fn is_refusal(error: &(dyn Error + 'static)) -> bool {
    let refusals = [
        "tunnel error: unsuccessful",
        "tunnel error: proxy authorization required",
    ];
    causes(error).any(|cause| refusals.contains(&cause.to_string().as_str()))
}

/// Returns the status with which the proxy refuses tunnels. Asks it again, for one to the server of `url`, if this process has
/// not done so before. Returns `None` if it does not answer in HTTP at once, if it opens the tunnel this time, or if the
/// connection to it is encrypted.
pub(super) async fn status_of_refusal(proxy: &Proxy, url: &Url) -> Option<StatusCode> {
    let ask = || async {
        let answer = timeout(ASK_TIMEOUT, connect(proxy, url)).await;
        answer.ok().flatten().filter(|status| !status.is_success())
    };
    *proxy.refusal.get_or_init(ask).await
}

async fn connect(proxy: &Proxy, url: &Url) -> Option<StatusCode> {
    let target = format!("{}:{}", url.host_str()?, url.port_or_known_default()?);
    let mut request = Request::connect(&target).header(HOST, &target);
    if let Some(login) = proxy.authorization() {
        request = request.header(PROXY_AUTHORIZATION, login);
    }
    let request = request.body(String::new()).ok()?;
    let stream = TcpStream::connect(proxy.plain_address()?).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let answer = sender.send_request(request);
    // The answer arrives while the connection is driven. If the connection ends first, the answer is an error.
    let driven = async {
        let _ = connection.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answer = answer => answer.ok().map(|answer| answer.status()),
        () = driven => None,
    }
}
