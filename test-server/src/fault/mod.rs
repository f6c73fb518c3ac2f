//! All faults: the name of each, its argument, what a client sees of it, and its effect.
//!
//! Each fault is one entry in the table of its family. The parser, `--list-faults` and the table in the README are made
//! from these entries. An entry describes the effect; `under_plan`, `connection` and `tls` carry it out. Only the faults of the
//! whole server are known by name elsewhere, in the code that accepts and closes connections.
//!
//! * `refused_port`: a port of 127.0.0.1 that refuses connections
//! * `own_words`: the words in the query of a request that are for this server
//! * `argument`: the argument of a fault, after its `=`
//! * `spec`: the parts of a table entry
//! * `timing`: correct answers that come late
//! * `quota`: requests beyond a rate or a number of connections are refused
//! * `sequence`: other faults, one step per attempt
//! * `response`: wrong, late, cut or malformed responses
//! * `handshake`: the handshake or the end of a TLS connection
//! * `tcp`: below HTTP, for connections of any protocol
//! * `whole_server`: faults of all connections of a server

use std::fmt;
use std::time::Duration;

mod argument;
mod handshake;
mod own_words;
mod quota;
pub(crate) mod refused_port;
mod response;
mod sequence;
mod spec;
mod tcp;
mod timing;
mod whole_server;

pub(crate) use argument::{Argument, Delay, MAX_DURATION, RetryAfter, Takes};
pub(crate) use own_words::OwnWords;
pub(crate) use response::garbled::MOST_HEADERS;
#[cfg(feature = "tls")]
pub(crate) use spec::Handshake;
#[cfg(feature = "tcp")]
pub(crate) use spec::Tcp;
pub(crate) use spec::{Answer, Effect, FaultContext, Layer, Role, Spec, Wait};

/// A fault with its argument.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    spec: &'static Spec,
    argument: Argument,
    /// The faults of each step, if this is a sequence. A step without faults is answered normally.
    steps: Vec<Vec<Fault>>,
}

impl Spec {
    /// Returns all faults, family by family.
    pub(crate) fn all() -> impl Iterator<Item = &'static Self> {
        let families: [&'static [Self]; 15] = [
            &timing::SPECS,
            &sequence::SPECS,
            &quota::SPECS,
            &response::status::SPECS,
            &response::body::SPECS,
            &response::ranges::SPECS,
            &response::labels::SPECS,
            &response::redirect::SPECS,
            &response::slow::SPECS,
            &response::breaking::SPECS,
            &response::framing::SPECS,
            &response::garbled::SPECS,
            &handshake::SPECS,
            &tcp::SPECS,
            &whole_server::SPECS,
        ];
        families.into_iter().flatten()
    }

    /// Returns the fault with this name.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        Self::all().find(|spec| spec.name == name)
    }

    /// Returns the fault whose name is most similar to this word, if one is similar enough.
    pub(crate) fn closest(word: &str) -> Option<&'static Self> {
        let likeness = |spec: &&Self| strsim::jaro_winkler(spec.name, word);
        let closest = Self::all().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        closest.filter(|spec| likeness(spec) > 0.8)
    }
}

impl Fault {
    pub(crate) fn new(spec: &'static Spec, argument: Argument) -> Self {
        Self {
            spec,
            argument,
            steps: Vec::new(),
        }
    }

