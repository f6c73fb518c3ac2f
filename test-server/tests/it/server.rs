//! What a server serves, where it listens and how it stops, as seen by a client that speaks raw TCP.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use test_server::{COUNTRY_CODES, Label, Plan, TestServer, Tuning};

use crate::support::{Response, exchange, receive, send_get, wait_until};

fn request_at(address: SocketAddr, method: &str, path: &str) -> Response {
    let lines = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close");
    exchange(address, &lines)
}

fn request(server: &TestServer, method: &str, path: &str) -> Response {
    request_at(server.addresses()[0], method, path)
}

/// Returns a connection whose request for BR is in flight.
fn waiting_client(server: &TestServer) -> TcpStream {
    let client = send_get(server, "/flags/br/br.gif");
    wait_until("in flight", server, |stats| stats.in_flight > 0);
    client
}

/// Starts a server whose flag of BR has more bytes than the buffers of both ends hold.
fn serve_large_flag() -> (TempDir, TestServer) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("br")).unwrap();
    std::fs::write(folder.path().join("br/br.gif"), vec![b'x'; 64 << 20]).unwrap();
    let server = TestServer::builder()
        .flags_dir(folder.path())
        .start()
        .unwrap();
    (folder, server)
}

fn every_code() -> impl DoubleEndedIterator<Item = String> {
    ('a'..='z').flat_map(|a| ('a'..='z').map(move |b| format!("{a}{b}")))
}

#[test]
fn the_194_listed_codes_have_a_gif_and_all_others_are_404() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let listed = COUNTRY_CODES.to_lowercase();
    let listed: Vec<_> = listed.split_whitespace().collect();
    let mut served = 0;
    for code in every_code() {
        let answer = request(&server, "GET", &format!("/flags/{code}/{code}.gif"));
        if listed.contains(&code.as_str()) {
            served += 1;
            assert_eq!(
                (answer.status(), answer.header("content-type").as_deref()),
                (200, Some("image/gif"))
            );
            let length = answer.body().len().to_string();
            assert_eq!(
                answer.header("content-length").as_deref(),
                Some(length.as_str())
            );
            // The GIF header, for a picture of 180 x 130 pixels.
            assert_eq!(answer.body()[..10], *b"GIF89a\xb4\0\x82\0", "{code}");
            assert_eq!(answer.body().last(), Some(&0x3b));
        } else {
            assert_eq!(answer.status(), 404, "{code}");
        }
    }
    assert_eq!((served, server.stats().requests), (194, 676));
}

#[test]
fn head_is_get_without_a_body_and_other_methods_are_not_allowed() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let get = request(&server, "GET", "/flags/br/br.gif");
    let head = request(&server, "HEAD", "/flags/br/br.gif");
    assert_eq!(head.status(), 200);
    assert_eq!(
        head.header("content-length").as_deref(),
        get.header("content-length").as_deref()
    );
    assert_eq!((head.body().len(), get.body().is_empty()), (0, false));
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
        let answer = request(&server, method, "/flags/br/br.gif");
        assert_eq!(
            (answer.status(), answer.header("allow").as_deref()),
            (405, Some("get,head")),
            "{method}"
        );
    }
}

#[test]
fn paths_that_are_not_of_a_flag_are_404() {
    let server = TestServer::start(Plan::normal()).unwrap();
    for path in [
        "/flags/br",
        "/flags/br/us.gif",
        "/flags/BR/BR.gif",
        "/flags/br/br.png",
        "/flags/br/br.gif.gif",
        "/flags/b/b.gif",
        "/flags/%2e%2e/%2e%2e.gif",
        "/flags/br/br.gif/",
        "/br/br.gif",
        "/etc/passwd",
        "/flags/%ff/%ff.gif",
    ] {
        assert_eq!(request(&server, "GET", path).status(), 404, "{path}");
    }
    assert_eq!(
        request(&server, "GET", "/flags/br/br.gif?a=b").status(),
        200
    );
}

#[test]
fn the_page_in_text_describes_the_server_and_is_not_counted() {
    let plan = Label::Error.plan(&Tuning::default()).unwrap();
    let server = TestServer::builder()
        .name("ERROR")
        .with_plan(plan)
        .seed(7)
        .start()
        .unwrap();
    let page = request(&server, "GET", "/").body_text();
    assert_eq!(
        page,
        "ERROR test server: answers 25 % of the codes with status=500|501|502|503, \
         50 % of the codes with delay=500ms, the rest at once\n\
         194 flags at /flags/{cc}/{cc}.gif, such as /flags/br/br.gif\n\
         plan: 25:status=500|501|502|503,50:delay=500ms\n\
         seed: 7\n"
    );
    for path in ["/flags", "/flags/"] {
        assert_eq!(
            request(&server, "GET", path).body(),
            page.as_bytes(),
            "the base URL shows the page as well"
        );
    }
    assert_eq!(server.stats().requests, 0);
}

