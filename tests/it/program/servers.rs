//! Servers that are already running, embedded servers, and ports used by other programs.

use std::net::{Ipv6Addr, TcpListener};

use test_server::{Plan, TestServer};

use crate::support::ports::{RefusingPort, free_port};
use crate::support::raw::RawServer;
use crate::support::{Program, skip};

#[test]
fn a_url_is_a_custom_site_and_its_password_is_not_printed() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let program = Program::new();
    let url = server.url().replace("http://", "http://me:secret@");
    let run = program.run(["-s", &format!("{url}/"), "br"]);
    let shown = url.replace("secret", "***");
    assert!(
        run.out.starts_with(&format!("CUSTOM site: {shown}\n")),
        "{}",
        run.out
    );
    assert!(!(run.out + &run.err).contains("secret"));
    assert_eq!(run.exit, Some(0));
}

#[test]
fn a_server_already_running_on_the_port_is_used() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let program = Program::with_ports([server.port(), 0, 0]);
    let run = program.run(["b"]);
    assert!(
        run.out
            .starts_with(&format!("LOCAL site: {}\n", server.url()))
    );
    assert!(run.err.contains(&format!(
        "LOCAL is served by the server already running on port {}",
        server.port()
    )));
    assert_eq!((server.stop().requests, run.exit), (26, Some(0)));
}

#[test]
fn a_server_of_another_program_on_the_port_is_named_with_a_way_to_avoid_it() {
    let head = "HTTP/1.1 404 Not Found\r\nserver: nginx/1.22.1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let foreign = RawServer::answering(head);
    let program = Program::with_ports([foreign.port(), 0, 0]);
    let port = foreign.port();
    let url = format!("http://localhost:{port}/flags");
    let ports = "to use other ports, set FLAGS_PORTS=9001,9002,9003\n";
    let before = format!(
        "LOCAL is served by nginx/1.22.1, which was already running on port {port}; {ports}"
    );
    let after = format!("no flag was found at {url}, served by nginx/1.22.1; {ports}");
    for args in [
        &["br", "us"][..],
        &["br", "us", "--compare", "--rounds", "1"],
    ] {
        let run = program.run(args);
        assert!(run.err.starts_with(&before), "{}", run.err);
        assert!(run.err.ends_with(&after), "{}", run.err);
        assert!(!run.out.contains("faster"), "{}", run.out);
    }
    let one = program.run(["br"]);
    assert!(!one.err.contains("no flag was found"), "{}", one.err);
}

#[test]
fn the_name_of_a_server_cannot_control_the_terminal() {
    let head =
        "HTTP/1.1 404 Not Found\r\nserver: a\tb\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let foreign = RawServer::answering(head);
    let run = Program::with_ports([foreign.port(), 0, 0]).run(["br"]);
    assert!(
        run.err.starts_with("LOCAL is served by a\\tb, which"),
        "{}",
        run.err
    );
}

#[test]
fn a_notice_suggests_checking_the_url_if_no_flag_was_found() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let program = Program::new();
    let wrong = server.url().replace("/flags", "/flag");
    let run = program.run(["-s", &wrong, "br", "us"]);
    assert!(
        run.err
            .ends_with(&format!("no flag was found at {wrong}: check the URL\n"))
    );
    assert_eq!(run.exit, Some(0));
    for args in [
        &["-s", &server.url(), "xx", "us"][..],
        &["-s", &wrong, "xx"],
        &["xx", "qq"],
    ] {
        assert!(!program.run(args).err.contains("none of them"), "{args:?}");
    }
}

#[test]
fn an_embedded_server_is_started_if_none_is_running_and_stopped_after_the_run() {
    let port = free_port();
    let program = Program::with_ports([port, 0, 0]);
    for _ in 0..2 {
        let run = program.run(["b"]);
        assert!(
            run.err
                .contains(&format!("LOCAL is served by this run on port {port}")),
            "{}",
            run.err
        );
        assert!(
            run.out
                .starts_with(&format!("LOCAL site: http://localhost:{port}/flags\n"))
        );
        assert_eq!(run.exit, Some(0));
    }
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[cfg(unix)]
#[test]
fn a_run_does_not_use_the_embedded_server_of_another_run() {
    use rustix::process::Signal;

    use crate::support::running::Running;
    let port = free_port();
    let ports = [0, port, 0];
    let first_program = Program::with_ports(ports);
    let mut first = Running::start(
        &first_program,
        &["-vs", "DELAY", "-e", "--strategy", "sequential"],
    );
    assert_eq!(
        first.line(),
        format!("DELAY site: http://localhost:{port}/flags\n")
    );

    let second = Program::with_ports(ports).run(["-s", "DELAY", "-m", "1000", "b"]);
    assert!(
        second
            .err
            .contains(&format!(": port {port} is used by another run\n")),
        "{}",
        second.err
    );
    assert!(
        !second.out.contains(&format!("localhost:{port}/")),
        "{}",
        second.out
    );
    assert!(
        second
            .out
            .contains("\n17 flags downloaded.\n9 not found.\n")
    );
    assert_eq!(second.exit, Some(0));

    first.signal(Signal::TERM);
    assert_eq!(first.wait().exit, Some(143));
}

#[test]
fn a_server_on_only_one_loopback_address_is_used() {
    let half = TestServer::builder()
        .address(Ipv6Addr::LOCALHOST.into())
        .start();
    let Ok(half) = half else {
        return skip("this machine has no ::1");
    };
    let program = Program::with_ports([half.port(), 0, 0]);
    let run = program.run(["b"]);
    assert_eq!(run.exit, Some(0), "{}", run.err);
    assert_eq!(
        half.stop().requests,
        26,
        "the server on ::1 is used, and none is started on 127.0.0.1"
    );
}

#[test]
fn a_port_used_by_another_protocol_fails_every_code_with_the_cause() {
    let other = RawServer::answering("SSH-2.0-OpenSSH_9.2\r\n");
    let program = Program::with_ports([other.port(), 0, 0]);
    let run = program.run(["b"]);
    assert!(
        run.err
            .ends_with("bad_response: invalid HTTP version parsed: all 26 codes\n"),
        "{}",
        run.err
    );
    assert!(run.out.contains("\n0 flags downloaded.\n26 errors.\n"));
    assert_eq!(run.exit, Some(1));
}

#[cfg(unix)]
#[test]
fn a_port_in_use_without_a_listener_is_reported() {
    let taken = RefusingPort::new();
    let program = Program::with_ports([taken.port(), 0, 0]);
    let run = program.run(["br"]);
    let notice = format!(
        "port {} (LOCAL) is in use, but nothing accepts connections on it\n",
        taken.port()
    );
    assert!(run.err.starts_with(&notice), "{}", run.err);
    assert!(run.err.contains("connect_refused: "), "{}", run.err);
    assert_eq!(run.exit, Some(1));
}

#[test]
fn a_port_that_accepts_connections_but_never_answers_is_a_timeout() {
    let mute = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let program = Program::with_ports([mute.local_addr().unwrap().port(), 0, 0]);
    let run = program.run(["br", "--timeout", "0.05"]);
    assert!(
        run.err
            .ends_with("timeout: no complete answer within 50ms: 1 code\n  BR\n"),
        "{}",
        run.err
    );
    assert_eq!(run.exit, Some(1));
}
