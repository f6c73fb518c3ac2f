//! Which faults the target of a request meets: a pure function of the plan, the seed and the key of the target. The key
//! of a flag is its code, and that of any other target is `METHOD path`.
//!
//! A plan divides `0..100 %` into slices in the order written. One draw per key selects its slice; keys outside all
//! slices are answered normally. The draw is repeatable: every request with a key, from any client, gets the same
//! slice. Knows nothing of HTTP; `fault` knows the effect of each fault.
//!
//! * `slice`: a share of the codes and its faults
//! * `parse`: the parser of the plan language
//! * `typed`: faults as Rust values, beside the text of the plan language
//! * `constructors`: a constructor for each fault
//! * `describe`: a plan as an English sentence
//! * `query`: the query of a request to which the plan applies

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::fault::refused_port::refused_port;
use crate::fault::{self, Effect, FaultContext, Layer, MAX_DURATION, Role, Wait};
use crate::random;

mod constructors;
mod describe;
mod parse;
pub(crate) mod query;
mod slice;
mod typed;

pub use parse::PlanError;
use slice::Slice;
pub use typed::Fault;

/// A plan: which share of the country codes meets which faults.
///
/// A plan is parsed from and printed as comma-separated `PERCENT:FAULT[=ARGUMENT][+FAULT...]`. All faults are printed
/// by `test-server --list-faults`.
///
/// ```
/// use test_server::Plan;
///
/// let plan: Plan = "25:status=500|503+retry-after=2s, 10:reset, 50:delay=uniform(100ms..2s)".parse()?;
/// assert_eq!(plan.to_string(), "25:status=500|503+retry-after=2s,10:reset,50:delay=uniform(100ms..2s)");
/// let error = "10:rset".parse::<Plan>().unwrap_err();
/// assert_eq!(error.to_string(), "unknown fault 'rset'; did you mean 'reset'?\n  10:rset\n     ^^^^");
/// # Ok::<(), test_server::PlanError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    slices: Vec<Slice>,
}

impl Plan {
    /// Creates the plan that answers every code normally and at once.
    pub fn normal() -> Self {
        Self::default()
    }

    /// Creates a plan that delays every answer by `delay`, at most 366 days.
    pub fn delay(delay: Duration) -> Self {
        Self::always(fault::Fault::delay(delay.min(MAX_DURATION)))
    }

    /// Creates a plan that holds every answer until `requests` requests have been in flight at once.
    ///
    /// A client that never sends that many at once waits for ever. 0 means the same as 1. Proves, without a clock, that
    /// a client keeps that many requests in flight.
    pub fn hold_until(requests: usize) -> Self {
        Self::always(fault::Fault::hold(requests.max(1)))
    }

