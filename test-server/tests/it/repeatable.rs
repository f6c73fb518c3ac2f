//! Every client meets the same faults, in any order, over any number of connections and at any time. The counters agree
//! with the responses that the clients received.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use test_server::{Label, TestServer, Tuning};

fn every_code() -> Vec<String> {
    ('a'..='z')
        .flat_map(|a| ('a'..='z').map(move |b| format!("{a}{b}")))
        .collect()
}

/// Returns all codes, shuffled. Each number gives another order.
fn shuffled_codes(by: usize) -> Vec<String> {
    let mut codes = every_code();
    let key = |code: &String| {
        let number = code
            .bytes()
            .fold(by as u64 + 1, |sum, byte| sum * 131 + u64::from(byte));
        number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17)
    };
    codes.sort_by_key(key);
    codes
}

/// Requests each code, over this many connections at a time. Returns the statuses.
fn statuses(server: &TestServer, codes: &[String], connections: usize) -> BTreeMap<String, String> {
    let mut statuses = BTreeMap::new();
    for chunk in codes.chunks(connections) {
        let requested: Vec<_> = chunk
            .iter()
            .map(|code| {
                let mut connection = TcpStream::connect(server.addresses()[0]).unwrap();
                let path = format!("/flags/{code}/{code}.gif");
                write!(
                    connection,
                    "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
                )
                .unwrap();
                (code, connection)
            })
            .collect();
        for (code, mut connection) in requested {
            let mut answer = Vec::new();
            connection.read_to_end(&mut answer).unwrap();
            let status = String::from_utf8_lossy(answer.get(9..12).unwrap_or(b"---")).into_owned();
            statuses.insert(code.clone(), status);
        }
    }
    statuses
}

#[test]
fn faults_do_not_depend_on_the_order_or_number_of_connections() {
    for (seed, failing) in [(0, 168), (1, 172), (42, 165)] {
        let start = || {
            let plan = "25:status=500|501|502|503,10:close,5:delay=1ms";
            TestServer::builder()
                .plan(plan)
                .unwrap()
                .seed(seed)
                .start()
                .unwrap()
        };
        let expected = statuses(&start(), &every_code(), 1);
        let fails = expected
            .values()
            .filter(|status| status.starts_with('5'))
            .count();
        assert_eq!(fails, failing, "seed {seed}");
        for connections in [1, 30, 1000] {
            // All codes twice, so that there are enough for 1,000 connections.
            let server = start();
            let codes = [shuffled_codes(connections), shuffled_codes(connections)].concat();
            assert_ne!(codes[..676], every_code());
            assert_eq!(
                statuses(&server, &codes, connections),
                expected,
                "{connections} connections"
            );
            assert_eq!(
                statuses(&server, &codes, connections),
                expected,
                "requested again"
            );
        }
    }
}

#[test]
fn the_counters_agree_with_the_responses_to_concurrent_clients() {
    let tuning = Tuning {
        delay: std::time::Duration::from_millis(1),
        ..Tuning::default()
    };
    let plan = Label::Error.plan(&tuning).unwrap();
    let server = TestServer::builder().with_plan(plan).start().unwrap();
    let seen: Vec<_> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|n| {
                let server = &server;
                scope.spawn(move || statuses(server, &shuffled_codes(n), 30))
            })
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect()
    });
    let stats = server.stats();
    assert_eq!(
        (stats.requests, stats.connections, stats.in_flight),
        (4 * 676, 4 * 676, 0)
    );
    assert!(stats.peak_in_flight <= 120);
    for (code, of_code) in &stats.codes {
        assert_eq!(of_code.attempts, 4, "{code}");
        let failed = seen
            .iter()
            .filter(|statuses| statuses[code].starts_with('5'))
            .count() as u64;
        assert_eq!(
            of_code.injected.get("status").copied().unwrap_or(0),
            failed,
            "{code}"
        );
    }
    assert_eq!(stats.codes.len(), 676);
    assert_eq!(stats.injected["status"], 4 * 165);
}
