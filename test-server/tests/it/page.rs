//! The page at `/`: which clients get HTML, its contents, its forms, and the requests to which they are closed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use test_server::{COUNTRY_CODES, Group, Plan, TestServer, list_faults};

use crate::support::{Response, exchange, get};

/// An `Accept` header similar to those of Firefox and Chromium.
const BROWSER: &str = "accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

fn server(plan: &str) -> TestServer {
    let builder = TestServer::builder().name("MINE").plan(plan).unwrap();
    builder.start().unwrap()
}

fn request(server: &TestServer, line: &str, headers: &str) -> Response {
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()));
    let lines = format!("{line} HTTP/1.1\r\n{headers}\r\nconnection: close");
    exchange(here, &lines)
}

fn browse(server: &TestServer, path: &str) -> Response {
    let headers = format!("host: localhost:{}\r\n{BROWSER}", server.port());
    request(server, &format!("GET {path}"), &headers)
}

/// Sends a form as a browser that shows a page of `origin`.
fn send_from(server: &TestServer, origin: &str, site: &str, path: &str, form: &str) -> Response {
    let headers = format!(
        "host: localhost:{}\r\n{BROWSER}\r\norigin: {origin}\r\nsec-fetch-site: {site}\r\n\
         content-type: application/x-www-form-urlencoded\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{form}",
        server.port(),
        form.len()
    );
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()));
    exchange(here, &format!("POST {path} HTTP/1.1\r\n{headers}"))
}

fn send(server: &TestServer, path: &str, form: &str) -> Response {
    let origin = format!("http://localhost:{}", server.port());
    send_from(server, &origin, "same-origin", path, form)
}

fn anywhere() -> IpAddr {
    Ipv4Addr::UNSPECIFIED.into()
}

