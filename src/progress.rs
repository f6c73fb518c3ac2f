//! The bar: how far a run is, on a terminal and nowhere else. Fed from the one place that counts records.

use std::time::Duration;

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::strategy::Strategy;
use crate::tally::Tally;

/// Between two drawings when nothing happens, so that the clock goes on.
const TICK: Duration = Duration::from_millis(100);

/// The longest text of the bar, and ten columns of bar.
const WIDE: u16 = 80;

/// A bar on standard error, or nothing at all.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar for this many codes; nothing where standard error is not a terminal.
    pub fn bar(strategy: Strategy, codes: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(codes as u64), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template(template(Term::stderr().size().1))
            .expect("constants, drawn by a test");
        bar.set_style(style);
        let bar = bar
            .with_prefix(strategy.name())
            .with_message(message(0, 0, 0));
        if !bar.is_hidden() {
            bar.enable_steady_tick(TICK);
        }
        Self(bar)
    }

    /// No bar.
    pub fn none() -> Self {
        Self(ProgressBar::hidden())
    }

    /// Shows what has been counted.
    pub fn show(&self, tally: &Tally) {
        if self.0.is_hidden() {
            return;
        }
        self.0
            .set_message(message(tally.ok(), tally.not_found(), tally.errors()));
        self.0.set_position(tally.counted() as u64);
    }

    /// Takes the bar away without a trace.
    pub fn finish(self) {
        self.0.finish_and_clear();
    }
}

/// What fits into this many columns: a line that does not fit is broken, and a broken bar leaves its pieces behind. No
/// colours, so NO_COLOR has nothing to switch off.
fn template(columns: u16) -> &'static str {
    if columns < WIDE {
        "{pos}/{len} {wide_msg}"
    } else {
        "{prefix} {wide_bar} {pos}/{len} {msg} {elapsed}, {eta} left"
    }
}

fn message(ok: usize, not_found: usize, errors: usize) -> String {
    let s = if errors == 1 { "" } else { "s" };
    format!("{ok} ok, {not_found} not found, {errors} error{s}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::InMemoryTerm;

    /// What a terminal of this width shows of a run of 676 codes, 300 of them counted.
    fn shown(columns: u16) -> String {
        let term = InMemoryTerm::new(5, columns);
        let target = ProgressDrawTarget::term_like(Box::new(term.clone()));
        let bar = ProgressBar::with_draw_target(Some(676), target);
        bar.set_style(ProgressStyle::with_template(template(columns)).unwrap());
        bar.set_prefix(Strategy::ThreadPool.name());
        bar.set_message(message(100, 199, 1));
        bar.set_position(300);
        bar.tick();
        term.contents()
    }

    #[test]
    fn the_bar_names_the_strategy_and_counts_what_became_of_codes() {
        let line = shown(100);
        assert!(line.starts_with("threadpool █"), "{line}");
        assert!(
            line.contains(" 300/676 100 ok, 199 not found, 1 error 0s, "),
            "{line}"
        );
        assert!(line.ends_with(" left"), "{line}");
    }

    #[test]
    fn the_bar_is_one_line_on_every_terminal() {
        for columns in [20, 40, 60, 79, 80, 200] {
            assert_eq!(
                shown(columns).lines().count(),
                1,
                "{columns}: {}",
                shown(columns)
            );
        }
        assert_eq!(shown(60), "300/676 100 ok, 199 not found, 1 error");
    }
}
