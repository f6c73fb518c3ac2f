//! Faults as Rust values, beside the text of the plan language.
//!
//! A typed plan is the same value as the plan of its text, so everything else knows of one kind only. The constructors of
//! the single faults are in `constructors`.

use std::time::Duration;

use super::Plan;
use super::parse::{check_combination, parse_words};
use super::slice::Slice;
use crate::fault::{Argument, Fault as Part, MAX_DURATION, RetryAfter, Spec};

/// A fault for [`Plan::percent`], or several that belong together.
///
/// [`list_faults`](crate::list_faults) says what a client sees of each. Durations are at most 366 days, and longer ones
/// are cut. A number of 0 means the same as 1, unless the fault says otherwise. A server without TLS does not start with a
/// fault `tls_...`, and only [`TcpProxy`](crate::TcpProxy) takes those of TCP.
///
/// ```
/// use std::time::Duration;
/// use test_server::{Fault, Plan};
///
/// let plan = Plan::new()
///     .percent(25, Fault::status([503]).retry_after(Duration::from_secs(2)))
///     .percent(10, Fault::delay(Duration::from_millis(300)).and(Fault::reset()))
///     .percent(0.5, Fault::sequence([Fault::status([503]), Fault::reset(), Fault::ok()]));
/// let text = "25:status=503+retry-after=2s,10:delay=300ms+reset,0.5:seq(503,reset,ok)";
/// assert_eq!(plan.to_string(), text);
/// assert_eq!(text.parse(), Ok(plan));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Fault {
    /// Without any, a request is answered normally.
    parts: Vec<Part>,
}

impl Fault {
    /// The usual response: a step of [`Fault::sequence`].
    pub fn ok() -> Self {
        Self { parts: Vec::new() }
    }

    /// Any fault by its word in the plan language, such as `Fault::word("drip=20ms")?`.
    ///
    /// # Errors
    /// If the words are not a fault, or several joined by `+`.
    pub fn word(words: &str) -> Result<Self, crate::PlanError> {
        let parts = parse_words(words)?;
        Ok(Self { parts })
    }

    /// A step for each attempt at a code or path; the last one is that of all later attempts.
    ///
    /// # Panics
    /// If there is no step, or one of them cannot be in a step: `sequence`, `transient` and faults of the whole server.
    #[track_caller]
    pub fn sequence(steps: impl IntoIterator<Item = Self>) -> Self {
        let steps: Vec<Vec<Part>> = steps.into_iter().map(|step| step.parts).collect();
        if steps.is_empty() {
            panic!("a sequence needs a step");
        }
        for part in steps.iter().flatten() {
            if !part.can_be_in_step() {
                panic!("'{}' cannot be in a step of a sequence", part.name());
            }
        }
        for step in &steps {
            check_all(step, 100.0);
        }
        Self {
            parts: vec![Part::sequence(spec("seq"), steps)],
        }
    }

    /// Adds another fault: one of them can be the answer, and the others delay, limit or add to it.
    pub fn and(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self
    }

    /// Adds a Retry-After header to a status: this many seconds, rounded up.
    pub fn retry_after(self, time: Duration) -> Self {
        self.with_retry_after(RetryAfter::Seconds(whole_seconds(time)))
    }

    /// Adds a Retry-After header to a status: the date that many seconds after the answer, rounded up.
    pub fn retry_after_date(self, time: Duration) -> Self {
        self.with_retry_after(RetryAfter::Date(whole_seconds(time)))
    }

    /// Gives a status this reason phrase.
    ///
    /// # Panics
    /// If the text has control or format characters.
    #[track_caller]
    pub fn reason(self, text: &str) -> Self {
        if text.contains(safe_text::is_hidden) {
            panic!("a reason cannot contain control or format characters");
        }
        self.and(Self::named("reason", Argument::Text(text.to_owned())))
    }

    /// Limits the faults to this many attempts at a code or path since the plan was set.
    pub fn transient(self, attempts: u64) -> Self {
        self.and(Self::named("transient", Argument::Number(attempts.max(1))))
    }

    fn with_retry_after(self, value: RetryAfter) -> Self {
        self.and(Self::named("retry-after", Argument::RetryAfter(value)))
    }

    pub(super) fn named(name: &str, argument: Argument) -> Self {
        Self {
            parts: vec![Part::new(spec(name), argument)],
        }
    }
}

impl Plan {
    /// Creates the plan that answers every request normally and at once, to add shares to it: the same as
    /// [`Plan::normal`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a share of the codes and paths that meets this fault.
    ///
    /// # Panics
    /// If the share is not a number from 0 to 100, the shares add up to more than 100, or the faults cannot be
    /// combined: with the message for the same words.
    #[track_caller]
    #[must_use]
    pub fn percent(mut self, share: impl Into<f64>, fault: Fault) -> Self {
        let percent: f64 = share.into();
        if !(0.0..=100.0).contains(&percent) {
            panic!("a share must be a number from 0 to 100, not {percent}");
        }
        // Minus zero prints as 0.
        let percent = percent.abs();
        let total = self.slices.iter().map(|slice| slice.percent).sum::<f64>() + percent;
        if total > 100.0 + 1e-9 {
            panic!("this share brings the total to {total} percent, more than 100");
        }
        if fault.parts.is_empty() {
            panic!(
                "`Fault::ok` is for the steps of a sequence: what is outside all shares is answered normally"
            );
        }
        check_all(&fault.parts, percent);
        self.slices.push(Slice {
            percent,
            faults: fault.parts,
        });
        self
    }
}

/// Checks that these faults can be combined.
#[track_caller]
fn check_all(parts: &[Part], percent: f64) {
    for (at, part) in parts.iter().enumerate() {
        if let Err(why) = check_combination(part, &parts[..at], percent) {
            panic!("{why}");
        }
    }
}

fn whole_seconds(time: Duration) -> u64 {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    seconds.min(MAX_DURATION.as_secs())
}

/// Returns the entry of a fault in the table. Panics for a name that is not there, which a test excludes.
fn spec(name: &str) -> &'static Spec {
    match Spec::find(name) {
        Some(spec) => spec,
        None => unreachable!("the table of faults has no '{name}'"),
    }
}
