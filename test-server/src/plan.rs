//! Which faults a country code meets: a pure function of the plan, the seed and the code.
//!
//! A plan cuts `0..100 %` into slices in the order written; one draw per code picks the slice, and what is left over is
//! answered normally. The draw is sticky: every request for a code meets the same slice, whoever asks and however often.
//! Knows nothing of HTTP but status numbers; `routes` carries faults out.

use std::fmt;
use std::time::Duration;

use crate::draw::draw;

/// How a server treats the codes it is asked for.
///
/// Prints itself in the plan language: `PERCENT:FAULT[+FAULT...]`, comma-separated.
///
/// ```
/// use std::time::Duration;
/// use test_server::{Fault, Plan};
///
/// let half_slow = Plan::normal().and(50.0, [Fault::Delay(Duration::from_millis(500))])?;
/// assert_eq!(half_slow.to_string(), "50:delay=500ms");
/// # Ok::<(), test_server::PlanError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    slices: Vec<Slice>,
}

#[derive(Debug, Clone, PartialEq)]
struct Slice {
    percent: f64,
    faults: Vec<Fault>,
}

/// One thing that goes wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// This status instead of the flag; of several, the code decides which. Not empty.
    Status(Vec<u16>),
    /// The answer comes this much later.
    Delay(Duration),
    /// Answers wait until this many requests have been in flight at once; from then on nothing waits.
    HoldUntil(usize),
}

/// Why a plan cannot be carried out.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A share that is not between 0 and 100.
    #[error("a share must be from 0 to 100 percent, not {0}")]
    Percent(f64),
    /// Shares that do not fit into one whole.
    #[error("the shares must be at most 100 percent together, not {0}")]
    TooMuch(f64),
    /// A status that no response can have, or none at all.
    #[error("a status must be from 200 to 999, not {0:?}")]
    Status(Vec<u16>),
}

impl Plan {
    /// Every code is answered normally and at once.
    pub fn normal() -> Self {
        Self::default()
    }

    /// Every answer comes this much later.
    pub fn delay(delay: Duration) -> Self {
        Self::always(Fault::Delay(delay))
    }

    /// Every answer waits until `requests` have been in flight at once: a client that never sends so many waits for ever.
    ///
    /// Proves, without a clock, that a client keeps that many requests in flight.
    pub fn hold_until(requests: usize) -> Self {
        Self::always(Fault::HoldUntil(requests))
    }

    fn always(fault: Fault) -> Self {
        let slices = vec![Slice {
            percent: 100.0,
            faults: vec![fault],
        }];
        Self { slices }
    }

    /// This plan, in which another `percent` of the codes meet `faults`, all of them together.
    ///
    /// # Errors
    /// [`PlanError`] when `percent` is not in `0.0..=100.0`, when the shares come to more than 100 together, and when a
    /// status is not in `200..=999` or missing.
    pub fn and(mut self, percent: f64, faults: impl Into<Vec<Fault>>) -> Result<Self, PlanError> {
        if !(0.0..=100.0).contains(&percent) {
            return Err(PlanError::Percent(percent));
        }
        let faults = faults.into();
        for fault in &faults {
            if let Fault::Status(statuses) = fault
                && (statuses.is_empty() || statuses.iter().any(|s| !(200..=999).contains(s)))
            {
                return Err(PlanError::Status(statuses.clone()));
            }
        }
        self.slices.push(Slice { percent, faults });
        let total: f64 = self.slices.iter().map(|slice| slice.percent).sum();
        // Shares such as 33.3 + 33.3 + 33.4 may come to a hair over 100 in binary.
        if total > 100.0 + 1e-9 {
            return Err(PlanError::TooMuch(total));
        }
        Ok(self)
    }

    /// The shares, in the order written, and what each meets.
    pub(crate) fn slices(&self) -> impl Iterator<Item = (f64, &[Fault])> {
        self.slices
            .iter()
            .map(|slice| (slice.percent, slice.faults.as_slice()))
    }

    /// The faults that `code`, two lower-case letters, meets under this seed; none: it is answered normally.
    ///
    /// ```
    /// use test_server::{Fault, Plan};
    ///
    /// let plan = Plan::normal().and(25.0, [Fault::Status(vec![503])])?;
    /// assert_eq!(plan.faults(42, "ac"), [Fault::Status(vec![503])]);
    /// assert!(plan.faults(42, "ad").is_empty());
    /// # Ok::<(), test_server::PlanError>(())
    /// ```
    pub fn faults(&self, seed: u64, code: &str) -> &[Fault] {
        let at = draw(seed, &format!("{code}/plan")) * 100.0;
        let mut end = 0.0;
        for slice in &self.slices {
            end += slice.percent;
            if at < end {
                return &slice.faults;
            }
        }
        &[]
    }
}

impl Fault {
    /// Which of its statuses `code` meets; `None` for faults that are not a status.
    pub(crate) fn status(&self, seed: u64, code: &str) -> Option<u16> {
        let Self::Status(statuses) = self else {
            return None;
        };
        let at = draw(seed, &format!("{code}/status/{}", one_of(statuses)));
        let picked = (at * statuses.len() as f64) as usize;
        statuses.get(picked).copied()
    }
}

