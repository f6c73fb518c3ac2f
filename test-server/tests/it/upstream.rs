//! A server in front of another one: what its clients and the other server see of each other.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use test_server::{Plan, TestServer, Upstream, UpstreamError};

use crate::support::{ConnectionState, exchange, get, read, read_some};

const BR: &str = "/flags/br/br.gif";

/// Starts a server with this plan in front of an address.
fn in_front_of(address: SocketAddr, plan: &str) -> TestServer {
    let upstream: Upstream = format!("http://{address}").parse().unwrap();
    let builder = TestServer::builder().upstream(upstream);
    builder.plan(plan).unwrap().start().unwrap()
}

/// Starts a server for one connection, which speaks raw TCP.
fn raw_upstream<T: Send + 'static>(
    serve: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (
        address,
        thread::spawn(move || serve(listener.accept().unwrap().0)),
    )
}

/// Reads a head and returns it.
fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

fn upstream() -> TestServer {
    let builder = TestServer::builder().server_header("upstream/1");
    builder.start().unwrap()
}

#[test]
fn responses_of_the_upstream_server_are_passed_on_unchanged() {
    let upstream = upstream();
    let server = in_front_of(upstream.addresses()[0], "");
    for path in [BR, "/flags/xx/xx.gif", "/", "/orders?page=2"] {
        let (direct, forwarded) = (get(&upstream, path), get(&server, path));
        assert_eq!(forwarded.status(), direct.status(), "{path}");
        assert_eq!(forwarded.body(), direct.body(), "{path}");
        for name in ["content-type", "content-length", "server", "vary"] {
            assert_eq!(
                forwarded.header(name),
                direct.header(name),
                "{path}: {name}"
            );
        }
    }
    assert_eq!(server.url(), format!("http://localhost:{}", server.port()));
    assert_eq!(
        get(&server, "/__stats").status(),
        200,
        "the control paths are this server's"
    );
    assert_eq!(server.stats().codes["GET /orders"].attempts, 1);
}

