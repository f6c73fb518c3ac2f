//! Faults of ranges: what a client that continues a download must notice.

use axum::http::HeaderValue;

use crate::fault::argument::{Argument, Takes};
use crate::fault::spec::{Answer, Effect, FaultContext, Spec};
use crate::script::Content;
use crate::script::ranges::{self, Wanted};

pub(in crate::fault) static SPECS: [Spec; 4] = [
    Spec {
        name: "range-ignored",
        takes: Takes::Nothing,
        sees: "200 and the whole flag, also to a request for a range",
        effect: Effect::AnswerWithFlag(|_, _, flag| Answer::Http(ranges::whole(flag))),
    },
    Spec {
        name: "range-wrong",
        takes: Takes::Nothing,
        sees: "206 with a range one byte behind the one that was asked for",
        effect: Effect::AnswerWithFlag(range_wrong),
    },
    Spec {
        name: "etag-changes",
        takes: Takes::Nothing,
        sees: "another ETag at each attempt, as if the flag had changed",
        effect: Effect::AnswerWithFlag(|_, context, flag| {
            Answer::Http(ranges::respond(context.head, &changed(context, flag)))
        }),
    },
    Spec {
        name: "if-range-lies",
        takes: Takes::Nothing,
        sees: "another ETag at each attempt, and 206 although If-Range names an older one",
        effect: Effect::AnswerWithFlag(|_, context, flag| {
            let flag = changed(context, flag);
            Answer::Http(ranges::respond_to_range(context.head, &flag))
        }),
    },
];

/// Returns the flag with an ETag that depends on the attempt.
fn changed(context: &FaultContext<'_>, flag: &Content) -> Content {
    let etag = flag.etag.to_str().unwrap_or_default().trim_matches('"');
    let etag = HeaderValue::from_str(&format!("\"{etag}-{}\"", context.attempt));
    Content {
        etag: etag.unwrap_or_else(|_| flag.etag.clone()),
        ..flag.clone()
    }
}

fn range_wrong(_: &Argument, context: &FaultContext<'_>, flag: &Content) -> Answer {
    let length = flag.len();
    Answer::Http(match ranges::wanted(context.head, flag) {
        // At the end, one byte before it.
        Wanted::Part(range) if range.start + 1 == length && length > 1 => {
            ranges::part(flag, length - 2..length - 1)
        }
        Wanted::Part(range) if length > 1 => {
            ranges::part(flag, range.start + 1..(range.end + 1).min(length))
        }
        _ => ranges::respond_to_range(context.head, flag),
    })
}
