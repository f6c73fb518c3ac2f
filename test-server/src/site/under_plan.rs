//! The response to a request under the faults of its plan.

use std::pin::Pin;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body::Body as _;

use crate::exchange::ConnectionHandle;
use crate::exchange::counted_body::end_request_when_sent;
use crate::exchange::paced_body::Paced;
use crate::fault::{Answer, Effect, Fault, FaultContext, Wait};
use crate::plan::Plan;
use crate::plan::query::{Query, parse_query_plan};
use crate::recording::counters::InFlight;
use crate::script::{End, Script};
use crate::site::Site;
use crate::site::control;
use crate::site::cors;
use crate::site::stale::StaleState;
use crate::site::target::{Needs, Target, Usual, read_request};

/// Marks a response whose request already has its own log entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Logged;

/// Responds to a request for this target: counts it, lets it meet its faults, and answers it.
pub(crate) async fn respond(site: &Arc<Site>, target: &Target, request: Request) -> Response {
    let (head, mut body) = request.into_parts();
    let Some(ConnectInfo(handle)) = head.extensions.get::<ConnectInfo<ConnectionHandle>>() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let entry = site.record(&head);
    if let Some(entry) = &entry {
        body = entry.watch(body);
    }
    let query = Query::new(head.uri.query().unwrap_or_default(), target.own_words);
    let query_plan = match query.plan.map(|text| plan_in_query(site, &head, text)) {
        None => None,
        Some(Ok(plan)) => Some((plan.to_string(), Arc::new(plan))),
        Some(Err(response)) => {
            discard(body).await;
            if let Some(entry) = &entry {
                site.record_response(entry, &response);
            }
            return *response;
        }
    };
    let log = site.access_log.as_ref();
    let log = log.map(|log| log.begin(&site.name, target.log_name()));
    let (query_plan, own_plan) = query_plan.unzip();
    let (plan, (mut in_flight, attempt)) = site
        .plan
        .count(|counters| counters.begin_request(&target.key, query_plan.as_deref(), log));
    let plan = own_plan.unwrap_or(plan);
    if let Some(entry) = entry {
        in_flight.record_in(entry);
    }
    let faults = plan.faults_at(site.seed, &target.key, attempt);
    let refused = refuse(site, &faults, query_plan.as_deref(), handle);
    if let Some(fault) = faults.iter().find(|fault| reads_slowly(fault)) {
        in_flight.record_fault(fault.name());
        body = Body::new(Paced::new(body, fault.argument().number()));
    }
    let is_answered_here = refused.is_some() || faults.iter().any(|fault| answers_alone(fault));
    let kept = match target.needs() {
        Needs::Body if !is_answered_here => Some(Request::from_parts(head.clone(), body)),
        Needs::WholeBody if !is_answered_here => {
            match Box::pin(read_request(head.clone(), body)).await {
                Ok(request) => Some(request),
                Err(response) => return send(Answer::Http(response), in_flight, handle),
            }
        }
        Needs::Head if !is_answered_here => {
            discard(body).await;
            Some(Request::from_parts(head.clone(), Body::empty()))
        }
        _ => {
            discard(body).await;
            None
        }
    };
    let context = FaultContext {
        seed: site.seed,
        key: &target.key,
        path: &target.path,
        head: Some(&head),
        scheme: site.scheme(),
        attempt,
        hop: query.hop,
        query_plan: query.plan,
        own_words: target.own_words,
    };
    let stale_state = head.extensions.get::<StaleState>();
    if stale_state.is_some() {
        in_flight.record_fault("stale");
    }
    let answer = match (stale_state, refused) {
        (Some(StaleState::Closed), _) => Answer::Script(Script::empty(End::Close)),
        (_, Some((quota, refused))) => {
            in_flight.record_fault(quota);
            Answer::Http(refused)
        }
        _ => {
            wait(site, &context, &faults, &mut in_flight).await;
            let is_changed = faults.iter().any(|fault| changes_content(fault));
            let mut usual = target.usual(site, kept, is_changed).await;
            if site.cors
                && let Usual::Content(content) = &mut usual
            {
                // For heads that are written below HTTP. The layer of the router adds them to other responses.
                cors::allow(&head.headers, &mut content.headers);
            }
            answer(usual, &head, &context, &faults, &mut in_flight)
        }
    };
    send(answer, in_flight, handle)
}

