//! What is answered to a request: a flag, treated as the plan says, or a page that says what is served here.

use std::cmp::Ordering;
use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http_body::Body as _;
use percent_encoding::percent_decode_str;

use crate::connection::Wire;
use crate::control;
use crate::counted_body::count_out_when_sent;
use crate::counters::InFlight;
use crate::fault::{Answer, Argument, Case, Effect, Fault, Wait};
use crate::group::Group;
use crate::page;
use crate::plan::{Plan, PlanError};
use crate::script::{End, Script};
use crate::site::Site;

/// The routes of a site, one of this group, each answer signed with `server_header`.
pub(crate) fn router(site: Arc<Site>, group: Group, server_header: HeaderValue) -> Router {
    let sign = move |mut response: Response| {
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
        .layer(map_response(sign))
        .with_state(site)
}

/// Marks a response whose request has an entry of its own.
#[derive(Clone, Copy)]
struct Logged;

/// Logs requests that are for no flag: pages, control, what is nowhere.
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
    ConnectInfo(wire): ConnectInfo<Wire>,
    path: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let path = path
        .ok()
        .filter(|Path((code, file))| is_flag_path(code, file));
    let Some(Path((code, _))) = path else {
        return not_found("no such file: flags are at /flags/br/br.gif, lower case");
    };
    let asked = Asked::new(uri.query().unwrap_or_default());
    let plan = match asked.plan {
        None => site.plan(),
        Some(_) if !control::is_open(&site, &headers) => return control::closed(&site),
        Some(text) => match own_plan(text) {
            Ok(plan) => Arc::new(plan),
            Err(why) => return (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response(),
        },
    };

    let log = site
        .access_log
        .as_ref()
        .map(|log| log.begin(&site.name, &code));
    let (mut in_flight, attempt) = site.counters.request_begins(&code, log);
    let faults = met_at(plan.faults(site.seed, &code), attempt);
    let case = Case {
        seed: site.seed,
        code: &code,
        hop: asked.hop,
        own_plan: asked.plan,
    };
    let spent = stale(&plan, &wire);
    if spent.is_some() {
        in_flight.meets("stale");
    }
    let answer = match spent {
        // What was sent ahead on a connection that is to be closed is not answered any more.
        Some(Spent::Already) => Answer::Script(Script::nothing(End::Close)),
        Some(Spent::Now) | None => answer(&site, &case, faults, &mut in_flight).await,
    };
    let mut response = match answer {
        Answer::Http(response) => {
            in_flight.answered(response.status().as_u16());
            count_out_when_sent(response, in_flight)
        }
        Answer::Script(script) => {
            if let Some(status) = script.status() {
                in_flight.answered(status);
            }
            wire.play(script, in_flight);
            // Never seen: the script is written in its place.
            StatusCode::OK.into_response()
        }
    };
    response.extensions_mut().insert(Logged);
    response
}

/// A plan for one request, still encoded as in its URL.
fn own_plan(text: &str) -> Result<Plan, String> {
    let plan: Plan = percent_decode_str(text)
        .decode_utf8_lossy()
        .parse()
        .map_err(|error: PlanError| error.to_string())?;
    match plan.server_wide() {
        Some(fault) => Err(format!(
            "'{}' is for the whole server and not for one request",
            fault.name()
        )),
        None => Ok(plan),
    }
}

/// What the query of a flag may say.
struct Asked<'a> {
    /// How often it has been redirected here.
    hop: u64,
    /// A plan for this request alone, still encoded. Not a form: a `+` in it is a `+`.
    plan: Option<&'a str>,
}

impl<'a> Asked<'a> {
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

/// Nothing any more, once a code has been asked for as often as the slice is transient.
fn met_at(faults: &[Fault], attempt: u64) -> &[Fault] {
    let transient = faults
        .iter()
        .find(|fault| matches!(fault.effect(), Effect::FirstAttempts));
    match transient {
        Some(transient) if attempt > transient.argument().number() => &[],
        _ => faults,
    }
}

/// What the faults make of a code: all waits in the order written, then one answer.
async fn answer(
    site: &Site,
    case: &Case<'_>,
    faults: &[Fault],
    in_flight: &mut InFlight,
) -> Answer {
    let flag = site.images.find(case.code);
    let mut answer = None;
    for fault in faults {
        let wait = match fault.effect() {
            Effect::Wait(wait) => wait(fault.argument(), case),
            _ => continue,
        };
        in_flight.meets(fault.name());
        match wait {
            Wait::For(delay) => tokio::time::sleep(delay).await,
            Wait::InFlight(requests) => site.counters.peak_reaches(requests).await,
        }
    }
    // Only now: a date in an answer is the date of the answer.
    for fault in faults {
        let argument = fault.argument();
        match (fault.effect(), &flag, &mut answer) {
            (Effect::Answer(with), ..) => answer = Some(with(argument, case)),
            (Effect::AnswerWithFlag(with), Some(flag), _) => {
                answer = Some(with(argument, case, flag))
            }
            (Effect::AddToStatus(add), _, Some(Answer::Http(response))) => add(argument, response),
            _ => continue,
        }
        in_flight.meets(fault.name());
    }
    answer.unwrap_or_else(|| {
        Answer::Http(match flag {
            Some(gif) => ([(header::CONTENT_TYPE, "image/gif")], gif).into_response(),
            None => not_found(&format!("no flag of {}", case.code)),
        })
    })
}

/// How far a connection is on its way to be stale.
enum Spent {
    /// This response is its last.
    Now,
    /// An earlier one was.
    Already,
}

/// Counts a response on a connection whose responses are numbered, and has it closed after the last.
fn stale(plan: &Plan, wire: &Wire) -> Option<Spent> {
    let Argument::Stale { responses, late } = *plan.server_wide()?.argument() else {
        return None;
    };
    match wire.count_response().cmp(&responses) {
        Ordering::Less => None,
        Ordering::Equal => {
            wire.close_after_response(late);
            Some(Spent::Now)
        }
        Ordering::Greater => Some(Spent::Already),
    }
}

fn not_found(why: &str) -> Response {
    (StatusCode::NOT_FOUND, format!("{why}\n")).into_response()
}