/// `500|501`, in the plan language and in the name of the draw among them: to change it is to move every draw.
fn one_of(statuses: &[u16]) -> String {
    statuses
        .iter()
        .map(u16::to_string)
        .collect::<Vec<_>>()
        .join("|")
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

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(statuses) => {
                write!(f, "status={}", one_of(statuses))
            }
            Self::Delay(delay) => write!(f, "delay={}", humantime::format_duration(*delay)),
            Self::HoldUntil(requests) => write!(f, "hold={requests}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Label, Tuning};

    fn every_code() -> impl Iterator<Item = String> {
        ('a'..='z').flat_map(|a| ('a'..='z').map(move |b| format!("{a}{b}")))
    }

    fn failing(plan: &Plan, seed: u64) -> Vec<String> {
        every_code()
            .filter(|code| {
                plan.faults(seed, code)
                    .iter()
                    .any(|f| matches!(f, Fault::Status(_)))
            })
            .collect()
    }

    #[test]
    fn a_quarter_of_the_codes_is_always_the_same_quarter() {
        let plan = Plan::normal()
            .and(25.0, [Fault::Status(vec![503])])
            .unwrap();
        assert_eq!(failing(&plan, 0).len(), 168);
        assert_eq!(failing(&plan, 1).len(), 172);
        let seed_42 = failing(&plan, 42);
        assert_eq!(seed_42.len(), 165);
        assert_eq!(seed_42[..6], ["ac", "af", "ah", "am", "ay", "bc"]);
    }

    #[test]
    fn the_default_seed_gives_the_numbers_of_the_book() {
        let plan = Label::Error.plan(&Tuning::default()).unwrap();
        let failing = failing(&plan, crate::DEFAULT_SEED);
        let flags = crate::images::Images::built_in();
        let served = every_code().filter(|c| !failing.contains(c) && flags.find(c).is_some());
        let (served, failed) = (served.count(), failing.len());
        assert_eq!((served, 676 - served - failed, failed), (150, 361, 165));
    }

    #[test]
    fn each_status_of_a_fault_comes_up_for_some_code() {
        let fault = Fault::Status(vec![500, 501, 502, 503]);
        let picked: Vec<_> = every_code()
            .filter_map(|code| fault.status(35, &code))
            .collect();
        for status in 500..=503 {
            let share = picked.iter().filter(|&&s| s == status).count();
            assert!((130..210).contains(&share), "{status}: {share} of 676");
        }
        // Published draws: a change here is a change of every run that anyone has written down.
        let pinned = ["be", "bh", "br", "cs"].map(|code| fault.status(35, code));
        assert_eq!(pinned, [Some(500), Some(502), Some(500), Some(503)]);
    }

    #[test]
    fn slices_follow_each_other_and_the_rest_is_normal() {
        let (first, second) = (Fault::Status(vec![500]), Fault::Status(vec![501]));
        let plan = Plan::normal().and(30.0, [first.clone()]).unwrap();
        let both = plan.clone().and(30.0, [second.clone()]).unwrap();
        for code in every_code() {
            match plan.faults(7, &code) {
                // What a first slice takes, a second one behind it cannot move.
                [_] => assert_eq!(both.faults(7, &code), plan.faults(7, &code)),
                _ => assert!(matches!(both.faults(7, &code), [] | [Fault::Status(_)])),
            }
        }
        let count = |fault: &Fault| {
            every_code()
                .filter(|c| both.faults(7, c) == [fault.clone()])
                .count()
        };
        assert!((170..240).contains(&count(&first)) && (170..240).contains(&count(&second)));
    }

    #[test]
    fn plans_that_cannot_be_are_refused() {
        let delay = [Fault::Delay(Duration::ZERO)];
        let refused = |percent| Plan::normal().and(percent, delay.clone()).unwrap_err();
        assert_eq!(refused(-0.5), PlanError::Percent(-0.5));
        assert_eq!(refused(100.5), PlanError::Percent(100.5));
        assert!(matches!(refused(f64::NAN), PlanError::Percent(_)));
        let over = Plan::delay(Duration::ZERO).and(0.5, delay.clone());
        assert_eq!(over.unwrap_err(), PlanError::TooMuch(100.5));
        for statuses in [vec![], vec![199], vec![503, 1000]] {
            let error = Plan::normal()
                .and(1.0, [Fault::Status(statuses.clone())])
                .unwrap_err();
            assert_eq!(error, PlanError::Status(statuses));
        }
        let thirds = [33.3, 33.3, 33.4].into_iter();
        assert!(
            thirds
                .into_iter()
                .try_fold(Plan::normal(), |p, x| p.and(x, delay.clone()))
                .is_ok()
        );
    }

    #[test]
    fn a_plan_prints_itself_in_the_plan_language() {
        let error = Label::Error.plan(&Tuning::default()).unwrap();
        assert_eq!(
            error.to_string(),
            "25:status=500|501|502|503,50:delay=500ms"
        );
        assert_eq!(Plan::hold_until(3).to_string(), "100:hold=3");
        assert_eq!(Plan::normal().to_string(), "");
    }
}
