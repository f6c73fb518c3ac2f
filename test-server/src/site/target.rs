//! What a request is for: a flag, or any other path.
//!
//! The key of a target names it in all draws and counters. That of a flag is its code, with any method: published
//! numbers depend on it.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use http_body::Body as _;

use crate::content::folder::Folder;
use crate::content::httpbin;
use crate::content::upstream::Upstream;
use crate::exchange::ConnectionHandle;
use crate::fault::OwnWords;
use crate::matching;
use crate::script::Content;
use crate::script::ranges;
use crate::site::Site;

/// The target of a request to which the plan applies.
#[derive(Debug)]
pub(crate) struct Target {
    /// The code of a flag in lower case, or `METHOD path`.
    pub(crate) key: String,
    /// The path, without a query.
    pub(crate) path: String,
    is_flag: bool,
    /// Which words of the query are for this server.
    pub(crate) own_words: OwnWords,
    /// Whether a route may answer the request, depending on its headers and its body.
    is_routed: bool,
    origin: Origin,
}

/// Where the response without faults comes from.
#[derive(Debug)]
enum Origin {
    /// The flags of this server: a flag, if it exists.
    Flags(Option<Arc<Content>>),
    /// No place: the path is not there.
    Nowhere,
    /// Another server.
    Upstream(Arc<Upstream>),
    /// The files of a folder.
    Folder(Arc<Folder>),
    Httpbin,
}

/// What a request must keep until its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    Nothing,
    /// Its head.
    Head,
    /// Its body, as it arrives.
    Body,
    /// All of its body, before its response begins.
    WholeBody,
}

/// The response without faults.
#[derive(Debug)]
pub(crate) enum Usual {
    /// A body that faults can change.
    Content(Content),
    /// Any other response.
    Response(Response),
}

impl Target {
    /// Creates the target of a request for the flag of a code in lower case.
    pub(crate) fn flag(site: &Site, code: String) -> Self {
        Self {
            path: format!("/flags/{code}/{code}.gif"),
            origin: Origin::Flags(site.images.find(&code).cloned()),
            is_flag: true,
            own_words: match site.has_own_paths() {
                true => OwnWords::OfFlag,
                false => OwnWords::Reserved,
            },
            is_routed: false,
            key: code,
        }
    }

    /// Creates the target of a request for any other path. Its key has the query only if the site says so.
    pub(crate) fn other(site: &Site, method: &Method, uri: &Uri) -> Self {
        let path = uri.path().to_owned();
        let query = uri.query().filter(|_| site.query_in_keys);
        let query = query
            .map(|query| OwnWords::Reserved.without(query))
            .filter(|query| !query.is_empty());
        let key = match query {
            Some(query) => format!("{method} {path}?{query}"),
            None => format!("{method} {path}"),
        };
        Self {
            key,
            path,
            origin: Origin::Nowhere,
            is_flag: false,
            own_words: OwnWords::Reserved,
            is_routed: false,
        }
    }

    /// Returns the same target, answered by what the site serves instead of flags, if it does.
    pub(crate) fn at_site(self, site: &Site) -> Self {
        let origin = match (&site.upstream, &site.folder) {
            _ if site.httpbin && httpbin::has_path(&self.path) => Origin::Httpbin,
            (Some(upstream), _) => Origin::Upstream(Arc::clone(upstream)),
            (None, Some(folder)) => Origin::Folder(Arc::clone(folder)),
            (None, None) => self.origin,
        };
        Self { origin, ..self }
    }

    /// Returns the same target, answered by a route if one of the site fits a request with this method.
    pub(crate) fn or_route(self, site: &Site, method: &Method) -> Self {
        let is_routed = site.routes.may_answer(method.as_str(), &self.path);
        Self { is_routed, ..self }
    }

    /// Returns what a request for this target must keep until its response.
    pub(crate) fn needs(&self) -> Needs {
        match self.origin {
            _ if self.is_routed => Needs::WholeBody,
            Origin::Upstream(_) => Needs::Body,
            Origin::Folder(_) => Needs::Head,
            Origin::Httpbin => Needs::WholeBody,
            Origin::Flags(_) | Origin::Nowhere => Needs::Nothing,
        }
    }

    /// Returns the name in the access log: the code or the path, which have no blanks.
    pub(crate) fn log_name(&self) -> &str {
        if self.is_flag { &self.key } else { &self.path }
    }

    /// Returns the response without faults to a request with what it needs. The body of the response is read completely
    /// only if faults are to change it.
    pub(crate) async fn usual(
        &self,
        site: &Site,
        kept: Option<Request>,
        is_changed: bool,
    ) -> Usual {
        match kept {
            None => self.usual_in_memory(),
            // Boxed: most servers answer from memory, and their requests need not have room for the rest.
            Some(request) => Box::pin(self.respond_to(request, site, is_changed)).await,
        }
    }

    /// Returns the response that needs nothing of the request.
    fn usual_in_memory(&self) -> Usual {
        match &self.origin {
            Origin::Flags(Some(gif)) => Usual::Content((**gif).clone()),
            Origin::Flags(None) => Usual::Response(not_found(&format!("no flag for {}", self.key))),
            Origin::Upstream(_) | Origin::Folder(_) | Origin::Httpbin | Origin::Nowhere => {
                Usual::Response(not_found(&format!("nothing at {}", self.path)))
            }
        }
    }

