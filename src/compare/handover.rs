//! The messages from the process of a run to the comparing process: lines of JSON on its standard output. The counts come from time to
//! time, the report at the end.
//!
//! The comparing process alone prints. A process that drew a bar of its own could be stopped for it (`stty tostop`), and
//! would spend time of the run that it measures.

use std::io::Write;
use std::time::{Duration, Instant};

use program::Output;
use serde::{Deserialize, Serialize};

use crate::job::Unsaved;
use crate::report::RunReport;
use crate::tally::{Counts, Tally};

/// The time between two lines with counts. The comparing process draws as often.
const COUNTS_EVERY: Duration = Duration::from_millis(100);

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Message {
    /// The counts so far.
    Counts(Counts),
    /// The run has ended.
    End(Box<End>),
}

/// The result of a run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct End {
    /// The report of the run.
    pub(crate) report: RunReport,
    /// Whether the process was stopped and continued, so that its times are wrong.
    pub(crate) was_stopped: bool,
    /// Why no flag could be saved any more, if that ended the run.
    pub(crate) unsaved: Option<Unsaved>,
}

/// The hand-over, in the process of a run.
#[derive(Debug)]
pub(crate) struct Handover {
    /// The moment from which counts are sent again.
    next: Instant,
}

impl Handover {
    /// Returns the hand-over of a run that begins now.
    pub(crate) fn new() -> Self {
        Self {
            next: Instant::now() + COUNTS_EVERY,
        }
    }

    /// Sends the counts, unless some were sent a moment ago.
    pub(crate) fn show(&mut self, tally: &Tally, out: &mut Output<impl Write>) {
        let now = Instant::now();
        if now >= self.next {
            self.next = now + COUNTS_EVERY;
            send(&Message::Counts(tally.counts()), out);
        }
    }

    /// Sends the result.
    pub(crate) fn end(self, end: End, out: &mut Output<impl Write>) {
        send(&Message::End(Box::new(end)), out);
    }
}

fn send(message: &Message, out: &mut Output<impl Write>) {
    let line = serde_json::to_string(message);
    out.print(&(line.expect("strings and finite numbers under strings") + "\n"));
}
