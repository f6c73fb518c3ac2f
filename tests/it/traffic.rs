//! When requests are sent: pauses and limits of several servers, and the rate of a whole run.

use std::sync::mpsc::channel;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use flags::item::Item;
use flags::job::{Job, Traffic, TrafficLimits};
use flags::record::{Kind, Outcome, Status};
use flags::report::Report;
use flags::server::BaseUrl;
use flags::strategy::Strategy;

use crate::support::raw::{RawServer, ok};
use crate::support::work::pause_begins;
use crate::support::{
    Program, Work, codes, flag_of_brazil, in_parallel, limit, server, wait_until,
};

/// Returns the flags of these countries at this base URL.
fn items(base: &str, words: &[&str]) -> Vec<Item> {
    let base = Arc::new(BaseUrl::parse(base).unwrap());
    let flag = |code| Item::flag(code, &base);
    codes(words).into_iter().map(flag).collect()
}

/// Returns work with these limits, one of which is `None`.
fn limited(items: Vec<Item>, per_host: Option<usize>, rate: Option<f64>) -> Work {
    Work::of_items(items, |job| {
        job.retries = 1;
        job.traffic = Traffic::new(TrafficLimits {
            per_host: per_host.map(limit),
            rate,
        });
    })
}

/// Starts a server that redirects each request to the same path at another base URL.
fn redirecting_to(base: &str) -> RawServer {
    let base = base.trim_end_matches("/flags").to_owned();
    RawServer::deciding(move |head, _| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        format!("HTTP/1.1 302 Found\r\nlocation: {base}{path}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            .into_bytes()
    })
}

#[test]
fn a_pause_of_one_server_does_not_stop_requests_to_another() {
    let flag = flag_of_brazil();
    for strategy in [Strategy::ThreadPool, Strategy::Semaphore] {
        let pausing = server("100:status=503+retry-after=30");
        let job = Arc::<OnceLock<Arc<Job>>>::default();
        let (sender, during_pause) = channel();
        let other = {
            let (job, flag) = (Arc::clone(&job), flag.clone());
            RawServer::deciding(move |head, _| {
                let job = job.get().unwrap();
                pause_begins(job);
                if head.contains("/us.gif ") {
                    // Requested after the answer to the other one, and so during the pause.
                    sender.send(job.traffic.pauses.is_on()).unwrap();
                    job.stop.cancel();
                }
                ok(&flag)
            })
        };
        let items = [
            items(&pausing.url(), &["ae"]),
            items(&other.url(), &["br", "us"]),
        ];
        let work = limited(items.concat(), None, None);
        job.get_or_init(|| Arc::clone(&work.job));
        let records = work.run(strategy, 2);
        assert_eq!(during_pause.try_iter().collect::<Vec<_>>(), [true]);
        assert_eq!(records[1].status(), Status::Ok, "{strategy}: {records:?}");
        assert_eq!(pausing.stop().requests, 1);
    }
}

#[test]
fn a_pause_holds_for_the_server_that_requests_it_and_for_the_one_that_redirects_to_it() {
    in_parallel(Strategy::ALL, |strategy| {
        let pausing = server("100:status=503+retry-after=1");
        let redirecting = redirecting_to(&pausing.url());
        for next in [redirecting.url(), pausing.url()] {
            let items = [items(&redirecting.url(), &["br"]), items(&next, &["us"])];
            let records = limited(items.concat(), None, None).run(strategy, 1);
            // Its own pause, and the one that was requested at the last attempt of the other code.
            let paused = records[1].effort.paused;
            assert!(paused >= Duration::from_millis(1900), "{next}: {paused:?}");
        }
    });
}

#[test]
fn a_server_gets_no_more_requests_at_once_than_allowed() {
    in_parallel([Strategy::ThreadPool, Strategy::Semaphore], |strategy| {
        let [one, other] = [(); 2].map(|()| server("100:delay=20ms"));
        // Its requests count for the server that they are redirected to.
        let redirecting = redirecting_to(&other.url());
        let all = [
            items(&one.url(), &["b"]),
            items(&other.url(), &["c"]),
            items(&redirecting.url(), &["d"]),
        ];
        let records = limited(all.concat(), Some(2), None).run(strategy, 60);
        let ended = |status| records.iter().filter(|of| of.status() == status).count();
        assert_eq!(ended(Status::Error) + ended(Status::NotAttempted), 0);
        let peaks = [one, other].map(|server| server.stop().peak_in_flight);
        assert_eq!(peaks, [2, 2], "{strategy}");
    });
}

