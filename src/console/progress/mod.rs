//! The progress of a run on standard error: a bar on a terminal, and elsewhere a line from time to time.
//!
//! A thread of its own draws, so that the elapsed time advances while no download finishes. It gets the counts through a
//! channel. A bar must never be wider than the terminal: a line that wraps leaves fragments behind.

use std::fmt;
use std::io::{self, IsTerminal as _, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

// The crate, not the module around this one.
use ::console::{Term, measure_text_width, truncate_str};
use comparison::count;

use crate::console::colors::red;
use crate::console::rate::Rate;
use crate::strategy::Strategy;
use crate::tally::Tally;

/// The time between two drawings of the bar.
const TICK: Duration = Duration::from_millis(100);

/// The time between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// The columns at the end of a line that stay free, for the cursor and the `^C` that a terminal echoes. Echoed into the
/// next line, it would keep the bar from being removed.
const FREE_COLUMNS: usize = 3;

/// The widths of the bar itself, without the text.
const BAR_WIDTHS: std::ops::RangeInclusive<usize> = 10..=60;

/// The progress of a run. Dropping it removes the bar.
#[derive(Debug)]
pub(crate) struct Progress {
    /// Taken to end the thread.
    counts: Option<Sender<Counts>>,
    thread: Option<JoinHandle<()>>,
}

/// What the bar is about.
pub(crate) struct Subject {
    /// The strategy of the run.
    pub(crate) strategy: Strategy,
    /// The number of codes.
    pub(crate) codes: usize,
    /// Whether the errors are red.
    pub(crate) colored: bool,
    /// Returns whether the downloads pause because the server wants it.
    pub(crate) paused: Box<dyn Fn() -> bool + Send>,
}

/// Where and how progress is shown.
pub(crate) enum Display {
    /// A bar on a terminal, whose width the function returns.
    Bar(Box<dyn Fn() -> usize + Send>),
    /// A line each time this period has passed.
    Lines(Duration),
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    finished: usize,
    ok: usize,
    not_found: usize,
    errors: usize,
}

impl Display {
    /// Returns a bar if standard error is a terminal that can move its cursor, and lines otherwise.
    pub(crate) fn of_stderr() -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if io::stderr().is_terminal() && !dumb {
            Self::Bar(Box::new(|| usize::from(Term::stderr().size().1)))
        } else {
            Self::Lines(LINE_EVERY)
        }
    }
}

impl Progress {
    /// Shows the progress on `writer` until dropped. Without a thread, there is none to see.
    pub(crate) fn start(
        subject: Subject,
        display: Display,
        writer: impl Write + Send + 'static,
    ) -> Self {
        let (counts, received) = channel();
        let view = View {
            counts: Counts::default(),
            start: Instant::now(),
            rate: Rate::new(Instant::now()),
            subject,
        };
        let show = move || match display {
            Display::Bar(columns) => show_bar(view, &received, &columns, writer),
            Display::Lines(every) => show_lines(view, &received, every, writer),
        };
        let thread = thread::Builder::new().name("progress".to_owned());
        Self {
            counts: Some(counts),
            thread: thread.spawn(show).ok(),
        }
    }

    /// Returns progress that is not shown, for `--quiet` and `--verbose`.
    pub(crate) fn hidden() -> Self {
        Self {
            counts: None,
            thread: None,
        }
    }

    /// Updates the display to the counts of `tally`.
    pub(crate) fn show(&self, tally: &Tally) {
        let Some(counts) = &self.counts else { return };
        // Fails only without a thread.
        let _ = counts.send(Counts {
            finished: tally.counted(),
            ok: tally.ok(),
            not_found: tally.not_found(),
            errors: tally.errors(),
        });
    }
}

