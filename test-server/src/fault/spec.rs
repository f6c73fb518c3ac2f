//! The parts of an entry in the fault table, and the arguments and results of its function.

use std::fmt;
use std::time::Duration;

use axum::http::request::Parts;
use axum::response::Response;

use crate::fault::argument::{Argument, Takes};
use crate::fault::own_words::OwnWords;
use crate::script::{Content, Script};

/// An entry in the fault table.
pub(crate) struct Spec {
    /// The name in a plan.
    pub(crate) name: &'static str,
    /// The kind of argument, after `=`.
    pub(crate) takes: Takes,
    /// What a client sees, for `--list-faults` and the README.
    pub(crate) sees: &'static str,
    /// The effect on the answer.
    pub(crate) effect: Effect,
}

/// The effect of a fault.
#[derive(Clone, Copy)]
pub(crate) enum Effect {
    /// Waits before the answer.
    Wait(fn(&Argument, &FaultContext<'_>) -> Wait),
    /// Replaces the answer.
    Answer(fn(&Argument, &FaultContext<'_>) -> Answer),
    /// Replaces the answer if the target is a flag that exists, or other content that can be changed. Other targets are answered as usual.
    AnswerWithFlag(fn(&Argument, &FaultContext<'_>, &Content) -> Answer),
    /// Reads the body of the request at a rate.
    ReadSlowly,
    /// Adds to an answer that is a status.
    AddToStatus(fn(&Argument, &mut Response)),
    /// Refuses requests beyond a quota, before any other fault.
    Quota,
    /// Stands for other faults, which depend on the attempt.
    Sequence,
    /// Limits the other faults of the slice to the first attempts at a code.
    FirstAttempts,
    /// Changes the TLS handshake of a connection, or its end.
    Handshake(
        #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "only TLS reads it"))]
        Handshake,
    ),
    /// Changes the bytes of a connection of any protocol, or its end.
    Tcp(Tcp),
    /// Applies to the whole server. Carried out where connections are accepted and closed.
    ServerWide,
}

/// The effect of a fault on a TLS handshake. `tls` carries it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handshake {
    Expired,
    WrongHost,
    SelfSigned,
    Cut,
    Hang,
    Slow,
    Old,
    NoCloseNotify,
    Alert,
}

/// The effect of a fault on the bytes of a connection. `tcp` carries it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tcp {
    Latency,
    Jitter,
    Bandwidth,
    Slice,
    Corrupt,
    Reset,
    HalfClose,
    Stall,
    /// Lets the others concern the bytes from the client.
    Upload,
}

impl Tcp {
    /// Returns whether this is an end, at most one of which is in a slice.
    pub(crate) fn is_end(self) -> bool {
        matches!(self, Self::Reset | Self::HalfClose | Self::Stall)
    }
}

/// What a fault concerns, and what it is drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    /// The requests for a target.
    Request,
    /// A connection with TLS.
    Handshake,
    /// A connection of any protocol.
    Tcp,
}

/// The role of a fault in a slice, which decides the faults it can be combined with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Can be combined with all others.
    Modifier,
    /// The answer itself: at most one in a slice.
    Answer,
    /// Concerns a connection: at most one in a slice, beside others that concern its requests.
    Handshake,
    /// Ends a connection of any protocol: at most one in a slice.
    TcpEnd,
    /// Needs `status` before it.
    StatusModifier,
    /// Must be the only fault, with 100 percent.
    ServerWide,
}

/// The condition to wait for before the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    For(Duration),
    /// Until this many requests have been in flight at once.
    InFlight(usize),
}

/// The answer to send instead of the flag.
pub(crate) enum Answer {
    /// A response, sent by the HTTP library.
    Http(Response),
    /// Bytes that no HTTP library would send, or not exactly so.
    Script(Script),
}

/// The request that meets a fault.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FaultContext<'a> {
    /// The seed of the server.
    pub(crate) seed: u64,
    /// The name of the target in all draws: a code in lower case, or `METHOD path`.
    pub(crate) key: &'a str,
    /// The path of the target, without a query.
    pub(crate) path: &'a str,
    /// The head of the request, if there is one already.
    pub(crate) head: Option<&'a Parts>,
    /// The scheme of the URLs of the server.
    pub(crate) scheme: &'a str,
    /// The attempt at the target, counted from 1.
    pub(crate) attempt: u64,
    /// How often the request has been redirected here.
    pub(crate) hop: u64,
    /// The plan in the query of the request, still percent-encoded.
    pub(crate) query_plan: Option<&'a str>,
    /// Which words of the query are for this server.
    pub(crate) own_words: OwnWords,
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
