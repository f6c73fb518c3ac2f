//! What the signs in waterfalls mean, as far as they occur.

use crate::export::bars::{VISIBLE, mark_width};
use crate::export::layout::Layout;
use crate::export::legend::{Entry, Sample};
use crate::export::phases::{Phase, Span, spans, verdict};
use crate::record::Status;
use crate::results::RunResults;

/// Phases with the class and the explanation of their signs.
const PHASES: [(Phase, &str, &str); 6] = [
    (Phase::Queue, "queue", "queue"),
    (Phase::Earlier, "earlier", "earlier attempts"),
    (Phase::Pause, "pause", "pause"),
    (Phase::Waiting, "waiting", "ok: waiting for the answer"),
    (Phase::Body, "body", "body"),
    (Phase::Save, "save", "saving"),
];

/// The phases first, as they look with flags that came, then the other verdicts.
pub(super) fn entries(runs: &[&RunResults], layout: &Layout) -> Vec<Entry> {
    let records = || runs.iter().flat_map(|run| &run.records);
    let scale = layout.scale();
    let is_seen = |span: &Span| scale.place(span.to_ms) - scale.place(span.from_ms) >= VISIBLE;
    let seen: Vec<_> = records()
        .flat_map(spans)
        .filter(is_seen)
        .map(|span| span.phase)
        .collect();
    let mut entries = Vec::new();
    for (phase, part, name) in PHASES {
        if phase == Phase::Waiting || seen.contains(&phase) {
            entries.push(Entry {
                name: name.to_owned(),
                sample: Sample::Bar {
                    verdict: Status::Ok.word(),
                    part,
                },
            });
        }
    }
    let others = [Status::NotFound, Status::Error, Status::NotAttempted].into_iter();
    let occurring = others.filter(|status| records().any(|record| verdict(record) == *status));
    entries.extend(occurring.map(|status| of_verdict(status, layout)));
    entries
}

fn of_verdict(status: Status, layout: &Layout) -> Entry {
    let (name, verdict) = (status.word().replace('_', " "), status.word());
    match mark_width(status).filter(|_| layout.thin()) {
        Some(width) => Entry {
            name: format!("{name} (mark at the left)"),
            sample: Sample::Mark { verdict, width },
        },
        None => Entry {
            name,
            sample: Sample::Bar {
                verdict,
                part: if status == Status::NotAttempted {
                    "none"
                } else {
                    "waiting"
                },
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::samples;

    #[test]
    fn the_legend_has_what_occurs() {
        let mut run = samples::run("a", 1, 3);
        run.records[1].status = "not_found".to_owned();
        let layout = Layout::new(&[&run], 800.0, 400.0, (1.0, 14.0));
        let names: Vec<_> = entries(&[&run], &layout)
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
