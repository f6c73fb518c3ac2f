//! Faults that are a status: well-formed answers without the flag.

use std::time::{Duration, SystemTime};

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use hyper::ext::ReasonPhrase;
use safe_text::writable_date;

use crate::fault::argument::{Argument, RetryAfter, Takes};
use crate::fault::spec::{Answer, Effect, FaultContext, Spec};
use crate::random;

pub(in crate::fault) static SPECS: [Spec; 7] = [
    Spec {
        name: "status",
        takes: Takes::Statuses,
        sees: "this status, or for each code one of several",
        effect: Effect::Answer(status),
    },
    Spec {
        name: "retry-after",
        takes: Takes::RetryAfter,
        sees: "with a status: a Retry-After header, in seconds or as a date",
        effect: Effect::AddToStatus(retry_after),
    },
    Spec {
        name: "reason",
        takes: Takes::Text,
        sees: "with a status: this reason phrase",
        effect: Effect::AddToStatus(reason),
    },
    Spec {
        name: "empty",
        takes: Takes::Nothing,
        sees: "200 and a body of no bytes",
        effect: Effect::Answer(|_, _| gif(StatusCode::OK)),
    },
    Spec {
        name: "no-content",
        takes: Takes::Nothing,
        sees: "204",
        effect: Effect::Answer(|_, _| Answer::Http(StatusCode::NO_CONTENT.into_response())),
    },
    Spec {
        name: "partial",
        takes: Takes::Nothing,
        sees: "206 with the first half of the flag, which was not asked for",
        effect: Effect::AnswerWithFlag(|_, _, flag| {
            let (half, all) = (flag.len() / 2, flag.len());
            let range = format!("bytes 0-{}/{all}", half.saturating_sub(1));
            let headers = (
                [(header::CONTENT_TYPE, flag.media_type.clone())],
                [(header::CONTENT_RANGE, range)],
            );
            let status = StatusCode::PARTIAL_CONTENT;
            Answer::Http((status, headers.0, headers.1, flag.slice(..half)).into_response())
        }),
    },
    Spec {
        name: "not-modified",
        takes: Takes::Nothing,
        sees: "304, although nothing was said of an earlier copy",
        effect: Effect::Answer(|_, _| Answer::Http(StatusCode::NOT_MODIFIED.into_response())),
    },
];

fn gif(status: StatusCode) -> Answer {
    Answer::Http((status, [(header::CONTENT_TYPE, "image/gif")]).into_response())
}

fn status(argument: &Argument, context: &FaultContext<'_>) -> Answer {
    let status = pick(argument, context).and_then(|number| StatusCode::from_u16(number).ok());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match status {
        // These statuses have neither a body nor a Content-Length.
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => status.into_response(),
        _ => (status, format!("{}\n", in_words(status))).into_response(),
    };
    if status.canonical_reason().is_none() {
        // Without a reason of its own, hyper writes `<none>`.
        let no_reason = ReasonPhrase::from_static(b"");
        response.extensions_mut().insert(no_reason);
    }
    Answer::Http(response)
}

/// Returns the status with its standard reason, such as `503 Service Unavailable`, or the number alone.
fn in_words(status: StatusCode) -> String {
    let reason = status.canonical_reason().map(|reason| format!(" {reason}"));
    format!("{}{}", status.as_u16(), reason.unwrap_or_default())
}

/// Returns the status that a code meets.
fn pick(argument: &Argument, context: &FaultContext<'_>) -> Option<u16> {
    let Argument::Statuses(statuses) = argument else {
        return None;
    };
    let at = random::uniform(context.seed, &format!("{}/status/{argument}", context.key));
    statuses.get((at * statuses.len() as f64) as usize).copied()
}

fn retry_after(argument: &Argument, response: &mut Response) {
    let value = match argument {
        Argument::RetryAfter(RetryAfter::Seconds(seconds)) => seconds.to_string(),
        Argument::RetryAfter(RetryAfter::Date(seconds)) => {
            httpdate::fmt_http_date(date_in(Duration::from_secs(*seconds)))
        }
        _ => return,
    };
    if let Ok(value) = HeaderValue::from_str(&value) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
}

/// Returns the date in this time from now. It stays within the years that a header can name, also if the clock does not.
fn date_in(time: Duration) -> SystemTime {
    let now = writable_date(SystemTime::now());
    writable_date(now.checked_add(time).unwrap_or(now))
}

/// Sets the reason phrase. Does nothing if the text is not a valid one, such as text with a line end.
fn reason(argument: &Argument, response: &mut Response) {
    let Argument::Text(text) = argument else {
        return;
    };
    if let Ok(phrase) = ReasonPhrase::try_from(text.as_bytes()) {
        response.extensions_mut().insert(phrase);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_spread_over_the_statuses_and_keep_theirs() {
        let argument = Argument::Statuses(vec![500, 501, 502, 503]);
        let of = |code: &str| {
            pick(
                &argument,
                &FaultContext {
                    seed: 35,
                    key: code,
                    ..FaultContext::default()
                },
            )
            .unwrap()
        };
        let codes = ('a'..='z').flat_map(|a| ('a'..='z').map(move |b| format!("{a}{b}")));
        let picked: Vec<u16> = codes.map(|code| of(&code)).collect();
        for status in 500..=503 {
            let share = picked.iter().filter(|&&s| s == status).count();
            assert!((130..210).contains(&share), "{status}: {share} of 676");
        }
        // These draws are published: changing them would invalidate every recorded run.
        assert_eq!(["be", "bh", "br", "cs"].map(of), [500, 502, 500, 503]);
    }
}
