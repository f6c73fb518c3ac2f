//! Gets one answer from a server, or says why there is none.
//!
//! The clock runs from the request, connecting included, to the last byte of the body, and a body that drips does not
//! stop it. A verdict that the status line gives is not put off until the body is there. Knows nothing of disks and
//! nothing of what the bytes should be.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::SERVER;
use reqwest::{Response, StatusCode, Url};
use tokio::time::{Instant, timeout, timeout_at};

use crate::record::{Failure, Kind};
use crate::server::BaseUrl;
use crate::tls;

/// The largest body that is read; the largest flag has 36 KB.
pub const SIZE_LIMIT: u64 = 1 << 20;

/// What is read of a body that nobody wants, so that its connection can be used again; more is cheaper not to read.
const DRAIN_BYTES: usize = 64 << 10;
const DRAIN_TIME: Duration = Duration::from_millis(50);

/// The longest time there is. A clock that far ahead overflows on some systems, and 100 years are no limit.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Why one flag could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The server has no such flag (404); asking again will not help.
    #[error("not found")]
    NotFound,
    /// The server answered with another status than 200.
    #[error("HTTP error {}", in_words(*.0))]
    Status(StatusCode),
    /// No complete answer within this time, connecting included.
    #[error("no complete answer within {0:?}")]
    TimedOut(Duration),
    /// The body is larger than any flag.
    #[error("more than {SIZE_LIMIT} bytes")]
    TooBig,
    /// The connection broke, or never came to be.
    #[error("connection broke")]
    Transport(#[source] reqwest::Error),
}

/// `503 - Service Unavailable`; a status without a known reason stands alone.
fn in_words(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} - {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        Self::Transport(error)
    }
}

/// What came of a request.
#[derive(Debug)]
pub struct Fetched {
    /// The body, or why there is none.
    pub verdict: Result<Vec<u8>, FetchError>,
    /// What has not been read, since the status line said enough.
    pub unread: Unread,
}

impl Fetched {
    fn all(verdict: Result<Vec<u8>, FetchError>) -> Self {
        Self {
            verdict,
            unread: Unread(None),
        }
    }

    fn unread(error: FetchError, response: Response) -> Self {
        Self {
            verdict: Err(error),
            unread: Unread(Some(response)),
        }
    }
}

/// A body that nobody wants.
#[derive(Debug)]
pub struct Unread(Option<Response>);

impl Unread {
    /// Reads it to its end, if that is near: at most 64 KB and 50 ms. A connection whose answer is left unread is closed,
    /// and the next request would have to open another one: 1.5 times the wall time where 482 of 676 flags are missing.
    pub async fn drain(self) {
        let Some(mut response) = self.0 else { return };
        if response
            .content_length()
            .is_some_and(|length| length > DRAIN_BYTES as u64)
        {
            return;
        }
        let read_on = async {
            let mut read = 0;
            // An error ends it as well: there is a verdict already.
            while let Ok(Some(chunk)) = response.chunk().await {
                read += chunk.len();
                if read > DRAIN_BYTES {
                    break;
                }
            }
        };
        let _ = timeout(DRAIN_TIME, read_on).await;
    }
}

/// A pool of connections to one server. Belongs to the runtime in which it is used.
#[derive(Debug, Clone)]
pub struct Client(reqwest::Client);

impl Client {
    /// A client for this server. Connects nowhere yet.
    ///
    /// # Errors
    /// When the system gives it no socket or no random numbers.
    pub fn new(base: &BaseUrl) -> io::Result<Self> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("flags/", env!("CARGO_PKG_VERSION")))
            .referer(false)
            .tls_backend_preconfigured(tls::client_config());
        if base.is_loopback() {
            // Proxies from the environment are for the world outside, and know nothing of this machine.
            builder = builder.no_proxy();
        }
        if base.is_localhost() {
            // Else every runtime starts a thread of its own to look the name up.
            builder = builder.resolve_to_addrs("localhost", &addresses_of_localhost());
        }
        builder.build().map(Self).map_err(io::Error::other)
    }

    /// Fetches the body behind `url`, whatever is in it.
    ///
    /// Follows up to ten redirects. Waits at most `limit` in all. Safe to drop at any await point.
    ///
    /// The verdict is [`FetchError::NotFound`] on 404, [`FetchError::Status`] on anything else but 200,
    /// [`FetchError::TimedOut`] after `limit`, [`FetchError::TooBig`] for a body over [`SIZE_LIMIT`],
    /// [`FetchError::Transport`] when the connection fails.
    pub async fn fetch(&self, url: Url, limit: Duration) -> Fetched {
        let deadline = Instant::now() + limit.min(LONGEST);
        let late = |_| FetchError::TimedOut(limit);

        let answer = timeout_at(deadline, self.0.get(url).send()).await;
        let response = match answer.map_err(late) {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Fetched::all(Err(error.into())),
            Err(error) => return Fetched::all(Err(error)),
        };
        match response.status() {
            StatusCode::OK => {
                let body = timeout_at(deadline, read_body(response)).await;
                Fetched::all(body.map_err(late).flatten())
            }
            StatusCode::NOT_FOUND => Fetched::unread(FetchError::NotFound, response),
            status => Fetched::unread(FetchError::Status(status), response),
        }
    }

    /// What the server behind `url` calls itself: the `Server` header of its answer to HEAD, if it has one.
    ///
    /// # Errors
    /// When there is no answer in time, or none that is HTTP.
    pub async fn server_name(
        &self,
        url: Url,
        limit: Duration,
    ) -> Result<Option<String>, FetchError> {
        let answer = timeout(limit, self.0.head(url).send()).await;
        let response = answer.map_err(|_| FetchError::TimedOut(limit))??;
        let name = response.headers().get(SERVER);
        Ok(name.map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned()))
    }
}

