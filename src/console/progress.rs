//! The progress bar. Shown only on a terminal, and updated from the one place that counts records.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::console::Term; // the crate, not the module around this one
use comparison::count;
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::job::Job;
use crate::strategy::Strategy;
use crate::tally::Tally;

/// The time between two redraws while nothing else changes, so that the elapsed time advances.
const TICK: Duration = Duration::from_millis(100);

/// The fewest columns for the full layout: its longest text and ten columns of bar.
const FULL_WIDTH: u16 = 80;

/// A progress bar on standard error, which may be hidden.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    codes: usize,
}

impl Progress {
    /// Returns a bar for this job. It is hidden if standard error is not a terminal.
    pub(crate) fn bar(strategy: Strategy, job: &Arc<Job>) -> Self {
        let codes = job.codes.len();
        let bar = ProgressBar::with_draw_target(Some(codes as u64), ProgressDrawTarget::stderr());
        let job = Arc::clone(job);
        bar.set_style(style(Term::stderr().size().1, move || job.origin.is_on()));
        let bar = bar
            .with_prefix(strategy.name())
            .with_message(message(0, codes, [0; 3]));
        if !bar.is_hidden() {
            bar.enable_steady_tick(TICK);
        }
        Self { bar, codes }
    }

    /// Returns a hidden bar, for `--quiet` and `--verbose`.
    pub(crate) fn hidden() -> Self {
        Self {
            bar: ProgressBar::hidden(),
            codes: 0,
        }
    }

    /// Updates the bar to the counts of `tally`.
    pub(crate) fn show(&self, tally: &Tally) {
        if self.bar.is_hidden() {
            return;
        }
        // All numbers are in the message. It and the position are set by two calls, and a redraw may happen between
        // them.
        let counts = [tally.ok(), tally.not_found(), tally.errors()];
        self.bar
            .set_message(message(tally.counted(), self.codes, counts));
        self.bar.set_position(tally.counted() as u64);
    }

    /// Removes the bar from the terminal.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

/// Returns the layout for a terminal of this many columns.
///
/// A line that does not fit is wrapped, and redrawing a wrapped bar leaves fragments behind. There are no colours, so
/// NO_COLOR needs no handling. During a pause that the server requested, the bar shows "paused" instead of the time
/// left.
fn style(columns: u16, paused: impl Fn() -> bool + Clone + Send + Sync + 'static) -> ProgressStyle {
    let template = if columns < FULL_WIDTH {
        "{wide_msg}"
    } else {
        "{prefix} {wide_bar} {msg} {elapsed}{left}"
    };
    let left = move |state: &ProgressState, text: &mut dyn fmt::Write| {
        let _ = match state.pos() {
            _ if paused() => write!(text, ", paused"),
            0 => Ok(()),
            _ => write!(text, ", {:#} left", HumanDuration(state.eta())),
        };
    };
    ProgressStyle::with_template(template)
        .expect("constants, drawn by a test")
        .with_key("left", left)
}

fn message(counted: usize, codes: usize, [ok, not_found, errors]: [usize; 3]) -> String {
    let errors = count(errors, "error");
    format!("{counted}/{codes} {ok} ok, {not_found} not found, {errors}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::InMemoryTerm;

    /// Returns what a terminal of this width shows for a run of 676 codes.
    fn shown(columns: u16, counted: usize, paused: bool) -> String {
        let term = InMemoryTerm::new(5, columns);
        let target = ProgressDrawTarget::term_like(Box::new(term.clone()));
        let bar = ProgressBar::with_draw_target(Some(676), target);
        bar.set_style(style(columns, move || paused));
        bar.set_prefix(Strategy::ThreadPool.name());
        bar.set_message(message(counted, 676, [100, 199, 1]));
        bar.set_position(counted as u64);
        bar.tick();
        term.contents()
    }

    #[test]
    fn the_bar_shows_the_strategy_and_the_counts() {
        let line = shown(100, 300, false);
        assert!(line.starts_with("threadpool █"), "{line}");
        assert!(
            line.contains(" 300/676 100 ok, 199 not found, 1 error 0s, "),
            "{line}"
        );
        assert!(line.ends_with(" left"), "{line}");
    }

    #[test]
    fn the_bar_shows_no_time_left_before_the_first_record_and_during_a_pause() {
        assert!(shown(100, 0, false).ends_with(" error 0s"));
        assert!(shown(100, 300, true).ends_with(" 0s, paused"));
    }

    #[test]
    fn the_bar_is_one_line_at_every_width() {
        for columns in [20, 40, 60, 79, 80, 200] {
            let shown = shown(columns, 300, false);
            assert_eq!(shown.lines().count(), 1, "{columns}: {shown}");
        }
        let narrow = shown(60, 300, false);
        assert_eq!(narrow, "300/676 100 ok, 199 not found, 1 error");
    }
}
