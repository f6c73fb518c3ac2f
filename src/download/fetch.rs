//! Gets one answer from a server, or says why there is none.
//!
//! The clock runs from the request, connecting included, to the last byte of the body, and a body that drips does not
//! stop it. What the status line decides is not put off until the body is there. Knows nothing of disks and
//! nothing of what the bytes should be.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{RETRY_AFTER, SERVER};
use reqwest::{Response, StatusCode, Url};
use tokio::time::{Instant, timeout, timeout_at};

use crate::download::cause::{kind_of, leaf};
use crate::download::retry::RetryAfter;
use crate::download::tls;
use crate::job::RequestLimits;
use crate::record::{Failure, Kind};
use crate::server::BaseUrl;

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
    /// No connection within this time.
    #[error("no connection within {0:?}")]
    ConnectTimedOut(Duration),
    /// No complete answer within this time, connecting included.
    #[error("no complete answer within {0:?}")]
    TimedOut(Duration),
    /// The body is larger than this.
    #[error("more than {0} bytes")]
    TooBig(u64),
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

/// What came of a request.
#[derive(Debug)]
pub struct Fetched {
    /// The body, or why there is none.
    pub body: Result<Vec<u8>, FetchError>,
    /// What has not been read, since the status line said enough.
    pub unread: Unread,
}

/// What was seen of an answer by now, however it ends.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    /// The status, once there was one.
    pub status: Option<StatusCode>,
    /// When the server wants to be asked again, if it says so.
    pub retry_after: Option<RetryAfter>,
    /// The bytes of the body that were read, before it was known that it is wanted or not.
    pub bytes: u64,
    /// From the request to the head, once there was one.
    pub first_byte: Option<Duration>,
}

impl Fetched {
    fn all(body: Result<Vec<u8>, FetchError>) -> Self {
        Self {
            body,
            unread: Unread(None),
        }
    }
}

/// A body as it comes. In blocks: one buffer that grows would be twice the size of what is in it, and the chunks themselves,
/// which a server may make as small as it likes, many times.
struct Blocks(Vec<Vec<u8>>);

impl Blocks {
    const SIZE: usize = 64 << 10;

    /// For a body of this length, if it is known; what a server announces costs it nothing, and is not relied on.
    fn for_length(announced: Option<u64>) -> Self {
        let size = announced.map_or(Self::SIZE, |length| length.min(Self::SIZE as u64) as usize);
        Self(vec![Vec::with_capacity(size)])
    }

    fn append(&mut self, mut chunk: &[u8]) {
        while !chunk.is_empty() {
            let block = match self.0.last_mut() {
                Some(last) if last.len() < last.capacity() => last,
                _ => self.0.push_mut(Vec::with_capacity(Self::SIZE)),
            };
            let (fits, rest) = chunk.split_at(chunk.len().min(block.capacity() - block.len()));
            block.extend_from_slice(fits);
            chunk = rest;
        }
    }

    /// All of it in one piece.
    fn joined(mut self) -> Vec<u8> {
        match self.0.len() {
            1 => self.0.remove(0),
            _ => self.0.concat(),
        }
    }
}

/// A body that nobody wants.
#[derive(Debug)]
pub struct Unread(Option<Response>);

impl Unread {
    /// Nothing to read.
    pub fn nothing() -> Self {
        Self(None)
    }