    /// Returns the name of the first fault that only a server with TLS can carry out.
    ///
    /// ```
    /// use test_server::Plan;
    ///
    /// let plan: Plan = "10:reset,25:tls-expired".parse()?;
    /// assert_eq!(plan.needs_tls(), Some("tls-expired"));
    /// # Ok::<(), test_server::PlanError>(())
    /// ```
    pub fn needs_tls(&self) -> Option<&'static str> {
        self.find_of(Layer::Handshake).map(fault::Fault::name)
    }

    fn always(fault: fault::Fault) -> Self {
        Self {
            slices: vec![Slice {
                percent: 100.0,
                faults: vec![fault],
            }],
        }
    }

    /// Describes this plan as a sentence without a subject.
    pub(crate) fn describe(&self) -> String {
        describe::describe(&self.slices)
    }

    /// Returns the faults that a target meets with this seed: a code of two lower-case letters, or `METHOD path`.
    /// Without faults it is answered normally.
    pub(crate) fn faults(&self, seed: u64, key: &str) -> &[fault::Fault] {
        let at = random::uniform(seed, &format!("{key}/plan")) * 100.0;
        let mut end = 0.0;
        for slice in &self.slices {
            end += slice.percent;
            if at < end {
                return &slice.faults;
            }
        }
        &[]
    }

    /// Describes what connections meet, as the end of a sentence: nothing, or `; every connection with ...`.
    #[cfg(feature = "tcp")]
    pub(crate) fn describe_connections(&self) -> String {
        describe::describe_connections(&self.slices)
    }

    /// Returns the faults that requests for a target meet at this attempt, counted from 1: none once `transient` has
    /// expired, and those of one step of a sequence.
    pub(crate) fn faults_at(&self, seed: u64, key: &str, attempt: u64) -> Vec<&fault::Fault> {
        self.faults_of(Layer::Request, seed, key, attempt)
    }

    /// Returns the faults of this layer that a connection meets, by its number since the plan was set, counted from 1.
    ///
    /// A connection has no target yet, so its draw has the name `connection NUMBER`, and its number is its attempt.
    pub(crate) fn faults_of_connection(
        &self,
        layer: Layer,
        seed: u64,
        number: u64,
    ) -> Vec<&fault::Fault> {
        self.faults_of(layer, seed, &format!("connection {number}"), number)
    }

    /// Returns the first fault of this layer in the plan.
    pub(crate) fn find_of(&self, layer: Layer) -> Option<&fault::Fault> {
        let mut faults = self.slices.iter().flat_map(|slice| &slice.faults);
        faults.find_map(|fault| fault.find_of(layer))
    }

    /// Returns the name of the first fault that only a `TcpProxy` can carry out.
    ///
    /// ```
    /// use test_server::Plan;
    ///
    /// let plan: Plan = "10:reset,25:tcp-stall".parse()?;
    /// assert_eq!(plan.needs_tcp(), Some("tcp-stall"));
    /// # Ok::<(), test_server::PlanError>(())
    /// ```
    pub fn needs_tcp(&self) -> Option<&'static str> {
        self.find_of(Layer::Tcp).map(fault::Fault::name)
    }

    /// Returns the name of the first fault that a proxy of TCP cannot carry out.
    #[cfg(feature = "tcp")]
    pub(crate) fn not_for_tcp(&self) -> Option<&'static str> {
        let mut faults = self.slices.iter().flat_map(|slice| &slice.faults);
        faults
            .find_map(fault::Fault::not_for_tcp)
            .map(fault::Fault::name)
    }

    /// Checks that a server, with TLS or without, can carry out all faults of this plan. The error is the reason why not.
    pub(crate) fn check_layers(&self, has_tls: bool) -> Result<(), String> {
        if let Some(fault) = self.needs_tcp() {
            return Err(format!(
                "'{fault}' needs a proxy of TCP (--tcp, or `TcpProxy`)"
            ));
        }
        match self.needs_tls() {
            Some(fault) if !has_tls => Err(format!(
                "'{fault}' needs a server with TLS (--tls, or `Builder::tls`)"
            )),
            _ => Ok(()),
        }
    }

    fn faults_of(&self, layer: Layer, seed: u64, key: &str, attempt: u64) -> Vec<&fault::Fault> {
        let faults = self.faults(seed, key);
        let mut limits = faults.iter().filter_map(|fault| match fault.effect() {
            Effect::FirstAttempts => Some(fault.argument().number()),
            _ => None,
        });
        if limits.next().is_some_and(|limit| attempt > limit) {
            return Vec::new();
        }
        let mut met = Vec::new();
        for fault in faults {
            let step = fault.step(attempt);
            let step: Vec<_> = step.iter().filter(|fault| fault.layer() == layer).collect();
            let is_met = match fault.effect() {
                // A step that is answered normally is not met as a fault.
                Effect::Sequence => !step.is_empty(),
                _ => fault.layer() == layer,
            };
            if is_met {
                met.push(fault);
            }
            met.extend(step);
        }
        met
    }

    /// Returns the time that the faults of a target wait before the answer.
    pub(crate) fn delay_of(&self, seed: u64, key: &str) -> Duration {
        let context = FaultContext {
            seed,
            key,
            ..FaultContext::default()
        };
        let delays = self
            .faults_at(seed, key, 1)
            .into_iter()
            .map(|fault| match fault.effect() {
                Effect::Wait(wait) => match wait(fault.argument(), &context) {
                    Wait::For(delay) => delay,
                    Wait::InFlight(_) => Duration::ZERO,
                },
                _ => Duration::ZERO,
            });
        delays.sum()
    }

    /// Acquires what the faults of this plan hold until the end of the process: the port of `redirect-refused`. Without
    /// this, the first request that needs it would.
    pub(crate) fn prepare(&self) {
        let mut faults = self.slices.iter().flat_map(|slice| &slice.faults);
        if faults.any(|fault| fault.needs_refused_port()) {
            refused_port();
        }
    }

    /// Returns the fault that applies to the whole server, if the plan has one.
    pub(crate) fn server_wide(&self) -> Option<&fault::Fault> {
        let faults = self.slices.iter().flat_map(|slice| &slice.faults);
        faults
            .into_iter()
            .find(|fault| fault.role() == Role::ServerWide)
    }

    /// Returns whether the server must not accept connections. This is decided when it starts to listen and cannot be
    /// changed later.
    pub(crate) fn fills_the_backlog(&self) -> bool {
        self.server_wide()
            .is_some_and(|fault| fault.name() == "backlog-full")
    }
}

