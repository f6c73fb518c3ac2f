//! Converts the runs of a report to the neutral values that the comparison crate shows.
//!
//! A record does not name the connection that its download used. Each download therefore gets the first lane that is
//! free when its turn comes, so there are as many lanes as there were downloads in flight at once.

use std::collections::BTreeMap;

use comparison::{Outcome, PeakTerms, Phase, PhaseKind, PhaseTerms, Run, Task, Terms};

use crate::record::Status;
use crate::report::facts;
use crate::report::model::{RecordReport, Report, RunReport};
use crate::strategy::Strategy;
use program::Signal;

/// The terms used in a comparison of downloads.
const TERMS: Terms = Terms {
    series: "strategy",
    labels: &[
        Strategy::ALL[0].name(),
        Strategy::ALL[1].name(),
        Strategy::ALL[2].name(),
    ],
    slot: "connection",
    task: "download",
    name: "code",
    in_flight: "From its turn to its last byte on disk, a download is in flight.",
    not_found: true,
    peak_in_flight: Some(PeakTerms {
        column: "at server",
        explanation: "the most requests that the server was answering at the same moment, by its own count; - if it does \
                      not count them. A server that answers at once is never seen with many, however many downloads are \
                      in flight.",
    }),
    lanes: true,
    phases: &[
        phase(PhaseKind::Queue, "queue", "queue"),
        phase(PhaseKind::Earlier, "earlier", "earlier attempts"),
        phase(PhaseKind::Pause, "pause", "pause"),
        phase(PhaseKind::Waiting, "waiting", "ok: waiting for the answer"),
        phase(PhaseKind::Body, "body", "body"),
        phase(PhaseKind::Save, "saving", "saving"),
    ],
    lane_note: Some(
        "A record does not say which connection its download used, so each is drawn on the first that was free.",
    ),
};

/// The terms of runs over country codes, and of those over a list.
static TERMS_OF_CODES: Terms = TERMS;
static TERMS_OF_LISTS: Terms = Terms {
    name: "file",
    ..TERMS
};

const fn phase(kind: PhaseKind, name: &'static str, legend: &'static str) -> PhaseTerms {
    PhaseTerms { kind, name, legend }
}

/// Returns the runs of a report, with the heading and the facts of a page.
pub fn side_by_side(report: &Report) -> comparison::Comparison {
    comparison::Comparison {
        title: facts::title(report),
        facts: facts::facts(report),
        terms: match report.is_of_list() {
            true => &TERMS_OF_LISTS,
            false => &TERMS_OF_CODES,
        },
        descriptions: countries(report),
        runs: report.runs.iter().map(run).collect(),
    }
}

/// Returns the names of the countries whose codes occur in a report.
fn countries(report: &Report) -> BTreeMap<String, String> {
    let records = report.runs.iter().flat_map(|run| &run.records);
    let codes = records.filter_map(|record| record.code);
    let named = codes.filter_map(|code| Some((code, code.country()?)));
    named
        .map(|(code, country)| (code.to_string(), country.to_owned()))
        .collect()
}

fn run(report: &RunReport) -> Run {
    let mut tasks: Vec<_> = report.records.iter().map(task).collect();
    assign_lanes(&mut tasks);
    Run {
        label: report.strategy.name().to_owned(),
        slots: report.settings.connections,
        round: report.round,
        ended_by: report
            .ended_by
            .map(|signal| Signal::name(signal).to_owned()),
        elapsed_ms: report.totals.elapsed_ms,
        cpu_ms: report.resources.map(|resources| resources.cpu_ms),
        peak_memory: report.resources.and_then(|resources| resources.peak_memory),
        peak_in_flight: report.seen_by_server.and_then(|seen| seen.peak_in_flight),
        tasks,
    }
}

fn task(record: &RecordReport) -> Task {
    let phases = record.start_ms.map_or_else(Vec::new, |start_ms| {
        let phases = [
            (PhaseKind::Queue, start_ms),
            (PhaseKind::Earlier, record.earlier_ms),
            (PhaseKind::Pause, record.queue_ms - start_ms),
            (PhaseKind::Waiting, record.first_byte_ms),
            (PhaseKind::Body, record.body_ms),
            (PhaseKind::Save, record.save_ms),
        ];
        let phases = phases.map(|(kind, ms)| Phase { kind, ms }).into_iter();
        // Most downloads have neither earlier attempts nor pauses, and a list may have a million.
        phases
            .filter(|phase| phase.kind == PhaseKind::Queue || phase.ms != 0.0)
            .collect()
    });
    Task {
        name: record.word(),
        lane: None,
        outcome: match record.status {
            Status::Ok => Outcome::Ok,
            Status::NotFound => Outcome::NotFound,
            Status::Error => Outcome::Error,
            Status::NotAttempted => Outcome::NotAttempted,
        },
        message: record.message.clone(),
        phases,
    }
}

/// Assigns each download the first lane that is free when its turn comes.
fn assign_lanes(tasks: &mut [Task]) {
    let mut by_turn: Vec<_> = tasks
        .iter_mut()
        .filter_map(|task| Some((task.interval()?, task)))
        .collect();
    by_turn.sort_by(|((a, _), one), ((b, _), other)| {
        a.total_cmp(b).then_with(|| one.name.cmp(&other.name))
    });
    let mut free_from_ms = Vec::<f64>::new();
    for ((start_ms, end_ms), task) in by_turn {
        let free = free_from_ms.iter().position(|&from_ms| from_ms <= start_ms);
        let lane = free.unwrap_or_else(|| {
            free_from_ms.push(0.0);
            free_from_ms.len() - 1
        });
        free_from_ms[lane] = end_ms;
        task.lane = Some(lane);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_strategy_has_its_place() {
        assert_eq!(TERMS.labels, Strategy::ALL.map(Strategy::name));
    }
}
