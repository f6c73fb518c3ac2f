//! Who may use the control paths and read the responses: hosts, a token, pages of other sites.

use test_server::{Builder, Plan, TestServer};

use crate::support::{Response, exchange};

fn request(server: &TestServer, line: &str, headers: &str) -> Response {
    let lines = format!("{line} HTTP/1.1\r\nconnection: close\r\n{headers}");
    exchange(server.addresses()[0], lines.trim_end())
}

fn status(server: &TestServer, headers: &str) -> u16 {
    request(server, "GET /__stats", headers).status()
}

fn start(builder: Builder) -> TestServer {
    builder.start().unwrap()
}

#[test]
fn a_host_that_is_allowed_may_control_the_server() {
    let server = start(
        TestServer::builder()
            .allow_host("orders")
            .allow_host("Other.Example"),
    );
    for (host, expected) in [
        ("orders:8001", 200),
        ("ORDERS", 200),
        ("other.example", 200),
        ("localhost", 200),
        ("127.0.0.1:1", 200),
        ("orders.evil.example", 403),
        ("orders:80.evil.example", 403),
        ("evil.example", 403),
    ] {
        assert_eq!(
            status(&server, &format!("host: {host}\r\n")),
            expected,
            "{host}"
        );
    }
    let foreign = "host: orders\r\norigin: http://evil.example\r\n";
    assert_eq!(
        status(&server, foreign),
        403,
        "pages of other sites stay out"
    );
    let without = TestServer::start(Plan::normal()).unwrap();
    let refused = request(&without, "GET /__stats", "host: orders\r\n");
    assert_eq!(refused.status(), 403);
    assert!(
        refused.body_text().contains("--allow-host"),
        "{}",
        refused.text()
    );
}

#[test]
fn a_token_opens_the_control_paths_from_everywhere_and_closes_them_to_others() {
    let any = std::net::Ipv4Addr::UNSPECIFIED.into();
    let server = start(TestServer::builder().token("s3cret").address(any));
    let right = "authorization: Bearer s3cret\r\n";
    for headers in [
        "host: localhost\r\n",
        "host: any.example\r\n",
        "host: x\r\norigin: http://other.example\r\nsec-fetch-site: cross-site\r\n",
    ] {
        assert_eq!(
            status(&server, &format!("{headers}{right}")),
            200,
            "{headers}"
        );
        let refused = request(&server, "GET /__stats", headers);
        assert_eq!(
            (
                refused.status(),
                refused.header("www-authenticate").as_deref()
            ),
            (401, Some("bearer"))
        );
    }
    for wrong in [
        "Bearer s3cre",
        "Bearer s3crets",
        "bearer",
        "s3cret",
        "Basic s3cret",
        "Bearers3cret",
        "Bearer s3cret s3cret",
        "Bearer S3cret",
        "Bearer s3cret\r\nauthorization: Bearer s3cret",
    ] {
        assert_eq!(
            status(
                &server,
                &format!("host: localhost\r\nauthorization: {wrong}\r\n")
            ),
            401,
            "{wrong}"
        );
    }
    // The scheme has no case, and any number of blanks may follow it.
    for right in ["bearer s3cret", "BEARER  s3cret", "Bearer s3cret  "] {
        let headers = format!("host: localhost\r\nauthorization: {right}\r\n");
        assert_eq!(status(&server, &headers), 200, "{right}");
    }
    let accented = start(TestServer::builder().token("clé"));
    let headers = "host: localhost\r\nauthorization: Bearer clé\r\n";
    assert_eq!(status(&accented, headers), 200);
    let with_plan =
        |headers: &str| request(&server, "GET /orders?__plan=100:status=418", headers).status();
    assert_eq!(
        (
            with_plan("host: localhost\r\n"),
            with_plan(&format!("host: x\r\n{right}"))
        ),
        (401, 418)
    );
    let on_loopback = start(TestServer::builder().token("s3cret"));
    let page = request(
        &on_loopback,
        "GET /",
        "host: localhost\r\naccept: text/html\r\n",
    );
    assert!(
        page.text().contains("--token") && !page.text().contains("<form"),
        "{}",
        page.text()
    );
}

