//! The progress of a run on standard error: a bar on a terminal, and elsewhere a line from time to time.
//!
//! A thread of its own draws, so that the elapsed time advances while no download finishes. It looks at the counts when it
//! draws: waking it for each download would take time from the downloads. It also gets the lines to be printed above the
//! bar: two writers would mix their output. A bar must never be wider than the terminal: a line that wraps leaves fragments
//! behind.
//!
//! * `view`: the text of the bar and of the lines

use std::io::{self, IsTerminal as _, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

// The crate, not the module around this one.
use ::console::{Term, measure_text_width};

use self::view::View;
use crate::tally::Counts;

mod view;

pub(crate) use self::view::{Position, Subject, Title};

/// The time between two drawings of the bar.
const TICK: Duration = Duration::from_millis(100);

/// The time between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// The columns at the end of a line that stay free, for the cursor and the `^C` that a terminal echoes. Echoed into the
/// next line, it would keep the bar from being removed.
const FREE_COLUMNS: usize = 3;

/// The progress of a run, or of one run after another. Dropping it removes the bar.
#[derive(Debug)]
pub(crate) struct Progress {
    /// The counts of the run.
    counts: Arc<Mutex<Counts>>,
    /// Taken to end the thread. `None` if progress is not shown.
    updates: Option<Sender<Update>>,
    thread: Option<JoinHandle<()>>,
}

/// Where and how progress is shown.
pub(crate) enum Display {
    /// A bar on a terminal, whose width the function returns.
    Bar(Box<dyn Fn() -> usize + Send>),
    /// A line each time this period has passed.
    Lines(Duration),
}

/// An update for the thread.
enum Update {
    /// A run begins.
    Begin(Subject),
    /// Lines to be printed, each with its line break.
    Lines(String),
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
    /// Returns the progress of runs that have not begun, shown on `writer` until dropped. Without a thread, nothing is shown.
    pub(crate) fn start(display: Display, writer: impl Write + Send + 'static) -> Self {
        let (updates, received) = channel();
        let counts = Arc::<Mutex<Counts>>::default();
        let watched = Watched {
            updates: received,
            counts: Arc::clone(&counts),
            run: None,
        };
        let show = move || match display {
            Display::Bar(columns) => show_bar(watched, &columns, writer),
            Display::Lines(every) => show_lines(watched, every, writer),
        };
        let thread = thread::Builder::new().name("progress".to_owned());
        match thread.spawn(show) {
            Ok(thread) => Self {
                counts,
                updates: Some(updates),
                thread: Some(thread),
            },
            Err(_) => Self::hidden(),
        }
    }

    /// Returns progress that is not shown, for `--quiet` and `--verbose`.
    pub(crate) fn hidden() -> Self {
        Self {
            counts: Arc::default(),
            updates: None,
            thread: None,
        }
    }

    /// Shows a run that begins now, in place of the one before.
    pub(crate) fn begin(&self, subject: Subject) {
        self.show(Counts::default());
        self.send(Update::Begin(subject));
    }

    /// Shows these counts of the run.
    pub(crate) fn show(&self, counts: Counts) {
        *lock(&self.counts) = counts;
    }

    /// Prints lines on standard error, above the bar if there is one.
    pub(crate) fn print(&self, lines: &str) {
        match &self.updates {
            Some(_) => self.send(Update::Lines(lines.to_owned())),
            None => program::print_stderr(lines),
        }
    }

    fn send(&self, update: Update) {
        if let Some(updates) = &self.updates {
            // The thread ends only after this sender.
            let _ = updates.send(update);
        }
    }
}

impl Drop for Progress {
    /// Removes the bar and waits until that is done.
    fn drop(&mut self) {
        self.updates = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Why the thread stopped waiting.
enum Woken {
    /// The moment has come.
    Moment,
    /// These lines are to be printed.
    Lines(String),
    /// There will be no other updates.
    End,
}

/// Draws the bar on each tick until the channel is closed, and then removes it.
fn show_bar(mut watched: Watched, columns: &dyn Fn() -> usize, mut writer: impl Write) {
    let mut drawn = Drawn::default();
    loop {
        let now = Instant::now();
        let width = columns();
        let line = watched.run.as_ref().map_or_else(String::new, |view| {
            view.bar(now, width.saturating_sub(FREE_COLUMNS))
        });
        // Standard error may be closed; there is no other place to report that.
        let _ = write!(writer, "{}{line}", drawn.erase(width));
        let _ = writer.flush();
        drawn = Drawn {
            cells: measure_text_width(&line),
        };
        match watched.until(now + TICK) {
            Woken::Moment => {}
            Woken::Lines(lines) => {
                let _ = write!(writer, "{}{lines}", drawn.erase(columns()));
                drawn = Drawn::default();
            }
            Woken::End => {
                let _ = write!(writer, "{}", drawn.erase(columns()));
                let _ = writer.flush();
                return;
            }
        }
    }
}

/// Prints a line after each period until the channel is closed.
fn show_lines(mut watched: Watched, every: Duration, mut writer: impl Write) {
    let mut next = Instant::now() + every;
    loop {
        let lines = match watched.until(next) {
            Woken::Moment => {
                let line = watched.run.as_ref().map(|view| view.line(next) + "\n");
                // After a suspension, one line and not one for each period that has passed.
                next = next.max(Instant::now()) + every;
                line.unwrap_or_default()
            }
            Woken::Lines(lines) => lines,
            Woken::End => return,
        };
        let _ = writer.write_all(lines.as_bytes());
    }
}

/// What the thread sees of the run.
struct Watched {
    updates: Receiver<Update>,
    counts: Arc<Mutex<Counts>>,
    run: Option<View>,
}

impl Watched {
    /// Waits until this moment, or until there is something else to do. Then notes how far the run is.
    fn until(&mut self, moment: Instant) -> Woken {
        loop {
            let wait = moment.saturating_duration_since(Instant::now());
            let woken = match self.updates.recv_timeout(wait) {
                Ok(Update::Begin(subject)) => {
                    self.run = Some(View::new(subject, Instant::now()));
                    continue;
                }
                Ok(Update::Lines(lines)) => Woken::Lines(lines),
                Err(RecvTimeoutError::Timeout) => Woken::Moment,
                Err(RecvTimeoutError::Disconnected) => Woken::End,
            };
            if let Some(view) = &mut self.run {
                view.note(*lock(&self.counts), Instant::now());
            }
            return woken;
        }
    }
}

/// Returns the counts. A thread that panicked has left whole ones.
fn lock(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests;
