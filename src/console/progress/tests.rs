//! Tests of the progress: the bar at each width, a terminal that is narrowed, and the lines without a terminal.

use std::sync::mpsc;

use super::*;
use crate::strategy::Strategy;

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
        title: Title::Run(Strategy::ThreadPool),
        total: Some(676),
        colored,
        paused: Box::new(move || paused),
    }
}

/// Returns a run that finished 300 of 676 downloads in 100 seconds, and the moment after them.
fn view(colored: bool, paused: bool) -> (View, Instant) {
    let start = Instant::now();
    let view = finish_300(View::new(subject(colored, paused), start), start);
    (view, start + Duration::from_secs(100))
}

/// Finishes 300 downloads in 100 seconds.
fn finish_300(mut view: View, start: Instant) -> View {
    for second in 1..=100 {
        let counts = Counts {
            finished: 3 * second as usize,
            ..Counts::default()
        };
        view.note(counts, start + Duration::from_secs(second));
    }
    let counts = Counts {
        finished: 300,
        ok: 100,
        not_found: 188,
        errors: 12,
    };
    view.note(counts, start + Duration::from_secs(100));
    view
}

/// Returns the same run as one of a comparison.
fn compared(left: Option<u64>) -> (View, Instant) {
    let start = Instant::now();
    let position = Position {
        number: 7,
        of: 24,
        series: "threadpool, 100 connections".to_owned(),
        left: left.map(Duration::from_secs),
    };
    let subject = Subject {
        title: Title::Compared(position),
        ..subject(false, false)
    };
    let view = finish_300(View::new(subject, start), start);
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
    let counts = Counts {
        finished: 300,
        ok: 100,
        not_found: 200,
        errors: 0,
    };
    view.note(counts, now);
    assert!(!view.bar(now, 110).contains('\u{1b}'));
}

#[test]
fn no_time_is_left_before_the_first_record_or_during_a_pause() {
    let (view, now) = view(false, true);
    assert!(view.bar(now, 110).ends_with(", 1m 40s, paused"));
    let start = Instant::now();
    let fresh = View::new(subject(false, false), start);
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
    let counts = Counts {
        finished: 1,
        not_found: 1,
        ..Counts::default()
    };
    let (sender, pieces) = mpsc::channel();
    let short = Duration::from_millis(1);
    let progress = Progress::start(Display::Lines(short), Pieces(sender));
    progress.begin(subject(false, false));
    progress.show(counts);
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
    let progress = Progress::start(Display::Lines(long), Pieces(sender));
    progress.begin(subject(false, false));
    progress.show(counts);
    drop(progress);
    assert_eq!(pieces.iter().count(), 0, "a short run prints nothing");
}

#[test]
fn a_bar_is_removed_at_the_end() {
    let (sender, pieces) = mpsc::channel();
    let bar = Display::Bar(Box::new(|| 80));
    let progress = Progress::start(bar, Pieces(sender));
    progress.begin(subject(false, false));
    progress.print("one line\n");
    drop(progress);
    let all: String = pieces.iter().collect();
    assert!(
        all.contains("0/676 0 ok, 0 not found, 0 errors, 0s"),
        "{all:?}"
    );
    assert!(all.contains("\r\u{1b}[Jone line\n"), "{all:?}");
    assert!(all.ends_with("\r\u{1b}[J"), "{all:?}");
}

#[test]
fn a_run_of_a_comparison_is_shown_with_its_number_and_the_time_left_for_all() {
    let (view, now) = compared(Some(1000));
    let line = view.bar(now, 110);
    assert!(line.starts_with("██████"), "{line}");
    let text = "run 7 of 24: threadpool, 100 connections: 300/676, 12 errors, 1m 40s, 15m 00s left";
    assert!(line.ends_with(&format!("░ {text}")), "{line}");
    assert_eq!(view.line(now), text);
    for (width, line) in [
        (
            80,
            "run 7 of 24: threadpool, 100 connections: 300/676, 12 errors, 15m 00s left",
        ),
        (
            72,
            "7/24 threadpool, 100 connections: 300/676, 12 errors, 15m 00s left",
        ),
        (60, "7/24 threadpool, 100 connections: 300/676, 12 errors"),
        (40, "7/24: 300/676, 12 errors"),
        (10, "7/24: 300/"),
    ] {
        assert_eq!(view.bar(now, width), line, "{width}");
    }
    let (view, now) = compared(None);
    assert!(
        view.line(now)
            .ends_with(", 1m 40s, 2m 05s left in this run"),
        "{}",
        view.line(now)
    );
}