#[test]
fn a_code_always_meets_the_same_fault() {
    let plan = "25:status=500|501|502|503".parse::<Plan>().unwrap();
    let statuses = |codes: &mut dyn Iterator<Item = String>| -> Vec<(String, u16)> {
        let server = TestServer::builder()
            .with_plan(plan.clone())
            .seed(0)
            .start()
            .unwrap();
        let request = |code: String| {
            let status = request(&server, "GET", &format!("/flags/{code}/{code}.gif")).status();
            (code, status)
        };
        codes.map(request).collect()
    };
    let mut twice = statuses(&mut every_code().chain(every_code()));
    let mut backwards = statuses(&mut every_code().rev());
    backwards.reverse();
    let again = twice.split_off(676);
    assert_eq!(twice, again);
    assert_eq!(twice, backwards);
    assert_eq!(
        twice.iter().filter(|(_, status)| *status >= 500).count(),
        168
    );
}

#[test]
fn every_response_has_the_server_header() {
    let plain = TestServer::start(Plan::normal()).unwrap();
    let named = TestServer::builder()
        .server_header("mine/1")
        .start()
        .unwrap();
    for path in ["/", "/flags/br/br.gif", "/flags/xx/xx.gif", "/nowhere"] {
        let expected = concat!("test-server/", env!("CARGO_PKG_VERSION"));
        assert_eq!(
            request(&plain, "GET", path).header("server").as_deref(),
            Some(expected),
            "{path}"
        );
        assert_eq!(
            request(&named, "GET", path).header("server").as_deref(),
            Some("mine/1"),
            "{path}"
        );
    }
    assert!(TestServer::builder().server_header("a\nb").start().is_err());
}

#[test]
fn it_listens_on_both_loopback_addresses_if_the_machine_has_two() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let has_v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    let mut expected = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()))];
    expected.extend(has_v6.then_some(SocketAddr::from((Ipv6Addr::LOCALHOST, server.port()))));
    assert_eq!(server.addresses(), expected);
    for &address in server.addresses() {
        assert_eq!(request_at(address, "GET", "/flags/br/br.gif").status(), 200);
    }
    assert_eq!(
        server.url(),
        format!("http://localhost:{}/flags", server.port())
    );
    assert_eq!(server.stop().connections, 1 + u64::from(has_v6));
}

#[test]
fn a_port_in_use_on_either_address_is_an_error_and_leaves_the_other_free() {
    for taken in [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()] {
        let Ok(holder) = TestServer::builder().address(taken).start() else {
            continue;
        };
        assert_eq!(holder.addresses().len(), 1);
        let port = holder.port();
        let error = TestServer::builder().port(port).start().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
        // The failed start must leave no listener behind: without the holder, both addresses are free.
        holder.stop();
        TestServer::builder().port(port).start().unwrap();
    }
}

#[test]
fn stop_ends_hanging_requests_and_frees_the_port() {
    let server = TestServer::start(Plan::hold_until(2)).unwrap();
    let mut hanging = waiting_client(&server);
    let port = server.port();
    let stats = server.stop();
    assert_eq!(
        (stats.requests, stats.peak_in_flight, stats.connections),
        (1, 1, 1)
    );
    assert_eq!(
        receive(&mut hanging, &mut [0; 64]).unwrap_or(0),
        0,
        "closed without a response"
    );
    TestServer::builder().port(port).start().unwrap();
}

#[test]
fn open_connections_are_counted_until_their_clients_leave() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let open = |number| {
        let stats = wait_until("open", &server, |stats| stats.open_connections == number);
        (stats.connections, stats.requests)
    };
    let clients = [(); 3].map(|()| TcpStream::connect(("127.0.0.1", server.port())).unwrap());
    assert_eq!(open(3), (3, 0));
    drop(clients);
    assert_eq!(open(0), (3, 0));
}