#[cfg(feature = "cors")]
#[test]
fn with_cors_pages_of_other_sites_may_read_responses() {
    let builder = TestServer::builder().plan("100:status=503").unwrap();
    let server = start(builder.cors().token("t"));
    let origin = "host: localhost\r\norigin: http://app.example\r\n";
    let allowed = |response: &Response| response.header("access-control-allow-origin");
    let response = request(&server, "POST /orders", origin);
    assert_eq!(
        (response.status(), allowed(&response).as_deref()),
        (503, Some("http://app.example"))
    );
    assert_eq!(
        response
            .header("access-control-allow-credentials")
            .as_deref(),
        Some("true")
    );

    let preflight =
        "access-control-request-method: PUT\r\naccess-control-request-headers: authorization\r\n";
    let response = request(&server, "OPTIONS /__plan", &format!("{origin}{preflight}"));
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.header("access-control-allow-methods").as_deref(),
        Some("put")
    );
    assert_eq!(
        response.header("access-control-allow-headers").as_deref(),
        Some("authorization")
    );
    assert_eq!(
        server.stats().requests,
        1,
        "a preflight request meets no fault"
    );

    for plan in ["100:close-body=5", ""] {
        let builder = TestServer::builder().plan(plan).unwrap();
        let flag = request(&start(builder.cors()), "GET /flags/br/br.gif", origin).text();
        assert_eq!(
            flag.matches("access-control-allow-origin: http://app.example")
                .count(),
            1,
            "{plan}"
        );
    }

    let open = start(TestServer::builder().cors());
    let refused = request(&open, "GET /__stats", origin);
    assert_eq!(
        refused.status(),
        403,
        "without a token, other sites cannot control the server"
    );

    let without = TestServer::start(Plan::normal()).unwrap();
    assert_eq!(allowed(&request(&without, "GET /orders", origin)), None);
}

#[cfg(feature = "cors")]
#[test]
fn with_cors_other_sites_read_neither_the_page_nor_the_control_paths() {
    let origin = "host: localhost\r\norigin: http://app.example\r\n";
    let preflight = format!("{origin}access-control-request-method: GET\r\n");
    let server = start(TestServer::builder().cors().journal(9));
    let allows = |server: &TestServer, line: &str, headers: &str| {
        let response = request(server, line, headers);
        response.header("access-control-allow-origin").is_some()
    };
    for path in [
        "/",
        "/flags",
        "/flags/",
        "/__stats",
        "/__health",
        "/__nothing",
    ] {
        assert!(!allows(&server, &format!("GET {path}"), origin), "{path}");
        let line = format!("OPTIONS {path}");
        assert!(!allows(&server, &line, &preflight), "{line}");
    }
    for path in ["/flags/br/br.gif", "/flags/br/us.gif", "/orders"] {
        assert!(allows(&server, &format!("GET {path}"), origin), "{path}");
        assert!(
            allows(&server, &format!("OPTIONS {path}"), &preflight),
            "{path}"
        );
    }
    server.route("GET /").body("mine");
    assert!(allows(&server, "GET /", origin), "a route");
    assert!(allows(&server, "OPTIONS /", &preflight), "a route");
    let with_token = start(TestServer::builder().cors().token("t"));
    assert!(
        allows(&with_token, "GET /__stats", origin),
        "needs the token"
    );
    assert!(
        !allows(&with_token, "GET /", origin),
        "the page has no token"
    );
}

#[cfg(feature = "cors")]
#[test]
fn with_cors_preflight_requests_are_recorded_and_other_options_are_ordinary() {
    let server = start(TestServer::builder().cors().journal(9));
    server.route("OPTIONS /orders").body("mine");
    server.expect("OPTIONS /orders").times(2);
    let origin = "host: localhost\r\norigin: http://app.example\r\n";
    let preflight = format!("{origin}access-control-request-method: PUT\r\n");
    let answered = request(&server, "OPTIONS /orders", &preflight);
    assert!(answered.header("server").is_some());
    assert_eq!(
        (answered.status(), answered.body_text().as_str()),
        (200, "")
    );
    let routed = request(&server, "OPTIONS /orders", origin);
    assert_eq!(routed.body_text(), "mine");
    assert!(routed.header("access-control-allow-origin").is_some());
    request(&server, "OPTIONS /__plan", &preflight);
    let recorded = server.requests();
    let recorded = recorded
        .iter()
        .map(|request| (request.path.as_str(), request.status));
    assert_eq!(
        recorded.collect::<Vec<_>>(),
        [("/orders", Some(200)), ("/orders", Some(200))]
    );
    server.verify();
}

#[cfg(feature = "cors")]
#[test]
fn with_cors_pages_see_the_headers_of_responses() {
    let origin = "host: localhost\r\norigin: http://app.example\r\n";
    for (plan, line, headers, names) in [
        (
            "100:status=503+retry-after=1s",
            "GET /orders",
            "",
            vec!["retry-after"],
        ),
        ("", "GET /orders/5", "", vec!["x-total", "location"]),
        (
            "",
            "GET /flags/br/br.gif",
            "range: bytes=0-9\r\n",
            vec!["etag", "content-range", "accept-ranges"],
        ),
        ("100:close-body=5", "GET /orders/5", "", vec!["x-total"]),
    ] {
        let server = start(TestServer::builder().cors().plan(plan).unwrap());
        let route = server.route("GET /orders/{id}").body("a body");
        route.header("x-total", "7").header("location", "/");
        let response = request(&server, line, &format!("{origin}{headers}"));
        let exposed = response.header("access-control-expose-headers");
        let exposed = exposed.unwrap_or_default();
        let exposed: Vec<_> = exposed.split(", ").collect();
        for name in names {
            assert!(exposed.contains(&name), "{plan}: {name} in {exposed:?}");
        }
        assert!(
            !exposed.contains(&"access-control-allow-origin"),
            "{exposed:?}"
        );
    }
}