/// Parses the plan in the query of a request.
///
/// # Errors
/// If it is wrong, or the request may not have one: the response.
fn plan_in_query(site: &Site, head: &Parts, text: &str) -> Result<Plan, Box<Response>> {
    if !control::is_open(site, &head.headers) {
        return Err(Box::new(control::forbidden(site)));
    }
    parse_query_plan(text).map_err(|why| {
        let response = (StatusCode::BAD_REQUEST, format!("{why}\n"));
        Box::new(response.into_response())
    })
}

/// Responds to a request to which the plan does not apply. If requests are recorded, it is one of them, and its body is
/// read before the response, as before the last one on a stale connection.
pub(crate) async fn respond_aside<F: Future<Output = Response>>(
    site: &Site,
    request: Request,
    respond: impl FnOnce(Request) -> F,
) -> Response {
    let (head, mut body) = request.into_parts();
    let is_last = head.extensions.get::<StaleState>().is_some();
    let Some(entry) = site.record(&head) else {
        if is_last {
            discard(std::mem::take(&mut body)).await;
        }
        return respond(Request::from_parts(head, body)).await;
    };
    discard(entry.watch(body)).await;
    let response = respond(Request::from_parts(head, Body::empty())).await;
    site.record_response(&entry, &response);
    response
}

/// Returns the first quota that this request exceeds, with the response to it.
fn refuse(
    site: &Site,
    faults: &[&Fault],
    query_plan: Option<&str>,
    handle: &ConnectionHandle,
) -> Option<(&'static str, Response)> {
    let mut quotas = faults
        .iter()
        .filter(|fault| matches!(fault.effect(), Effect::Quota));
    quotas.find_map(|quota| {
        let wait = site.quotas.refuse(quota, query_plan, handle)?;
        let seconds = wait.as_secs_f64().ceil().max(1.0);
        let head = [(header::RETRY_AFTER, format!("{seconds}"))];
        let response = (
            StatusCode::TOO_MANY_REQUESTS,
            head,
            "429 Too Many Requests\n",
        );
        Some((quota.name(), response.into_response()))
    })
}

/// Reads a body to its end, so that its connection can be used again. If the client does not send all of it, the
/// request ends with its connection.
async fn discard(mut body: Body) {
    while let Some(Ok(_)) =
        std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await
    {}
}

/// Passes an answer to the connection, where it ends the request.
fn send(answer: Answer, mut in_flight: InFlight, handle: &ConnectionHandle) -> Response {
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

/// Returns whether a fault needs no usual response.
fn answers_alone(fault: &Fault) -> bool {
    matches!(fault.effect(), Effect::Answer(_))
}

/// Returns whether a fault reads the body of the request at a rate.
fn reads_slowly(fault: &Fault) -> bool {
    matches!(fault.effect(), Effect::ReadSlowly)
}

/// Returns whether a fault changes the body of the usual response.
fn changes_content(fault: &Fault) -> bool {
    matches!(fault.effect(), Effect::AnswerWithFlag(_))
}

/// Waits as the faults say, in the order written.
async fn wait(
    site: &Site,
    context: &FaultContext<'_>,
    faults: &[&Fault],
    in_flight: &mut InFlight,
) {
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
}

/// Returns the answer that the faults make of the usual response. Called only after the waits, because a date in an
/// answer counts from the answer.
fn answer(
    usual: Usual,
    head: &Parts,
    context: &FaultContext<'_>,
    faults: &[&Fault],
    in_flight: &mut InFlight,
) -> Answer {
    let mut answer = None;
    for fault in faults {
        let argument = fault.argument();
        match (fault.effect(), &usual, &mut answer) {
            (Effect::Answer(with), ..) => answer = Some(with(argument, context)),
            (Effect::AnswerWithFlag(with), Usual::Content(content), _) => {
                answer = Some(with(argument, context, content))
            }
            (Effect::Sequence, ..) => {}
            (Effect::AddToStatus(add), _, Some(Answer::Http(response))) => add(argument, response),
            _ => continue,
        }
        in_flight.record_fault(fault.name());
    }
    answer.unwrap_or_else(|| Answer::Http(usual.into_response(head)))
}
