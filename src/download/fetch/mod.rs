//! Sends a request, follows its redirects, and passes the body of the last answer on, or returns why there is none.
//!
//! The time limit covers everything from the request, connecting included, to the last byte of the body; a body that
//! arrives byte by byte does not extend it. A result that the status line decides does not wait for the body. Knows
//! nothing of disks or of what the bytes should be.
//!
//! * `tunnel`: the status with which a proxy refuses a tunnel
//! * `trail`: whether a connection came from the pool
//! * `opening`: with HTTP/2, one request that opens the connection which others share
//! * `client`: the settings of the HTTP client
//! * `redirect`: where an answer redirects to
//! * `error`: the reasons why an item could not be fetched
//! * `body`: the body of an answer
//! * `engine`: a runtime and its HTTP client

use std::io;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{RETRY_AFTER, SERVER};
use reqwest::{Response, StatusCode, Url};
use tokio::time::{Instant, timeout, timeout_at};

use crate::download::cause::{is_cancelled, kind_of};
use crate::download::fetch::body::{Head, Receiver, UnreadBody, marks_its_end};
use crate::download::fetch::client::{LONGEST_TIMEOUT, builder};
use crate::download::fetch::error::FetchError;
use crate::download::fetch::opening::Openings;
use crate::download::fetch::redirect::same_origin;
use crate::download::fetch::trail::{followed, was_pooled};
use crate::download::fetch::tunnel::{is_refusal, status_of_refusal};
use crate::download::resume::Rest;
use crate::download::retry::RetryAfter;
use crate::job::http::proxy::Route;
use crate::job::{HttpSettings, Origin, RequestLimits, Turn};
use crate::record::Kind;

pub(super) mod body;
mod client;
pub(crate) mod engine;
pub(crate) mod error;
mod opening;
mod redirect;
mod trail;
mod tunnel;

/// The most connections from the pool that may break before a request is sent on a new one.
const MOST_BROKEN: u32 = 2;

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
    /// The time from the request to the head, without `paused`; `None` until it has arrived.
    pub first_byte: Option<Duration>,
    /// The time spent waiting for the turn of further requests: to other servers, or on another connection.
    pub paused: Duration,
    /// The server of the last request, if there was a redirect.
    pub redirected_to: Option<Origin>,
}

impl Seen {
    /// Notes that the request waited for its turn for this time, which does not count.
    fn pause(&mut self, time: Duration, deadline: &mut Instant) {
        *deadline += time;
        self.paused += time;
    }
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

/// An HTTP client with a pool of connections. Use it in one runtime only.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pooled: reqwest::Client,
    /// A client without a pool: each request opens a new connection.
    fresh: reqwest::Client,
    limits: RequestLimits,
    http: Arc<HttpSettings>,
    /// The connections opened, if HTTP/2 is used.
    openings: Option<Arc<Openings>>,
}

impl Client {
    /// Creates a client whose requests keep within `limits`. Opens no connection yet.
    ///
    /// # Errors
    /// If the system provides no socket or no random numbers.
    pub(crate) fn new(limits: RequestLimits, http: &Arc<HttpSettings>) -> io::Result<Self> {
        let build = |builder: reqwest::ClientBuilder| builder.build().map_err(io::Error::other);
        Ok(Self {
            pooled: build(builder(limits, http))?,
            fresh: build(builder(limits, http).pool_max_idle_per_host(0))?,
            limits,
            http: Arc::clone(http),
            openings: http.has_http2().then(Arc::default),
        })
    }