    /// Creates a sequence of at least one step.
    pub(crate) fn sequence(spec: &'static Spec, steps: Vec<Vec<Self>>) -> Self {
        let argument = Argument::Nothing;
        Self {
            spec,
            argument,
            steps,
        }
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

    /// Returns the faults of the step for this attempt, counted from 1. Returns none if this is no sequence.
    pub(crate) fn step(&self, attempt: u64) -> &[Self] {
        let last = self.steps.len().saturating_sub(1);
        let at = usize::try_from(attempt.saturating_sub(1)).map_or(last, |at| at.min(last));
        self.steps.get(at).map_or(&[], Vec::as_slice)
    }

    /// Returns whether this fault, or one in its steps, redirects to the port that refuses connections.
    pub(crate) fn needs_refused_port(&self) -> bool {
        let mut steps = self.steps.iter().flatten();
        self.name() == "redirect-refused" || steps.any(Self::needs_refused_port)
    }

    /// Returns whether a step of a sequence may have this fault.
    pub(crate) fn can_be_in_step(&self) -> bool {
        !matches!(
            self.effect(),
            Effect::Sequence | Effect::FirstAttempts | Effect::ServerWide
        )
    }

    pub(crate) fn role(&self) -> Role {
        match self.spec.effect {
            Effect::Wait(_) | Effect::FirstAttempts | Effect::Quota | Effect::ReadSlowly => {
                Role::Modifier
            }
            Effect::Answer(_) | Effect::AnswerWithFlag(_) | Effect::Sequence => Role::Answer,
            Effect::AddToStatus(_) => Role::StatusModifier,
            Effect::Handshake(_) => Role::Handshake,
            Effect::Tcp(tcp) if tcp.is_end() => Role::TcpEnd,
            Effect::Tcp(_) => Role::Modifier,
            Effect::ServerWide => Role::ServerWide,
        }
    }

    /// Returns what this fault concerns. The steps of a sequence have layers of their own.
    pub(crate) fn layer(&self) -> Layer {
        match self.spec.effect {
            Effect::Handshake(_) => Layer::Handshake,
            Effect::Tcp(_) => Layer::Tcp,
            _ => Layer::Request,
        }
    }

    /// Returns the first fault of this layer: this one, or one in its steps.
    pub(crate) fn find_of(&self, layer: Layer) -> Option<&Self> {
        if self.layer() == layer && self.steps.is_empty() {
            return Some(self);
        }
        let mut steps = self.steps.iter().flatten();
        steps.find_map(|fault| fault.find_of(layer))
    }

    /// Returns the first fault that a proxy of TCP cannot carry out: this one, or one in its steps.
    #[cfg(feature = "tcp")]
    pub(crate) fn not_for_tcp(&self) -> Option<&Self> {
        match self.spec.effect {
            Effect::Sequence => {
                let mut steps = self.steps.iter().flatten();
                steps.find_map(Self::not_for_tcp)
            }
            Effect::FirstAttempts | Effect::Tcp(_) => None,
            _ => Some(self),
        }
    }

    /// Returns the effect on the bytes of a connection, if this fault has one.
    #[cfg(feature = "tcp")]
    pub(crate) fn tcp(&self) -> Option<Tcp> {
        match self.spec.effect {
            Effect::Tcp(tcp) => Some(tcp),
            _ => None,
        }
    }

    /// Returns the effect on a TLS handshake, if this fault has one.
    #[cfg(feature = "tls")]
    pub(crate) fn handshake(&self) -> Option<Handshake> {
        match self.spec.effect {
            Effect::Handshake(handshake) => Some(handshake),
            _ => None,
        }
    }
}

impl PartialEq for Fault {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.argument == other.argument && self.steps == other.steps
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.steps.is_empty() {
            let steps: Vec<_> = self.steps.iter().map(|step| step_in_words(step)).collect();
            return write!(f, "{}({})", self.name(), steps.join(","));
        }
        match &self.argument {
            Argument::Nothing => f.write_str(self.name()),
            argument => write!(f, "{}={argument}", self.name()),
        }
    }
}

/// Returns a step of a sequence in the plan language. A status is its number alone.
fn step_in_words(step: &[Fault]) -> String {
    let in_words = |fault: &Fault| match &fault.argument {
        statuses @ Argument::Statuses(_) => statuses.to_string(),
        _ => fault.to_string(),
    };
    if step.is_empty() {
        "ok".to_owned()
    } else {
        step.iter().map(in_words).collect::<Vec<_>>().join("+")
    }
}

/// Returns all faults in a fixed order: the name with its argument, and what a client sees.
///
/// ```
/// let (fault, seen) = test_server::list_faults().find(|(fault, _)| fault.starts_with("reset")).unwrap();
/// assert_eq!(fault, "reset");
/// assert_eq!(seen, "the connection is reset before an answer");
/// ```
pub fn list_faults() -> impl Iterator<Item = (String, &'static str)> {
    Spec::all().map(|spec| (format!("{}{}", spec.name, spec.takes.syntax()), spec.sees))
}
