//! Sends one request and returns the body of the answer, or the reason why there is none.
//!
//! The time limit covers everything from the request, connecting included, to the last byte of the body; a body that
//! arrives byte by byte does not extend it. A result that the status line decides does not wait for the body. Knows
//! nothing of disks or of what the bytes should be.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use program::WriteError;
use reqwest::header::{HeaderMap, RETRY_AFTER, SERVER, TRANSFER_ENCODING};
use reqwest::{Response, StatusCode, Url};
use tokio::time::{Instant, timeout, timeout_at};

use crate::download::cause::{describe, is_cancelled, kind_of, write_kind};
use crate::download::proxy::{Proxies, ProxyError, Route};
use crate::download::resume::Rest;
use crate::download::retry::RetryAfter;
use crate::download::tls;
use crate::download::trail::{self, followed, was_pooled};
use crate::download::tunnel::{is_refusal, status_of_refusal};
use crate::job::RequestLimits;
use crate::record::{Failure, Kind};
use crate::server::LOCALHOST;

/// The limits for reading an unwanted body so that its connection can be reused. Beyond them a new connection is
/// cheaper.
const DRAIN_BYTES: usize = 64 << 10;
const DRAIN_TIME: Duration = Duration::from_millis(50);

/// The longest time limit. A deadline further ahead overflows on some systems, and 100 years are as good as no limit.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The reason why one flag could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The server does not have this flag (404). A retry will not help.
    #[error("not found")]
    NotFound,
    /// The server answered with a status other than 200 and 404.
    #[error("HTTP error {}", status_text(*.0))]
    Status(StatusCode),
    /// The connection was refused. Holds the host and the port.
    #[error("nothing listens at {0}")]
    Refused(String),
    /// The environment names something that is not a proxy, and the request needs one.
    #[error(transparent)]
    Proxy(ProxyError),
    /// The proxy refused to open a tunnel to the server. Holds the status of its refusal, if that is known.
    #[error("the proxy refused to open a tunnel{}", .0.map(tunnel_status).unwrap_or_default())]
    NoTunnel(Option<StatusCode>),
    /// No connection was established within this time.
    #[error("no connection within {0:?}")]
    ConnectTimedOut(Duration),
    /// No complete answer arrived within this time, connecting included.
    #[error("no complete answer within {0:?}")]
    TimedOut(Duration),
    /// The answer does not say where its body ends.
    #[error("neither Content-Length nor chunks say where the body ends")]
    Unframed,
    /// The body is larger than this many bytes.
    #[error("more than {0} bytes")]
    TooBig(u64),
    /// Only the rest of the body was requested, and the answer is not that. A request for the whole may succeed.
    #[error("the answer does not continue the body where it was cut")]
    NotContinued,
    /// The receiver does not want the body, for this reason.
    #[error("{0}")]
    Unwanted(Failure),
    /// The receiver could not keep the body.
    #[error("the body could not be kept")]
    NotKept(#[source] WriteError),
    /// The connection broke or could not be established.
    #[error("connection broke")]
    Transport(#[source] reqwest::Error),
}

/// Returns `503 - Service Unavailable`, or only the number if the status has no known reason phrase.
fn status_text(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            format!("{} - {reason}: the proxy wants a login", status.as_u16())
        }
        Some(reason) => format!("{} - {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

/// Returns the status with which a proxy refuses a tunnel, as the end of a message.
fn tunnel_status(status: StatusCode) -> String {
    format!(": HTTP error {}", status_text(status))
}

/// The result of one request.
#[derive(Debug)]
pub(crate) struct FetchResult<T> {
    /// The body, or the reason why there is none.
    pub body: Result<T, FetchError>,
    /// The body that was not read because the status line decided the result.
    pub unread: UnreadBody,
}

/// The parts of an answer received so far. They are kept even if the request fails or is cancelled.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// The host and port of the proxy that the last request went through; `None` without a proxy.
    pub proxy: Option<String>,
    /// The status of the last head, which may be that of a redirect; `None` until one has arrived.
    pub status: Option<StatusCode>,
    /// The value of the `Retry-After` header, if there is a valid one.
    pub retry_after: Option<RetryAfter>,
    /// The number of bytes read of the body of a 200, or of the rest of one. Bytes of other bodies, which are read and
    /// discarded, do not count.
    pub bytes: u64,
    /// The number of bytes that were there before, if the answer is the rest of the body.
    pub continued_from: Option<u64>,
    /// The time from the request to the head; `None` until it has arrived.
    pub first_byte: Option<Duration>,
}

impl<T> FetchResult<T> {
    /// Creates a result that leaves no body unread.
    fn without_unread(body: Result<T, FetchError>) -> Self {
        Self {
            body,
            unread: UnreadBody::none(),
        }
    }
}

/// The head of an answer whose body is read.
#[derive(Debug)]
pub(crate) struct Head<'h> {
    /// The headers.
    pub headers: &'h HeaderMap,
    /// The length of the body, if the answer announces it.
    pub length: Option<u64>,
    /// The length of the whole body, if the answer has only the rest of it, as requested.
    pub continues: Option<u64>,
}