    async fn respond_to(&self, mut request: Request, site: &Site, is_changed: bool) -> Usual {
        if self.is_routed {
            request = match self.routed(site, request).await {
                Ok(response) => return as_usual(response, is_changed).await,
                Err(request) => request,
            };
        }
        let response = match &self.origin {
            Origin::Flags(_) | Origin::Nowhere => return self.usual_in_memory(),
            Origin::Upstream(upstream) => {
                if is_changed {
                    // Faults write heads of their own, in which an encoding would be missing.
                    request.headers_mut().remove(header::ACCEPT_ENCODING);
                    ask_for_the_whole(&mut request);
                }
                upstream.forward(request, site.scheme()).await
            }
            Origin::Folder(folder) => {
                if is_changed {
                    ask_for_the_whole(&mut request);
                }
                folder.respond(request).await
            }
            Origin::Httpbin => self.as_httpbin(site, request).await,
        };
        as_usual(response, is_changed).await
    }

    async fn as_httpbin(&self, site: &Site, request: Request) -> Response {
        let (head, body) = request.into_parts();
        let handle = head.extensions.get::<ConnectInfo<ConnectionHandle>>();
        let client = httpbin::Client {
            address: handle.and_then(|ConnectInfo(handle)| handle.exchange().peer),
            scheme: site.scheme(),
            seed: site.seed,
            key: &self.key,
        };
        let mut request = matching::Request::new(&head, read_bytes(body).await);
        request.query = self.own_words.without(&request.query);
        httpbin::respond(&request, &client).await
    }

    /// Returns the response of the route that answers this request, or else the request.
    async fn routed(&self, site: &Site, request: Request) -> Result<Response, Request> {
        let (head, body) = request.into_parts();
        // It has been read before, so this neither waits nor fails.
        let body = axum::body::to_bytes(body, usize::MAX)
            .await
            .unwrap_or_default();
        let routed = matching::Request::new(&head, body.clone());
        let response = site.routes.answer(&routed);
        response.ok_or_else(|| Request::from_parts(head, body.into()))
    }
}

impl Usual {
    /// Returns the response to the request with this head.
    pub(crate) fn into_response(self, head: &Parts) -> Response {
        match self {
            Self::Content(content) => ranges::respond(Some(head), &content),
            Self::Response(response) => response,
        }
    }
}

/// The longest body that faults can change or that a request can bring, in bytes.
const LONGEST_CONTENT: usize = 64 << 20;

/// Reads the body of a request before its response begins.
///
/// # Errors
/// If the client does not send all of it, or more than 64 MiB: the response.
pub(crate) async fn read_request(head: Parts, body: Body) -> Result<Request, Response> {
    // What is announced to be too long need not be read.
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let read = match announced {
        0..=LONGEST_CONTENT => axum::body::to_bytes(body, LONGEST_CONTENT).await.ok(),
        _ => None,
    };
    match read {
        Some(bytes) => Ok(Request::from_parts(head, bytes.into())),
        None => {
            let why = "the body is longer than 64 MiB, or does not end\n";
            Err((StatusCode::PAYLOAD_TOO_LARGE, why).into_response())
        }
    }
}

/// Lets a request ask for the whole, because faults change the whole and look at ranges themselves. The length in the
/// answer to HEAD is that of a changed body as well.
fn ask_for_the_whole(request: &mut Request) {
    if request.method() == Method::HEAD {
        *request.method_mut() = Method::GET;
    }
    for name in [header::RANGE, header::IF_RANGE] {
        request.headers_mut().remove(name);
    }
}

/// Returns a response so that faults can change it, if they are to.
async fn as_usual(response: Response, is_changed: bool) -> Usual {
    if is_changed {
        read_completely(response).await
    } else {
        Usual::Response(response)
    }
}

/// Reads the body of a successful response to a request for a whole. Other responses are returned as they are.
async fn read_completely(response: Response) -> Usual {
    let status = response.status();
    let has_no_whole = [StatusCode::NO_CONTENT, StatusCode::PARTIAL_CONTENT].contains(&status);
    if !status.is_success() || has_no_whole {
        return Usual::Response(response);
    }
    let (mut head, body) = response.into_parts();
    let media_type = head.headers.remove(header::CONTENT_TYPE);
    for name in [
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::CONNECTION,
    ] {
        head.headers.remove(name);
    }
    match axum::body::to_bytes(body, LONGEST_CONTENT).await {
        Ok(bytes) => {
            let media_type =
                media_type.unwrap_or(HeaderValue::from_static("application/octet-stream"));
            let content = Content::new(bytes, media_type);
            Usual::Content(content.with_head(status, head.headers))
        }
        Err(error) => {
            let line = format!("502 Bad Gateway: the body cannot be changed: {error}\n");
            Usual::Response((StatusCode::BAD_GATEWAY, line).into_response())
        }
    }
}

/// Returns a body that has been read before, so that this neither waits nor fails.
async fn read_bytes(body: Body) -> Bytes {
    let read = axum::body::to_bytes(body, usize::MAX).await;
    read.unwrap_or_default()
}

/// Returns a 404 with this line.
pub(crate) fn not_found(why: &str) -> Response {
    (StatusCode::NOT_FOUND, format!("{why}\n")).into_response()
}