    /// Fetches the body of `url` into memory, as [`fetch_into`](Self::fetch_into) does.
    pub(crate) async fn fetch(&self, url: Url, seen: &mut Seen) -> FetchResult<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut turn = Turn::default();
        let fetched = self.fetch_into(url, &mut turn, seen, &mut bytes).await;
        let FetchResult { body, unread } = fetched;
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
        turn: &mut Turn<'_>,
        seen: &mut Seen,
        receiver: &mut impl Receiver,
    ) -> FetchResult<()> {
        let begun = Instant::now();
        let mut deadline = begun + self.limits.timeout.min(LONGEST_TIMEOUT);

        let rest = receiver.rest();
        let sending = self.send(url, rest.as_ref(), turn, &mut deadline, seen);
        let sent = followed(sending).await;
        let mut response = match sent {
            Ok(response) => response,
            Err(error) => return FetchResult::without_unread(Err(error)),
        };
        *seen = Seen {
            proxy: seen.proxy.take(),
            status: Some(response.status()),
            retry_after: retry_after(&response),
            bytes: 0,
            continued_from: None,
            first_byte: Some(begun.elapsed().saturating_sub(seen.paused)),
            paused: seen.paused,
            redirected_to: seen.redirected_to,
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
            return FetchResult::without_unread(body.map_err(|_| self.timed_out()).flatten());
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
            unread: UnreadBody::of(response),
        }
    }

    /// Sends the request, for only the rest of the body if there is one, follows redirects, and returns when the head of the
    /// last answer has arrived. Moves the deadline by the time for which it waits for its turn. Call it inside [`followed`].
    async fn send(
        &self,
        mut url: Url,
        rest: Option<&Rest>,
        turn: &mut Turn<'_>,
        deadline: &mut Instant,
        seen: &mut Seen,
    ) -> Result<Response, FetchError> {
        let mut redirects = 0;
        // The URL before all redirects; `None` until there is one.
        let mut first = None;
        loop {
            seen.proxy = self.http.proxies().proxy(&url).map(ToString::to_string);
            let is_elsewhere = first
                .as_ref()
                .is_some_and(|first| !same_origin(first, &url));
            let response = self
                .send_once(&url, rest, is_elsewhere, turn, deadline, seen)
                .await?;
            let Some(location) = redirect::location(&response, &url) else {
                return Ok(response);
            };
            seen.status = Some(response.status());
            let origin = first.as_ref().unwrap_or(&url);
            let next = redirect::check(location, &url, origin, redirects, self.limits)?;
            first.get_or_insert(mem::replace(&mut url, next));
            redirects += 1;
            UnreadBody::of(response).drain().await;
            trail::answered();
            seen.redirected_to = Some(Origin::of(&url));
            seen.pause(turn.move_to(&url).await, deadline);
        }
    }

    /// Sends one request and returns when the head of its answer has arrived. After a redirect to another origin,
    /// `is_elsewhere`: then it has no login but that of its host.
    ///
    /// A server may close an idle connection at the very moment a request is sent on it, and that request is lost
    /// without a fault on either side. So if a connection from the pool breaks before the head arrives, the request is
    /// silently sent again. Once is not enough, because the pool may supply another connection of the same age. The
    /// last try uses a new connection. If a connection breaks that the request itself has opened, the failure is real.
    async fn send_once(
        &self,
        url: &Url,
        rest: Option<&Rest>,
        is_elsewhere: bool,
        turn: &Turn<'_>,
        deadline: &mut Instant,
        seen: &mut Seen,
    ) -> Result<Response, FetchError> {
        let mut broken = 0;
        loop {
            let client = match broken < MOST_BROKEN {
                true => &self.pooled,
                false => &self.fresh,
            };
            let request = self.http.add_to(client.get(url.clone()), url, is_elsewhere);
            let request = match rest {
                Some(rest) => rest.add_to(request),
                None => request,
            };
            let request = request.send();
            let sent = match &self.openings {
                Some(openings) if url.scheme() == "https" => {
                    let request = Box::pin(openings.send(Origin::of(url), request));
                    timeout_at(*deadline, request).await
                }
                _ => timeout_at(*deadline, request).await,
            };
            let error = match sent.map_err(|_| self.timed_out())? {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            if broken == MOST_BROKEN || !is_break(&error) || !was_pooled(&error) {
                // Boxed, because this rare path would make the future of each download three times as large.
                let explained = Box::pin(self.explain(error, url, seen));
                let explained = timeout_at(*deadline, explained).await;
                return Err(explained.unwrap_or_else(|_| self.timed_out()));
            }
            broken += 1;
            seen.pause(turn.repeat().await, deadline);
        }
    }

    /// Converts the error of a request for `url` that got no answer. Notes the status of a proxy that refused to open a tunnel.
    async fn explain(&self, error: reqwest::Error, url: &Url, seen: &mut Seen) -> FetchError {
        match self.http.proxies().route(url) {
            Route::Unusable(wrong) => FetchError::Proxy(wrong.clone()),
            Route::Proxy(proxy) if is_refusal(&error) => {
                seen.status = status_of_refusal(proxy, url).await;
                FetchError::NoTunnel(seen.status)
            }
            Route::Proxy(_) | Route::Direct => self.convert_error(error, url),
        }
    }

    /// Returns the error of an expired time limit.
    fn timed_out(&self) -> FetchError {
        FetchError::TimedOut(self.limits.timeout)
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
        let announced = head.continues.or(head.length);
        if announced.is_some_and(|length| length > limit) {
            return Err(FetchError::TooBig(limit));
        }
        if receiver.needs_framing() && announced.is_none() && !marks_its_end(response) {
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
        let address = match self.http.proxies().proxy(url) {
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
