//! Where the lanes of a run were busy: drawn for all tasks if only a sample of them is drawn one by one.

use crate::drawn::Drawn;

/// The most intervals into which the time of a run is divided. A picture cannot show finer detail.
const INTERVALS: usize = 900;

/// The most stretches of all lanes of a run, unless it has more lanes. If there are more, the intervals are longer.
const MAX_STRETCHES: usize = 5_000;

/// A time in which a lane was busy, in milliseconds from the start of the run. It may contain gaps shorter than an interval.
#[derive(Debug, PartialEq)]
pub(super) struct Stretch {
    pub(super) lane: usize,
    pub(super) from_ms: f64,
    pub(super) to_ms: f64,
}

/// Returns the times in which each of these lanes ran any task of the run.
pub(super) fn stretches(run: &Drawn<'_>, lanes: usize) -> Vec<Stretch> {
    let mut intervals = INTERVALS;
    loop {
        let stretches = in_intervals(run, lanes, intervals);
        if stretches.len() <= MAX_STRETCHES || intervals == 1 {
            return stretches;
        }
        intervals /= 2;
    }
}

fn in_intervals(run: &Drawn<'_>, lanes: usize, intervals: usize) -> Vec<Stretch> {
    let per_ms = intervals as f64 / run.length_ms;
    let mut busy = vec![false; lanes * intervals];
    for task in &run.run.tasks {
        if let (Some(lane), Some((from_ms, to_ms))) = (task.lane, task.interval()) {
            let to = ((to_ms * per_ms).ceil() as usize).clamp(1, intervals);
            let from = ((from_ms * per_ms) as usize).min(to - 1);
            busy[lane * intervals + from..lane * intervals + to].fill(true);
        }
    }
    let mut stretches = Vec::new();
    for (lane, busy) in busy.chunks(intervals).enumerate() {
        let mut to = 0;
        for alike in busy.chunk_by(|one, next| one == next) {
            let from = to;
            to += alike.len();
            if alike[0] {
                let (from_ms, to_ms) = (from as f64 / per_ms, to as f64 / per_ms);
                stretches.push(Stretch {
                    lane,
                    from_ms,
                    to_ms,
                });
            }
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn tasks_that_follow_each_other_are_one_stretch_and_a_gap_is_kept() {
        let mut run = samples::large_run("a", 2, 20);
        run.tasks.remove(10);
        run.tasks.remove(0);
        let stretches = stretches(&Drawn::whole(&run), 3);
        let found: Vec<_> = stretches
            .iter()
            .map(|of| (of.lane, of.from_ms.round(), of.to_ms.round()))
            .collect();
        assert_eq!(
            found,
            [(0, 103.0, 515.0), (0, 618.0, 1030.0), (1, 0.0, 1030.0)]
        );
    }

    #[test]
    fn of_very_many_stretches_the_short_gaps_are_left_out() {
        let mut run = samples::large_run("a", 100, 30_000);
        let every_second = |task: &crate::model::Task| {
            task.start_ms()
                .is_some_and(|ms| ((ms / 103.0) as u32).is_multiple_of(2))
        };
        run.tasks.retain(every_second);
        let run = Drawn::whole(&run);
        assert_eq!(in_intervals(&run, 100, INTERVALS).len(), 15_000);
        let stretches = stretches(&run, 100);
        assert!(stretches.len() <= MAX_STRETCHES, "{}", stretches.len());
        let lanes = stretches.iter().map(|of| of.lane);
        assert_eq!(lanes.collect::<std::collections::BTreeSet<_>>().len(), 100);
    }
}
