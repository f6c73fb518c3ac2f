//! The three named servers LOCAL, DELAY and ERROR, their ports and their plans.
//!
//! This is the only place that defines them: the servers and the client `flags` both use it.

use std::time::Duration;

use crate::fault::{Fault, MAX_DURATION};
use crate::plan::{Plan, PlanError};

/// One of the three named servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Label {
    /// Answers at once.
    Local,
    /// Answers every request after a delay.
    Delay,
    /// Fails for some codes, delays others, and answers the rest at once.
    Error,
}

/// The adjustable numbers in the plans of the three servers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// The delay of DELAY and ERROR; half a second by default.
    pub delay: Duration,
    /// The percentage of codes for which ERROR fails, from 0 to 100; 25 by default.
    pub error_rate: f64,
}

impl Tuning {
    /// The longest delay, 366 days. [`Label::plan`] uses it in place of a longer one.
    pub const MAX_DELAY: Duration = MAX_DURATION;
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(500),
            error_rate: 25.0,
        }
    }
}

impl Label {
    /// All three servers, in the order of their ports.
    pub const ALL: [Self; 3] = [Self::Local, Self::Delay, Self::Error];

    /// Returns the name in capitals, such as `LOCAL`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "LOCAL",
            Self::Delay => "DELAY",
            Self::Error => "ERROR",
        }
    }

    /// Returns the label with this name, in upper or lower case.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|label| label.name().eq_ignore_ascii_case(name))
    }

    /// Returns the plan of this server.
    ///
    /// LOCAL answers every code normally. DELAY delays every answer. ERROR answers `error_rate` percent of the codes
    /// with 500, 501, 502 or 503 and delays another 50 percent, or the rest if that is less.
    ///
    /// # Errors
    /// If the error rate is not in `0.0..=100.0`.
    pub fn plan(self, tuning: &Tuning) -> Result<Plan, PlanError> {
        let delay = Fault::delay(tuning.delay.min(Tuning::MAX_DELAY));
        match self {
            Self::Local => Ok(Plan::normal()),
            Self::Delay => Ok(Plan::delay(tuning.delay)),
            Self::Error => {
                let rate = tuning.error_rate;
                let delayed = (100.0 - rate).clamp(0.0, 50.0);
                format!("{rate}:status=500|501|502|503,{delayed}:{delay}").parse()
            }
        }
    }
}

/// The ports of the three servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports([u16; 3]);

impl Default for Ports {
    /// 8001, 8002 and 8003.
    fn default() -> Self {
        Self([8001, 8002, 8003])
    }
}

/// The reason why the environment variable `FLAGS_PORTS` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{var} must be three different ports a,b,c from 0 to 65535 (of LOCAL, DELAY and ERROR), not '{text}'", var = Ports::VARIABLE)]
pub struct PortsError {
    text: String,
}

impl Ports {
    /// The environment variable that sets the three ports.
    const VARIABLE: &str = "FLAGS_PORTS";

    /// Reads the ports from the environment variable `FLAGS_PORTS`, such as `FLAGS_PORTS=9001,9002,9003`.
    ///
    /// Returns the default ports if the variable is unset or empty. Port 0 picks a free port, a different one at each
    /// start.
    ///
    /// # Errors
    /// If the variable is set to anything other than three different ports; 0 may occur more than once.
    pub fn from_env() -> Result<Self, PortsError> {
        match std::env::var_os(Self::VARIABLE) {
            Some(ports) if !ports.is_empty() => Self::parse(&ports.to_string_lossy()),
            _ => Ok(Self::default()),
        }
    }

    fn parse(text: &str) -> Result<Self, PortsError> {
        let ports: Result<Vec<u16>, _> = text.split(',').map(|port| port.trim().parse()).collect();
        let ports = ports.ok().and_then(|ports| ports.try_into().ok());
        // Several may be 0: each of them picks its own free port.
        let differ = |[a, b, c]: &[u16; 3]| {
            [(a, b), (a, c), (b, c)]
                .iter()
                .all(|(x, y)| x != y || **x == 0)
        };
        let ports = ports.filter(differ).map(Self);
        ports.ok_or_else(|| PortsError {
            text: text.to_owned(),
        })
    }

    /// Returns the port of one server.
    pub fn of(self, label: Label) -> u16 {
        let Self([local, delay, error]) = self;
        match label {
            Label::Local => local,
            Label::Delay => delay,
            Label::Error => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::images::Images;
    use crate::server::DEFAULT_SEED;

    #[test]
    fn the_default_seed_gives_the_counts_printed_in_the_book() {
        let plan = Label::Error.plan(&Tuning::default()).unwrap();
        let flags = Images::built_in();
        let codes = ('a'..='z').flat_map(|a| ('a'..='z').map(move |b| format!("{a}{b}")));
        let fails = |code: &String| {
            let mut faults = plan.faults(DEFAULT_SEED, code).iter();
            faults.any(|fault| fault.name() == "status")
        };
        let (failing, others): (Vec<_>, Vec<_>) = codes.partition(fails);
        let (served, missing): (Vec<_>, Vec<_>) =
            others.iter().partition(|code| flags.find(code).is_some());
        assert_eq!(
            (served.len(), missing.len(), failing.len()),
            (150, 361, 165)
        );
    }

    #[test]
    fn plans_are_described_in_words() {
        let described = |label: Label| label.plan(&Tuning::default()).unwrap().describe();
        assert_eq!(described(Label::Local), "answers at once");
        assert_eq!(
            described(Label::Delay),
            "answers every request with delay=500ms"
        );
        assert_eq!(
            described(Label::Error),
            "answers 25 % of the codes with status=500|501|502|503, 50 % of the codes with delay=500ms, \
             the rest at once"
        );
    }

    #[test]
    fn ports_are_three_different_numbers() {
        assert_eq!(Ports::parse("1,2, 3"), Ok(Ports([1, 2, 3])));
        assert_eq!(Ports::parse("0,0,0"), Ok(Ports([0, 0, 0])));
        for wrong in [
            "",
            "1",
            "1,2",
            "1,2,3,4",
            "1,2,x",
            "1,2,1",
            "1,2,65536",
            "1,,3",
            "-1,2,3",
        ] {
            let message = Ports::parse(wrong).unwrap_err().to_string();
            assert!(message.ends_with(&format!("not '{wrong}'")), "{message}");
        }
    }

    #[test]
    fn error_rates_over_50_percent_reduce_the_delayed_share() {
        let plan = |error_rate| {
            Label::Error.plan(&Tuning {
                error_rate,
                ..Tuning::default()
            })
        };
        assert_eq!(
            plan(80.0).unwrap().to_string(),
            "80:status=500|501|502|503,20:delay=500ms"
        );
        assert_eq!(
            plan(0.0).unwrap().to_string(),
            "0:status=500|501|502|503,50:delay=500ms"
        );
        assert_eq!(
            plan(101.0).unwrap_err().message(),
            "a share must be a number from 0 to 100"
        );
    }
}