impl FromStr for Plan {
    type Err = PlanError;

    /// Parses a plan. Spaces around its parts are allowed, and the empty text is [`Plan::normal`].
    fn from_str(text: &str) -> Result<Self, PlanError> {
        parse::parse_slices(text).map(|slices| Self { slices })
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Slice { percent, faults }) in self.slices.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{percent}:")?;
            for (j, fault) in faults.iter().enumerate() {
                let plus = if j == 0 { "" } else { "+" };
                write!(f, "{plus}{fault}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Plan {
        text.parse().unwrap()
    }

    fn every_code() -> impl Iterator<Item = String> {
        ('a'..='z').flat_map(|a| ('a'..='z').map(move |b| format!("{a}{b}")))
    }

    /// Returns the codes that meet this fault.
    fn meeting(plan: &Plan, seed: u64, name: &str) -> Vec<String> {
        let meets = |code: &String| {
            plan.faults(seed, code)
                .iter()
                .any(|fault| fault.name() == name)
        };
        every_code().filter(meets).collect()
    }

    #[test]
    fn a_seed_always_selects_the_same_codes() {
        let plan = plan("25:reset");
        assert_eq!(meeting(&plan, 0, "reset").len(), 168);
        assert_eq!(meeting(&plan, 1, "reset").len(), 172);
        let seed_42 = meeting(&plan, 42, "reset");
        assert_eq!(seed_42.len(), 165);
        assert_eq!(seed_42[..6], ["ac", "af", "ah", "am", "ay", "bc"]);
    }

    #[test]
    fn slices_do_not_overlap_and_the_rest_is_normal() {
        let (first, both) = (plan("30:reset"), plan("30:reset,30:close"));
        let reset = meeting(&both, 7, "reset");
        assert_eq!(
            reset,
            meeting(&first, 7, "reset"),
            "a second slice does not change the codes of the first"
        );
        let close = meeting(&both, 7, "close");
        assert!((170..240).contains(&reset.len()) && (170..240).contains(&close.len()));
        assert!(close.iter().all(|code| !reset.contains(code)));
        assert_eq!(meeting(&plan("100:reset"), 7, "reset").len(), 676);
        assert_eq!(meeting(&plan("0:reset"), 7, "reset").len(), 0);
    }

    #[test]
    fn the_delay_of_a_code_is_known_before_its_request() {
        let plan = plan("100:delay=uniform(110ms..120ms)+status=503");
        let delay = plan.delay_of(7, "br");
        assert!(delay >= Duration::from_millis(110) && delay <= Duration::from_millis(120));
        assert_eq!(Plan::hold_until(3).delay_of(7, "br"), Duration::ZERO);
        assert_eq!(Plan::normal().delay_of(7, "br"), Duration::ZERO);
    }

    #[test]
    fn further_faults_and_slices_do_not_change_who_meets_the_first() {
        let long = plan("50:delay=uniform(100ms..2s)");
        let with_more = plan("50:delay=uniform(100ms..2s)+status=503,10:reset");
        assert_eq!(meeting(&long, 3, "delay"), meeting(&with_more, 3, "delay"));
    }
}
