//! Quotas: requests beyond a rate or a number of connections are refused.

use std::io::Write as _;
use std::net::TcpStream;

use test_server::TestServer;

use super::{BR, server_with};
use crate::support::{Response, get, read, wait_until};

/// Sends a GET for BR on this connection and returns the response.
fn get_on(connection: &mut TcpStream) -> Response {
    write!(connection, "GET {BR} HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    read(connection, 1)
}

fn connect(server: &TestServer) -> TcpStream {
    TcpStream::connect(server.addresses()[0]).unwrap()
}

#[test]
fn requests_beyond_a_rate_are_refused_over_all_targets_of_the_share() {
    let server = server_with("limit=3/h+status=503");
    let requested = [BR, "/orders", "/flags/us/us.gif", BR, "/orders"];
    let responses = requested.map(|path| get(&server, path));
    let statuses = responses.each_ref().map(Response::status);
    assert_eq!(statuses, [503, 503, 503, 429, 429]);
    // A third of an hour, minus the time since the first request.
    let wait: u64 = responses[3].header("retry-after").unwrap().parse().unwrap();
    assert!((1100..=1200).contains(&wait), "{wait}");
    assert_eq!(
        server.stats().injected,
        [("limit".to_owned(), 2), ("status".to_owned(), 3)].into()
    );

    // A plan in a query has its own count.
    let own = format!("{BR}?plan=100:limit=1/h");
    assert_eq!(
        [get(&server, &own), get(&server, &own)].map(|response| response.status()),
        [200, 429]
    );
    server.set_plan("100:limit=3/h".parse().unwrap()).unwrap();
    assert_eq!(get(&server, BR).status(), 200, "a new plan begins anew");
    for _ in 0..3 {
        get(&server, BR);
    }
    assert_eq!(get(&server, BR).status(), 429);
    server.reset();
    assert_eq!(get(&server, BR).status(), 200);
}

#[test]
fn requests_on_connections_beyond_a_number_are_refused_until_others_end() {
    let server = server_with("connections=2");
    let [mut first, mut second, mut third] = [(); 3].map(|()| connect(&server));
    // The places go to the connections that send a request first.
    for (connection, status) in [(&mut second, 200), (&mut third, 200), (&mut first, 429)] {
        let response = get_on(connection);
        assert_eq!(response.status(), status);
        assert_eq!(response.header("retry-after").is_some(), status == 429);
    }
    for (connection, status) in [(&mut second, 200), (&mut first, 429)] {
        assert_eq!(get_on(connection).status(), status);
    }
    drop(second);
    wait_until("closed", &server, |stats| stats.open_connections == 2);
    assert_eq!(get_on(&mut first).status(), 200);
    assert_eq!(server.stats().injected["connections"], 2);
}
