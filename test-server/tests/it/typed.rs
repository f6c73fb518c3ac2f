//! Faults as Rust values: each prints as its words, and the words parse to the same plan.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use test_server::{Fault, Plan, TestServer, list_faults};

use crate::support::get;

const MS: fn(u64) -> Duration = Duration::from_millis;

/// All faults without an argument of their own kind, made from a number.
fn simple(n: u64) -> Vec<Fault> {
    let time = MS(n);
    vec![
        Fault::empty(),
        Fault::no_content(),
        Fault::partial(),
        Fault::not_modified(),
        Fault::html(),
        Fault::gif_cut(n),
        Fault::gif_trailing(),
        Fault::corrupt(n),
        Fault::huge(n),
        Fault::endless(),
        Fault::gzip_bomb(),
        Fault::range_ignored(),
        Fault::range_wrong(),
        Fault::etag_changes(),
        Fault::if_range_lies(),
        Fault::content_type("text/html; q=\"a\\b\""),
        Fault::content_encoding("gzip"),
        Fault::wrong_charset(),
        Fault::gzip_cut(n),
        Fault::redirect(n),
        Fault::redirect_loop(),
        Fault::redirect_missing(),
        Fault::redirect_nowhere(),
        Fault::redirect_scheme(),
        Fault::redirect_refused(),
        Fault::slow_head(time),
        Fault::drip(time),
        Fault::bandwidth(n),
        Fault::hang(),
        Fault::hang_head(n),
        Fault::hang_body(n),
        Fault::reset(),
        Fault::reset_head(n),
        Fault::reset_body(n),
        Fault::close(),
        Fault::close_head(n),
        Fault::close_body(n),
        Fault::truncate_chunked(n),
        Fault::truncate_unframed(n),
        Fault::length_short(n),
        Fault::length_long(n),
        Fault::length_absurd(n),
        Fault::length_malformed(),
        Fault::length_twice(),
        Fault::bad_chunk(),
        Fault::garbage(),
        Fault::http09(),
        Fault::tls_alert(),
        Fault::ssh_banner(),
        Fault::bad_status_line(),
        Fault::bad_header(),
        Fault::many_headers(n),
        Fault::endless_headers(n),
        Fault::endless_1xx(n),
        Fault::early_hints(),
        Fault::connections(n),
        Fault::hold(n),
        Fault::read_slowly(n),
        Fault::tls_expired(),
        Fault::tls_wrong_host(),
        Fault::tls_self_signed(),
        Fault::tls_cut(n),
        Fault::tls_hang(),
        Fault::tls_slow(time),
        Fault::tls_old(),
        Fault::tls_no_close_notify(),
        Fault::tls_handshake_alert(),
        Fault::tcp_latency(time),
        Fault::tcp_latency_uniform(time, MS(500)),
        Fault::tcp_latency_lognormal(time + MS(1), time + MS(900)),
        Fault::tcp_jitter(time),
        Fault::tcp_bandwidth(n),
        Fault::tcp_slice(n, time),
        Fault::tcp_corrupt(n),
        Fault::tcp_reset(n),
        Fault::tcp_half_close(n),
        Fault::tcp_stall(n),
        Fault::tcp_upload(),
        Fault::delay(time),
        Fault::delay_uniform(time, MS(500)),
        Fault::delay_lognormal(time + MS(1), time + MS(900)),
        Fault::limit_a_second(n),
        Fault::limit_a_minute(n),
        Fault::limit_an_hour(n),
    ]
}

fn round_trip(plan: &Plan) {
    assert_eq!(plan.to_string().parse::<Plan>().as_ref(), Ok(plan));
}

/// Returns the name at the start of the words of a fault.
fn name_of(words: &str) -> String {
    words.split(['=', '[', '(', ' ']).next().unwrap().to_owned()
}

#[test]
fn every_fault_prints_as_words_for_the_same_fault() {
    for n in [0, 1, 17, u64::MAX] {
        for fault in simple(n.min(u64::from(u32::MAX) << 20)) {
            round_trip(&Plan::new().percent(50, fault));
        }
    }
    let word = |fault: Fault| {
        let text = Plan::new().percent(0, fault).to_string();
        name_of(&text["0:".len()..])
    };
    let others = [
        // Those with methods of their own, and those of the whole server.
        [
            "status",
            "retry-after",
            "reason",
            "transient",
            "seq",
            "stale",
            "backlog-full",
        ]
        .as_slice(),
        // Other names of `close` and `close-body`.
        &["refuse", "truncate"],
    ];
    let constructed = simple(1).into_iter().map(word);
    let constructed: BTreeSet<String> = constructed
        .chain(others.concat().into_iter().map(str::to_owned))
        .collect();
    let listed: BTreeSet<String> = list_faults().map(|(fault, _)| name_of(&fault)).collect();
    assert_eq!(constructed, listed);
    for whole in [
        Fault::backlog_full(),
        Fault::stale(0, MS(0)),
        Fault::stale(5, MS(7)),
    ] {
        round_trip(&Plan::new().percent(100, whole));
    }
    assert_eq!(Plan::new(), Plan::normal());
    assert_eq!(
        Plan::new().percent(100, Fault::delay(MS(5))),
        Plan::delay(MS(5))
    );
}