/// The receiver of a body.
pub(crate) trait Receiver {
    /// Returns what to request instead of the whole body, if its beginning is there.
    fn rest(&self) -> Option<Rest> {
        None
    }

    /// Takes note of a body that begins.
    ///
    /// # Errors
    /// If it is not wanted.
    fn begin(&mut self, _head: &Head<'_>) -> Result<(), FetchError> {
        Ok(())
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// If they cannot be kept, or are not wanted.
    fn receive(&mut self, bytes: &[u8]) -> Result<(), FetchError>;

    /// Returns whether the answer must say where its body ends: the receiver cannot tell from the bytes.
    fn needs_framing(&self) -> bool {
        false
    }
}

/// Keeps all bytes in memory.
impl Receiver for Vec<u8> {
    fn receive(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// A body that is not needed.
#[derive(Debug)]
pub(crate) struct UnreadBody(Option<Response>);

impl UnreadBody {
    /// Creates the value for an answer without an unread body.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Reads and discards the body, at most 64 KB and for at most 50 ms.
    ///
    /// A connection whose answer is not read to its end is closed, and the next request has to open another one. Where
    /// 482 of 676 flags are missing, that takes 1.5 times the wall time.
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
            // An error also ends the loop: the status has already decided the result.
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

/// An HTTP client with a pool of connections. Use it in one runtime only.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pooled: reqwest::Client,
    /// A client without a pool: each request opens a new connection.
    fresh: reqwest::Client,
    limits: RequestLimits,
    proxies: Arc<Proxies>,
}

impl Client {
    /// Creates a client whose requests keep within `limits`. Opens no connection yet.
    ///
    /// # Errors
    /// If the system provides no socket or no random numbers.
    pub(crate) fn new(limits: RequestLimits) -> io::Result<Self> {
        let build = |builder: reqwest::ClientBuilder| builder.build().map_err(io::Error::other);
        Ok(Self {
            pooled: build(client_builder(limits))?,
            fresh: build(client_builder(limits).pool_max_idle_per_host(0))?,
            limits,
            proxies: Arc::clone(Proxies::of_this_process()),
        })
    }

    /// Fetches the body of `url` into memory, as [`fetch_into`](Self::fetch_into) does.
    pub(crate) async fn fetch(&self, url: Url, seen: &mut Seen) -> FetchResult<Vec<u8>> {
        let mut bytes = Vec::new();
        let FetchResult { body, unread } = self.fetch_into(url, seen, &mut bytes).await;
        FetchResult {
            body: body.map(|()| bytes),
            unread,
        }
    }

    /// Fetches the body of `url` and passes it to `receiver` as it arrives, without checking its content. Notes each part
    /// of the answer in `seen`.
    ///
    /// Follows up to ten redirects. Waits no longer than the limits of this client allow. Safe to drop at any await
    /// point.
    ///
    /// The error is [`FetchError::NotFound`] on 404, [`FetchError::Status`] on any other status than 200,
    /// [`FetchError::ConnectTimedOut`], [`FetchError::TimedOut`] and [`FetchError::TooBig`] beyond a limit,
    /// [`FetchError::Unframed`] if the receiver needs to know where the body ends,
    /// [`FetchError::Transport`] when the connection fails, [`FetchError::NotKept`] and [`FetchError::Unwanted`] when the
    /// receiver does.
    pub(crate) async fn fetch_into(
        &self,
        url: Url,
        seen: &mut Seen,
        receiver: &mut impl Receiver,
    ) -> FetchResult<()> {
        let begun = Instant::now();
        let deadline = begun + self.limits.timeout.min(LONGEST_TIMEOUT);
        let timed_out = |_| FetchError::TimedOut(self.limits.timeout);

        let rest = receiver.rest();
        let sending = self.send(&url, rest.as_ref(), seen);
        let (answer, trail) = followed(timeout_at(deadline, sending)).await;
        let last = trail.url.as_ref().unwrap_or(&url);
        seen.proxy = self.proxies.proxy(last).map(ToString::to_string);
        let mut response = match answer.map_err(timed_out).flatten() {
            Ok(response) => response,
            Err(error) => {
                // After a refused tunnel, the last head is that of the proxy, even if its status is not known.
                if !matches!(error, FetchError::NoTunnel(_)) {
                    seen.status = seen.status.or(trail.redirect);
                }
                return FetchResult::without_unread(Err(error));
            }
        };
        *seen = Seen {
            proxy: seen.proxy.take(),
            status: Some(response.status()),
            retry_after: retry_after(&response),
            bytes: 0,
            continued_from: None,
            first_byte: Some(begun.elapsed()),
        };
        let status = response.status();
        let continued = rest.as_ref().and_then(|rest| {
            let length = rest.length_in(status, response.headers())?;
            Some((rest.offset, length))
        });
        if status == StatusCode::OK || continued.is_some() {
            seen.continued_from = continued.map(|(offset, _)| offset);
            let reading = self.read_body(&mut response, continued, receiver, &mut seen.bytes);
            let body = timeout_at(deadline, reading).await;
            // The body was read to its end, or the rest is not worth reading.
            return FetchResult::without_unread(body.map_err(timed_out).flatten());
        }
        let error = match status {
            StatusCode::NOT_FOUND => FetchError::NotFound,
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if rest.is_some() => {
                FetchError::NotContinued
            }
            status => FetchError::Status(status),
        };
        FetchResult {
            body: Err(error),
            unread: UnreadBody(Some(response)),
        }
    }

    /// Sends the request, for only the rest of the body if there is one, and returns when the head of the answer has arrived.
    /// Call it inside [`followed`].
    ///
    /// A server may close an idle connection at the very moment a request is sent on it, and that request is lost
    /// without a fault on either side. So if a connection from the pool breaks before the head arrives, the request is
    /// silently sent again. Once is not enough, because the pool may supply another connection of the same age. The
    /// last try uses a new connection. If a connection breaks that the request itself has opened, the failure is real.
    async fn send(
        &self,
        url: &Url,
        rest: Option<&Rest>,
        seen: &mut Seen,
    ) -> Result<Response, FetchError> {
        let get = |client: &reqwest::Client| {
            let request = client.get(url.clone());
            match rest {
                Some(rest) => rest.add_to(request),
                None => request,
            }
        };
        for _ in 0..2 {
            trail::restart();
            match get(&self.pooled).send().await {
                Err(error) if is_break(&error) && was_pooled(&error) => {}
                // Boxed, because this rare path would make the future of each download three times as large.
                Err(error) => return Err(Box::pin(self.explain(error, url, seen)).await),
                Ok(response) => return Ok(response),
            }
        }
        trail::restart();
        match get(&self.fresh).send().await {
            Err(error) => Err(Box::pin(self.explain(error, url, seen)).await),
            Ok(response) => Ok(response),
        }
    }

    /// Converts the error of a request for `url` that got no answer, perhaps after redirects. Notes the status of a proxy that
    /// refused to open a tunnel.
    async fn explain(&self, error: reqwest::Error, url: &Url, seen: &mut Seen) -> FetchError {
        let redirected = trail::redirected_to();
        let url = redirected.as_ref().unwrap_or(url);
        match self.proxies.route(url) {
            Route::Unusable(wrong) => FetchError::Proxy(wrong.clone()),
            Route::Proxy(proxy) if is_refusal(&error) => {
                seen.status = status_of_refusal(proxy, url).await;
                FetchError::NoTunnel(seen.status)
            }
            Route::Proxy(_) | Route::Direct => self.convert_error(error, url),
        }
    }

    /// Sends a POST request without a body, and returns whether it succeeded.
    pub(crate) async fn post(&self, url: Url) -> bool {
        let answer = timeout(
            self.limits.timeout.min(LONGEST_TIMEOUT),
            self.fresh.post(url).send(),
        );
        matches!(answer.await, Ok(Ok(answer)) if answer.status().is_success())
    }

    /// Passes the body to `receiver`, up to the size limit, and adds the number of bytes to `read`. If it is the rest of a
    /// body, `continued` has the number of bytes before it and the length of the whole.
    async fn read_body(
        &self,
        response: &mut Response,
        continued: Option<(u64, u64)>,
        receiver: &mut impl Receiver,
        read: &mut u64,
    ) -> Result<(), FetchError> {
        let offset = continued.map_or(0, |(offset, _)| offset);
        let limit = self.limits.size;
        let head = Head {
            headers: response.headers(),
            length: response.content_length(),
            continues: continued.map(|(_, total)| total),
        };
        if head
            .continues
            .or(head.length)
            .is_some_and(|length| length > limit)
        {
            return Err(FetchError::TooBig(limit));
        }
        let is_framed = head.continues.or(head.length).is_some() || is_chunked(response);
        if receiver.needs_framing() && !is_framed {
            return Err(FetchError::Unframed);
        }
        receiver.begin(&head)?;
        loop {
            let chunk = response.chunk().await;
            let chunk = chunk.map_err(|error| self.convert_error(error, response.url()));
            let Some(chunk) = chunk? else {
                return Ok(());
            };
            *read += chunk.len() as u64;
            if offset + *read > limit {
                return Err(FetchError::TooBig(limit));
            }
            receiver.receive(&chunk)?;
        }
    }

    /// Converts a reqwest error of a request for `url`. A refused connection gets its own variant with the address, because
    /// the message of the system does not name it. A timeout while connecting gets its own variant with the limit, because
    /// reqwest's message "operation timed out" names neither the operation nor the time.
    fn convert_error(&self, error: reqwest::Error, url: &Url) -> FetchError {
        // A proxy that refuses is named elsewhere. Nothing is known of the server behind it.
        let address = match self.proxies.proxy(url) {
            Some(_) => None,
            None => address(url),
        };
        match (kind_of(&error), address) {
            (Kind::ConnectRefused, Some(address)) => FetchError::Refused(address),
            (Kind::ConnectTimeout, _) if error.is_timeout() => {
                FetchError::ConnectTimedOut(self.limits.connect_timeout)
            }
            _ => FetchError::Transport(error),
        }
    }

    /// Sends a HEAD request to `url` and returns the `Server` header of the answer, if it has one.
    ///
    /// # Errors
    /// [`FetchError::TimedOut`] after `limit`, [`FetchError::Transport`] if there is no valid HTTP answer.
    pub(crate) async fn server_name(
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

/// Returns the settings that both kinds of client share.
fn client_builder(limits: RequestLimits) -> reqwest::ClientBuilder {
    let addresses = addresses_of_localhost();
    let builder = reqwest::Client::builder()
        .user_agent(concat!("flags/", env!("CARGO_PKG_VERSION")))
        .referer(false)
        .redirect(trail::redirect_policy(limits.allow_downgrade))
        .connector_layer(trail::Noting)
        .connect_timeout(limits.connect_timeout.min(LONGEST_TIMEOUT))
        .tls_backend_preconfigured(tls::client_config())
        // Otherwise every runtime starts its own thread to resolve the name.
        .resolve_to_addrs(LOCALHOST, &addresses)
        .resolve_to_addrs(&format!("{LOCALHOST}."), &addresses);
    Proxies::of_this_process().add_to(builder)
}

/// Returns whether the connection broke before the head of the answer was complete. Bytes that belong to no request break it,
/// too, if the request was not sent yet.
fn is_break(error: &reqwest::Error) -> bool {
    matches!(kind_of(error), Kind::Reset | Kind::ClosedEarly) || is_cancelled(error)
}

/// Returns the host and the port of a URL, without a user's name or password.
fn address(url: &Url) -> Option<String> {
    Some(format!(
        "{}:{}",
        url.host_str()?,
        url.port_or_known_default()?
    ))
}

/// Returns the parsed `Retry-After` header, if there is a valid one.
fn retry_after(response: &Response) -> Option<RetryAfter> {
    RetryAfter::parse(response.headers().get(RETRY_AFTER)?.to_str().ok()?)
}

/// Returns whether the body comes in chunks, the last of which says so.
fn is_chunked(response: &Response) -> bool {
    let codings = response.headers().get_all(TRANSFER_ENCODING).iter();
    let last = codings.filter_map(|value| value.to_str().ok()).next_back();
    let last = last.and_then(|codings| codings.rsplit(',').next());
    last.is_some_and(|coding| coding.trim().eq_ignore_ascii_case("chunked"))
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

/// Converts a fetch error to the failure shown to the user. The caller has already handled
/// `FetchError::NotFound`.
impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        let kind = match &error {
            FetchError::Unwanted(failure) => return failure.clone(),
            FetchError::NotFound | FetchError::Status(_) => Kind::HttpStatus,
            FetchError::Refused(_) => Kind::ConnectRefused,
            FetchError::Proxy(_) | FetchError::NoTunnel(_) => Kind::Proxy,
            FetchError::ConnectTimedOut(_) => Kind::ConnectTimeout,
            FetchError::TimedOut(_) => Kind::Timeout,
            FetchError::Unframed => Kind::Unframed,
            FetchError::TooBig(_) => Kind::TooBig,
            FetchError::NotContinued => Kind::BadBody,
            FetchError::NotKept(error) => write_kind(&error.source),
            FetchError::Transport(error) => kind_of(error),
        };
        Self::new(kind, describe(&error))
    }
}
