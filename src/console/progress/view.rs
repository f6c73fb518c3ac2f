//! The text of the bar, and of the lines in its place, for the width that is available: what does not fit is left out, the
//! counts last.

use std::fmt;
use std::time::{Duration, Instant};

use ::console::{measure_text_width, truncate_str};
use comparison::count;

use crate::console::colors::red;
use crate::console::rate::Rate;
use crate::strategy::Strategy;
use crate::tally::Counts;

/// The widths of the bar itself, without the text.
const BAR_WIDTHS: std::ops::RangeInclusive<usize> = 10..=60;

/// What the bar is about.
pub(crate) struct Subject {
    /// The run.
    pub(crate) title: Title,
    /// The number of items; `None` if it is not known yet.
    pub(crate) total: Option<usize>,
    /// Whether the errors are red.
    pub(crate) colored: bool,
    /// Returns whether the downloads pause because the server wants it.
    pub(crate) paused: Box<dyn Fn() -> bool + Send>,
}

/// Which run it is.
#[derive(Debug)]
pub(crate) enum Title {
    /// The only one.
    Run(Strategy),
    /// One of a comparison.
    Compared(Position),
}

/// The place of a run in its comparison.
#[derive(Debug)]
pub(crate) struct Position {
    /// The number of the run, from 1.
    pub(crate) number: usize,
    /// The number of runs, as far as is known.
    pub(crate) of: usize,
    /// The strategy and the connection limit of the run.
    pub(crate) series: String,
    /// About how long this run and those after it take, if known.
    pub(crate) left: Option<Duration>,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({:?}, {:?})", self.title, self.total)
    }
}

/// The run as the display sees it.
pub(super) struct View {
    subject: Subject,
    counts: Counts,
    start: Instant,
    rate: Rate,
}

impl View {
    /// Returns the view of a run that starts now.
    pub(super) fn new(subject: Subject, now: Instant) -> Self {
        Self {
            subject,
            counts: Counts::default(),
            start: now,
            rate: Rate::new(now),
        }
    }

    /// Notes the counts at this moment.
    pub(super) fn note(&mut self, counts: Counts, now: Instant) {
        self.counts = counts;
        self.rate.note(now, counts.finished);
    }

    /// Returns the line of the bar for this width.
    pub(super) fn bar(&self, now: Instant, width: usize) -> String {
        let (name, lines) = match &self.subject.title {
            Title::Run(strategy) => (format!("{strategy} "), self.run_lines(now)),
            Title::Compared(position) => (String::new(), self.compared_lines(position, now)),
        };
        // The name is left out before the bar is.
        for name in [name, String::new()] {
            let room = width.saturating_sub(name.len() + measure_text_width(&lines[0]) + 1);
            if let Some(blocks) = self.blocks(room) {
                return format!("{name}{blocks} {}", lines[0]);
            }
        }
        let fits = lines.iter().find(|line| measure_text_width(line) <= width);
        match (fits, lines.last()) {
            (Some(line), _) => line.clone(),
            (None, Some(shortest)) => truncate_str(shortest, width, "").into_owned(),
            (None, None) => String::new(),
        }
    }

    /// Returns the blocks of the bar, at most this many. There are none if they are too few, or if the total is not known.
    fn blocks(&self, room: usize) -> Option<String> {
        let total = self.subject.total?;
        let bar = room.min(*BAR_WIDTHS.end());
        // A list may have grown after it was counted.
        let done = bar * self.counts.finished.min(total) / total.max(1);
        (bar >= *BAR_WIDTHS.start()).then(|| "█".repeat(done) + &"░".repeat(bar - done))
    }

    /// Returns the line for an output that is not a terminal.
    pub(super) fn line(&self, now: Instant) -> String {
        match &self.subject.title {
            Title::Run(_) => self.full(now),
            Title::Compared(position) => self.compared_lines(position, now).swap_remove(0),
        }
    }

    /// Returns the texts for a single run, from the longest to the shortest.
    fn run_lines(&self, now: Instant) -> Vec<String> {
        let tally = self.tally();
        let timed = format!("{tally} {}", duration(now - self.start));
        let errors = self.red(&format!("{} err", self.counts.errors));
        let short = format!("{} {errors}", self.done());
        vec![self.full(now), timed, tally, self.short_tally(), short]
    }

    /// Returns the texts for a run of a comparison, from the longest to the shortest.
    fn compared_lines(&self, position: &Position, now: Instant) -> Vec<String> {
        let Position {
            number, of, series, ..
        } = position;
        let errors = match self.counts.errors {
            0 => String::new(),
            errors => format!(", {}", self.red(&count(errors, "error"))),
        };
        let done = self.done() + &errors;
        let (elapsed, left) = (duration(now - self.start), self.left_of_all(position, now));
        vec![
            format!("run {number} of {of}: {series}: {done}, {elapsed}{left}"),
            format!("run {number} of {of}: {series}: {done}{left}"),
            format!("{number}/{of} {series}: {done}{left}"),
            format!("{number}/{of} {series}: {done}"),
            format!("{number}/{of}: {done}"),
        ]
    }

    /// Returns about how long the whole comparison still takes. Until that is known, only how long this run does.
    fn left_of_all(&self, position: &Position, now: Instant) -> String {
        match (position.left, self.left(now)) {
            (Some(all), _) => {
                let left = all.saturating_sub(now - self.start);
                format!(", {} left", duration(left))
            }
            (None, Some(left)) => format!(", {} left in this run", duration(left)),
            (None, None) => String::new(),
        }
    }

    /// Returns the counts, the rate, the elapsed time and the time left.
    fn full(&self, now: Instant) -> String {
        let mut line = self.tally();
        if let Some(rate) = self.rate.per_second(now, self.counts.finished) {
            line += &format!(", {rate:.1}/s");
        }
        line += &format!(", {}", duration(now - self.start));
        match self.left(now) {
            _ if (self.subject.paused)() => line += ", paused",
            Some(left) => line += &format!(", {} left", duration(left)),
            None => {}
        }
        line
    }

    /// Returns how long the run still takes at the recent rate, if there is one and anything is left.
    fn left(&self, now: Instant) -> Option<Duration> {
        let finished = self.counts.finished;
        let rate = self.rate.per_second(now, finished)?;
        let left = self.subject.total?.saturating_sub(finished);
        let time = Duration::try_from_secs_f64(left as f64 / rate);
        (left > 0).then(|| time.unwrap_or(Duration::MAX))
    }

    /// Returns the counts, the errors in red.
    fn tally(&self) -> String {
        let Counts { ok, not_found, .. } = self.counts;
        let errors = count(self.counts.errors, "error");
        format!(
            "{} {ok} ok, {not_found} not found, {}",
            self.done(),
            self.red(&errors)
        )
    }

    /// Returns the counts for 40 columns.
    fn short_tally(&self) -> String {
        let Counts {
            ok,
            not_found,
            errors,
            ..
        } = self.counts;
        let errors = self.red(&format!("{errors} err"));
        format!("{} {ok} ok {not_found} none {errors}", self.done())
    }

    /// Returns how many of the items have a result.
    fn done(&self) -> String {
        let finished = self.counts.finished;
        match self.subject.total {
            Some(total) => format!("{finished}/{total}"),
            None => format!("{finished} done,"),
        }
    }

    /// Returns a text about the errors, in red if there are any.
    fn red(&self, text: &str) -> String {
        red(text, self.subject.colored && self.counts.errors > 0)
    }
}

/// Returns a time in seconds, or in minutes and hours.
pub(super) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
    }
}
