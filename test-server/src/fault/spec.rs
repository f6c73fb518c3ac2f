//! What an entry in the table of faults is made of, and what its function is given and gives back.

use std::fmt;
use std::time::Duration;

use axum::body::Bytes;
use axum::response::Response;

use crate::fault::argument::{Argument, Takes};
use crate::script::Script;

/// A sort of fault.
pub(crate) struct Spec {
    /// What it is called in a plan.
    pub(crate) name: &'static str,
    /// What stands behind `=`.
    pub(crate) takes: Takes,
    /// What a client sees of it.
    pub(crate) sees: &'static str,
    /// How it is done.
    pub(crate) effect: Effect,
}

/// How a fault is done.
#[derive(Clone, Copy)]
pub(crate) enum Effect {
    /// Something is waited for before the answer.
    Wait(fn(&Argument, &Case<'_>) -> Wait),
    /// This is the answer.
    Answer(fn(&Argument, &Case<'_>) -> Answer),
    /// This is the answer if there is a flag; what is missing is missing as ever.
    AnswerWithFlag(fn(&Argument, &Case<'_>, &Bytes) -> Answer),
    /// Something is added to an answer that is a status.
    AddToStatus(fn(&Argument, &mut Response)),
    /// The other faults of the slice are met only so many times.
    FirstAttempts,
    /// The server as a whole behaves so.
    ServerWide,
}

/// What may stand beside what in a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Goes with everything.
    Beside,
    /// The answer itself: one in a slice.
    Answers,
    /// Goes with `status`.
    AddsToStatus,
    /// Alone, and for all codes.
    ServerWide,
}

/// What is to be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    For(Duration),
    /// So many requests in flight at once.
    InFlight(usize),
}

/// What is sent instead of a flag.
pub(crate) enum Answer {
    /// A response, through the HTTP library.
    Http(Response),
    /// Bytes that no HTTP library would send, or not so.
    Script(Script),
}

/// The request that meets a fault.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case<'a> {
    /// The seed of the server.
    pub(crate) seed: u64,
    /// The code, in lower case.
    pub(crate) code: &'a str,
    /// How often it has been redirected here.
    pub(crate) hop: u64,
    /// The plan of the request's own, as it stands in its URL.
    pub(crate) own_plan: Option<&'a str>,
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
