//! Turns on a clock that waits for nothing.

use std::sync::Arc;

use tokio::runtime;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let clock = runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    clock.block_on(work)
}

fn url(host: &str) -> Url {
    Url::parse(&format!("http://{host}/")).unwrap()
}

fn traffic(per_host: usize, rate: Option<f64>) -> Arc<Traffic> {
    Arc::new(Traffic::new(TrafficLimits {
        per_host: NonZeroUsize::new(per_host),
        rate,
    }))
}

/// Returns when the turns of requests to these hosts begin, each of which takes a second.
fn turns(traffic: &Arc<Traffic>, hosts: &[&'static str]) -> Vec<Duration> {
    block_on(async {
        let begun = Instant::now();
        let mut waiting = JoinSet::new();
        for (number, &host) in hosts.iter().enumerate() {
            let traffic = Arc::clone(traffic);
            waiting.spawn(async move {
                let turn = traffic.turn(&url(host)).await;
                let waited = begun.elapsed();
                sleep(SECOND).await;
                drop(turn);
                (number, waited)
            });
        }
        let mut turns = waiting.join_all().await;
        turns.sort_unstable();
        turns.into_iter().map(|(_, waited)| waited).collect()
    })
}

#[test]
fn without_limits_and_pauses_a_turn_comes_at_once() {
    assert!(Traffic::default().turn_at_once().is_some());
    assert!(traffic(1, None).turn_at_once().is_none());
    assert!(traffic(0, Some(1.0)).turn_at_once().is_none());
    let traffic = Traffic::default();
    traffic.pauses.pause_for(Origin::of(&url("h")), SECOND);
    assert!(traffic.turn_at_once().is_none());
}

#[test]
fn each_host_has_its_own_limit_and_takes_memory_only_while_it_is_in_use() {
    let traffic = traffic(2, None);
    let turns = turns(&traffic, &["a", "a", "a", "b", "a", "a"]);
    assert_eq!(turns, [0, 0, 1, 0, 1, 2].map(|n| SECOND * n));
    assert_eq!(traffic.per_host.as_ref().unwrap().len(), 0);
}

#[test]
fn a_turn_that_is_given_up_leaves_nothing_behind() {
    let traffic = traffic(1, None);
    block_on(async {
        let first = traffic.turn(&url("a")).await;
        assert!(timeout(SECOND, traffic.turn(&url("a"))).await.is_err());
        drop(first);
        assert_eq!(traffic.per_host.as_ref().unwrap().len(), 0);
        assert!(timeout(SECOND, traffic.turn(&url("a"))).await.is_ok());
    });
}

#[test]
fn a_rate_spaces_requests_evenly_and_in_their_order() {
    let turns = turns(&traffic(0, Some(4.0)), &["a", "b", "c", "a", "a"]);
    for (number, turn) in (0..).zip(turns) {
        let expected = SECOND / 4 * number;
        assert!(
            turn >= expected && turn <= expected + SECOND / 100,
            "{number}: {turn:?}"
        );
    }
}

#[test]
fn no_burst_follows_an_idle_time() {
    let traffic = traffic(0, Some(4.0));
    block_on(async {
        drop(traffic.turn(&url("a")).await);
        sleep(SECOND * 10).await;
        let begun = Instant::now();
        for _ in 0..5 {
            drop(traffic.turn(&url("a")).await);
        }
        assert!(begun.elapsed() >= SECOND - SECOND / 100);
    });
}

#[test]
fn a_rate_above_the_precision_of_timers_is_kept() {
    let traffic = traffic(0, Some(4000.0));
    block_on(async {
        let begun = Instant::now();
        for _ in 0..=4000 {
            drop(traffic.turn(&url("a")).await);
        }
        let elapsed = begun.elapsed();
        assert!(
            elapsed > SECOND * 99 / 100 && elapsed < SECOND * 101 / 100,
            "{elapsed:?}"
        );
    });
}

#[test]
fn extreme_rates_do_not_overflow() {
    for rate in [f64::MIN_POSITIVE, 1e-300, 1e300, f64::MAX] {
        let traffic = traffic(0, Some(rate));
        block_on(async {
            drop(traffic.turn(&url("a")).await);
            let _ = timeout(SECOND, traffic.turn(&url("a"))).await;
        });
    }
}

#[test]
fn a_pause_that_begins_during_another_wait_is_kept() {
    let traffic = traffic(1, None);
    block_on(async {
        let begun = Instant::now();
        let first = traffic.turn(&url("a")).await;
        let second = async { traffic.turn(&url("a")).await };
        let pause = async {
            sleep(SECOND).await;
            let origin = Origin::of(&url("a"));
            traffic.pauses.pause_for(origin, SECOND);
            drop(first);
        };
        let (_turn, ()) = tokio::join!(second, pause);
        assert!(begun.elapsed() >= SECOND * 2);
    });
}

#[test]
fn moving_to_another_host_gives_the_first_one_back() {
    let traffic = traffic(1, None);
    block_on(async {
        let (mut a, mut b) = (traffic.turn(&url("a")).await, traffic.turn(&url("b")).await);
        // Each waits for the host of the other.
        let (to_a, to_b) = (url("a"), url("b"));
        tokio::join!(a.move_to(&to_b), b.move_to(&to_a));
        let same = timeout(SECOND, a.move_to(&url("b"))).await;
        assert!(same.is_ok(), "the same host is no other");
    });
}
