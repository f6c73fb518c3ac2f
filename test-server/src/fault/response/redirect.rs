//! Faults that redirect: to the flag, in a loop, or to a wrong place.

use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::IntoResponse as _;

use crate::fault::argument::Takes;
use crate::fault::refused_port::refused_port;
use crate::fault::spec::{Answer, Effect, FaultContext, Spec};

pub(in crate::fault) static SPECS: [Spec; 6] = [
    Spec {
        name: "redirect",
        takes: Takes::Number {
            of: "TIMES",
            default: 1,
        },
        sees: "302 this many times, then the flag",
        effect: Effect::AnswerWithFlag(|argument, context, flag| {
            if context.hop >= argument.number() {
                return Answer::Http(flag.with_body(flag.bytes.clone()));
            }
            redirect_to(Some(&same_path(context, context.hop + 1)))
        }),
    },
    Spec {
        name: "redirect-loop",
        takes: Takes::Nothing,
        sees: "302 to the same place, for ever",
        effect: Effect::Answer(|_, context| redirect_to(Some(&same_path(context, 0)))),
    },
    Spec {
        name: "redirect-missing",
        takes: Takes::Nothing,
        sees: "302 to a flag that is not there (404)",
        effect: Effect::Answer(|_, _| redirect_to(Some("/flags/no/such.gif"))),
    },
    Spec {
        name: "redirect-nowhere",
        takes: Takes::Nothing,
        sees: "302 without a Location",
        effect: Effect::Answer(|_, _| redirect_to(None)),
    },
    Spec {
        name: "redirect-scheme",
        takes: Takes::Nothing,
        sees: "302 to a file: URL",
        effect: Effect::Answer(|_, _| redirect_to(Some("file:///etc/passwd"))),
    },
    Spec {
        name: "redirect-refused",
        takes: Takes::Nothing,
        sees: "302 to a port of 127.0.0.1 on which no server listens",
        effect: Effect::Answer(|_, context| {
            let (scheme, port, path) = (context.scheme, refused_port(), context.path);
            redirect_to(Some(&format!("{scheme}://127.0.0.1:{port}{path}")))
        }),
    },
];

/// Returns the same path with the same query, which also carries the number of redirects and the request's plan to the
/// next request.
fn same_path(context: &FaultContext<'_>, hop: u64) -> String {
    let words = context.own_words;
    let query = context.head.and_then(|head| head.uri.query());
    let query = query.map(|query| words.without(query));
    let own = [
        (hop > 0).then(|| format!("{}={hop}", words.name("hop"))),
        (context.query_plan).map(|plan| format!("{}={plan}", words.name("plan"))),
    ];
    let parts = [query].into_iter().chain(own).flatten();
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    let mark = if parts.is_empty() { "" } else { "?" };
    // With two slashes it would be the name of another host.
    let path = context.path.trim_start_matches('/');
    format!("/{path}{mark}{}", parts.join("&"))
}

fn redirect_to(location: Option<&str>) -> Answer {
    let mut headers = HeaderMap::new();
    if let Some(location) = location.and_then(|url| HeaderValue::from_str(url).ok()) {
        headers.insert(LOCATION, location);
    }
    Answer::Http((StatusCode::FOUND, headers).into_response())
}
