//! LOCAL, DELAY and ERROR: the three servers everyone knows by name, their ports and their plans. The one place where
//! those are written down; the client asks here.

use std::time::Duration;

use crate::fault::{Fault, LONGEST};
use crate::plan::{Plan, PlanError};

/// One of the three servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Label {
    /// Answers at once.
    Local,
    /// Answers every request after a delay.
    Delay,
    /// Fails for some codes, delays others, and answers the rest at once.
    Error,
}

/// What of the three plans can be changed in one word.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// The delay of DELAY and ERROR; half a second if not changed.
    pub delay: Duration,
    /// For how many percent of the codes ERROR fails; 25 if not changed.
    pub error_rate: f64,
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
    /// All three, in the order of their ports.
    pub const ALL: [Self; 3] = [Self::Local, Self::Delay, Self::Error];

    /// The name, in capitals.
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "LOCAL",
            Self::Delay => "DELAY",
            Self::Error => "ERROR",
        }
    }

    /// The label of this name, in any case.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|label| label.name().eq_ignore_ascii_case(name))
    }

    /// How this server treats its codes: LOCAL answers normally, DELAY delays all, ERROR answers `error_rate` of them
    /// with 500, 501, 502 or 503 and delays half of them, or what is left over.
    ///
    /// # Errors
    /// When the error rate is not in `0.0..=100.0`.
    pub fn plan(self, tuning: &Tuning) -> Result<Plan, PlanError> {
        let delay = Fault::delay(tuning.delay.min(LONGEST));
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

/// Why the environment variable `FLAGS_PORTS` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{var} must be three different ports a,b,c from 0 to 65535 (of LOCAL, DELAY and ERROR), not '{text}'", var = Ports::VARIABLE)]
pub struct PortsError {
    text: String,
}

impl Ports {
    /// The environment variable that moves the three.
    const VARIABLE: &str = "FLAGS_PORTS";

    /// The ports as the environment variable `FLAGS_PORTS` moves them, such as `FLAGS_PORTS=9001,9002,9003`. Port 0 is a
    /// free one, another at each start.
    ///
    /// # Errors
    /// When the variable is set to anything but three ports that differ.
    pub fn from_env() -> Result<Self, PortsError> {
        match std::env::var_os(Self::VARIABLE) {
            Some(ports) if !ports.is_empty() => Self::parse(&ports.to_string_lossy()),
            _ => Ok(Self::default()),
        }
    }

    fn parse(text: &str) -> Result<Self, PortsError> {
        let ports: Result<Vec<u16>, _> = text.split(',').map(|port| port.trim().parse()).collect();
        let ports = ports.ok().and_then(|ports| ports.try_into().ok());
        // 0 is a free port, another one each time.
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

    /// The port of one server.
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
    use crate::images::Images;
    use crate::server::DEFAULT_SEED;

    #[test]
    fn the_default_seed_gives_the_numbers_of_the_book() {
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
    fn plans_are_told_in_words() {
        let told = |label: Label| label.plan(&Tuning::default()).unwrap().describe();
        assert_eq!(told(Label::Local), "answers at once");
        assert_eq!(told(Label::Delay), "answers every request with delay=500ms");
        assert_eq!(
            told(Label::Error),
            "answers 25 % of the codes with status=500|501|502|503, 50 % of the codes with delay=500ms, \
             the rest at once"
        );
    }

    #[test]
    fn three_ports_are_read_and_anything_else_is_refused() {
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
    fn an_error_rate_over_a_half_leaves_less_to_be_delayed() {
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
