//! Which faults a country code meets: a pure function of the plan, the seed and the code.
//!
//! A plan cuts `0..100 %` into slices in the order written; one draw per code picks the slice, and what is left over is
//! answered normally. The draw is sticky: every request for a code meets the same slice, whoever asks and however often.
//! Knows nothing of HTTP; `fault` knows what each fault does.
//!
//! * `slice`: a share of the codes and its faults
//! * `parse`: the parser of the plan language
//! * `describe`: a plan as an English sentence

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::fault::{Fault, LONGEST, Role};
use crate::random;

mod describe;
mod parse;
mod slice;

pub use parse::PlanError;
use slice::Slice;

/// How a server treats the codes it is asked for.
///
/// Written in one small language, which it parses and prints alike: `PERCENT:FAULT[=ARGUMENT][+FAULT...]`, comma-separated.
/// `test-server --list-faults` has all faults.
///
/// ```
/// use test_server::Plan;
///
/// let plan: Plan = "25:status=500|503+retry-after=2s, 10:reset, 50:delay=uniform(100ms..2s)".parse()?;
/// assert_eq!(plan.to_string(), "25:status=500|503+retry-after=2s,10:reset,50:delay=uniform(100ms..2s)");
/// let error = "10:rset".parse::<Plan>().unwrap_err();
/// assert_eq!(error.to_string(), "there is no fault 'rset'; did you mean 'reset'?\n  10:rset\n     ^^^^");
/// # Ok::<(), test_server::PlanError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    slices: Vec<Slice>,
}

impl Plan {
    /// Every code is answered normally and at once.
    pub fn normal() -> Self {
        Self::default()
    }

    /// Every answer comes this much later, at most 366 days.
    pub fn delay(delay: Duration) -> Self {
        Self::always(Fault::delay(delay.min(LONGEST)))
    }

    /// Every answer waits until `requests` have been in flight at once: a client that never sends so many waits for ever.
    ///
    /// 0 is as good as 1. Proves, without a clock, that a client keeps that many requests in flight.
    pub fn hold_until(requests: usize) -> Self {
        Self::always(Fault::hold(requests.max(1)))
    }

    fn always(fault: Fault) -> Self {
        Self {
            slices: vec![Slice {
                percent: 100.0,
                faults: vec![fault],
            }],
        }
    }

    /// Returns what a client has to expect under this plan, as a sentence without a subject.
    pub(crate) fn describe(&self) -> String {
        describe::describe(&self.slices)
    }

    /// What `code`, two lower-case letters, meets under this seed; nothing: it is answered normally.
    pub(crate) fn faults(&self, seed: u64, code: &str) -> &[Fault] {
        let at = random::uniform(seed, &format!("{code}/plan")) * 100.0;
        let mut end = 0.0;
        for slice in &self.slices {
            end += slice.percent;
            if at < end {
                return &slice.faults;
            }
        }
        &[]
    }

    /// What the server as a whole does, whatever it is asked.
    pub(crate) fn server_wide(&self) -> Option<&Fault> {
        let faults = self.slices.iter().flat_map(|slice| &slice.faults);
        faults
            .into_iter()
            .find(|fault| fault.role() == Role::ServerWide)
    }

    /// Whether nobody is to be accepted, which is decided when a server starts to listen and cannot be changed after.
    pub(crate) fn fills_the_backlog(&self) -> bool {
        self.server_wide()
            .is_some_and(|fault| fault.name() == "backlog-full")
    }
}

impl FromStr for Plan {
    type Err = PlanError;

    /// The plan of this text; spaces around its parts are allowed, and no text is the normal plan.
    fn from_str(text: &str) -> Result<Self, PlanError> {
        parse::slices(text).map(|slices| Self { slices })
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

    /// The codes that meet this fault.
    fn meeting(plan: &Plan, seed: u64, name: &str) -> Vec<String> {
        let meets = |code: &String| {
            plan.faults(seed, code)
                .iter()
                .any(|fault| fault.name() == name)
        };
        every_code().filter(meets).collect()
    }

    #[test]
    fn a_quarter_of_the_codes_is_always_the_same_quarter() {
        let plan = plan("25:reset");
        assert_eq!(meeting(&plan, 0, "reset").len(), 168);
        assert_eq!(meeting(&plan, 1, "reset").len(), 172);
        let seed_42 = meeting(&plan, 42, "reset");
        assert_eq!(seed_42.len(), 165);
        assert_eq!(seed_42[..6], ["ac", "af", "ah", "am", "ay", "bc"]);
    }

    #[test]
    fn slices_follow_each_other_and_the_rest_is_normal() {
        let (first, both) = (plan("30:reset"), plan("30:reset,30:close"));
        let reset = meeting(&both, 7, "reset");
        assert_eq!(
            reset,
            meeting(&first, 7, "reset"),
            "a slice behind it moves no code of the first"
        );
        let close = meeting(&both, 7, "close");
        assert!((170..240).contains(&reset.len()) && (170..240).contains(&close.len()));
        assert!(close.iter().all(|code| !reset.contains(code)));
        assert_eq!(meeting(&plan("100:reset"), 7, "reset").len(), 676);
        assert_eq!(meeting(&plan("0:reset"), 7, "reset").len(), 0);
    }

    #[test]
    fn how_much_of_a_plan_there_is_does_not_move_the_draws_of_its_arguments() {
        let long = plan("50:delay=uniform(100ms..2s)");
        let with_more = plan("50:delay=uniform(100ms..2s)+status=503,10:reset");
        assert_eq!(meeting(&long, 3, "delay"), meeting(&with_more, 3, "delay"));
    }
}
