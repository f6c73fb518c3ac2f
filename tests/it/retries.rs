//! What is asked for again, how often, and when: stale connections silently, transient failures as often as is allowed, and
//! nobody while the server wants to be left alone.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::support::left_alone::{Heard, LeftAlone};
use crate::support::raw::{RawServer, ok};
use crate::support::stale::stale_connections_cost_no_flag;
use crate::support::{Program, Work, a_flag, at_once, codes, every_code, listing, server, until};
use flags::job::Job;
use flags::record::{Kind, Outcome, Record, Status};
use flags::strategy::Strategy;
use test_server::TestServer;

fn with_retries(server: &TestServer, words: &[&str], retries: u32) -> Work {
    Work::with(&server.url(), codes(words), |job| job.retries = retries)
}

fn failure(record: &Record) -> (Kind, u32) {
    let Outcome::Failed(failure) = &record.outcome else {
        panic!("{record:?}")
    };
    (failure.kind(), record.effort.attempts)
}

#[test]
fn a_server_that_closes_connections_without_a_word_costs_no_flag() {
    // A few; tests/soak.rs asks for every code.
    stale_connections_cost_no_flag(&codes(&["b", "c"]));
}

#[test]
fn a_request_that_breaks_over_a_fresh_connection_too_is_an_error_after_three() {
    for (plan, kind) in [("100:close", Kind::ClosedEarly), ("100:reset", Kind::Reset)] {
        for strategy in Strategy::ALL {
            let server = server(plan);
            let records = with_retries(&server, &["br"], 0).run(strategy, 1);
            assert_eq!(failure(&records[0]), (kind, 1));
            assert_eq!(server.stop().requests, 3, "{plan} {strategy}");
        }
    }
}

#[test]
fn an_answer_that_has_begun_is_not_asked_for_silently_again() {
    for plan in ["100:truncate", "100:reset-body", "100:status=503"] {
        let server = server(plan);
        with_retries(&server, &["br"], 0).run(Strategy::Semaphore, 1);
        assert_eq!(server.stop().requests, 1, "{plan}");
    }
}

#[test]
fn what_is_transient_is_tried_again_until_it_is_good() {
    let faults = [
        "status=408",
        "status=429",
        "status=503",
        "truncate",
        "bad-chunk",
        "gif-cut",
        "reset-body",
        "truncate-unframed",
    ];
    at_once(faults, |fault| {
        let server = server(&format!("100:{fault}+transient=1"));
        for strategy in Strategy::ALL {
            server.reset();
            let work = with_retries(&server, &["br", "xx"], 1);
            let records = work.run(strategy, 2);
            assert_eq!(
                (records[0].status(), records[1].status()),
                (Status::Ok, Status::NotFound),
                "{fault} {strategy}: {records:?}"
            );
            assert_eq!(records[0].effort.attempts, 2);
            assert_eq!(work.listing(), ["br.gif"]);
        }
    });
}

#[test]
fn attempts_end_when_there_are_no_retries_left() {
    let server = server("100:status=503");
    for (retries, attempts) in [(0, 1), (1, 2), (2, 3)] {
        server.reset();
        let records = with_retries(&server, &["br"], retries).run(Strategy::Sequential, 1);
        assert_eq!(failure(&records[0]), (Kind::HttpStatus, attempts));
        assert_eq!(server.stats().requests, u64::from(attempts));
    }
}

#[test]
fn what_would_be_the_same_again_is_not_tried_again() {
    for fault in [
        "status=404",
        "status=501",
        "html",
        "empty",
        "gif-trailing",
        "redirect-loop",
        "huge",
        "garbage",
    ] {
        let server = server(&format!("100:{fault}"));
        let records = with_retries(&server, &["br"], 3).run(Strategy::Semaphore, 1);
        assert_eq!(records[0].effort.attempts, 1, "{fault}");
    }
}

#[test]
fn a_server_that_asks_for_too_much_patience_is_given_up_at_once() {
    let server = server("100:status=429+retry-after=99999");
    for strategy in Strategy::ALL {
        let records = with_retries(&server, &["br"], 3).run(strategy, 1);
        let Outcome::Failed(failure) = &records[0].outcome else {
            panic!("{records:?}")
        };
        assert_eq!(
            failure.cause(),
            "HTTP error 429 - Too Many Requests (Retry-After of 99999 s exceeds the maximum of 30 s)"
        );
        assert_eq!(records[0].effort.attempts, 1);
    }
}

