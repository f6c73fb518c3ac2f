//! The bar: how far a run is, on a terminal and nowhere else. Fed from the one place that counts records.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::console::Term; // the crate, not the module around this one
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::job::Job;
use crate::strategy::Strategy;
use crate::tally::Tally;

/// Between two drawings when nothing happens, so that the clock goes on.
const TICK: Duration = Duration::from_millis(100);

/// The longest text of the bar, and ten columns of bar.
const WIDE: u16 = 80;

/// A bar on standard error, or nothing at all.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    codes: usize,
}

impl Progress {
    /// A bar for this job; nothing where standard error is not a terminal.
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

    /// No bar.
    pub(crate) fn none() -> Self {
        Self {
            bar: ProgressBar::hidden(),
            codes: 0,
        }
    }

    /// Shows what has been counted.
    pub(crate) fn show(&self, tally: &Tally) {
        if self.bar.is_hidden() {
            return;
        }
        // The numbers are all in the message: it and the position are two calls, and a drawing may come between them.
        let counts = [tally.ok(), tally.not_found(), tally.errors()];
        self.bar
            .set_message(message(tally.counted(), self.codes, counts));
        self.bar.set_position(tally.counted() as u64);
    }

    /// Takes the bar away without a trace.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

/// What fits into this many columns: a line that does not fit is broken, and a broken bar leaves its pieces behind. No
/// colours, so NO_COLOR has nothing to switch off. A bar that stands still because the server asked for it says so.
fn style(columns: u16, paused: impl Fn() -> bool + Clone + Send + Sync + 'static) -> ProgressStyle {
    let template = if columns < WIDE {
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
    let s = if errors == 1 { "" } else { "s" };
    format!("{counted}/{codes} {ok} ok, {not_found} not found, {errors} error{s}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::InMemoryTerm;

    /// What a terminal of this width shows of a run of 676 codes.
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
    fn the_bar_names_the_strategy_and_counts_what_became_of_codes() {
        let line = shown(100, 300, false);
        assert!(line.starts_with("threadpool █"), "{line}");
        assert!(
            line.contains(" 300/676 100 ok, 199 not found, 1 error 0s, "),
            "{line}"
        );
        assert!(line.ends_with(" left"), "{line}");
    }

    #[test]
    fn the_bar_does_not_guess_before_it_knows_and_says_when_it_waits() {
        assert!(shown(100, 0, false).ends_with(" error 0s"));
        assert!(shown(100, 300, true).ends_with(" 0s, paused"));
    }

    #[test]
    fn the_bar_is_one_line_on_every_terminal() {
        for columns in [20, 40, 60, 79, 80, 200] {
            let shown = shown(columns, 300, false);
            assert_eq!(shown.lines().count(), 1, "{columns}: {shown}");
        }
        let narrow = shown(60, 300, false);
        assert_eq!(narrow, "300/676 100 ok, 199 not found, 1 error");
    }
}
