//! All three strategies against servers that answer, delay and fail. They must have the same outcomes, use the
//! connection limit fully but never exceed it, and save only bytes that were served.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{Work, codes, every_code, in_parallel, served, wait_until};
use flags::record::{Kind, Outcome, Record, Status};
use flags::strategy::Strategy;
use flags::tally::Tally;
use test_server::{Label, Plan, TestServer, Tuning};

/// Returns the plans of the three labels, with short delays.
fn plans() -> [Plan; 3] {
    let tuning = Tuning {
        delay: Duration::from_millis(5),
        ..Tuning::default()
    };
    Label::ALL.map(|label| label.plan(&tuning).unwrap())
}

fn statuses(records: &[Record]) -> Vec<Status> {
    records.iter().map(Record::status).collect()
}

/// Returns the outcomes as text that does not depend on the folder of the run.
fn outcomes(records: &[Record]) -> Vec<String> {
    let outcome = |record: &Record| match &record.outcome {
        Outcome::Saved(path) => path.file_name().unwrap().to_string_lossy().into_owned(),
        Outcome::Failed(failure) => format!("{}: {failure}", record.item),
        other => format!("{}: {other:?}", record.item),
    };
    records.iter().map(outcome).collect()
}

#[test]
fn every_strategy_gives_the_same_verdicts_at_every_limit() {
    for plan in plans() {
        let server = TestServer::start(plan.clone()).unwrap();
        let work = || Work::new(&server.url(), codes(&["b", "c"]));
        let expected = outcomes(&work().run(Strategy::Sequential, 1));
        for strategy in [Strategy::ThreadPool, Strategy::Semaphore] {
            for limit in [1, 5, 30, 52] {
                assert_eq!(
                    outcomes(&work().run(strategy, limit)),
                    expected,
                    "{strategy} {limit} {plan}"
                );
            }
        }
    }
}

#[test]
fn the_error_server_gives_the_same_counts_in_every_strategy() {
    let plan = Label::Error
        .plan(&Tuning {
            delay: Duration::ZERO,
            ..Tuning::default()
        })
        .unwrap();
    let server = TestServer::start(plan).unwrap();
    for strategy in Strategy::ALL {
        let work = Work::new(&server.url(), every_code());
        let records = work.run(strategy, 100);
        let mut tally = Tally::new(&work.items);
        records.iter().for_each(|record| tally.add(record));
        tally.close();
        assert_eq!(
            (tally.ok(), tally.not_found(), tally.errors()),
            (150, 361, 165),
            "{strategy}"
        );
        assert_eq!(work.listing().len(), 150);
    }
}

#[test]
fn the_server_never_sees_more_requests_or_connections_than_the_limit() {
    for plan in plans() {
        for strategy in Strategy::ALL {
            for limit in [1, 2, 7, 40] {
                let server = TestServer::start(plan.clone()).unwrap();
                Work::new(&server.url(), codes(&["b"])).run(strategy, limit);
                let stats = server.stop();
                let bound = limit.min(26).min(strategy.cap().get());
                assert_eq!(stats.requests, 26);
                assert!(
                    stats.peak_in_flight <= bound,
                    "{strategy} {limit} {plan}: {stats:?}"
                );
                // Connections are reused: no new one is opened for a request that an idle one could carry.
                assert!(
                    stats.connections <= bound as u64,
                    "{strategy} {limit} {plan}: {stats:?}"
                );
            }
        }
    }
}

#[test]
fn concurrent_strategies_keep_exactly_limit_requests_in_flight() {
    for strategy in [Strategy::ThreadPool, Strategy::Semaphore] {
        for limit in [2, 5, 26] {
            // Holds every answer until `limit` requests wait. With fewer the run would hang, and more would show in the
            // peak: no clock is needed.
            let server = TestServer::start(Plan::hold_until(limit)).unwrap();
            let records = Work::new(&server.url(), codes(&["b"])).run(strategy, limit);
            assert_eq!(server.stats().peak_in_flight, limit, "{strategy}");
            let saved = statuses(&records)
                .iter()
                .filter(|&&status| status == Status::Ok)
                .count();
            assert_eq!(saved, 17, "{records:?}");
        }
    }
}

#[test]
fn saved_files_equal_the_served_bytes() {
    let server = TestServer::start(Plan::normal()).unwrap();
    for strategy in Strategy::ALL {
        let work = Work::new(&server.url(), codes(&["br", "cn", "np", "us", "va", "xx"]));
        let records = work.run(strategy, 3);
        assert_eq!(
            work.listing(),
            ["br.gif", "cn.gif", "np.gif", "us.gif", "va.gif"]
        );
        for record in records
            .iter()
            .filter(|record| record.status() == Status::Ok)
        {
            let Outcome::Saved(path) = &record.outcome else {
                panic!("{record:?}")
            };
            assert_eq!(
                fs::read(path).unwrap(),
                served(&server, record.item.code().unwrap()),
                "{}",
                record.item
            );
        }
    }
}