#[test]
fn numbers_are_at_least_1_and_durations_at_most_366_days() {
    let text = |fault: Fault| Plan::new().percent(1, fault).to_string();
    assert_eq!(text(Fault::reset_body(0)), "1:reset-body=1");
    assert_eq!(text(Fault::delay(Duration::MAX)), "1:delay=31622400s");
    assert_eq!(
        text(Fault::delay_uniform(MS(2), MS(1))),
        "1:delay=uniform(1ms..2ms)"
    );
    assert_eq!(
        text(
            Fault::status([429, 503])
                .retry_after(MS(1001))
                .reason("a \"b\" \\")
        ),
        "1:status=429|503+retry-after=2s+reason=\"a \\\"b\\\" \\\\\""
    );
    assert_eq!(
        text(Fault::status([503]).retry_after_date(MS(2000)).transient(3)),
        "1:status=503+retry-after=date(2s)+transient=3"
    );
    assert_eq!(text(Fault::tcp_stall(0)), "1:tcp-stall=0");
    assert_eq!(text(Fault::tcp_slice(0, MS(3))), "1:tcp-slice=1@3ms");
    assert_eq!(
        text(Fault::word("drip=5ms+delay=1s").unwrap()),
        "1:drip=5ms+delay=1s"
    );
    let wrong = |words: &str| Fault::word(words).unwrap_err().to_string();
    assert_eq!(
        wrong("drip,0:reset"),
        "a comma separates the shares of a plan, and this is one fault, or several joined by +\n  drip,0:reset\n       ^^^^^^^"
    );
    assert_eq!(
        wrong("drip+rest"),
        "unknown fault 'rest'; did you mean 'reset'?\n  drip+rest\n       ^^^^"
    );
    let several = Fault::word("seq(503,ok)+delay=lognormal(1ms,2ms)").unwrap();
    assert_eq!(text(several), "1:seq(503,ok)+delay=lognormal(1ms,2ms)");
}

#[test]
fn a_typed_plan_injects_what_it_says() {
    let fault = Fault::status([503]).retry_after(MS(2000)).transient(1);
    let server = TestServer::start(Plan::new().percent(100, fault)).unwrap();
    let first = get(&server, "/flags/br/br.gif");
    assert_eq!(
        (first.status(), first.header("retry-after").as_deref()),
        (503, Some("2"))
    );
    assert_eq!(get(&server, "/flags/br/br.gif").status(), 200);
}

#[test]
fn what_the_words_refuse_panics_with_their_message() {
    type Build = fn() -> Plan;
    let cases: [(Build, &str); 10] = [
        (
            || Plan::new().percent(101, Fault::reset()),
            "a share must be a number from 0 to 100, not 101",
        ),
        (
            || {
                Plan::new()
                    .percent(60, Fault::reset())
                    .percent(41, Fault::close())
            },
            "this share brings the total to 101 percent, more than 100",
        ),
        (
            || Plan::new().percent(1, Fault::reset().and(Fault::close())),
            "'reset' and 'close' cannot both be the answer",
        ),
        (
            || Plan::new().percent(1, Fault::reset().retry_after(MS(1))),
            "'retry-after' needs a 'status' before it, not 'reset'",
        ),
        (
            || Plan::new().percent(1, Fault::stale(1, MS(0))),
            "'stale' applies to the whole server: it needs 100 percent and cannot be combined",
        ),
        (
            || Plan::new().percent(1, Fault::sequence([Fault::ok().transient(1)])),
            "'transient' cannot be in a step of a sequence",
        ),
        (
            || Plan::new().percent(1, Fault::status([99])),
            "a status must be a number from 200 to 999, not [99]",
        ),
        (
            || Plan::new().percent(1, Fault::tcp_reset(1).and(Fault::tcp_stall(2))),
            "'tcp-stall' is the second end of the connection",
        ),
        (
            || Plan::new().percent(1, Fault::content_type("text/html\r\n")),
            "a Content-Type cannot contain control or format characters",
        ),
        (
            || Plan::new().percent(1, Fault::ok()),
            "`Fault::ok` is for the steps of a sequence: what is outside all shares is answered normally",
        ),
    ];
    for (build, message) in cases {
        let panic = std::panic::catch_unwind(build).unwrap_err();
        let text = panic
            .downcast::<String>()
            .map(|text| *text)
            .or_else(|panic| panic.downcast::<&str>().map(|text| (*text).to_owned()));
        assert_eq!(text.unwrap(), message);
    }
}

/// A fault with what may stand beside it.
fn fault() -> impl Strategy<Value = Fault> {
    let answer = prop_oneof![
        (any::<u64>(), any::<prop::sample::Index>()).prop_map(|(n, at)| {
            let all = simple(n % 1_000_000_000);
            at.get(&all).clone()
        }),
        (
            prop::collection::vec(200..=999_u16, 1..4),
            any::<u32>(),
            "[ -~é]{0,12}"
        )
            .prop_map(|(statuses, ms, reason)| {
                Fault::status(statuses)
                    .retry_after(MS(ms.into()))
                    .reason(&reason)
            }),
        prop::collection::vec(
            prop_oneof![
                Just(Fault::ok()),
                (200..=999_u16).prop_map(|status| Fault::status([status])),
                (1..99_u64).prop_map(|n| Fault::delay(MS(n)).and(Fault::close_body(n))),
            ],
            1..4
        )
        .prop_map(Fault::sequence),
    ];
    (answer, any::<Option<u8>>()).prop_map(|(fault, transient)| match transient {
        Some(attempts) => fault.transient(attempts.into()),
        None => fault,
    })
}

proptest! {
    #[test]
    fn every_typed_plan_parses_from_its_words(faults in prop::collection::vec((0.0..33.0_f64, fault()), 0..4)) {
        let plan = faults.into_iter().fold(Plan::new(), |plan, (share, fault)| plan.percent(share, fault));
        prop_assert_eq!(plan.to_string().parse::<Plan>(), Ok(plan));
    }
}
