//! Faults of the connection: it hangs, is reset or is closed, before the head, inside it or inside the body.

use axum::body::Bytes;

use crate::fault::argument::{Argument, Takes};
use crate::fault::spec::{Answer, Effect, FaultContext, Spec};
use crate::script::{Content, End, Script, cut, head, head_for, message};

const IN_HEAD: Takes = Takes::Number {
    of: "BYTES",
    default: 20,
};
const IN_BODY: Takes = Takes::Number {
    of: "BYTES",
    default: 200,
};

pub(in crate::fault) static SPECS: [Spec; 13] = [
    Spec {
        name: "hang",
        takes: Takes::Nothing,
        sees: "nothing, and the connection stays",
        effect: Effect::Answer(|_, _| Answer::Script(Script::empty(End::Hang))),
    },
    Spec {
        name: "hang-head",
        takes: IN_HEAD,
        sees: "the first bytes of the head, and the connection stays",
        effect: Effect::AnswerWithFlag(|argument, _, flag| end_in_head(argument, flag, End::Hang)),
    },
    Spec {
        name: "hang-body",
        takes: IN_BODY,
        sees: "the head and the first bytes of the body, and the connection stays",
        effect: Effect::AnswerWithFlag(|argument, _, flag| end_in_body(argument, flag, End::Hang)),
    },
    Spec {
        name: "reset",
        takes: Takes::Nothing,
        sees: "the connection is reset before an answer",
        effect: Effect::Answer(|_, _| Answer::Script(Script::empty(End::Reset))),
    },
    Spec {
        name: "reset-head",
        takes: IN_HEAD,
        sees: "the first bytes of the head, then a reset",
        effect: Effect::AnswerWithFlag(|argument, _, flag| end_in_head(argument, flag, End::Reset)),
    },
    Spec {
        name: "reset-body",
        takes: IN_BODY,
        sees: "the head and the first bytes of the body, then a reset",
        effect: Effect::AnswerWithFlag(|argument, _, flag| end_in_body(argument, flag, End::Reset)),
    },
    Spec {
        name: "close",
        takes: Takes::Nothing,
        sees: "the connection is closed before an answer",
        effect: Effect::Answer(close_at_once),
    },
    Spec {
        name: "close-head",
        takes: IN_HEAD,
        sees: "the first bytes of the head, then the connection is closed",
        effect: Effect::AnswerWithFlag(|argument, _, flag| end_in_head(argument, flag, End::Close)),
    },
    Spec {
        name: "close-body",
        takes: IN_BODY,
        sees: "the head and the first bytes of the body, then the connection is closed",
        effect: Effect::AnswerWithFlag(|argument, _, flag| end_in_body(argument, flag, End::Close)),
    },
    Spec {
        name: "refuse",
        takes: Takes::Nothing,
        sees: "the request is read and the connection dropped: close, by another of its names",
        effect: Effect::Answer(close_at_once),
    },
    Spec {
        name: "truncate",
        takes: IN_BODY,
        sees: "a body cut short of its Content-Length: close-body, by another of its names",
        effect: Effect::AnswerWithFlag(|argument, _, flag| end_in_body(argument, flag, End::Close)),
    },
    Spec {
        name: "truncate-chunked",
        takes: IN_BODY,
        sees: "a chunk cut short of its size, and no last chunk",
        effect: Effect::AnswerWithFlag(|argument, _, flag| {
            let head =
                head(flag, "transfer-encoding: chunked\r\n") + &format!("{:x}\r\n", flag.len());
            let bytes = message(&head, &cut(flag, argument.number()));
            Answer::Script(Script::bytes(bytes, End::Close))
        }),
    },
    Spec {
        name: "truncate-unframed",
        takes: IN_BODY,
        sees: "a body without length, cut short: nothing but the GIF itself tells",
        effect: Effect::AnswerWithFlag(|argument, _, flag| {
            let bytes = message(
                &head(flag, "connection: close\r\n"),
                &cut(flag, argument.number()),
            );
            Answer::Script(Script::bytes(bytes, End::Close))
        }),
    },
];

fn close_at_once(_: &Argument, _: &FaultContext<'_>) -> Answer {
    Answer::Script(Script::empty(End::Close))
}

fn end_in_head(argument: &Argument, flag: &Content, end: End) -> Answer {
    let head = Bytes::from(head_for(flag));
    Answer::Script(Script::bytes(cut(&head, argument.number()), end))
}

fn end_in_body(argument: &Argument, flag: &Content, end: End) -> Answer {
    let bytes = message(&head_for(flag), &cut(flag, argument.number()));
    Answer::Script(Script::bytes(bytes, end))
}
