//! Where the time of one record went, on the time axis of its run.

use crate::record::Status;
use crate::results::RecordResults;

/// What is shorter is no pause: the shortest backoff is a hundred times this.
const NO_PAUSE_MS: f64 = 1.0;

/// What one stretch of time was spent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waiting for its turn.
    Queue,
    /// Attempts before the last one.
    Earlier,
    /// Pauses between attempts.
    Pause,
    /// From the last request to the head of its answer.
    Waiting,
    /// The body of the answer.
    Body,
    /// Checking and saving.
    Save,
}

impl Phase {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Earlier => "earlier",
            Self::Pause => "pause",
            Self::Waiting => "waiting",
            Self::Body => "body",
            Self::Save => "saving",
        }
    }
}

/// A stretch of time, from the beginning of the run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub(super) phase: Phase,
    pub(super) from_ms: f64,
    pub(super) to_ms: f64,
}

/// The phases of a record one behind the other; those that took no time are left out, and there are none of a code that was
/// not attempted. How attempts and pauses alternated is not in the record: they are drawn as one of each.
pub(super) fn spans(record: &RecordResults) -> Vec<Span> {
    let Some(start_ms) = record.start_ms else {
        return Vec::new();
    };
    let mut from_ms = 0.0;
    let phases = [
        (Phase::Queue, start_ms),
        (Phase::Earlier, record.earlier_ms),
        // The two are measured a moment apart, which is no pause.
        (
            Phase::Pause,
            Some(record.queue_ms - start_ms)
                .filter(|&ms| ms > NO_PAUSE_MS)
                .unwrap_or(0.0),
        ),
        (Phase::Waiting, record.first_byte_ms),
        (Phase::Body, record.body_ms),
        (Phase::Save, record.save_ms),
    ];
    // Times are whole microseconds: less is what a subtraction left.
    let took_time = phases.into_iter().filter(|(_, ms)| *ms >= 0.0005);
    let span = |(phase, ms)| {
        let span = Span {
            phase,
            from_ms,
            to_ms: from_ms + ms,
        };
        from_ms = span.to_ms;
        span
    };
    took_time.map(span).collect()
}

/// When the turn of a record came and when it was over; none of a code that was not attempted.
pub(super) fn interval(record: &RecordResults) -> Option<(f64, f64)> {
    let start_ms = record.start_ms?;
    Some((
        start_ms,
        spans(record).last().map_or(start_ms, |span| span.to_ms),
    ))
}

/// The records in the order in which their turns came; those that had none last.
pub(super) fn by_turn(records: &[RecordResults]) -> Vec<&RecordResults> {
    let mut sorted: Vec<_> = records.iter().collect();
    let turn = |record: &RecordResults| record.start_ms.unwrap_or(f64::INFINITY);
    sorted.sort_by(|a, b| {
        turn(a)
            .total_cmp(&turn(b))
            .then_with(|| a.code.cmp(&b.code))
    });
    sorted
}

/// What became of a record; a word that nobody knows is no success.
pub(super) fn verdict(record: &RecordResults) -> Status {
    let mut all = Status::ALL.into_iter();
    all.find(|status| status.word() == record.status)
        .unwrap_or(Status::Error)
}

/// The verdict in words, of an error what exactly happened.
pub(super) fn verdict_in_words(record: &RecordResults) -> String {
    match &record.message {
        Some(message) => format!("error: {message}"),
        None => record.status.replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::samples;

    #[test]
    fn phases_follow_each_other_and_fill_the_time_of_the_record() {
        let mut record = samples::record("BR", 10.0);
        (record.earlier_ms, record.queue_ms, record.save_ms) = (5.0, 12.0, 0.0);
        let spans = spans(&record);
        let named: Vec<_> = spans.iter().map(|span| span.phase).collect();
        assert_eq!(
            named,
            [
                Phase::Queue,
                Phase::Earlier,
                Phase::Pause,
                Phase::Waiting,
                Phase::Body
            ]
        );
        assert!(
            spans
                .windows(2)
                .all(|pair| pair[0].to_ms == pair[1].from_ms)
        );
        let all = record.queue_ms + record.earlier_ms + record.first_byte_ms + record.body_ms;
        assert_eq!(interval(&record), Some((10.0, all)));
    }

    #[test]
    fn a_code_that_was_not_attempted_has_no_place_in_time() {
        let mut record = samples::record("BR", 0.0);
        record.start_ms = None;
        assert_eq!((spans(&record).len(), interval(&record)), (0, None));
    }
}