#[test]
fn headers_keep_their_spelling_and_those_of_the_connection_are_removed() {
    let (address, seen) = raw_upstream(|mut stream| {
        let head = read_head(&mut stream);
        let answer = "HTTP/1.1 299 Mine\r\nX-CaSe: a\r\nX-Own: b\r\nConnection: x-own\r\nContent-Length: 2\r\n\r\nok";
        stream.write_all(answer.as_bytes()).unwrap();
        head
    });
    let server = in_front_of(address, "");
    let lines = "DELETE /a/b?c=d&plan=&__plan=&__hop=0&e HTTP/1.1\r\nHost: localhost\r\nX-FrOm: me\r\nKeep-Alive: 5\r\nConnection: close, X-Hop\r\nX-Hop: 1";
    let response = exchange(server.addresses()[0], lines).text();
    assert!(
        response.starts_with("HTTP/1.1 299 Mine\r\nX-CaSe: a\r\nContent-Length: 2\r\n"),
        "{response}"
    );
    assert!(
        !response.to_lowercase().contains("x-own") && response.ends_with("\r\n\r\nok"),
        "{response}"
    );
    let head = seen.join().unwrap();
    assert!(
        head.starts_with("DELETE /a/b?c=d&plan=&e HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(
        head.contains("\r\nHost: localhost\r\n") && head.contains("\r\nX-FrOm: me\r\n"),
        "{head}"
    );
    for gone in ["keep-alive", "x-hop", "connection"] {
        assert!(!head.to_lowercase().contains(gone), "{head}");
    }
}

#[test]
fn faults_are_injected_in_front_of_the_upstream_server() {
    let upstream = upstream();
    let address = upstream.addresses()[0];
    for (plan, status) in [("100:status=503", 503), ("100:limit=1/h+status=418", 418)] {
        assert_eq!(
            get(&in_front_of(address, plan), "/orders").status(),
            status,
            "{plan}"
        );
    }
    let reset = get(&in_front_of(address, "100:reset"), "/orders");
    assert_eq!(reset.connection, ConnectionState::Reset);
    assert_eq!(
        upstream.stats().requests,
        0,
        "these faults need no response"
    );

    let flag = get(&upstream, BR);
    let cut = get(&in_front_of(address, "100:delay=1ms+close-body=17"), BR);
    assert_eq!(cut.body(), &flag.body()[..17]);
    let page = get(&in_front_of(address, "100:drip=10us"), "/");
    assert_eq!(
        page.header("content-type").as_deref(),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(page.body(), get(&upstream, "/").body());
    let missing = get(&in_front_of(address, "100:drip"), "/flags/xx/xx.gif");
    assert_eq!(
        missing.status(),
        404,
        "only a body with status 200 is changed"
    );
}

#[test]
fn flags_of_an_upstream_server_meet_the_published_faults() {
    let upstream = upstream();
    let upstream_url: Upstream = format!("http://{}", upstream.addresses()[0])
        .parse()
        .unwrap();
    let builder = TestServer::builder().seed(42).upstream(upstream_url);
    let server = builder.plan("25:status=500").unwrap().start().unwrap();
    let codes = ('a'..='z').flat_map(|a| ('a'..='z').map(move |b| format!("{a}{b}")));
    let fails = |code: &String| get(&server, &format!("/flags/{code}/{code}.gif")).status() == 500;
    let failing: BTreeSet<String> = codes.filter(fails).collect();
    let first: Vec<_> = failing.iter().take(6).map(String::as_str).collect();
    assert_eq!(
        (failing.len(), first),
        (165, vec!["ac", "af", "ah", "am", "ay", "bc"])
    );
}

#[test]
fn an_upstream_server_that_cannot_be_reached_is_a_502_with_the_reason() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let response = get(&in_front_of(address, ""), "/orders");
    assert_eq!(response.status(), 502);
    let why = response.body_text();
    assert!(
        why.starts_with(&format!(
            "502 Bad Gateway: no answer from http://{address}: "
        )),
        "{why}"
    );
    assert!(why.contains("refused"), "{why}");

    let (address, ended) = raw_upstream(|mut stream| drop(read_head(&mut stream)));
    let response = get(&in_front_of(address, ""), "/orders");
    assert_eq!(response.status(), 502, "closed before an answer");
    ended.join().unwrap();
}

#[test]
fn what_comes_before_an_upstream_server_breaks_its_body_is_passed_on() {
    let upstream = TestServer::builder().plan("100:bad-chunk").unwrap();
    let upstream = upstream.start().unwrap();
    let response = get(&in_front_of(upstream.addresses()[0], ""), BR);
    assert_eq!((response.status(), response.body()), (200, &[][..]));
    assert_eq!(response.connection, ConnectionState::Fin);

    let long = "x".repeat(4 << 20);
    for (before, ends) in [("", ""), ("5\r\nfirst\r\n", "zz\r\n"), ("", "zz\r\n")] {
        let length = long.len();
        let chunk = match before {
            "" => format!("{length:x}\r\n{long}\r\n"),
            _ => before.to_owned(),
        };
        let answer = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunk}{ends}");
        let (address, ended) = raw_upstream(move |mut stream| {
            read_head(&mut stream);
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let response = get(&in_front_of(address, ""), "/orders");
        let expected = if before.is_empty() { length } else { 5 };
        let received = response
            .body()
            .iter()
            .filter(|byte| b"xfirst".contains(byte));
        assert_eq!(received.count(), expected, "{before}, {ends}");
        assert!(!response.bytes.ends_with(b"0\r\n\r\n"));
        ended.join().unwrap();
    }
}

#[test]
fn responses_of_an_upstream_server_have_up_to_1000_headers() {
    // Beside those that the server adds.
    for (headers, status) in [(100, 200), (997, 200), (1_001, 502)] {
        let plan = format!("100:many-headers={headers}");
        let upstream = TestServer::builder().plan(&plan).unwrap();
        let upstream = upstream.start().unwrap();
        let response = get(&in_front_of(upstream.addresses()[0], ""), BR);
        assert_eq!(response.status(), status, "{headers}");
        let passed = response.text().matches("\r\nx-").count();
        assert_eq!(passed, if status == 200 { headers } else { 0 });
    }
}

#[test]
fn bodies_are_streamed_in_both_directions() {
    let (address, ended) = raw_upstream(|mut stream| {
        read_head(&mut stream);
        // The rest of the request comes only after this part of the response has arrived.
        let mut first = [0; 5];
        stream.read_exact(&mut first).unwrap();
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&first).unwrap();
        stream.read_exact(&mut first).unwrap();
        stream.write_all(&first).unwrap();
    });
    let server = in_front_of(address, "");
    let mut client = TcpStream::connect(server.addresses()[0]).unwrap();
    client
        .write_all(b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nfirst")
        .unwrap();
    let head = read_head(&mut client);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert_eq!(read_some(&mut client, 5).bytes, b"first");
    client.write_all(b"again").unwrap();
    assert_eq!(read_some(&mut client, 5).bytes, b"again");
    ended.join().unwrap();
}

#[test]
fn an_upgrade_becomes_a_tunnel_that_ends_with_both_sides() {
    let (address, ended) = raw_upstream(|mut stream| {
        let head = read_head(&mut stream).to_lowercase();
        assert!(
            head.contains("\r\nupgrade: echo\r\n") && head.contains("\r\nconnection: upgrade\r\n"),
            "{head}"
        );
        let head =
            "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        stream.write_all(&all).unwrap();
    });
    let server = in_front_of(address, "");
    let mut client = TcpStream::connect(server.addresses()[0]).unwrap();
    client
        .write_all(b"GET /chat HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n")
        .unwrap();
    let head = read_head(&mut client).to_lowercase();
    assert!(
        head.starts_with("http/1.1 101 ") && head.contains("\r\nupgrade: echo\r\n"),
        "{head}"
    );
    client.write_all(b"\x81\x05hello").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let echo = read(&mut client, usize::MAX);
    assert_eq!(
        (echo.bytes.as_slice(), echo.connection),
        (&b"\x81\x05hello"[..], ConnectionState::Fin)
    );
    ended.join().unwrap();
}

#[test]
fn the_upstream_server_is_told_for_whom_on_request() {
    let seen = |headers: &str, x_forwarded: bool| {
        let upstream = TestServer::builder().journal(1).start().unwrap();
        let url: Upstream = format!("http://{}", upstream.addresses()[0])
            .parse()
            .unwrap();
        let url = if x_forwarded {
            url.with_x_forwarded()
        } else {
            url
        };
        let server = TestServer::builder().upstream(url).start().unwrap();
        let lines = format!("GET /a HTTP/1.1\r\nhost: shop:80\r\nconnection: close{headers}");
        exchange(server.addresses()[0], &lines);
        let request = upstream.requests().remove(0);
        ["for", "host", "proto"].map(|name| {
            let value = request.header(&format!("x-forwarded-{name}"));
            value.unwrap_or("-").to_owned()
        })
    };
    assert_eq!(seen("", false), ["-", "-", "-"]);
    assert_eq!(seen("", true), ["127.0.0.1", "shop:80", "http"]);
    let earlier = "\r\nx-forwarded-for: 10.0.0.1\r\nX-Forwarded-For: 10.0.0.2\r\nx-forwarded-host: a.example\r\nx-forwarded-proto: https";
    assert_eq!(
        seen(earlier, true),
        ["10.0.0.1, 10.0.0.2, 127.0.0.1", "a.example", "https"]
    );
}

#[test]
fn a_request_ends_at_the_upstream_server_when_its_client_leaves() {
    let upstream = TestServer::start(Plan::hold_until(2)).unwrap();
    let server = in_front_of(upstream.addresses()[0], "");
    let client = crate::support::send_get(&server, BR);
    crate::support::wait_until("in flight", &upstream, |stats| stats.in_flight == 1);
    drop(client);
    crate::support::wait_until("ended", &upstream, |stats| stats.in_flight == 0);
    assert_eq!(server.stats().in_flight, 0);
}

#[test]
fn a_server_cannot_be_its_own_upstream_server() {
    let port = TestServer::start(Plan::normal()).unwrap().port();
    for (address, hosts) in [
        (
            None,
            &["127.0.0.1", "localhost", "LocalHost", "0.0.0.0"][..],
        ),
        (
            Some("0.0.0.0"),
            &["127.0.0.1", "127.1.2.3", "localhost", "0.0.0.0"],
        ),
        (Some("127.0.0.2"), &["127.0.0.2"]),
    ] {
        for host in hosts {
            let upstream = format!("http://{host}:{port}").parse().unwrap();
            let builder = TestServer::builder().port(port).upstream(upstream);
            let builder = match address {
                Some(address) => builder.address(address.parse().unwrap()),
                None => builder,
            };
            let error = builder.start().map(|_| ()).unwrap_err().to_string();
            let own = "a server cannot be its own upstream server";
            assert_eq!(error, own, "{host} on {address:?}");
        }
    }
    let other = format!("http://127.0.0.1:{port}").parse().unwrap();
    let builder = TestServer::builder().port(port).upstream(other);
    let address = "127.0.0.2".parse().unwrap();
    builder.address(address).start().unwrap();
}

#[test]
fn urls_of_upstream_servers_are_http_without_a_path() {
    for right in [
        "http://127.0.0.1:3000",
        "http://localhost/",
        "http://[::1]:80",
    ] {
        assert!(right.parse::<Upstream>().is_ok(), "{right}");
    }
    for wrong in [
        "",
        "localhost:3000",
        "https://localhost",
        "http://localhost/path",
        "http://",
    ] {
        let error: UpstreamError = wrong.parse::<Upstream>().unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with(&format!("'{wrong}' is not the URL")),
            "{error}"
        );
    }
}

#[test]
fn faults_change_the_whole_body_of_an_upstream_server_also_if_a_range_was_asked_for() {
    let upstream = upstream();
    let lines = format!("GET {BR} HTTP/1.1\r\nhost: x\r\nrange: bytes=1-9\r\nconnection: close");
    let whole = get(&upstream, BR);
    let passed_on = exchange(
        in_front_of(upstream.addresses()[0], "").addresses()[0],
        &lines,
    );
    assert_eq!(
        (passed_on.status(), passed_on.body()),
        (206, &whole.body()[1..10])
    );
    for (fault, status, range) in [
        ("range-ignored", 200, 0..whole.body().len()),
        ("range-wrong", 206, 2..11),
    ] {
        let server = in_front_of(upstream.addresses()[0], &format!("100:{fault}"));
        let response = exchange(server.addresses()[0], &lines);
        assert_eq!(
            (response.status(), response.body()),
            (status, &whole.body()[range]),
            "{fault}"
        );
    }
}

#[test]
fn the_body_of_a_forwarded_request_is_read_at_the_rate() {
    let (address, upstream) = raw_upstream(|mut stream| {
        let _ = read_head(&mut stream);
        let mut body = vec![0; 20_000];
        stream.read_exact(&mut body[..1]).unwrap();
        let started = std::time::Instant::now();
        stream.read_exact(&mut body[1..]).unwrap();
        stream
            .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
            .unwrap();
        started.elapsed()
    });
    let server = in_front_of(address, "100:read-slowly=100000");
    let body = "x".repeat(20_000);
    let lines = format!(
        "POST /orders HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 20000\r\n\r\n{body}"
    );
    assert_eq!(exchange(server.addresses()[0], &lines).status(), 204);
    // The first piece comes at once.
    assert!(upstream.join().unwrap() >= std::time::Duration::from_millis(50));
}

#[test]
fn head_announces_the_length_of_get_under_faults_that_change_the_body() {
    let upstream = upstream();
    let length = |plan: &str, method: &str| {
        let server = in_front_of(upstream.addresses()[0], plan);
        let lines = format!("{method} /flags/br/br.gif HTTP/1.1\r\nhost: localhost");
        let mut connection = crate::support::send(server.addresses()[0], &lines);
        crate::support::read(&mut connection, 20).header("content-length")
    };
    for plan in ["", "100:gif-cut=3", "100:corrupt", "100:length-long=5"] {
        let of_get = length(plan, "GET");
        assert_eq!(length(plan, "HEAD"), of_get, "{plan}");
        assert!(of_get.is_some_and(|length| length != "0"), "{plan}");
    }
}