#[test]
fn a_wait_for_counters_ends_at_its_timeout_with_the_counters_at_that_time() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let waited = server.wait_until(Duration::from_millis(1), |stats| stats.requests > 0);
    assert_eq!(waited, Err(server.stats()));
    let waited = server.wait_until(Duration::MAX, |stats| stats.requests == 0);
    assert_eq!(waited, Ok(server.stats()));
}

#[test]
fn a_wait_for_counters_notices_a_request_that_has_begun_and_not_ended() {
    let (_folder, server) = serve_large_flag();
    let mut client = TcpStream::connect(server.addresses()[0]).unwrap();
    wait_until("open", &server, |stats| stats.open_connections == 1);
    let (checks, checked) = channel();
    std::thread::scope(|scope| {
        let server = &server;
        let waiting = scope.spawn(move || {
            wait_until("request", server, |stats| {
                checks.send(()).unwrap();
                stats.requests == 1
            })
        });
        // A change after this check must wake the waiting thread. No other change follows the beginning of the request.
        checked.recv().unwrap();
        let request = b"GET /flags/br/br.gif HTTP/1.1\r\nhost: localhost\r\n\r\n";
        client.write_all(request).unwrap();
        assert_eq!(waiting.join().unwrap().in_flight, 1);
    });
}

#[test]
fn a_request_is_no_longer_in_flight_when_its_client_leaves() {
    let server = TestServer::start(Plan::hold_until(2)).unwrap();
    drop(waiting_client(&server));
    wait_until("not in flight", &server, |stats| stats.in_flight == 0);
    assert_eq!(server.stop().peak_in_flight, 1);
}

#[test]
fn a_request_is_in_flight_until_a_slow_reader_has_been_sent_everything() {
    let (_folder, server) = serve_large_flag();
    let mut client = waiting_client(&server);
    let mut first = [0; 12];
    client.read_exact(&mut first).unwrap();
    assert_eq!(server.stats().in_flight, 1);
    drop(client);
    wait_until("not in flight", &server, |stats| stats.in_flight == 0);
}

#[test]
fn a_folder_of_flags_is_served_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let serve = || TestServer::builder().flags_dir(folder.path()).start();
    assert!(serve().unwrap_err().to_string().starts_with("no flags in "));

    std::fs::create_dir(folder.path().join("zz")).unwrap();
    std::fs::write(folder.path().join("zz/zz.gif"), "whatever").unwrap();
    std::fs::write(folder.path().join("br"), "a file in a folder's place").unwrap();
    let server = serve().unwrap();
    assert_eq!(
        request(&server, "GET", "/flags/zz/zz.gif").body(),
        b"whatever"
    );
    assert_eq!(request(&server, "GET", "/flags/br/br.gif").status(), 404);

    let nowhere = TestServer::builder()
        .flags_dir(folder.path().join("nowhere"))
        .start();
    assert!(nowhere.unwrap_err().to_string().starts_with("cannot read "));
}

#[test]
fn a_delay_passes_before_the_response() {
    let server = TestServer::start(Plan::delay(Duration::from_millis(50))).unwrap();
    let started = Instant::now();
    assert_eq!(request(&server, "GET", "/flags/br/br.gif").status(), 200);
    assert_eq!(request(&server, "GET", "/flags/xx/xx.gif").status(), 404);
    // Only a lower bound, which holds on slow machines as well. An upper bound is for a benchmark.
    assert!(started.elapsed() >= Duration::from_millis(100));
}

#[cfg(unix)]
#[test]
fn a_folder_of_flags_serves_only_regular_files_inside_it() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::NamedTempFile::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    let serve = || TestServer::builder().flags_dir(folder.path()).start();
    let error = || serve().unwrap_err().to_string();
    for code in ["br", "us"] {
        std::fs::create_dir(path(code)).unwrap();
    }
    std::fs::write(path("us/us.gif"), "us").unwrap();
    symlink("../us/us.gif", path("br/br.gif")).unwrap();
    let server = serve().unwrap();
    assert_eq!(request(&server, "GET", "/flags/br/br.gif").body(), b"us");

    std::fs::remove_file(path("br/br.gif")).unwrap();
    symlink(outside.path(), path("br/br.gif")).unwrap();
    let message = error();
    assert!(
        message.ends_with("br/br.gif is a link that leads out of the folder"),
        "{message}"
    );

    std::fs::remove_file(path("br/br.gif")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(path("br/br.gif"))
        .status();
    assert!(made.unwrap().success());
    let message = error();
    assert!(
        message.ends_with("br/br.gif is not a regular file"),
        "{message}"
    );
}
