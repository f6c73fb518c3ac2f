//! Redirects: to the flag, in a loop, or to a wrong place.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};

use test_server::{Plan, TestServer};

use super::{BR, flag, response, server_with};
use crate::support::get;

#[test]
fn redirects_lead_to_the_flag_in_a_loop_or_to_a_wrong_place() {
    let flag = flag();
    let server = server_with("redirect=3");
    let mut path = BR.to_owned();
    for _ in 0..3 {
        let response = get(&server, &path);
        assert_eq!(response.status(), 302);
        path = response.header("location").unwrap();
    }
    assert_eq!(get(&server, &path).body(), flag);

    // A plan in the query is kept in the redirect.
    let plain = TestServer::start(Plan::normal()).unwrap();
    let own = get(&plain, &format!("{BR}?plan=100:redirect=1"))
        .header("location")
        .unwrap();
    assert_eq!(get(&plain, &own).body(), flag);

    let location = |fault: &str| {
        let response = response(fault);
        assert_eq!(response.status(), 302, "{fault}");
        response.header("location")
    };
    assert_eq!(location("redirect-loop").as_deref(), Some(BR));
    assert_eq!(location("redirect-nowhere"), None);
    assert_eq!(
        location("redirect-scheme").as_deref(),
        Some("file:///etc/passwd")
    );
    let missing = location("redirect-missing").unwrap();
    assert_eq!(
        get(&server_with("redirect-missing"), &missing).status(),
        404
    );
}

#[test]
fn redirect_refused_leads_to_a_port_that_no_program_can_listen_on() {
    let location = response("redirect-refused").header("location").unwrap();
    let address = location.strip_prefix("http://").unwrap();
    let address = address.strip_suffix("/flags/br/br.gif").unwrap();
    // Browsers and node refuse to connect to many ports below 1024 themselves.
    assert!(
        address
            .strip_prefix("127.0.0.1:")
            .unwrap()
            .parse::<u16>()
            .unwrap()
            >= 1024
    );
    let refused = TcpStream::connect(address).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let taken = TcpListener::bind(address).unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AddrInUse);
}
