//! From a request to its response: a flag under the faults of its plan, the page, or a control path.

use std::sync::Arc;

use axum::Extension;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http_body::Body as _;
use percent_encoding::percent_decode_str;

use crate::connection::ConnectionHandle;
use crate::control;
use crate::counted_body::end_request_when_sent;
use crate::counters::InFlight;
use crate::fault::{Answer, Effect, Fault, FaultContext, Wait};
use crate::group::Group;
use crate::page;
use crate::plan::{Plan, PlanError};
use crate::script::{End, Script};
use crate::site::Site;
use crate::stale::{self, StaleState};

/// Returns the routes of a server in this group. Every response gets `server_header` as its `Server` header.
pub(crate) fn router(site: Arc<Site>, group: Group, server_header: HeaderValue) -> Router {
    let add_server_header = move |mut response: Response| {
        response
            .headers_mut()
            .insert(header::SERVER, server_header.clone());
        std::future::ready(response)
    };
    Router::new()
        .route("/flags/{code}/{file}", get(flag))
        .merge(page::routes(&site, group))
        .merge(control::routes(&site))
        .layer(from_fn_with_state(Arc::clone(&site), log_others))
        .layer(from_fn_with_state(Arc::clone(&site), stale::count_response))
        .layer(map_response(add_server_header))
        .with_state(site)
}

/// Marks a response whose request already has its own log entry.
#[derive(Clone, Copy)]
struct Logged;

/// Logs the requests that are not for flags: pages, control paths and unknown paths.
async fn log_others(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let Some(log) = &site.access_log else {
        return next.run(request).await;
    };
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    if response.extensions().get::<Logged>().is_none() {
        let mut entry = log.begin(&site.name, &path);
        entry.status = Some(response.status().as_u16());
        entry.bytes = response.body().size_hint().lower();
    }
    response
}

async fn flag(
    State(site): State<Arc<Site>>,
    ConnectInfo(handle): ConnectInfo<ConnectionHandle>,
    path: Result<Path<(String, String)>, PathRejection>,
    stale_state: Option<Extension<StaleState>>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let path = path
        .ok()
        .filter(|Path((code, file))| is_flag_path(code, file));
    let Some(Path((code, _))) = path else {
        return not_found(
            "no such file: a flag has a path such as /flags/br/br.gif, in lower case",
        );
    };
    let query = FlagQuery::new(uri.query().unwrap_or_default());
    let (plan, query_plan) = match query.plan {
        None => (site.plan(), None),
        Some(_) if !control::is_open(&site, &headers) => return control::forbidden(&site),
        Some(text) => match parse_query_plan(text) {
            Ok(plan) => {
                let text = plan.to_string();
                (Arc::new(plan), Some(text))
            }
            Err(why) => return (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response(),
        },
    };

    let log = site
        .access_log
        .as_ref()
        .map(|log| log.begin(&site.name, &code));
    let (mut in_flight, attempt) = site
        .counters
        .begin_request(&code, query_plan.as_deref(), log);
    let faults = faults_for_attempt(plan.faults(site.seed, &code), attempt);
    let context = FaultContext {
        seed: site.seed,
        code: &code,
        hop: query.hop,
        query_plan: query.plan,
    };
    if stale_state.is_some() {
        in_flight.record_fault("stale");
    }
    let answer = match stale_state {
        Some(Extension(StaleState::Closed)) => Answer::Script(Script::empty(End::Close)),
        Some(Extension(StaleState::LastResponse)) | None => {
            answer(&site, &context, faults, &mut in_flight).await
        }
    };
    let mut response = match answer {
        Answer::Http(response) => {
            in_flight.record_status(response.status().as_u16());
            end_request_when_sent(response, in_flight)
        }
        Answer::Script(script) => {
            if let Some(status) = script.status() {
                in_flight.record_status(status);
            }
            handle.write_script(script, Some(in_flight));
            // Never sent: the connection writes the script instead.
            StatusCode::OK.into_response()
        }
    };
    response.extensions_mut().insert(Logged);
    response
}

/// Parses the plan in the query of a request, which is still percent-encoded.
fn parse_query_plan(text: &str) -> Result<Plan, String> {
    let plan: Plan = percent_decode_str(text)
        .decode_utf8_lossy()
        .parse()
        .map_err(|error: PlanError| error.to_string())?;
    match plan.server_wide() {
        Some(fault) => Err(format!(
            "'{}' applies to the whole server, not to one request",
            fault.name()
        )),
        None => Ok(plan),
    }
}

/// The query of a request for a flag.
struct FlagQuery<'a> {
    /// How often the request has been redirected here.
    hop: u64,
    /// A plan for this request only, still percent-encoded. This is not form encoding: a `+` stays a `+`.
    plan: Option<&'a str>,
}

impl<'a> FlagQuery<'a> {
    fn new(query: &'a str) -> Self {
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find_map(|(key, value)| (key == name).then_some(value))
        };
        let hop = value("hop").and_then(|hop| hop.parse().ok()).unwrap_or(0);
        Self {
            hop,
            plan: value("plan"),
        }
    }
}

fn is_flag_path(code: &str, file: &str) -> bool {
    let is_code = code.len() == 2 && code.bytes().all(|b| b.is_ascii_lowercase());
    is_code && file.strip_suffix(".gif") == Some(code)
}

/// Returns the faults that apply to this attempt: none once `transient` has expired.
fn faults_for_attempt(faults: &[Fault], attempt: u64) -> &[Fault] {
    let transient = faults
        .iter()
        .find(|fault| matches!(fault.effect(), Effect::FirstAttempts));
    match transient {
        Some(transient) if attempt > transient.argument().number() => &[],
        _ => faults,
    }
}

/// Applies the faults of a code: first all waits in the order written, then the answer.
async fn answer(
    site: &Site,
    context: &FaultContext<'_>,
    faults: &[Fault],
    in_flight: &mut InFlight,
) -> Answer {
    let flag = site.images.find(context.code);
    let mut answer = None;
    for fault in faults {
        let wait = match fault.effect() {
            Effect::Wait(wait) => wait(fault.argument(), context),
            _ => continue,
        };
        in_flight.record_fault(fault.name());
        match wait {
            Wait::For(delay) => tokio::time::sleep(delay).await,
            Wait::InFlight(requests) => site.counters.wait_for_peak(requests).await,
        }
    }
    // Built only after the waits, because a date in an answer counts from the answer.
    for fault in faults {
        let argument = fault.argument();
        match (fault.effect(), &flag, &mut answer) {
            (Effect::Answer(with), ..) => answer = Some(with(argument, context)),
            (Effect::AnswerWithFlag(with), Some(flag), _) => {
                answer = Some(with(argument, context, flag))
            }
            (Effect::AddToStatus(add), _, Some(Answer::Http(response))) => add(argument, response),
            _ => continue,
        }
        in_flight.record_fault(fault.name());
    }
    answer.unwrap_or_else(|| {
        Answer::Http(match flag {
            Some(gif) => ([(header::CONTENT_TYPE, "image/gif")], gif).into_response(),
            None => not_found(&format!("no flag for {}", context.code)),
        })
    })
}

fn not_found(why: &str) -> Response {
    (StatusCode::NOT_FOUND, format!("{why}\n")).into_response()
}