#[test]
fn every_status_except_200_and_404_is_an_error_that_names_it() {
    for (status, message) in [
        (500, "HTTP error 500 - Internal Server Error"),
        (503, "HTTP error 503 - Service Unavailable"),
        (599, "HTTP error 599"),
        (410, "HTTP error 410 - Gone"),
        (204, "HTTP error 204 - No Content"),
        (304, "HTTP error 304 - Not Modified"),
    ] {
        let plan = format!("100:status={status}").parse::<Plan>().unwrap();
        let server = TestServer::start(plan).unwrap();
        for strategy in Strategy::ALL {
            let work = Work::new(&server.url(), codes(&["br", "us"]));
            for record in work.run(strategy, 2) {
                let Outcome::Failed(failure) = &record.outcome else {
                    panic!("{record:?}")
                };
                assert_eq!(
                    (failure.kind(), failure.to_string()),
                    (Kind::HttpStatus, message.to_owned())
                );
            }
            assert!(work.listing().is_empty());
        }
    }
}

#[test]
fn a_404_from_a_plan_counts_as_not_found() {
    let plan = "100:status=404".parse::<Plan>().unwrap();
    let server = TestServer::start(plan).unwrap();
    for strategy in Strategy::ALL {
        let records = Work::new(&server.url(), codes(&["br"])).run(strategy, 1);
        assert_eq!(statuses(&records), [Status::NotFound]);
    }
}

#[test]
fn a_stopped_server_fails_every_code_and_no_file_is_left() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let url = server.url();
    server.stop();
    for strategy in Strategy::ALL {
        let work = Work::new(&url, codes(&["b"]));
        for record in work.run(strategy, 5) {
            let Outcome::Failed(failure) = &record.outcome else {
                panic!("{record:?}")
            };
            assert_eq!(failure.kind(), Kind::ConnectRefused);
            let port = url.rsplit_once(':').unwrap().1.split_once('/').unwrap().0;
            let expected = format!("connect_refused: nothing listens at localhost:{port}");
            assert_eq!(failure.to_string(), expected);
        }
        assert!(work.listing().is_empty());
    }
}

#[test]
fn a_slow_answer_times_out_but_waiting_for_a_turn_does_not() {
    // Never answers: 100 requests will never be in flight.
    let silent = TestServer::start(Plan::hold_until(100)).unwrap();
    for strategy in Strategy::ALL {
        let timeout = Duration::from_millis(50);
        let work = Work::with_timeout(&silent.url(), codes(&["br", "us"]), timeout);
        for record in work.run(strategy, 2) {
            let Outcome::Failed(failure) = &record.outcome else {
                panic!("{record:?}")
            };
            assert_eq!(
                failure.to_string(),
                "timeout: no complete answer within 50ms"
            );
        }
    }

    // Twelve flags one after another take twelve delays, which together exceed the time limit of one.
    let slow = TestServer::start(Plan::delay(Duration::from_millis(300))).unwrap();
    in_parallel([Strategy::ThreadPool, Strategy::Semaphore], |strategy| {
        let twelve = codes(&["b"])[..12].to_vec();
        let work = Work::with_timeout(&slow.url(), twelve, Duration::from_secs(2));
        let records = work.run(strategy, 1);
        assert!(
            records
                .iter()
                .all(|record| record.status() != Status::Error),
            "{records:?}"
        );
    });
}

#[test]
fn a_file_that_cannot_be_saved_is_an_error_of_its_code_only() {
    let server = TestServer::start(Plan::normal()).unwrap();
    for strategy in Strategy::ALL {
        let work = Work::new(&server.url(), codes(&["br", "cn", "us"]));
        fs::create_dir(work.dest.path().join("cn.gif")).unwrap();
        let records = work.run(strategy, 2);
        assert_eq!(statuses(&records), [Status::Ok, Status::Error, Status::Ok]);
        let Outcome::Failed(failure) = &records[1].outcome else {
            panic!("{records:?}")
        };
        assert_eq!(failure.kind(), Kind::WriteFailed);
        assert_eq!(work.listing(), ["br.gif", "cn.gif", "us.gif"]);
    }
}

#[test]
fn a_stopped_job_cancels_downloads_in_flight_and_starts_no_other() {
    for strategy in Strategy::ALL {
        let server = TestServer::start(Plan::hold_until(100)).unwrap();
        let work = Work::new(&server.url(), codes(&["b"]));
        let job = Arc::clone(&work.job);
        let limit = strategy.cap().get().min(3);
        let records = std::thread::scope(|scope| {
            let running = scope.spawn(|| work.run(strategy, limit));
            wait_until(&server, |stats| stats.in_flight == limit);
            job.stop.cancel();
            running.join().unwrap()
        });
        let counted = |status| statuses(&records).iter().filter(|&&s| s == status).count();
        assert_eq!(
            (counted(Status::Error), counted(Status::NotAttempted)),
            (limit, 26 - limit)
        );
        assert_eq!(server.stats().requests, limit as u64, "{strategy}");
        assert!(work.listing().is_empty());
    }
}

#[test]
fn a_job_stopped_before_it_starts_sends_no_request() {
    let server = TestServer::start(Plan::normal()).unwrap();
    for strategy in Strategy::ALL {
        let work = Work::new(&server.url(), codes(&["b"]));
        work.job.stop.cancel();
        let records = work.run(strategy, 3);
        assert!(
            records
                .iter()
                .all(|record| record.status() == Status::NotAttempted)
        );
    }
    assert_eq!(server.stop().requests, 0);
}
