//! Tests of the progress: the bar at each width, a terminal that is narrowed, and the lines without a terminal.

use std::sync::mpsc;

use super::*;
use crate::country::Selection;
use crate::record::{Outcome, Record};

/// Hands each piece that is written to a test, which waits for it.
struct Pieces(mpsc::Sender<String>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The test may have ended.
        let _ = self.0.send(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn subject(colored: bool, paused: bool) -> Subject {
    Subject {
        strategy: Strategy::ThreadPool,
        codes: 676,
        colored,
        paused: Box::new(move || paused),
    }
}

/// Returns a run that finished 300 of 676 downloads in 100 seconds, and the moment after them.
fn view(colored: bool, paused: bool) -> (View, Instant) {
    let start = Instant::now();
    let mut view = View {
        subject: subject(colored, paused),
        counts: Counts::default(),
        start,
        rate: Rate::new(start),
    };
    for second in 1..=100 {
        view.rate
            .note(start + Duration::from_secs(second), 3 * second as usize);
    }
    view.counts = Counts {
        finished: 300,
        ok: 100,
        not_found: 188,
        errors: 12,
    };
    (view, start + Duration::from_secs(100))
}

#[test]
fn the_bar_shows_strategy_counts_rate_elapsed_time_and_time_left() {
    let (view, now) = view(false, false);
    let line = view.bar(now, 110);
    assert!(line.starts_with("threadpool ████"), "{line}");
    let end = "░ 300/676 100 ok, 188 not found, 12 errors, 3.0/s, 1m 40s, 2m 05s left";
    assert!(line.ends_with(end), "{line}");
}

#[test]
fn errors_are_red_only_if_there_are_any() {
    let (mut view, now) = view(true, false);
    for width in [110, 60, 37, 17] {
        let line = view.bar(now, width);
        assert!(line.contains("\u{1b}[31m12 err"), "{width}: {line}");
    }
    view.counts.errors = 0;
    assert!(!view.bar(now, 110).contains('\u{1b}'));
}

#[test]
fn no_time_is_left_before_the_first_record_or_during_a_pause() {
    let (view, now) = view(false, true);
    assert!(view.bar(now, 110).ends_with(", 1m 40s, paused"));
    let start = Instant::now();
    let fresh = View {
        subject: subject(false, false),
        counts: Counts::default(),
        start,
        rate: Rate::new(start),
    };
    let line = fresh.bar(start + Duration::from_secs(3), 110);
    assert!(
        line.ends_with(" 0/676 0 ok, 0 not found, 0 errors, 3s"),
        "{line}"
    );
}

#[test]
fn the_counts_stay_at_every_width() {
    let (view, now) = view(false, false);
    for width in 1..200 {
        let line = view.bar(now, width);
        assert!(measure_text_width(&line) <= width, "{width}: {line}");
    }
    for (columns, line) in [
        (
            90,
            "███████░░░░░░░░░░░ 300/676 100 ok, 188 not found, 12 errors, 3.0/s, 1m 40s, 2m 05s left",
        ),
        (
            80,
            "300/676 100 ok, 188 not found, 12 errors, 3.0/s, 1m 40s, 2m 05s left",
        ),
        (60, "300/676 100 ok, 188 not found, 12 errors 1m 40s"),
        (45, "300/676 100 ok, 188 not found, 12 errors"),
        (40, "300/676 100 ok 188 none 12 err"),
        (20, "300/676 12 err"),
    ] {
        assert_eq!(view.bar(now, columns - FREE_COLUMNS), line, "{columns}");
    }
}

#[test]
fn a_bar_that_a_narrowed_terminal_wrapped_is_erased_from_its_first_line() {
    let drawn = |cells| Drawn { cells };
    assert_eq!(drawn(0).erase(80), "\r\u{1b}[J");
    assert_eq!(drawn(77).erase(80), "\r\u{1b}[J");
    assert_eq!(drawn(40).erase(40), "\r\u{1b}[J");
    assert_eq!(drawn(77).erase(40), "\u{1b}[1A\r\u{1b}[J");
    assert_eq!(drawn(77).erase(20), "\u{1b}[3A\r\u{1b}[J");
    assert_eq!(drawn(77).erase(0), "\u{1b}[76A\r\u{1b}[J");
}

#[test]
fn without_a_terminal_there_is_a_line_after_each_period_and_none_at_the_end() {
    let codes = Selection::<&str>::Every.codes().unwrap();
    let mut tally = Tally::new(&codes);
    tally.add(&Record::new(codes[0], Outcome::NotFound));
    let (sender, pieces) = mpsc::channel();
    let short = Duration::from_millis(1);
    let progress = Progress::start(subject(false, false), Display::Lines(short), Pieces(sender));
    progress.show(&tally);
    // The first lines may precede the counts.
    let mut first = pieces.iter().take(10_000);
    let line = first.find(|line| line.starts_with("1/676 ")).unwrap();
    assert!(
        line.starts_with("1/676 0 ok, 1 not found, 0 errors, "),
        "{line}"
    );
    assert!(
        line.ends_with('\n') && !line.contains(['\r', '\u{1b}']),
        "{line:?}"
    );
    drop(progress);

    let (sender, pieces) = mpsc::channel();
    let long = Duration::from_secs(3600);
    let progress = Progress::start(subject(false, false), Display::Lines(long), Pieces(sender));
    progress.show(&tally);
    drop(progress);
    assert_eq!(pieces.iter().count(), 0, "a short run prints nothing");
}

#[test]
fn a_bar_is_removed_at_the_end() {
    let (sender, pieces) = mpsc::channel();
    let bar = Display::Bar(Box::new(|| 80));
    let progress = Progress::start(subject(false, false), bar, Pieces(sender));
    drop(progress);
    let all: String = pieces.iter().collect();
    assert!(
        all.contains("0/676 0 ok, 0 not found, 0 errors, 0s"),
        "{all:?}"
    );
    assert!(all.ends_with("\r\u{1b}[J"), "{all:?}");
}