#[test]
fn browsers_get_a_page_with_all_flags_and_the_plan_in_words() {
    let server = server("25:reset,50:delay=2s");
    for path in ["/", "/flags", "/flags/"] {
        let response = browse(&server, path);
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(
            response.header("content-type").as_deref(),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(response.header("vary").as_deref(), Some("accept"));
        let page = response.body_text();
        let words = "MINE answers 25 % of the codes with reset, 50 % of the codes with delay=2s, the rest at once.";
        assert!(page.contains(words), "{page}");
        let codes: Vec<_> = COUNTRY_CODES.split_whitespace().collect();
        assert_eq!(codes.len(), 194);
        for code in codes {
            let lower = code.to_lowercase();
            let image = format!(
                "<img src=\"/__flag/{lower}.gif\" alt=\"flag of {code}\" width=\"72\" height=\"52\" loading=\"lazy\""
            );
            assert!(page.contains(&image), "{image}");
            assert!(page.contains(&format!(">{code}</span>")), "{code}");
        }
        assert_eq!(page.matches("<img ").count(), 194);
        for (fault, _) in list_faults() {
            let name = fault.split(['=', '[', ' ']).next().unwrap();
            assert!(page.contains(&format!("<dt><code>{name}")), "{name}");
        }
    }
}

#[test]
fn clients_that_do_not_accept_html_get_text() {
    let server = server("25:reset");
    let curl = "host: localhost\r\naccept: */*";
    for headers in [curl, "host: localhost"] {
        let response = request(&server, "GET /", headers);
        assert_eq!(
            response.header("content-type").as_deref(),
            Some("text/plain; charset=utf-8")
        );
        assert_eq!(response.header("vary").as_deref(), Some("accept"));
        assert!(
            response
                .body_text()
                .starts_with("MINE test server: answers 25 % ")
        );
    }
}

#[test]
fn head_is_the_page_without_its_body() {
    let server = server("");
    let (get, port) = (browse(&server, "/"), server.port());
    let head = request(
        &server,
        "HEAD /",
        &format!("host: localhost:{port}\r\n{BROWSER}"),
    );
    assert_eq!((head.status(), head.body().len()), (200, 0));
    for name in ["content-type", "vary", "content-length"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    let plain = request(&server, "HEAD /", "host: localhost");
    assert_eq!(
        plain.header("content-type").as_deref(),
        Some("text/plain; charset=utf-8")
    );
}

#[test]
fn the_page_loads_only_from_its_server_and_runs_only_its_own_script() {
    let server = server("");
    let policy = |response: &Response| response.header("content-security-policy").unwrap();
    let (one, other) = (browse(&server, "/"), browse(&server, "/"));
    let nonce = |response: &Response| {
        let policy = policy(response);
        let (_, rest) = policy.split_once("script-src 'nonce-").unwrap();
        rest.split_once('\'').unwrap().0.to_owned()
    };
    assert_eq!(
        policy(&one),
        format!(
            "default-src 'none'; script-src 'nonce-{0}'; style-src 'nonce-{0}'; img-src 'self'; connect-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            nonce(&one)
        )
    );
    assert_ne!(nonce(&one), nonce(&other));
    let page = one.body_text();
    assert_eq!(
        page.matches(&format!("nonce=\"{}\"", nonce(&one))).count(),
        2
    );
    assert_eq!(
        (
            page.matches("<script").count(),
            page.matches("<style").count()
        ),
        (1, 1)
    );
    for elsewhere in [
        "http:", "https:", "src=\"//", "url(", "@import", "style=", "onclick",
    ] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
}

#[test]
fn html_in_names_and_plans_is_escaped() {
    let plan = "100:status=503+reason=\"<img src=x onerror='a'> & \\\"so\\\"\"";
    let server = TestServer::builder()
        .name("<b>me</b>")
        .plan(plan)
        .unwrap()
        .start()
        .unwrap();
    let page = browse(&server, "/").body_text();
    assert!(!page.contains("<b>") && !page.contains("<img src=x"));
    assert!(page.contains("<h1>&lt;b&gt;me&lt;/b&gt; test server</h1>"));
    let escaped = plan
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    assert!(page.contains(&format!("value=\"{escaped}\"")), "{page}");
    assert!(page.contains(&format!("<code id=\"plan-now\">{escaped}</code>")));

    let refused = send(
        &server,
        "/__page/plan",
        "plan=%22%3E%3Cscript%3Ea()%3C/script%3E",
    )
    .body_text();
    assert_eq!(refused.matches("<script").count(), 1, "{refused}");
    assert!(refused.contains("value=\"&quot;&gt;&lt;script&gt;a()&lt;/script&gt;\""));
}

#[test]
fn the_form_changes_the_plan_and_redirects_to_the_page() {
    let server = server("100:close");
    let response = send(
        &server,
        "/__page/plan",
        "plan=100%3Astatus%3D503+%2B+reason%3D%22Too+busy%22",
    );
    assert_eq!(
        (response.status(), response.header("location").as_deref()),
        (303, Some("/"))
    );
    assert_eq!(
        server.plan().to_string(),
        "100:status=503+reason=\"Too busy\""
    );
    let page = browse(&server, "/").body_text();
    assert!(page.contains("value=\"100:status=503+reason=&quot;Too busy&quot;\""));

    assert_eq!(send(&server, "/__page/plan", "plan=").status(), 303);
    assert_eq!(server.plan(), Plan::normal());
    assert_eq!(
        send(&server, "/__page/plan", "plans=100:reset").status(),
        400
    );
    assert_eq!(
        server.plan(),
        Plan::normal(),
        "a form without a plan does not change the plan"
    );
    let reloaded = browse(&server, "/__page/plan");
    assert_eq!(reloaded.header("location").as_deref(), Some("/"));
}

#[test]
fn a_wrong_plan_shows_the_page_with_the_message_and_changes_nothing() {
    let server = server("10:reset");
    let response = send(&server, "/__page/plan", "plan=10%3Arset");
    assert_eq!(response.status(), 400);
    let page = response.body_text();
    let message =
        "<span>unknown fault 'rset'; did you mean 'reset'?\n</span>  10:rset\n     ^^^^</pre>";
    assert!(page.contains(message), "{page}");
    assert!(
        page.contains("value=\"10:rset\""),
        "the input keeps the typed plan"
    );
    assert!(page.contains("aria-invalid=\"true\" autofocus>"));
    assert!(response.header("content-security-policy").is_some());

    let response = send(&server, "/__page/plan", "plan=100%3Abacklog-full");
    assert_eq!(response.status(), 409);
    assert!(response.body_text().contains("when a server starts"));
    assert_eq!(server.plan(), "10:reset".parse().unwrap());
}

#[test]
fn forms_are_accepted_only_from_the_page_of_this_server() {
    let server = server("10:reset");
    get(&server, "/flags/zz/zz.gif");
    let port = server.port();
    for (origin, site) in [
        ("http://evil.example".to_owned(), "cross-site"),
        ("null".to_owned(), "cross-site"),
        (format!("http://localhost:{}", port ^ 1), "same-site"),
        (format!("http://localhost:{port}"), "cross-site"),
        (format!("http://localhost:{}", port ^ 1), "same-origin"),
    ] {
        for (path, form) in [("/__page/plan", "plan=100:close"), ("/__page/reset", "")] {
            let response = send_from(&server, &origin, site, path, form);
            assert_eq!(response.status(), 403, "{path} from {origin}, {site}");
        }
    }
    assert_eq!(server.plan(), "10:reset".parse().unwrap());
    assert_eq!(server.stats().requests, 1);
}

#[test]
fn a_link_on_another_site_opens_the_whole_page() {
    let server = server("");
    let port = server.port();
    let from = |host: &str, site: &str| {
        let headers = format!("host: {host}:{port}\r\n{BROWSER}\r\nsec-fetch-site: {site}");
        request(&server, "GET /", &headers).body_text()
    };
    for site in ["none", "same-origin", "same-site", "cross-site"] {
        assert!(from("localhost", site).contains("<form "), "{site}");
    }
    // An untrusted host name: the pages of that site could read the numbers.
    let foreign = from("evil.example", "same-origin");
    assert!(!foreign.contains("<form ") && !foreign.contains("data-stat"));
    assert!(foreign.contains("accept only requests to localhost, an IP address"));
}

#[test]
fn the_page_shows_the_counters_and_a_button_resets_them() {
    let server = server("100:status=503");
    for path in [
        "/flags/br/br.gif",
        "/flags/br/br.gif",
        "/flags/us/us.gif?plan=",
    ] {
        get(&server, path);
    }
    let page = browse(&server, "/").body_text();
    for number in [
        "<dd id=\"stat-requests\" data-stat=\"requests\">3</dd>",
        "<dd id=\"stat-connections\" data-stat=\"connections\">4</dd>",
        "<dd id=\"stat-in-flight\" data-stat=\"in_flight\">0</dd>",
        "<dd id=\"stat-peak-in-flight\" data-stat=\"peak_in_flight\">1</dd>",
        "<tr><th scope=\"row\">status</th><td class=\"number\">2</td></tr>",
    ] {
        assert!(page.contains(number), "{number} in {page}");
    }
    let response = send(&server, "/__page/reset", "");
    assert_eq!(
        (response.status(), response.header("location").as_deref()),
        (303, Some("/"))
    );
    assert_eq!(server.stats().requests, 0);
    let page = browse(&server, "/").body_text();
    assert!(page.contains("data-stat=\"requests\">0<") && page.contains("none yet"));
}

#[test]
fn the_page_and_its_images_are_not_counted_and_ignore_the_plan() {
    let server = server("100:close");
    browse(&server, "/");
    let image = browse(&server, "/__flag/br.gif");
    assert_eq!(image.header("content-type").as_deref(), Some("image/gif"));
    send(&server, "/__page/plan", "plan=100:reset");
    send(&server, "/__page/plan", "plan=wrong");
    let stats = server.stats();
    assert_eq!(
        (stats.requests, stats.peak_in_flight, stats.injected.len()),
        (0, 0, 0)
    );
}

#[test]
fn beyond_loopback_the_page_shows_the_plan_and_has_no_form() {
    let start = |builder: test_server::Builder| {
        builder
            .plan("10:reset")
            .unwrap()
            .address(anywhere())
            .start()
            .unwrap()
    };
    let closed = start(TestServer::builder());
    let response = browse(&closed, "/");
    assert_eq!(response.status(), 200);
    let page = response.body_text();
    assert!(page.contains("answers 10 % of the codes with reset, the rest at once."));
    assert!(page.contains(">BR</span>") && page.contains("started without --admin"));
    for part in ["<form ", "<input", "<script", "data-stat", "/__flag/"] {
        assert!(!page.contains(part), "{part}");
    }
    for (path, form) in [("/__page/plan", "plan=100:close"), ("/__page/reset", "")] {
        assert_eq!(send(&closed, path, form).status(), 403);
    }
    assert_eq!(closed.plan(), "10:reset".parse().unwrap());

    let open = start(TestServer::builder().admin());
    assert!(
        browse(&open, "/")
            .body_text()
            .contains("<form id=\"plan-form\"")
    );
    assert_eq!(send(&open, "/__page/plan", "plan=100:close").status(), 303);
}

#[test]
fn pages_link_to_the_running_servers_of_their_group_only() {
    let group = Group::new();
    let start = |name: &str, plan: &str| {
        let builder = TestServer::builder().group(&group).name(name);
        builder.plan(plan).unwrap().start().unwrap()
    };
    let (a, b) = (start("A", ""), start("B", "100:drip"));
    let gone = start("GONE", "").stop();
    let alone = server("");

    let page = browse(&a, "/").body_text();
    let link = format!(
        "<li><a href=\"http://localhost:{0}/\">B</a> on port {0} answers every request with drip=20ms</li>",
        b.port()
    );
    assert!(page.contains(&link), "{page}");
    assert!(page.contains("<strong aria-current=\"page\">A</strong>"));
    assert!(!page.contains("GONE"), "{gone:?}");
    b.set_plan(Plan::normal()).unwrap();
    assert!(
        browse(&a, "/")
            .body_text()
            .contains(&format!("on port {} answers at once", b.port()))
    );

    let other_host = format!("host: [::1]:{}\r\n{BROWSER}", a.port());
    let page = request(&a, "GET /", &other_host).body_text();
    assert!(page.contains(&format!("href=\"http://[::1]:{}/\"", b.port())));
    assert!(!browse(&alone, "/").body_text().contains("id=\"servers\""));
}
