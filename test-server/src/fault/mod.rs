//! The faults there are: what each is called, what it takes, what a client sees of it, and how it is done.
//!
//! A fault is one entry in the table of its family: the parser, `--list-faults` and the table in the README are made from
//! these entries. An entry says what happens; `routes` and `connection` do it. Only those of the whole server are known by
//! name elsewhere, where connections are accepted and closed.

use std::fmt;
use std::time::Duration;

use axum::body::Bytes;
use axum::response::Response;

use crate::script::Script;

mod argument;
mod body;
mod breaking;
mod framing;
mod garbled;
mod redirect;
mod slow;
mod status;
mod timing;
mod whole_server;

pub(crate) use argument::{Argument, LONGEST, Takes};

/// One thing that goes wrong with an answer, and how exactly.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    spec: &'static Spec,
    argument: Argument,
}

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

impl Spec {
    /// All faults, family by family.
    pub(crate) fn all() -> impl Iterator<Item = &'static Self> {
        let families: [&'static [Self]; 9] = [
            &timing::SPECS,
            &status::SPECS,
            &body::SPECS,
            &redirect::SPECS,
            &slow::SPECS,
            &breaking::SPECS,
            &framing::SPECS,
            &garbled::SPECS,
            &whole_server::SPECS,
        ];
        families.into_iter().flatten()
    }

    /// The sort of this name.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        Self::all().find(|spec| spec.name == name)
    }

    /// The sort whose name is most like this word, if any is.
    pub(crate) fn closest(word: &str) -> Option<&'static Self> {
        let likeness = |spec: &&Self| strsim::jaro_winkler(spec.name, word);
        let closest = Self::all().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        closest.filter(|spec| likeness(spec) > 0.8)
    }
}

impl Fault {
    pub(crate) fn new(spec: &'static Spec, argument: Argument) -> Self {
        Self { spec, argument }
    }

    pub(crate) fn delay(delay: Duration) -> Self {
        Self::new(
            &timing::SPECS[0],
            Argument::Delay(argument::Delay::Fixed(delay)),
        )
    }

    pub(crate) fn hold(requests: usize) -> Self {
        Self::new(&timing::SPECS[1], Argument::Number(requests as u64))
    }

    pub(crate) fn name(&self) -> &'static str {
        self.spec.name
    }

    pub(crate) fn effect(&self) -> Effect {
        self.spec.effect
    }

    pub(crate) fn argument(&self) -> &Argument {
        &self.argument
    }

    pub(crate) fn role(&self) -> Role {
        match self.spec.effect {
            Effect::Wait(_) | Effect::FirstAttempts => Role::Beside,
            Effect::Answer(_) | Effect::AnswerWithFlag(_) => Role::Answers,
            Effect::AddToStatus(_) => Role::AddsToStatus,
            Effect::ServerWide => Role::ServerWide,
        }
    }
}

impl PartialEq for Fault {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.argument == other.argument
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.argument {
            Argument::Nothing => f.write_str(self.name()),
            argument => write!(f, "{}={argument}", self.name()),
        }
    }
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A line for each fault there is: its name and argument, and what a client sees of it.
///
/// ```
/// let (fault, seen) = test_server::list_faults().find(|(fault, _)| fault.starts_with("reset")).unwrap();
/// assert_eq!(fault, "reset");
/// assert_eq!(seen, "the connection is reset before an answer");
/// ```
pub fn list_faults() -> impl Iterator<Item = (String, &'static str)> {
    Spec::all().map(|spec| (format!("{}{}", spec.name, spec.takes.shown()), spec.sees))
}

/// The first bytes of a flag, and never all of it.
fn cut(flag: &Bytes, bytes: u64) -> Bytes {
    let most = flag.len().saturating_sub(1);
    flag.slice(..usize::try_from(bytes).map_or(most, |bytes| bytes.min(most)))
}