async fn read_body(mut response: Response) -> Result<Vec<u8>, FetchError> {
    let announced = response.content_length().unwrap_or(0);
    if announced > SIZE_LIMIT {
        return Err(FetchError::TooBig);
    }
    let mut body = Vec::with_capacity(announced as usize);
    while let Some(chunk) = response.chunk().await? {
        if (body.len() + chunk.len()) as u64 > SIZE_LIMIT {
            return Err(FetchError::TooBig);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Port 0 stands for that of the URL, which after a redirect may be another one. Both loopback addresses, whatever the system's table says, as browsers and curl have it: a server may listen on either.
fn addresses_of_localhost() -> Vec<SocketAddr> {
    static HAS_V6: OnceLock<bool> = OnceLock::new();
    // Where there is no ::1 it must not be tried: "no such address" would hide that 127.0.0.1 refused.
    let has_v6 = *HAS_V6.get_or_init(|| UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_ok());
    let v6 = has_v6.then_some((Ipv6Addr::LOCALHOST, 0).into());
    std::iter::once((Ipv4Addr::LOCALHOST, 0).into())
        .chain(v6)
        .collect()
}

/// What an error means to those who are told of it. Not found is a failure here; the caller has taken it out before.
impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        let kind = match &error {
            FetchError::NotFound | FetchError::Status(_) => Kind::HttpStatus,
            FetchError::TimedOut(_) => Kind::Timeout,
            FetchError::TooBig => Kind::TooBig,
            FetchError::Transport(error) => kind_of(error),
        };
        Self::new(kind, leaf(&error))
    }
}

/// The innermost cause: "error sending request" is all that the outermost says.
fn leaf<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    chain(error).last().unwrap_or(error)
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// Sorts an error of reqwest by the causes it hides, the innermost of a type. The order matters: too many open files
/// look like a failed look-up, and a refused proxy like a refused server.
fn kind_of(error: &reqwest::Error) -> Kind {
    let innermost_io = chain(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .last();
    let io_kind = innermost_io.map(io::Error::kind);
    let hyper = chain(error)
        .filter_map(|cause| cause.downcast_ref::<hyper::Error>())
        .last();

    if error.is_redirect() {
        return Kind::Redirect;
    }
    if innermost_io.is_some_and(is_fd_limit) {
        return Kind::FdLimit;
    }
    if error.is_timeout() || io_kind == Some(ErrorKind::TimedOut) {
        return Kind::Timeout;
    }
    if is_tls(error) {
        return Kind::Tls;
    }
    if error.is_dns() {
        return Kind::Dns;
    }
    if error.is_connect() {
        return match io_kind {
            Some(ErrorKind::ConnectionRefused) => Kind::ConnectRefused,
            _ => Kind::Connect,
        };
    }
    match (io_kind, hyper) {
        (
            Some(ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe),
            _,
        ) => Kind::Reset,
        (Some(ErrorKind::UnexpectedEof), _) => Kind::Truncated,
        (Some(ErrorKind::InvalidInput | ErrorKind::InvalidData), _) => Kind::BadBody,
        (_, Some(hyper)) if hyper.is_parse() => Kind::BadResponse,
        (_, Some(hyper)) if hyper.is_incomplete_message() => Kind::ClosedEarly,
        _ => Kind::Other,
    }
}

/// Whether this process (EMFILE) or the system (ENFILE) has too many files open.
pub(crate) fn is_fd_limit(error: &io::Error) -> bool {
    cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24))
}

/// rustls comes wrapped in `io::Error`, once or twice, and the `source` of that skips what it wraps.
fn is_tls(error: &reqwest::Error) -> bool {
    chain(error).any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        let inside = std::iter::successors(io, |&io| io.get_ref()?.downcast_ref());
        cause.is::<rustls::Error>()
            || inside
                .filter_map(io::Error::get_ref)
                .any(|inner| inner.is::<rustls::Error>())
    })
}
