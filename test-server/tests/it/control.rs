//! The control paths: what they tell and change, and to whom they are closed.

use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr};

use test_server::{Plan, TestServer};

use crate::support::{Answer, ask, ask_lines, read, send_get, wait_until};

const BR: &str = "/flags/br/br.gif";

fn server() -> TestServer {
    TestServer::start(Plan::normal()).unwrap()
}

fn send(server: &TestServer, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let lines = format!(
        "{method} {path} HTTP/1.1\r\n{headers}connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    // The blank line that ends the lines stands behind a body that is complete.
    ask_lines(server.addresses()[0], &lines)
}

fn with_plan(server: &TestServer, method: &str, plan: &str) -> Answer {
    send(server, method, "/__plan", "host: localhost\r\n", plan)
}

fn json(met: &Answer) -> serde_json::Value {
    serde_json::from_slice(met.body()).unwrap()
}

#[test]
fn stats_tell_what_was_asked_and_what_was_met() {
    let server = TestServer::builder()
        .plan("100:status=503")
        .unwrap()
        .start()
        .unwrap();
    ask(&server, BR);
    ask(&server, BR);
    ask(&server, "/flags/us/us.gif");
    ask(&server, &format!("{BR}?plan="));
    ask(&server, "/");
    let met = ask(&server, "/__stats");
    assert_eq!(
        met.header("content-type").as_deref(),
        Some("application/json")
    );
    assert_eq!(
        json(&met),
        serde_json::json!({
            "requests": 4,
            "connections": 6,
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
        json(&met)["codes"]
    );
}

#[test]
fn reset_begins_to_count_anew() {
    let server = server();
    ask(&server, BR);
    let met = send(&server, "POST", "/__reset", "host: localhost\r\n", "");
    assert_eq!(met.status(), 204);
    let stats = json(&ask(&server, "/__stats"));
    assert_eq!(
        (stats["requests"].as_u64(), stats["peak_in_flight"].as_u64()),
        (Some(0), Some(0))
    );
    assert_eq!(
        ask(&server, "/__reset").status(),
        405,
        "not by a GET, which anything may send"
    );
}

#[test]
fn the_plan_can_be_read_and_changed_while_the_server_runs() {
    let server = server();
    assert_eq!(ask(&server, "/__plan").body_text(), "\n");
    for method in ["PUT", "POST"] {
        let met = with_plan(&server, method, "100:status=503 + retry-after=2s");
        assert_eq!(
            (met.status(), met.body_text()),
            (200, "100:status=503+retry-after=2s\n".to_owned())
        );
        assert_eq!(ask(&server, BR).status(), 503);
        assert_eq!(with_plan(&server, method, "").status(), 200);
        assert_eq!(ask(&server, BR).status(), 200);
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
        "what is refused changes nothing"
    );
}

#[test]
fn a_request_may_bring_its_own_plan_and_a_plus_in_it_is_a_plus() {
    let server = server();
    let met = ask(
        &server,
        &format!("{BR}?plan=100:status=503+reason=%22Too%20busy%22+retry-after=7s"),
    );
    assert!(
        met.text().starts_with("HTTP/1.1 503 Too busy\r\n"),
        "{}",
        met.text()
    );
    assert_eq!(met.header("retry-after").as_deref(), Some("7"));
    assert_eq!(ask(&server, BR).status(), 200);
    for wrong in ["nonsense", "100:backlog-full", "100:stale=1"] {
        assert_eq!(
            ask(&server, &format!("{BR}?plan={wrong}")).status(),
            400,
            "{wrong}"
        );
    }
}

#[test]
fn health_and_images_are_past_plan_and_counters() {
    let server = TestServer::builder()
        .plan("100:close")
        .unwrap()
        .start()
        .unwrap();
    assert_eq!(ask(&server, "/__health").body_text(), "ok\n");
    let flag = ask(&server, "/__flag/br.gif");
    assert_eq!(
        (flag.status(), flag.header("content-type").as_deref()),
        (200, Some("image/gif"))
    );
    assert!(flag.body().starts_with(b"GIF89a"));
    assert_eq!(ask(&server, "/__flag/xx.gif").status(), 404);
    assert_eq!(server.stats().requests, 0);
}

#[test]
fn a_foreign_page_can_steer_nothing() {
    let server = server();
    let port = server.port();
    let status = |headers: &str| send(&server, "PUT", "/__plan", headers, "100:close").status();
    for foreign in [
        "host: evil.example\r\n".to_owned(),
        "host: localhost.evil.example\r\n".to_owned(),
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
    assert_eq!(ask_lines(server.addresses()[0], &lines).status(), 403);
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
fn beyond_loopback_control_is_closed_unless_it_is_opened() {
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
            ask_lines(here, &lines).status()
        };
        for path in ["/__stats", "/__plan", "/__health", "/__flag/br.gif"] {
            assert_eq!(get(path), status, "{path}");
        }
        assert_eq!(get(&format!("{BR}?plan=")), status);
        assert_eq!((get(BR), get("/")), (200, 200), "what is served stays open");
    }
}

#[test]
fn the_library_changes_plans_as_well() {
    let server = server();
    server.set_plan("100:status=418".parse().unwrap()).unwrap();
    assert_eq!(ask(&server, BR).status(), 418);
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
fn hold_waits_for_what_comes_under_its_plan_and_not_for_what_came_before() {
    let server = TestServer::builder()
        .plan("100:hold=2")
        .unwrap()
        .start()
        .unwrap();
    let both = || {
        std::thread::scope(|scope| {
            let clients = [(); 2].map(|()| scope.spawn(|| ask(&server, BR).status()));
            assert_eq!(clients.map(|client| client.join().unwrap()), [200, 200]);
        });
    };
    both();
    assert_eq!(
        ask(&server, BR).status(),
        200,
        "two have been in flight: nothing waits any more"
    );
    server.set_plan("100:hold=2".parse().unwrap()).unwrap();
    let held = read(&mut send_get(&server, BR), 0);
    assert!(held.bytes.is_empty(), "a plan holds anew");
}

#[test]
fn what_began_before_a_reset_counts_no_more() {
    let server = TestServer::builder()
        .plan("100:hold=2+status=503")
        .unwrap()
        .start()
        .unwrap();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| {
            let mut connection = send_get(&server, BR);
            connection.read(&mut [0; 64]).unwrap()
        });
        wait_until("in flight", || server.stats().in_flight > 0);
        server.reset();
        ask(&server, "/flags/us/us.gif");
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
