//! Which requests are repeated, how often, and when: silently on stale connections, up to `--retries` times after
//! transient failures after a backoff, and never during a pause that the server requested.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::support::pausing_server::{PauseStart, PausingServer};
use crate::support::raw::{RawServer, kept_ok, ok};
use crate::support::stale::assert_stale_connections_lose_no_flag;
use crate::support::work::pause_begins;
use crate::support::{
    Program, Run, Work, codes, every_code, flag_of_brazil, has_namespaces, in_parallel, listing,
    server, skip,
};
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
fn stale_connections_lose_no_flag() {
    // Only a few codes; tests/soak.rs downloads all of them.
    assert_stale_connections_lose_no_flag(&codes(&["b", "c"]));
}

#[test]
fn a_request_that_breaks_on_a_connection_of_its_own_is_not_repeated() {
    for (plan, kind) in [("100:close", Kind::ClosedEarly), ("100:reset", Kind::Reset)] {
        for strategy in Strategy::ALL {
            let server = server(plan);
            let records = with_retries(&server, &["br", "us"], 0).run(strategy, 1);
            assert_eq!(failure(&records[0]), (kind, 1));
            assert_eq!(server.stop().requests, 2, "{plan} {strategy}");
        }
    }
}

#[test]
fn a_request_that_breaks_on_a_pooled_connection_is_repeated_on_a_new_one_and_then_fails() {
    let flag = flag_of_brazil();
    for strategy in Strategy::ALL {
        let server = RawServer::answering_only_the_first_request(kept_ok(&flag));
        let records = Work::new(&server.url(), codes(&["br", "us"])).run(strategy, 1);
        assert_eq!(records[0].status(), Status::Ok);
        assert_eq!(failure(&records[1]), (Kind::ClosedEarly, 1));
        assert_eq!(
            (server.connections(), server.requests()),
            (2, 3),
            "{strategy}"
        );
    }
}

#[test]
fn a_redirected_request_that_meets_a_stale_connection_is_repeated() {
    let flag = flag_of_brazil();
    for strategy in Strategy::ALL {
        let server = RawServer::redirecting_once_per_connection(ok(&flag));
        let records = Work::new(&server.url(), codes(&["br"])).run(strategy, 1);
        assert_eq!(records[0].status(), Status::Ok, "{strategy}: {records:?}");
        assert_eq!(records[0].effort.attempts, 1);
    }
}

#[test]
fn a_request_is_not_repeated_silently_once_its_answer_has_begun() {
    for plan in ["100:truncate", "100:reset-body", "100:status=503"] {
        let server = server(plan);
        with_retries(&server, &["br"], 0).run(Strategy::Semaphore, 1);
        assert_eq!(server.stop().requests, 1, "{plan}");
    }
}

