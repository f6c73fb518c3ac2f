//! What is answered to a request: a flag, treated as the plan says, or a page that says what is served here.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::counters::Counters;
use crate::images::Images;
use crate::plan::{Fault, Plan};

/// Everything a server answers from.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) name: String,
    pub(crate) plan: Plan,
    pub(crate) seed: u64,
    pub(crate) images: Images,
    pub(crate) counters: Arc<Counters>,
}

/// The routes of a site, each answer signed with `server_header`.
pub(crate) fn router(site: Arc<Site>, server_header: HeaderValue) -> Router {
    let sign = move |mut response: Response| {
        response
            .headers_mut()
            .insert(header::SERVER, server_header.clone());
        std::future::ready(response)
    };
    Router::new()
        .route("/", get(about))
        .route("/flags/{code}/{file}", get(flag))
        .layer(map_response(sign))
        .with_state(site)
}

async fn flag(
    State(site): State<Arc<Site>>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Response {
    let path = path
        .ok()
        .filter(|Path((code, file))| is_flag_path(code, file));
    let Some(Path((code, _))) = path else {
        return not_found("no such file: flags are at /flags/br/br.gif, lower case");
    };
    let in_flight = site.counters.request_begins();
    let answer = answer(&site, &code).await;
    in_flight.until_sent(answer)
}

/// What the plan makes of a code.
async fn answer(site: &Site, code: &str) -> Response {
    let mut status = None;
    for fault in site.plan.faults(site.seed, code) {
        match fault {
            Fault::Delay(delay) => tokio::time::sleep(*delay).await,
            Fault::HoldUntil(requests) => site.counters.peak_reaches(*requests).await,
            Fault::Status(_) => status = fault.status(site.seed, code),
        }
    }
    if let Some(status) = status.and_then(|number| StatusCode::from_u16(number).ok()) {
        return (status, format!("{status}\n")).into_response();
    }
    match site.images.find(code) {
        Some(gif) => ([(header::CONTENT_TYPE, "image/gif")], gif).into_response(),
        None => not_found(&format!("no flag of {code}")),
    }
}

fn is_flag_path(code: &str, file: &str) -> bool {
    let is_code = code.len() == 2 && code.bytes().all(|b| b.is_ascii_lowercase());
    is_code && file.strip_suffix(".gif") == Some(code)
}

fn not_found(why: &str) -> Response {
    (StatusCode::NOT_FOUND, format!("{why}\n")).into_response()
}

async fn about(State(site): State<Arc<Site>>) -> String {
    let mut page = format!("{} test server: {}\n", site.name, in_words(&site.plan));
    let _ = write!(
        page,
        "{} flags at /flags/{{cc}}/{{cc}}.gif, such as /flags/br/br.gif\nplan: {}\nseed: {}\n",
        site.images.count(),
        if site.plan == Plan::normal() {
            "none".to_owned()
        } else {
            site.plan.to_string()
        },
        site.seed,
    );
    page
}

/// What a client has to expect under this plan, as a sentence without a subject.
pub(crate) fn in_words(plan: &Plan) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut rest = 100.0;
    for (percent, faults) in plan.slices().filter(|&(percent, _)| percent > 0.0) {
        let faults: Vec<_> = faults.iter().map(fault_in_words).collect();
        words.push(format!(
            "{} {}",
            share_in_words(percent),
            faults.join(" and ")
        ));
        rest -= percent;
    }
    match (words.is_empty(), rest > 1e-9) {
        (true, _) => "answers at once".to_owned(),
        (false, true) => format!("answers {}, the rest at once", words.join(", ")),
        (false, false) => format!("answers {}", words.join(", ")),
    }
}

fn share_in_words(percent: f64) -> String {
    if percent == 100.0 {
        "every request".to_owned()
    } else {
        format!("{percent} % of the codes")
    }
}

fn fault_in_words(fault: &Fault) -> String {
    match fault {
        Fault::Status(statuses) => {
            let statuses: Vec<_> = statuses.iter().map(u16::to_string).collect();
            format!("with status {}", statuses.join(" or "))
        }
        Fault::Delay(delay) => format!("after {}", humantime::format_duration(*delay)),
        Fault::HoldUntil(requests) => format!("once {requests} have been in flight together"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Label, Tuning};

    #[test]
    fn plans_are_told_in_words() {
        let told = |label: Label| in_words(&label.plan(&Tuning::default()).unwrap());
        assert_eq!(told(Label::Local), "answers at once");
        assert_eq!(told(Label::Delay), "answers every request after 500ms");
        assert_eq!(
            told(Label::Error),
            "answers 25 % of the codes with status 500 or 501 or 502 or 503, 50 % of the codes after 500ms, \
             the rest at once"
        );
    }
}
