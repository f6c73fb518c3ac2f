//! The legend of waterfalls, with entries only for what occurs in them.

use super::bar::{MIN_VISIBLE_WIDTH, mark_width};
use super::layout::Layout;
use crate::chart::{Entry, Sample};
use crate::drawn::Drawn;
use crate::model::{Outcome, PhaseKind, Terms};
use crate::timeline::Span;

/// Returns the entries of the legend: first the phases, drawn as in tasks that succeeded, then the other outcomes.
pub(crate) fn legend_entries(runs: &[Drawn<'_>], layout: &Layout, terms: &Terms) -> Vec<Entry> {
    let tasks = || runs.iter().flat_map(|run| &run.tasks);
    let visible: Vec<_> = runs.iter().flat_map(|run| visible(run, layout)).collect();
    // Every bar is drawn on top of `Waiting`, so it is explained even if no such phase is long enough to be visible.
    let occurs = |kind| kind == PhaseKind::Waiting || visible.contains(&kind);
    let phases = terms.phases.iter().filter(|phase| occurs(phase.kind));
    let mut entries: Vec<_> = phases
        .map(|phase| Entry {
            name: phase.legend.to_owned(),
            sample: Sample::Bar {
                outcome: Outcome::Ok,
                part: phase.kind.class(),
            },
        })
        .collect();
    let others = [Outcome::NotFound, Outcome::Error, Outcome::NotAttempted];
    let occurring = others
        .into_iter()
        .filter(|outcome| tasks().any(|task| task.outcome == *outcome));
    entries.extend(occurring.map(|outcome| outcome_entry(outcome, layout)));
    entries
}

/// Returns the entries of the legend of lanes: the outcomes that occur.
pub(crate) fn outcome_entries(runs: &[Drawn<'_>]) -> Vec<Entry> {
    let ran = || {
        runs.iter()
            .flat_map(|run| &run.tasks)
            .filter(|task| task.lane.is_some())
    };
    let occurring = Outcome::ALL
        .into_iter()
        .filter(|outcome| ran().any(|task| task.outcome == *outcome));
    let entry = |outcome: Outcome| Entry {
        name: outcome.words().to_owned(),
        sample: Sample::Bar {
            outcome,
            part: PhaseKind::Waiting.class(),
        },
    };
    occurring.map(entry).collect()
}

/// Returns the kinds of the phases of a run that are long enough to be visible, at least on its own time axis.
fn visible(run: &Drawn<'_>, layout: &Layout) -> impl Iterator<Item = PhaseKind> {
    let (scale, zoom) = (layout.scale(), layout.zoom(run));
    let width = move |span: &Span| scale.position(span.to_ms) - scale.position(span.from_ms);
    let spans = run.tasks.iter().flat_map(|task| task.drawn_spans());
    spans
        .filter(move |span| width(span) * zoom >= MIN_VISIBLE_WIDTH)
        .map(|span| span.kind)
}

fn outcome_entry(outcome: Outcome, layout: &Layout) -> Entry {
    let name = outcome.words();
    match mark_width(outcome).filter(|_| layout.is_thin()) {
        Some(width) => Entry {
            name: format!("{name} (mark at the left)"),
            sample: Sample::Mark { outcome, width },
        },
        None => Entry {
            name: name.to_owned(),
            sample: Sample::Bar {
                outcome,
                part: match outcome {
                    Outcome::NotAttempted => "none",
                    _ => PhaseKind::Waiting.class(),
                },
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{self, TERMS};

    #[test]
    fn the_legend_lists_only_what_occurs() {
        let mut run = samples::run("a", 1, 3);
        run.tasks[1].outcome = Outcome::NotFound;
        let runs = [Drawn::whole(&run)];
        let layout = Layout::new(&runs, 800.0, 400.0, (1.0, 14.0));
        let names: Vec<_> = legend_entries(&runs, &layout, &TERMS)
            .into_iter()
            .map(|entry| entry.name)
            .collect();
        assert_eq!(
            names,
            [
                "queue",
                "ok: waiting for the answer",
                "body",
                "saving",
                "not found"
            ]
        );
    }
}
