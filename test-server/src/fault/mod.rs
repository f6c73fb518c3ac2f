//! The faults there are: what each is called, what it takes, what a client sees of it, and how it is done.
//!
//! A fault is one entry in the table of its family: the parser, `--list-faults` and the table in the README are made from
//! these entries. An entry says what happens; `routes` and `connection` do it. Only those of the whole server are known by
//! name elsewhere, where connections are accepted and closed.
//!
//! * `argument`: what stands behind the `=` of a fault
//! * `spec`: what an entry of the table is made of
//! * `timing`: the answer is right and comes late
//! * `status`: a status instead of a flag
//! * `body`: 200, and something else in the body than a flag
//! * `redirect`: redirects to the flag, in circles or to nowhere
//! * `slow`: the answer comes in small pieces
//! * `breaking`: the connection hangs, is reset or is closed
//! * `framing`: the length of the body is wrong
//! * `garbled`: bytes that are not HTTP, or not quite
//! * `whole_server`: what the server does to all connections

use std::fmt;
use std::time::Duration;

mod argument;
mod body;
mod breaking;
mod framing;
mod garbled;
mod redirect;
mod slow;
mod spec;
mod status;
mod timing;
mod whole_server;

pub(crate) use argument::{Argument, LONGEST};
pub(crate) use spec::{Answer, Case, Effect, Role, Spec, Wait};

/// One thing that goes wrong with an answer, and how exactly.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    spec: &'static Spec,
    argument: Argument,
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
