//! The progress bar: bytes of the files as they are on disk, their rate and the time left. Shown only on a terminal.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::work::Progress;

/// The time between two updates.
const TICK: Duration = Duration::from_millis(100);

/// A bar on standard error, which shows the progress until it is dropped.
#[derive(Debug)]
pub(crate) struct Bar {
    /// Dropped to end the thread.
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Bar {
    /// Shows the progress towards this number of bytes. Shows nothing if standard error is not a terminal, or with `hidden`.
    pub(crate) fn show(progress: &Progress, bytes: u64, hidden: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr());
        let shown = (!hidden && !bar.is_hidden()).then(|| {
            bar.set_style(style());
            let (end, ended) = mpsc::channel::<()>();
            let progress = progress.clone();
            let update = move || {
                while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                    bar.set_position(progress.bytes().min(bytes));
                    bar.tick();
                }
                bar.finish_and_clear();
            };
            let thread = thread::Builder::new().name("progress".to_owned());
            (end, thread.spawn(update).ok())
        });
        let (end, thread) = shown.unzip();
        Self {
            end,
            thread: thread.flatten(),
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // An `Err` is a panic, which that thread has already reported.
            let _ = thread.join();
        }
    }
}

fn style() -> ProgressStyle {
    let template =
        "{wide_bar} {decimal_bytes}/{decimal_total_bytes}, {decimal_bytes_per_sec}, {eta} left";
    ProgressStyle::with_template(template).expect("a constant, used by a test")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_template_is_valid() {
        let _style = super::style();
    }
}