#[test]
fn waiting_for_a_server_does_not_start_the_clock_of_a_request() {
    in_parallel(Strategy::ALL, |strategy| {
        let server = server("100:delay=300ms");
        let redirecting = redirecting_to(&server.url());
        let all = [
            items(&server.url(), &["br", "cn", "de"]),
            items(&redirecting.url(), &["in", "mx", "us"]),
        ];
        let mut work = limited(all.concat(), Some(1), None);
        let job = Arc::get_mut(&mut work.job).unwrap();
        (job.limits.timeout, job.retries) = (Duration::from_millis(1200), 0);
        let records = work.run(strategy, 6);
        let is_ok = |record: &flags::record::Record| record.status() == Status::Ok;
        assert!(records.iter().all(is_ok), "{strategy}: {records:?}");
        assert_eq!(server.stop().peak_in_flight, 1);
        if strategy != Strategy::Sequential {
            let paused = records.iter().map(|record| record.effort.paused).max();
            assert!(paused >= Some(Duration::from_millis(1400)), "{paused:?}");
        }
    });
}

#[test]
fn a_stop_ends_the_wait_for_a_server_and_for_the_rate() {
    for strategy in Strategy::ALL {
        for (per_host, rate) in [(Some(1), None), (None, Some(0.001))] {
            let server = server("100:hang");
            let work = limited(items(&server.url(), &["br", "de", "us"]), per_host, rate);
            let job = Arc::clone(&work.job);
            let records = std::thread::scope(|scope| {
                let running = scope.spawn(|| work.run(strategy, 3));
                wait_until(&server, |stats| stats.requests == 1);
                job.stop.cancel();
                running.join().unwrap()
            });
            let stopped = |record: &&flags::record::Record| matches!(&record.outcome, Outcome::Failed(f) if f.kind() == Kind::Interrupted);
            assert_eq!(records.iter().filter(stopped).count(), 1);
            let status = Status::NotAttempted;
            let left = records.iter().filter(|record| record.status() == status);
            assert_eq!(left.count(), 2, "{strategy} {per_host:?}: {records:?}");
        }
    }
}

#[test]
fn retries_and_redirects_count_as_requests_of_the_rate() {
    in_parallel(Strategy::ALL, |strategy| {
        let words = ["br", "de", "us"];
        let failing_once = server("100:status=503+transient=1");
        let retried = items(&failing_once.url(), &words);
        let healthy = server("");
        let redirecting = redirecting_to(&healthy.url());
        for items in [retried, items(&redirecting.url(), &words)] {
            let begun = std::time::Instant::now();
            let records = limited(items, None, Some(5.0)).run(strategy, 3);
            assert!(records.iter().all(|of| of.status() == Status::Ok));
            // Six requests, of which the first is sent at once.
            let elapsed = begun.elapsed();
            assert!(elapsed >= Duration::from_millis(990), "{elapsed:?}");
        }
    });
}

#[test]
fn the_limits_hold_for_lists_and_for_each_run_of_a_comparison_and_are_reported() {
    let server = server("");
    let program = Program::new();
    let list = format!("{0}/br/br.gif\n{0}/us/us.gif\n", server.url());
    std::fs::write(program.folder.path().join("list"), list).unwrap();
    let url = server.url();
    let limits = ["--max-per-host", "2", "--rate", "12.5", "--report", "-"];
    for args in [
        &["--input", "list"][..],
        &["-s", &url, "br", "us", "--compare", "--rounds", "1"],
    ] {
        let run = program.run([args, &limits].concat());
        let report: Report = serde_json::from_str(&run.out).unwrap();
        for run in &report.runs {
            let settings = &run.settings;
            assert_eq!(
                (settings.max_per_host, settings.rate),
                (Some(2), Some(12.5))
            );
            assert!(run.totals.elapsed_ms >= 79.0, "{:?}", run.totals);
        }
        assert_eq!(run.exit, Some(0), "{}", run.err);
    }
}