#[test]
fn nobody_asks_while_the_server_wants_to_be_left_alone() {
    let flag = a_flag();
    for strategy in [Strategy::ThreadPool, Strategy::Semaphore] {
        // To a server that does not get a turn for as long as a body is waited for, "at once" looks late: it is asked again.
        let heard = (0..5).map(|_| heard_by(strategy, ok(&flag)));
        let at_once = heard.into_iter().any(|heard| heard == Some(Heard::AtOnce));
        assert!(at_once, "{strategy} reads on before it keeps away");
    }
}

/// Six flags over three connections, from a server that asks one of the first three requests for a second of patience.
fn heard_by(strategy: Strategy, flag: Vec<u8>) -> Option<Heard> {
    let job = Arc::<OnceLock<Arc<Job>>>::default();
    let keeps_away = {
        let job = Arc::clone(&job);
        move || job.get().is_some_and(|job| job.origin.is_on())
    };
    let server = LeftAlone::new(3, Duration::from_secs(1), flag, keeps_away);
    let six = codes(&["br", "cn", "de", "in", "us", "mx"]);
    let work = Work::with(&server.url(), six, |job| job.retries = 1);
    job.get_or_init(|| Arc::clone(&work.job));
    let records = work.run(strategy, 3);
    let all_there = records.iter().all(|record| record.status() == Status::Ok);
    assert!(all_there, "{records:?}");
    let attempts = records.iter().map(|record| record.effort.attempts);
    assert_eq!(attempts.sum::<u32>(), 7);
    assert_eq!(server.requests_during_the_pause(), 0, "{strategy}");
    server.heard()
}

#[test]
fn a_server_is_left_alone_also_by_a_download_that_will_not_ask_again() {
    at_once(Strategy::ALL, |strategy| {
        let server = server("100:status=503+retry-after=1");
        let records = with_retries(&server, &["br", "us"], 1).run(strategy, 1);
        let last = &records[1].effort;
        // Its own pause, and the one that the other was asked for at its last attempt.
        assert!(
            last.paused >= Duration::from_millis(1900),
            "{strategy}: {last:?}"
        );
    });
}

#[test]
fn a_run_that_is_stopped_does_not_wait_for_the_next_attempt() {
    for strategy in Strategy::ALL {
        let server = server("100:status=503+retry-after=30");
        let work = with_retries(&server, &["b"], 1000);
        let job = Arc::clone(&work.job);
        let records = std::thread::scope(|scope| {
            let running = scope.spawn(|| work.run(strategy, 1));
            until(|| job.origin.is_on());
            job.stop.cancel();
            running.join().unwrap()
        });
        let tried = records.iter().filter(|record| record.effort.attempts > 0);
        let tried: Vec<_> = tried.map(failure).collect();
        assert_eq!(tried, [(Kind::HttpStatus, 1)], "{strategy}: {records:?}");
        let counted = |status| records.iter().filter(|r| r.status() == status).count();
        assert_eq!(counted(Status::NotAttempted), 25);
    }
}

#[test]
fn the_lines_say_how_many_attempts_it_took_and_the_tally_counts_codes() {
    let server = server("100:status=503+transient=1");
    let program = Program::new();
    let run = program.run(["-v", "-s", &server.url(), "--retries", "3", "br", "xx"]);
    let mut lines: Vec<_> = run.out.lines().skip(3).take(2).collect();
    lines.sort_unstable();
    assert_eq!(lines, ["BR OK (2 attempts)", "XX not found (2 attempts)"]);
    assert!(
        run.out
            .contains("\n1 flag downloaded.\n1 not found.\nElapsed"),
        "{}",
        run.out
    );
    assert_eq!(run.exit, Some(0));

    let failing = crate::support::server("100:status=503");
    let run = program.run(["-v", "-s", &failing.url(), "--retries", "1", "br"]);
    assert!(
        run.out
            .contains("\n*** Error for BR: HTTP error 503 - Service Unavailable (2 attempts)\n"),
        "{}",
        run.out
    );
    assert_eq!(listing(&program.downloads()), ["br.gif"]);
}

#[test]
fn the_connections_of_fifty_missing_flags_are_two_at_most() {
    let raw = RawServer::answering_in_two_parts("404 Not Found");
    let records = Work::new(&raw.url(), every_code()[..50].to_vec()).run(Strategy::Sequential, 1);
    assert!(
        records
            .iter()
            .all(|record| record.status() == Status::NotFound)
    );
    // One or two, were it not for machines so busy that a body is late.
    assert!(raw.connections() < 25, "{}", raw.connections());
}
