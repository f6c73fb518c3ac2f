//! The same faults for every client: in any order, over any number of connections, whenever; and counts that agree with
//! what the clients saw.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use test_server::{Label, TestServer, Tuning};

fn every_code() -> Vec<String> {
    ('a'..='z')
        .flat_map(|a| ('a'..='z').map(move |b| format!("{a}{b}")))
        .collect()
}

/// The codes in an order that has nothing to do with the alphabet, another one for each number.
fn shuffled(by: usize) -> Vec<String> {
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

/// The status of each code, asked for over so many connections at a time.
fn statuses(server: &TestServer, codes: &[String], connections: usize) -> BTreeMap<String, String> {
    let mut statuses = BTreeMap::new();
    for some in codes.chunks(connections) {
        let asked: Vec<_> = some
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
        for (code, mut connection) in asked {
            let mut answer = Vec::new();
            connection.read_to_end(&mut answer).unwrap();
            let status = String::from_utf8_lossy(answer.get(9..12).unwrap_or(b"---")).into_owned();
            statuses.insert(code.clone(), status);
        }
    }
    statuses
}

#[test]
fn order_and_number_of_connections_change_nothing() {
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
            // Twice over, so that there is something for the thousandth connection.
            let server = start();
            let codes = [shuffled(connections), shuffled(connections)].concat();
            assert_ne!(codes[..676], every_code());
            assert_eq!(
                statuses(&server, &codes, connections),
                expected,
                "{connections} connections"
            );
            assert_eq!(
                statuses(&server, &codes, connections),
                expected,
                "asked again"
            );
        }
    }
}

#[test]
fn the_counts_agree_with_what_concurrent_clients_saw() {
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
                scope.spawn(move || statuses(server, &shuffled(n), 30))
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