impl Drop for Progress {
    /// Removes the bar and waits until that is done.
    fn drop(&mut self) {
        self.counts = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Draws the bar on each tick until the channel is closed, and then removes it.
fn show_bar(
    mut view: View,
    counts: &Receiver<Counts>,
    columns: &dyn Fn() -> usize,
    mut writer: impl Write,
) {
    let mut drawn = Drawn::default();
    loop {
        let now = Instant::now();
        let width = columns();
        let line = view.bar(now, width.saturating_sub(FREE_COLUMNS));
        // Standard error may be closed; there is no other place to report that.
        let _ = write!(writer, "{}{line}", drawn.erase(width));
        let _ = writer.flush();
        drawn = Drawn {
            cells: measure_text_width(&line),
        };
        if !view.receive_until(now + TICK, counts) {
            let _ = write!(writer, "{}", drawn.erase(columns()));
            let _ = writer.flush();
            return;
        }
    }
}

/// Prints a line after each period until the channel is closed.
fn show_lines(mut view: View, counts: &Receiver<Counts>, every: Duration, mut writer: impl Write) {
    let mut next = Instant::now() + every;
    while view.receive_until(next, counts) {
        let line = view.full(next);
        let _ = writer.write_all(format!("{line}\n").as_bytes());
        next += every;
    }
}

/// The bar on the screen.
#[derive(Default)]
struct Drawn {
    /// The columns that it takes.
    cells: usize,
}

impl Drawn {
    /// Returns the characters that erase the bar and leave the cursor where it began, on a terminal of this many columns.
    /// A terminal that was narrowed has wrapped the bar into several lines, and the cursor is in the last.
    fn erase(&self, columns: usize) -> String {
        let above = self.cells.saturating_sub(1) / columns.max(1);
        let up = match above {
            0 => String::new(),
            _ => format!("\u{1b}[{above}A"),
        };
        format!("{up}\r\u{1b}[J")
    }
}

/// The run as the display sees it.
struct View {
    subject: Subject,
    counts: Counts,
    start: Instant,
    rate: Rate,
}

impl View {
    /// Receives counts until this moment. Returns whether the run goes on.
    fn receive_until(&mut self, moment: Instant, counts: &Receiver<Counts>) -> bool {
        loop {
            let wait = moment.saturating_duration_since(Instant::now());
            match counts.recv_timeout(wait) {
                Ok(counts) => {
                    self.counts = counts;
                    self.rate.note(Instant::now(), counts.finished);
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.rate.note(Instant::now(), self.counts.finished);
                    return true;
                }
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// Returns the line of the bar for this width: what does not fit is left out, the counts last.
    fn bar(&self, now: Instant, width: usize) -> String {
        let (full, tally) = (self.full(now), self.tally());
        // The name is left out before the bar is.
        for name in [format!("{} ", self.subject.strategy), String::new()] {
            let bar = width.saturating_sub(name.len() + measure_text_width(&full) + 1);
            if bar >= *BAR_WIDTHS.start() {
                let bar = bar.min(*BAR_WIDTHS.end());
                let done = bar * self.counts.finished / self.subject.codes.max(1);
                let (done, rest) = ("█".repeat(done), "░".repeat(bar - done));
                return format!("{name}{done}{rest} {full}");
            }
        }
        let Counts {
            finished, errors, ..
        } = self.counts;
        let timed = format!("{tally} {}", duration(now - self.start));
        let errors = self.red_if_any(format!("{errors} err"), errors);
        let short = format!("{finished}/{} {errors}", self.subject.codes);
        let lines = [full, timed, tally, self.short_tally(), short];
        let fits = lines.iter().find(|line| measure_text_width(line) <= width);
        match fits {
            Some(line) => line.clone(),
            None => truncate_str(&lines[4], width, "").into_owned(),
        }
    }

    /// Returns the counts, the rate, the elapsed time and the time left.
    fn full(&self, now: Instant) -> String {
        let finished = self.counts.finished;
        let rate = self.rate.per_second(now, finished);
        let mut line = self.tally();
        if let Some(rate) = rate {
            line += &format!(", {rate:.1}/s");
        }
        line += &format!(", {}", duration(now - self.start));
        let left = self.subject.codes.saturating_sub(finished);
        match rate {
            _ if (self.subject.paused)() => line += ", paused",
            Some(rate) if left > 0 => {
                let left = Duration::try_from_secs_f64(left as f64 / rate);
                line += &format!(", {} left", duration(left.unwrap_or(Duration::MAX)));
            }
            _ => {}
        }
        line
    }

    /// Returns the counts, the errors in red.
    fn tally(&self) -> String {
        let Counts {
            finished,
            ok,
            not_found,
            errors,
        } = self.counts;
        let codes = self.subject.codes;
        let errors = self.red_if_any(count(errors, "error"), errors);
        format!("{finished}/{codes} {ok} ok, {not_found} not found, {errors}")
    }

    /// Returns the counts for 40 columns.
    fn short_tally(&self) -> String {
        let Counts {
            finished,
            ok,
            not_found,
            errors,
        } = self.counts;
        let codes = self.subject.codes;
        let errors = self.red_if_any(format!("{errors} err"), errors);
        format!("{finished}/{codes} {ok} ok {not_found} none {errors}")
    }

    fn red_if_any(&self, text: String, errors: usize) -> String {
        match errors {
            0 => text,
            _ => red(&text, self.subject.colored),
        }
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({}, {})", self.strategy, self.codes)
    }
}

/// Returns a time in seconds, or in minutes and hours.
fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests;
