//! The control paths: what they return and change, and the requests to which they are closed.

use std::net::{IpAddr, Ipv4Addr};

use test_server::{Plan, TestServer};

use crate::support::{Response, exchange, get, read, receive, send_get, wait_until};

const BR: &str = "/flags/br/br.gif";

fn server() -> TestServer {
    TestServer::start(Plan::normal()).unwrap()
}

fn send(server: &TestServer, method: &str, path: &str, headers: &str, body: &str) -> Response {
    let lines = format!(
        "{method} {path} HTTP/1.1\r\n{headers}connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    // The blank line that `exchange` appends comes after the complete body, so the server ignores it.
    exchange(server.addresses()[0], &lines)
}

fn with_plan(server: &TestServer, method: &str, plan: &str) -> Response {
    send(server, method, "/__plan", "host: localhost\r\n", plan)
}

fn json(response: &Response) -> serde_json::Value {
    serde_json::from_slice(response.body()).unwrap()
}

#[test]
fn stats_contain_the_requests_and_the_faults_met() {
    let server = TestServer::builder()
        .plan("100:status=503")
        .unwrap()
        .start()
        .unwrap();
    get(&server, BR);
    get(&server, BR);
    get(&server, "/flags/us/us.gif");
    get(&server, &format!("{BR}?plan="));
    get(&server, "/");
    let response = get(&server, "/__stats");
    assert_eq!(
        response.header("content-type").as_deref(),
        Some("application/json")
    );
    let mut stats = json(&response);
    // The connection of this request, and perhaps one whose end the server has not noticed yet.
    let open = stats.as_object_mut().unwrap().remove("open_connections");
    assert!(open.unwrap().as_u64() >= Some(1));
    assert_eq!(
        stats,
        serde_json::json!({
            "requests": 4,
            "connections": 6,
            "rests": 0,
            "in_flight": 0,
            "peak_in_flight": 1,
            "injected": { "status": 3 },
            "codes": {
                "br": { "attempts": 3, "injected": { "status": 2 } },
                "us": { "attempts": 1, "injected": { "status": 1 } },
            },
        })
    );
    assert_eq!(
        serde_json::to_value(server.stats()).unwrap()["codes"],
        json(&response)["codes"]
    );
}

#[test]
fn reset_sets_the_counters_to_zero() {
    let server = server();
    get(&server, BR);
    let response = send(&server, "POST", "/__reset", "host: localhost\r\n", "");
    assert_eq!(response.status(), 204);
    let stats = json(&get(&server, "/__stats"));
    assert_eq!(
        (stats["requests"].as_u64(), stats["peak_in_flight"].as_u64()),
        (Some(0), Some(0))
    );
    assert_eq!(
        get(&server, "/__reset").status(),
        405,
        "GET must not change anything"
    );
}

#[test]
fn the_plan_can_be_read_and_changed_while_the_server_runs() {
    let server = server();
    assert_eq!(get(&server, "/__plan").body_text(), "\n");
    for method in ["PUT", "POST"] {
        let response = with_plan(&server, method, "100:status=503 + retry-after=2s");
        assert_eq!(
            (response.status(), response.body_text()),
            (200, "100:status=503+retry-after=2s\n".to_owned())
        );
        assert_eq!(get(&server, BR).status(), 503);
        assert_eq!(with_plan(&server, method, "").status(), 200);
        assert_eq!(get(&server, BR).status(), 200);
    }
    let wrong = with_plan(&server, "PUT", "10:rset");
    assert_eq!(wrong.status(), 400);
    assert_eq!(
        wrong.body_text(),
        "unknown fault 'rset'; did you mean 'reset'?\n  10:rset\n     ^^^^\n"
    );
    assert_eq!(with_plan(&server, "PUT", "100:backlog-full").status(), 409);
    assert_eq!(
        server.plan(),
        Plan::normal(),
        "a refused plan changes nothing"
    );
}

#[test]
fn a_query_sets_the_plan_of_one_request_and_a_plus_in_it_is_a_plus() {
    let server = server();
    let response = get(
        &server,
        &format!("{BR}?plan=100:status=503+reason=%22Too%20busy%22+retry-after=7s"),
    );
    assert!(
        response.text().starts_with("HTTP/1.1 503 Too busy\r\n"),
        "{}",
        response.text()
    );
    assert_eq!(response.header("retry-after").as_deref(), Some("7"));
    assert_eq!(get(&server, BR).status(), 200);
    for wrong in ["nonsense", "100:backlog-full", "100:stale=1"] {
        assert_eq!(
            get(&server, &format!("{BR}?plan={wrong}")).status(),
            400,
            "{wrong}"
        );
    }
}

#[test]
fn health_and_images_are_not_counted_and_ignore_the_plan() {
    let server = TestServer::builder()
        .plan("100:close")
        .unwrap()
        .start()
        .unwrap();
    assert_eq!(get(&server, "/__health").body_text(), "ok\n");
    let flag = get(&server, "/__flag/br.gif");
    assert_eq!(
        (flag.status(), flag.header("content-type").as_deref()),
        (200, Some("image/gif"))
    );
    assert!(flag.body().starts_with(b"GIF89a"));
    assert_eq!(get(&server, "/__flag/xx.gif").status(), 404);
    assert_eq!(server.stats().requests, 0);
}

#[test]
fn pages_of_other_sites_cannot_control_the_server() {
    let server = server();
    let port = server.port();
    let status = |headers: &str| send(&server, "PUT", "/__plan", headers, "100:close").status();
    for foreign in [
        "host: evil.example\r\n".to_owned(),
        "host: localhost.evil.example\r\n".to_owned(),
        "host: localhost:80.evil.example\r\n".to_owned(),
        "host: [::1].evil.example\r\n".to_owned(),
        "host: [::1]evil.example:80\r\n".to_owned(),
        "host: [localhost]\r\n".to_owned(),
        "host: localhost\r\norigin: http://evil.example\r\n".to_owned(),
        "host: localhost\r\norigin: null\r\n".to_owned(),
        "host: localhost\r\nsec-fetch-site: cross-site\r\n".to_owned(),
        "host: localhost\r\nsec-fetch-site: same-site\r\n".to_owned(),
        format!(
            "host: localhost:{port}\r\norigin: http://localhost:{}\r\n",
            port ^ 1
        ),
        format!("host: localhost:{port}\r\norigin: https://localhost:{port}\r\n"),
    ] {
        assert_eq!(status(&foreign), 403, "{foreign}");
    }
    assert_eq!(server.plan(), Plan::normal());
    let lines =
        format!("GET {BR}?plan=100:close HTTP/1.1\r\nhost: evil.example\r\nconnection: close");
    assert_eq!(exchange(server.addresses()[0], &lines).status(), 403);
    for own in [
        "host: localhost\r\n".to_owned(),
        "host: 127.0.0.1:8001\r\n".to_owned(),
        "host: localhost\r\nsec-fetch-site: none\r\n".to_owned(),
        "host: [::1]:8001\r\n".to_owned(),
        format!("host: localhost:{port}\r\norigin: http://localhost:{port}\r\n"),
    ] {
        assert_eq!(status(&own), 200, "{own}");
    }
}

#[test]
fn beyond_loopback_the_control_paths_are_open_only_with_admin() {
    let anywhere = IpAddr::from(Ipv4Addr::UNSPECIFIED);
    let closed = TestServer::builder().address(anywhere).start().unwrap();
    let open = TestServer::builder()
        .address(anywhere)
        .admin()
        .start()
        .unwrap();
    for (server, status) in [(&closed, 403), (&open, 200)] {
        let here = (Ipv4Addr::LOCALHOST, server.port()).into();
        let get = |path: &str| {
            let lines = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close");
            exchange(here, &lines).status()
        };
        for path in ["/__stats", "/__plan", "/__health", "/__flag/br.gif"] {
            assert_eq!(get(path), status, "{path}");
        }
        assert_eq!(get(&format!("{BR}?plan=")), status);
        assert_eq!(
            (get(BR), get("/")),
            (200, 200),
            "flags and the page stay open"
        );
    }
}

#[test]
fn set_plan_and_reset_work_from_the_library() {
    let server = server();
    server.set_plan("100:status=418".parse().unwrap()).unwrap();
    assert_eq!(get(&server, BR).status(), 418);
    let refused = server
        .set_plan("100:backlog-full".parse().unwrap())
        .unwrap_err();
    assert!(
        refused.to_string().contains("when a server starts"),
        "{refused}"
    );
    server.reset();
    assert_eq!(server.stats().codes.len(), 0);
}

#[test]
fn hold_counts_only_requests_since_its_plan_was_set() {
    let server = TestServer::builder()
        .plan("100:hold=2")
        .unwrap()
        .start()
        .unwrap();
    let both = || {
        std::thread::scope(|scope| {
            let clients = [(); 2].map(|()| scope.spawn(|| get(&server, BR).status()));
            assert_eq!(clients.map(|client| client.join().unwrap()), [200, 200]);
        });
    };
    both();
    assert_eq!(
        get(&server, BR).status(),
        200,
        "two requests have been in flight, so none is held any more"
    );
    server.set_plan("100:hold=2".parse().unwrap()).unwrap();
    let held = read(&mut send_get(&server, BR), 0);
    assert!(
        held.bytes.is_empty(),
        "setting the plan again holds requests again"
    );
}

#[test]
fn a_request_started_before_a_reset_is_no_longer_counted() {
    let server = TestServer::builder()
        .plan("100:hold=2+status=503")
        .unwrap()
        .start()
        .unwrap();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| {
            let mut connection = send_get(&server, BR);
            receive(&mut connection, &mut [0; 64]).unwrap()
        });
        wait_until("in flight", &server, |stats| stats.in_flight > 0);
        server.reset();
        get(&server, "/flags/us/us.gif");
        assert!(first.join().unwrap() > 0);
    });
    let stats = server.stats();
    assert_eq!(
        (stats.requests, stats.codes.contains_key("br")),
        (1, false),
        "{stats:?}"
    );
    assert_eq!(stats.injected["status"], 1);
}