    /// Reads it to its end, if that is near: at most 64 KB and 50 ms. A connection whose answer is left unread is closed,
    /// and the next request would have to open another one: 1.5 times the wall time where 482 of 676 flags are missing.
    pub(crate) async fn drain(self) {
        let Some(mut response) = self.0 else { return };
        if response
            .content_length()
            .is_some_and(|length| length > DRAIN_BYTES as u64)
        {
            return;
        }
        let read_on = async {
            let mut read = 0;
            // An error ends it as well: the status has decided already.
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
pub struct Client {
    pooled: reqwest::Client,
    /// Uses no connection twice.
    fresh: reqwest::Client,
    limits: RequestLimits,
}

impl Client {
    /// A client for this server, each request within these limits. Connects nowhere yet.
    ///
    /// # Errors
    /// When the system gives it no socket or no random numbers.
    pub fn new(base: &BaseUrl, limits: RequestLimits) -> io::Result<Self> {
        let build = |builder: reqwest::ClientBuilder| builder.build().map_err(io::Error::other);
        Ok(Self {
            pooled: build(builder(base, limits))?,
            fresh: build(builder(base, limits).pool_max_idle_per_host(0))?,
            limits,
        })
    }

    /// Fetches the body behind `url`, whatever is in it, and notes in `seen` what is to be seen on the way.
    ///
    /// Follows up to ten redirects. Waits no longer than the limits of this client allow. Safe to drop at any await point.
    ///
    /// The error is [`FetchError::NotFound`] on 404, [`FetchError::Status`] on anything else but 200,
    /// [`FetchError::ConnectTimedOut`], [`FetchError::TimedOut`] and [`FetchError::TooBig`] beyond a limit,
    /// [`FetchError::Transport`] when the connection fails.
    pub async fn fetch(&self, url: Url, seen: &mut Seen) -> Fetched {
        let begun = Instant::now();
        let deadline = begun + self.limits.timeout.min(LONGEST);
        let late = |_| FetchError::TimedOut(self.limits.timeout);

        let answer = timeout_at(deadline, self.head(url)).await;
        let mut response = match answer.map_err(late).flatten() {
            Ok(response) => response,
            Err(error) => return Fetched::all(Err(error)),
        };
        *seen = Seen {
            status: Some(response.status()),
            retry_after: retry_after(&response),
            bytes: 0,
            first_byte: Some(begun.elapsed()),
        };
        let error = match response.status() {
            StatusCode::OK => {
                let body = timeout_at(deadline, self.body(&mut response, &mut seen.bytes)).await;
                // Read to its end, or not worth reading on.
                return Fetched::all(body.map_err(late).flatten());
            }
            StatusCode::NOT_FOUND => FetchError::NotFound,
            status => FetchError::Status(status),
        };
        Fetched {
            body: Err(error),
            unread: Unread(Some(response)),
        }
    }

    /// The head of the answer.
    ///
    /// A server may close a connection while it lies idle, and the request that goes out at that moment is lost through no
    /// fault of anybody. So a connection that breaks before it brings a head is replaced silently. One replacement is not enough,
    /// since it can draw another connection of the same age from the pool; the last one is new, and a server that breaks
    /// that too means it.
    async fn head(&self, url: Url) -> Result<Response, FetchError> {
        for _ in 0..2 {
            match self.pooled.get(url.clone()).send().await {
                Err(error) if matches!(kind_of(&error), Kind::Reset | Kind::ClosedEarly) => {}
                answer => return answer.map_err(|error| self.in_words(error)),
            }
        }
        let answer = self.fresh.get(url).send().await;
        answer.map_err(|error| self.in_words(error))
    }

    async fn body(&self, response: &mut Response, read: &mut u64) -> Result<Vec<u8>, FetchError> {
        let limit = self.limits.size;
        let announced = response.content_length();
        if announced.is_some_and(|length| length > limit) {
            return Err(FetchError::TooBig(limit));
        }
        let mut body = Blocks::for_length(announced);
        loop {
            let chunk = response.chunk().await;
            let Some(chunk) = chunk.map_err(|error| self.in_words(error))? else {
                return Ok(body.joined());
            };
            *read += chunk.len() as u64;
            if *read > limit {
                return Err(FetchError::TooBig(limit));
            }
            body.append(&chunk);
        }
    }

    /// "operation timed out" does not say which operation, nor after how long.
    fn in_words(&self, error: reqwest::Error) -> FetchError {
        match kind_of(&error) {
            Kind::ConnectTimeout if error.is_timeout() => {
                FetchError::ConnectTimedOut(self.limits.connect_timeout)
            }
            _ => FetchError::Transport(error),
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
        let answer = timeout(limit, self.pooled.head(url).send()).await;
        let response = answer
            .map_err(|_| FetchError::TimedOut(limit))?
            .map_err(FetchError::Transport)?;
        let name = response.headers().get(SERVER);
        Ok(name.map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned()))
    }
}

fn builder(base: &BaseUrl, limits: RequestLimits) -> reqwest::ClientBuilder {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("flags/", env!("CARGO_PKG_VERSION")))
        .referer(false)
        .connect_timeout(limits.connect_timeout.min(LONGEST))
        .tls_backend_preconfigured(tls::client_config());
    if base.is_loopback() {
        // Proxies from the environment are for the world outside, and know nothing of this machine.
        builder = builder.no_proxy();
    }
    if base.is_localhost() {
        // Else every runtime starts a thread of its own to look the name up.
        builder = builder.resolve_to_addrs("localhost", &addresses_of_localhost());
    }
    builder
}

fn retry_after(response: &Response) -> Option<RetryAfter> {
    RetryAfter::parse(response.headers().get(RETRY_AFTER)?.to_str().ok()?)
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
            FetchError::ConnectTimedOut(_) => Kind::ConnectTimeout,
            FetchError::TimedOut(_) => Kind::Timeout,
            FetchError::TooBig(_) => Kind::TooBig,
            FetchError::Transport(error) => kind_of(error),
        };
        Self::new(kind, leaf(&error))
    }
}
