//! The port of control paths alone.

use std::io::ErrorKind;

use test_server::{ControlPort, Plan, TestServer};

use crate::support::{Response, exchange, get, wait_until};

/// Sends a request for this path to a port, with these further lines of its head, and a body.
fn ask(control: &ControlPort, request: &str, lines: &str, body: &str) -> Response {
    let length = body.len();
    let head = format!(
        "{request} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}{lines}"
    );
    // The end of the head is that of the request if it has no body.
    let address = control.addresses()[0];
    if body.is_empty() {
        exchange(address, &head)
    } else {
        exchange(address, &format!("{head}\r\n\r\n{body}"))
    }
}

fn two_servers() -> (TestServer, TestServer) {
    let named = |name: &str| TestServer::builder().name(name).start().unwrap();
    (named("ONE"), named("one more/two"))
}

#[test]
fn each_server_has_its_control_paths_below_its_name() {
    let (one, two) = two_servers();
    get(&one, "/orders");
    let control = ControlPort::builder().server(&one).server(&two);
    let control = control.start().unwrap();
    let base = format!("http://localhost:{}", control.port());
    assert_eq!(control.url(), base);
    assert_eq!(
        control.url_of("one more/two"),
        format!("{base}/one%20more%2Ftwo")
    );

    wait_until("its client has left", &one, |stats| {
        stats.open_connections == 0
    });
    let stats = ask(&control, "GET /ONE/__stats", "", "").body_text();
    assert!(
        stats.contains(r#""requests":1,"connections":1,"open_connections":0"#),
        "{stats}"
    );
    let plan = ask(
        &control,
        "PUT /one%20more%2Ftwo/__plan",
        "",
        "100:status=503",
    );
    assert_eq!(
        (plan.status(), plan.body_text().as_str()),
        (200, "100:status=503\n")
    );
    assert_eq!(get(&two, "/orders").status(), 503);
    assert_eq!(get(&one, "/orders").status(), 404);
    let wrong = ask(&control, "PUT /ONE/__plan", "", "100:rset");
    assert_eq!(wrong.status(), 400);
    assert!(wrong.body_text().contains("did you mean 'reset'?"));
    assert_eq!(ask(&control, "POST /ONE/__reset", "", "").status(), 204);
    assert_eq!((one.stats().requests, one.stats().connections), (0, 0));

    for path in [
        "/",
        "/ONE",
        "/TWO/__plan",
        "/__plan",
        "/ONE/orders",
        "//",
        "*",
    ] {
        let missing = ask(&control, &format!("GET {path}"), "", "");
        assert_eq!(missing.status(), 404, "{path}");
    }
    let names = ask(&control, "GET /", "", "").body_text();
    let expected =
        "nothing here: use /NAME/__plan and so on, where NAME is one of ONE, one more/two\n";
    assert_eq!(names, expected);
    two.stop();
    assert_eq!(
        ask(&control, "GET /one%20more%2Ftwo/__plan", "", "").status(),
        404
    );
    assert_eq!(ask(&control, "GET /ONE/__plan", "", "").status(), 200);
}

#[test]
fn a_single_server_needs_no_name() {
    let server = TestServer::start("100:reset".parse().unwrap()).unwrap();
    let control = ControlPort::builder().server(&server).start().unwrap();
    for path in ["/__plan", "/test-server/__plan"] {
        assert_eq!(
            ask(&control, &format!("GET {path}"), "", "").body_text(),
            "100:reset\n"
        );
    }
}

#[cfg(feature = "tls")]
#[test]
fn requests_to_it_meet_no_faults_of_tls_and_are_not_counted() {
    let builder = TestServer::builder().tls().plan("100:tls-hang").unwrap();
    let server = builder.start().unwrap();
    let control = ControlPort::builder().server(&server).start().unwrap();
    let stats = ask(&control, "GET /__stats", "", "").body_text();
    assert!(stats.contains(r#""requests":0,"connections":0"#), "{stats}");
    let plan = ask(&control, "PUT /__plan", "", "100:tls-cut");
    assert_eq!(plan.body_text(), "100:tls-cut=100\n");
    assert_eq!(server.plan().to_string(), "100:tls-cut=100");
}

#[cfg(feature = "tcp")]
#[test]
fn proxies_of_tcp_are_read_and_changed() {
    use std::io::Read as _;
    use std::net::TcpStream;

    let server = TestServer::start(Plan::normal()).unwrap();
    let builder = test_server::TcpProxy::builder(server.addresses()[0].to_string());
    let proxy = builder.name("DB").plan("100:tcp-reset").unwrap();
    let proxy = proxy.start().unwrap();
    let control = ControlPort::builder().server(&server).proxy(&proxy);
    let control = control.start().unwrap();
    let mut client = TcpStream::connect(proxy.addresses()[0]).unwrap();
    assert!(client.read(&mut [0]).is_err());
    assert_eq!(
        ask(&control, "GET /DB/__health", "", "").body_text(),
        "ok\n"
    );
    let stats = ask(&control, "GET /DB/__stats", "", "").body_text();
    assert!(stats.contains(r#""injected":{"tcp-reset":1}"#), "{stats}");
    assert_eq!(
        ask(&control, "GET /DB/__plan", "", "").body_text(),
        "100:tcp-reset=0\n"
    );
    assert_eq!(ask(&control, "POST /DB/__reset", "", "").status(), 204);
    assert_eq!(proxy.stats().connections, 0);
    for (plan, status, words) in [
        ("50:tcp-stall", 200, "50:tcp-stall=0\n"),
        ("", 200, "\n"),
        (
            "10:delay=1s",
            409,
            "'delay' is not for TCP: use tcp-..., transient and seq\n",
        ),
        (
            "10:tcp-rset",
            400,
            "unknown fault 'tcp-rset'; did you mean 'tcp-reset'?\n  10:tcp-rset\n     ^^^^^^^^\n",
        ),
    ] {
        let response = ask(&control, "PUT /DB/__plan", "", plan);
        assert_eq!(
            (response.status(), response.body_text().as_str()),
            (status, words)
        );
    }
    assert_eq!(proxy.plan(), Plan::normal());
}

#[test]
fn it_is_open_to_those_who_may_control_a_server() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let with = || ControlPort::builder().server(&server);
    let status =
        |control: &ControlPort, lines: &str| ask(control, "GET /__plan", lines, "").status();
    let open = with().start().unwrap();
    assert_eq!(status(&open, "\r\norigin: http://localhost"), 200);
    for lines in [
        "\r\norigin: https://localhost",
        "\r\nsec-fetch-site: cross-site",
    ] {
        assert_eq!(status(&open, lines), 403, "{lines}");
    }
    let to = |control: &ControlPort, host: &str| {
        let lines = format!("GET /__plan HTTP/1.1\r\nhost: {host}\r\nconnection: close");
        exchange(control.addresses()[0], &lines).status()
    };
    assert_eq!(to(&open, "evil.example"), 403);
    let named = with().allow_host("shop").start().unwrap();
    assert_eq!((to(&named, "shop:80"), to(&named, "other")), (200, 403));

    let token = with().token("secret").start().unwrap();
    assert_eq!(status(&token, ""), 401);
    assert_eq!(status(&token, "\r\nauthorization: Bearer secret"), 200);

    let everywhere = || with().address("0.0.0.0".parse().unwrap());
    assert_eq!(status(&everywhere().start().unwrap(), ""), 403);
    assert_eq!(status(&everywhere().admin().start().unwrap(), ""), 200);
}

#[test]
fn names_must_differ() {
    let (one, other) = (
        TestServer::start(Plan::normal()).unwrap(),
        TestServer::start(Plan::normal()).unwrap(),
    );
    let error = ControlPort::builder()
        .server(&one)
        .server(&other)
        .start()
        .unwrap_err();
    let why = "two servers are called 'test-server', and the control port needs different names";
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::InvalidInput, why)
    );
}