#[test]
fn transient_failures_are_retried_until_they_succeed() {
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
    in_parallel(faults, |fault| {
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
fn attempts_end_when_no_retries_are_left() {
    let server = server("100:status=503");
    for (retries, attempts) in [(0, 1), (1, 2), (2, 3)] {
        server.reset();
        let records = with_retries(&server, &["br"], retries).run(Strategy::Sequential, 1);
        assert_eq!(failure(&records[0]), (Kind::HttpStatus, attempts));
        assert_eq!(server.stats().requests, u64::from(attempts));
    }
}

#[test]
fn permanent_failures_are_not_retried() {
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
fn a_retry_after_above_the_maximum_fails_the_code_at_once() {
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
fn a_retry_after_of_zero_does_not_cancel_the_backoff() {
    for strategy in Strategy::ALL {
        let server = server("100:status=503+retry-after=0");
        let records = with_retries(&server, &["br"], 2).run(strategy, 1);
        assert_eq!(failure(&records[0]), (Kind::HttpStatus, 3));
        // Half of 250 ms and half of 500 ms.
        let paused = records[0].effort.paused;
        assert!(paused >= Duration::from_millis(375), "{paused:?}");
    }
}

#[test]
fn a_look_up_that_fails_for_now_is_retried() {
    if !has_namespaces() {
        return skip("no network namespace: a look-up that fails for now");
    }
    let program = Program::new();
    let args = [
        "-v",
        "-s",
        "http://flags.example/flags",
        "--retries",
        "1",
        "br",
    ];
    for (proxy, via) in [
        ("", ""),
        (
            "http://proxy.example:3128",
            " (via proxy proxy.example:3128)",
        ),
    ] {
        let mut command = program.inside(&["unshare", "-rn"]);
        let run = Run::of(command.env("http_proxy", proxy).args(args));
        let expected = format!(
            "*** Error for BR: dns: failed to lookup address information: \
             Temporary failure in name resolution{via} (2 attempts)"
        );
        assert!(run.out.contains(&expected), "{}", run.out);
    }
}

#[test]
fn no_request_is_sent_during_a_pause_that_the_server_requested() {
    let flag = flag_of_brazil();
    for strategy in [Strategy::ThreadPool, Strategy::Semaphore] {
        // If the thread of the server is not scheduled while the client waits for the body, it sees the pause too late.
        // So the pause must begin in time in one of five runs.
        let mut starts = (0..5).map(|_| run_with_pause(strategy, ok(&flag)));
        let in_time = starts.any(|start| start == Some(PauseStart::AfterHead));
        assert!(in_time, "{strategy} reads the body before it pauses");
    }
}

/// Downloads six flags over three connections from a server that answers one of the first three requests with a
/// `Retry-After` of one second. Asserts that no request arrives during the pause, and returns when the pause began.
fn run_with_pause(strategy: Strategy, flag: Vec<u8>) -> Option<PauseStart> {
    let job = Arc::<OnceLock<Arc<Job>>>::default();
    let wait_for_pause = {
        let job = Arc::clone(&job);
        move || pause_begins(job.get().unwrap())
    };
    let server = PausingServer::new(3, Duration::from_secs(1), flag, wait_for_pause);
    let six = codes(&["br", "cn", "de", "in", "us", "mx"]);
    let work = Work::with(&server.url(), six, |job| job.retries = 1);
    job.get_or_init(|| Arc::clone(&work.job));
    let records = work.run(strategy, 3);
    let all_ok = records.iter().all(|record| record.status() == Status::Ok);
    assert!(all_ok, "{records:?}");
    let attempts = records.iter().map(|record| record.effort.attempts);
    assert_eq!(attempts.sum::<u32>(), 7);
    assert_eq!(server.requests_during_the_pause(), 0, "{strategy}");
    server.pause_start()
}

#[test]
fn a_pause_requested_at_the_last_attempt_of_one_code_delays_the_next_code() {
    in_parallel(Strategy::ALL, |strategy| {
        let server = server("100:status=503+retry-after=1");
        let records = with_retries(&server, &["br", "us"], 1).run(strategy, 1);
        let last = &records[1].effort;
        // Its own pause, and the one that the server requested at the last attempt of the other code.
        assert!(
            last.paused >= Duration::from_millis(1900),
            "{strategy}: {last:?}"
        );
    });
}

#[test]
fn a_stopped_run_does_not_wait_for_the_next_attempt() {
    for strategy in Strategy::ALL {
        let server = server("100:status=503+retry-after=30");
        let work = with_retries(&server, &["b"], 1000);
        let job = Arc::clone(&work.job);
        let records = std::thread::scope(|scope| {
            let running = scope.spawn(|| work.run(strategy, 1));
            pause_begins(&job);
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
fn the_lines_show_the_number_of_attempts_and_the_tally_counts_codes() {
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
fn fifty_missing_flags_take_fewer_than_25_connections() {
    let raw = RawServer::answering_in_two_parts("404 Not Found");
    let records = Work::new(&raw.url(), every_code()[..50].to_vec()).run(Strategy::Sequential, 1);
    assert!(
        records
            .iter()
            .all(|record| record.status() == Status::NotFound)
    );
    // One or two on an idle machine. On a busy one, some bodies arrive too late for their connection to be reused.
    assert!(raw.connections() < 25, "{}", raw.connections());
}
