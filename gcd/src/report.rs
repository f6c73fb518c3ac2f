//! Runs as the comparison crate shows them.

use std::collections::BTreeMap;
use std::thread;

use comparison::{Comparison, PhaseKind, PhaseTerms, Run, Terms, count};
use harness::{ExecutorKind, Plan};

use crate::work::Work;

/// The terms of a comparison of executors.
static TERMS: Terms = Terms {
    series: "executor",
    labels: &ExecutorKind::NAMES,
    slot: "worker",
    task: "pair",
    name: "pair",
    in_flight: "From the moment a worker takes it until its divisor is known, a pair is in flight.",
    not_found: false,
    peak_in_flight: None,
    lanes: true,
    phases: &[
        phase(PhaseKind::Queue, "queue", "queue"),
        phase(PhaseKind::Body, "loop", "loop over all candidates"),
    ],
    lane_note: None,
};

const fn phase(kind: PhaseKind, name: &'static str, legend: &'static str) -> PhaseTerms {
    PhaseTerms { kind, name, legend }
}

/// Returns the runs of `work` for a table, a page or a picture. `plan` is that of a comparison; `notes` are facts that the
/// runs showed.
pub(crate) fn side_by_side(
    work: &Work,
    plan: Option<&Plan>,
    notes: Vec<(&'static str, String)>,
    runs: Vec<Run>,
) -> Comparison {
    let processors = thread::available_parallelism().map_or(1, |number| number.get());
    let machine = format!(
        "{} {}, {}",
        std::env::consts::OS,
        std::env::consts::ARCH,
        count(processors, "processor")
    );
    let mut facts = vec![
        ("Program", format!("gcd {}", env!("CARGO_PKG_VERSION"))),
        ("Machine", machine),
        ("Workload", workload(work)),
    ];
    if let Some(plan) = plan {
        let rounds = runs.iter().filter_map(|run| run.round).max().unwrap_or(1);
        let rounds = count(rounds as usize, "round");
        let warmup = count(plan.warmup as usize, "warm-up round");
        let rounds = format!(
            "{rounds} at most, in rotated order after {warmup}, each run in its own process"
        );
        facts.push(("Rounds", rounds));
    }
    facts.extend(notes);
    Comparison {
        title: format!(
            "Greatest common divisors of {}, by trying every number",
            count(work.pairs.len(), "pair")
        ),
        facts,
        terms: &TERMS,
        descriptions: BTreeMap::new(),
        runs,
    }
}

/// Says what is computed.
fn workload(work: &Work) -> String {
    let times = match work.repeat.get() {
        1 => "once".to_owned(),
        n => format!("{n} times"),
    };
    format!(
        "trial: tries every number from the smaller one down to 1; each pair is computed {times}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pair::Original;
    use harness::Series;

    #[test]
    fn the_facts_say_what_was_computed_and_how_often() {
        let work = Work::of_divisions(Original::Six.pairs(), 1_000_000_000);
        let plan = Plan {
            series: vec![Series::new(ExecutorKind::Sequential, None)],
            rounds: Some(1),
            warmup: 1,
        };
        let facts = |work, plan| side_by_side(work, plan, Vec::new(), Vec::new()).facts;
        let all = facts(&work, Some(&plan));
        assert!(
            all[2].1.ends_with("each pair is computed 87 times"),
            "{all:?}"
        );
        let rounds =
            "1 round at most, in rotated order after 1 warm-up round, each run in its own process";
        assert_eq!(all[3], ("Rounds", rounds.to_owned()));
        let once = Work {
            repeat: std::num::NonZeroU64::MIN,
            ..work.clone()
        };
        let all = facts(&once, None);
        assert_eq!(all.len(), 3);
        assert!(all[2].1.ends_with("each pair is computed once"), "{all:?}");
    }
}
