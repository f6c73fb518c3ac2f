//! The bar: how far a run is, on a terminal and nowhere else. Fed from the one place that counts records.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::strategy::Strategy;
use crate::tally::Tally;

/// Between two drawings when nothing happens, so that the clock goes on.
const TICK: Duration = Duration::from_millis(100);

/// A bar on standard error, or nothing at all.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar for this many codes; nothing where standard error is not a terminal.
    pub fn bar(strategy: Strategy, codes: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(codes as u64), ProgressDrawTarget::stderr());
        // No colours: NO_COLOR has nothing to switch off.
        let style = ProgressStyle::with_template(
            "{prefix} {wide_bar} {pos}/{len} {msg} {elapsed}, {eta} left",
        )
        .expect("a constant, drawn by a test");
        bar.set_style(style);
        bar.set_prefix(strategy.name());
        bar.set_message(message(0, 0, 0));
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

fn message(ok: usize, not_found: usize, errors: usize) -> String {
    let s = if errors == 1 { "" } else { "s" };
    format!("{ok} ok, {not_found} not found, {errors} error{s}")
}
