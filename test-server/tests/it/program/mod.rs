//! The program: its ready lines, its end, and its messages when it cannot start.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Output;

use rustix::process::Signal;
#[cfg(any(feature = "proxy", feature = "tcp"))]
use test_server::{Plan, TestServer};

use crate::support::program::{command, port, start, stop};
#[cfg(feature = "tcp")]
use crate::support::receive;

mod options;
mod resources;

fn status(port: u16, code: &str) -> String {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request =
        format!("GET /flags/{code}/{code}.gif HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[9..12]).into_owned()
}

fn output(args: &[&str], ports: &str) -> (String, String, Option<i32>) {
    let Output {
        stdout,
        stderr,
        status,
    } = command(ports).args(args).output().unwrap();
    (
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
        status.code(),
    )
}

#[test]
fn each_server_prints_a_line_and_ends_at_a_signal() {
    for signal in [Signal::INT, Signal::TERM] {
        let (running, lines) = start(&["--delay", "1ms"], 3);
        let expected = [
            ("LOCAL", "answers at once"),
            ("DELAY", "answers every request with delay=1ms"),
            (
                "ERROR",
                "answers 25 % of the codes with status=500|501|502|503, 50 % of the codes with \
                 delay=1ms, the rest at once",
            ),
        ];
        for (line, (name, words)) in lines.iter().zip(expected) {
            let site = format!("{name} site: http://localhost:{}/flags {words}", port(line));
            assert_eq!(*line, site);
            assert_eq!(status(port(line), "bd"), "200");
        }
        assert_eq!(
            status(port(&lines[2]), "br"),
            "500",
            "with seed 35 ERROR fails for BR"
        );
        assert_eq!(stop(running, signal), Some(0));
    }
}

#[test]
fn a_hanging_request_does_not_prevent_the_end() {
    let (running, lines) = start(&["--serve", "0=100:hang-head"], 1);
    let mut hanging = TcpStream::connect(("127.0.0.1", port(&lines[0]))).unwrap();
    hanging
        .write_all(b"GET /flags/br/br.gif HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    // The first byte shows that the request hangs. With a delay, the program could end before it has read the request.
    hanging.read_exact(&mut [0]).unwrap();
    assert_eq!(stop(running, Signal::TERM), Some(0));
}

#[test]
fn the_seed_and_the_error_rate_decide_which_codes_fail() {
    let (running, lines) = start(&["--seed", "42", "--delay", "1ms"], 3);
    let codes = ["ac", "af", "ah", "am", "ay", "bc", "ad"];
    let statuses = codes.map(|code| status(port(&lines[2]), code));
    assert!(
        statuses[..6].iter().all(|status| status.starts_with('5')),
        "{statuses:?}"
    );
    assert_eq!(statuses[6], "200");
    stop(running, Signal::TERM);

    let (running, lines) = start(&["--error-rate", "100"], 3);
    let words = " answers every request with status=500|501|502|503";
    assert!(lines[2].ends_with(words), "{}", lines[2]);
    stop(running, Signal::TERM);
}

#[test]
fn the_page_of_each_server_links_to_the_others() {
    let (running, lines) = start(&[], 3);
    let ports = [0, 1, 2].map(|i| port(&lines[i]));
    for own in ports {
        let mut connection = TcpStream::connect(("127.0.0.1", own)).unwrap();
        connection
            .write_all(
                b"GET / HTTP/1.1\r\nhost: localhost\r\naccept: text/html\r\nconnection: close\r\n\r\n",
            )
            .unwrap();
        let mut page = String::new();
        connection.read_to_string(&mut page).unwrap();
        for port in ports {
            let link = format!("href=\"http://localhost:{port}/\"");
            assert_eq!(page.contains(&link), port != own, "{link} in {page}");
        }
    }
    stop(running, Signal::TERM);
}

#[test]
fn the_last_line_lists_the_servers_as_json() {
    let (running, lines) = start(&["--serve", "0=10:reset, 50:delay=1ms", "--serve", "0"], 3);
    let ready: serde_json::Value = serde_json::from_str(&lines[2]).unwrap();
    let servers = ready["ready"].as_array().unwrap();
    assert_eq!(servers.len(), 2);
    for (server, (line, plan, name)) in servers.iter().zip([
        (&lines[0], "10:reset,50:delay=1ms", "SERVER-1"),
        (&lines[1], "", "SERVER-2"),
    ]) {
        assert_eq!(
            (server["name"].as_str(), server["plan"].as_str()),
            (Some(name), Some(plan))
        );
        assert_eq!(server["port"].as_u64(), Some(u64::from(port(line))));
        assert_eq!(
            server["url"].as_str().unwrap(),
            format!("http://localhost:{}/flags", port(line))
        );
    }
    assert_eq!(status(port(&lines[1]), "br"), "200");
    stop(running, Signal::TERM);
}

#[test]
fn label_sets_another_plan() {
    let (running, lines) = start(
        &[
            "--label",
            "delay=100:status=418",
            "--label",
            "LOCAL=100:status=410",
        ],
        3,
    );
    assert_eq!(status(port(&lines[0]), "br"), "410");
    assert_eq!(status(port(&lines[1]), "br"), "418");
    stop(running, Signal::TERM);
}

// On other systems 127.0.0.1 is the only IPv4 loopback address.
#[cfg(target_os = "linux")]
#[test]
fn bind_listens_on_one_address() {
    let (running, lines) = start(&["--bind", "127.0.0.2"], 1);
    assert!(
        lines[0].starts_with("LOCAL site: http://127.0.0.2:"),
        "{}",
        lines[0]
    );
    assert_eq!(stop(running, Signal::INT), Some(0));
}

#[cfg(feature = "proxy")]
#[test]
fn upstream_forwards_requests_under_the_plans_of_serve() {
    let upstream = TestServer::start(Plan::normal()).unwrap();
    let url = format!("http://127.0.0.1:{}", upstream.port());
    let (running, lines) = start(&["--serve", "0=100:delay=1ms", "--upstream", &url], 1);
    let expected = format!(" forwards to {url} and answers every request with delay=1ms");
    assert!(lines[0].ends_with(&expected), "{}", lines[0]);
    let (_, port) = lines[0].split_once("http://localhost:").unwrap();
    let port = port.split_once(' ').unwrap().0.parse().unwrap();
    assert_eq!(status(port, "br"), "200");
    assert_eq!(upstream.stats().requests, 1);
    stop(running, Signal::TERM);

    let (_, err, exit) = output(&["--serve", "0", "--upstream", "localhost:3000"], "");
    assert!(
        err.contains("'localhost:3000' is not the URL of an upstream server"),
        "{err}"
    );
    assert_eq!(exit, Some(2));
    let (_, _, exit) = output(&["--upstream", &url], "");
    assert_eq!(exit, Some(2), "only with --serve");
}

#[cfg(feature = "tls")]
#[test]
fn with_tls_all_servers_share_an_authority_whose_certificate_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let args = ["--tls", "--ca-out", file.to_str().unwrap()];
    let (running, lines) = start(&args, 4);
    for line in &lines[..3] {
        assert!(line.contains("site: https://localhost:"), "{line}");
    }
    assert!(
        lines[3].contains("\"url\":\"https://localhost:"),
        "{}",
        lines[3]
    );
    let pem = std::fs::read_to_string(file).unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(!pem.contains("KEY"), "the key stays in the program");
    assert_eq!(stop(running, Signal::TERM), Some(0));
}

#[cfg(all(feature = "tcp", feature = "tls"))]
#[test]
fn a_port_of_control_paths_serves_all_servers_and_proxies() {
    let args = [
        "--tls",
        "--serve",
        "0=100:tls-hang",
        "--tcp",
        "0=127.0.0.1:1",
        "--control",
        "0",
    ];
    let (running, lines) = start(&args, 4);
    let (_, rest) = lines[2]
        .split_once("CONTROL site: http://localhost:")
        .unwrap();
    let (port, rest) = rest.split_once('/').unwrap();
    assert_eq!(rest, "NAME has the control paths of SERVER-1, TCP-1");
    let ready: serde_json::Value = serde_json::from_str(&lines[3]).unwrap();
    for (i, name) in [(0, "SERVER-1"), (1, "TCP-1")] {
        let url = format!("http://localhost:{port}/{name}");
        assert_eq!(ready["ready"][i]["control"], url);
        let mut connection = TcpStream::connect(("127.0.0.1", port.parse().unwrap())).unwrap();
        let request = format!(
            "GET /{name}/__health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        );
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok\n"),
            "{answer}"
        );
    }
    assert_eq!(stop(running, Signal::TERM), Some(0));

    let holder = TestServer::start(Plan::normal()).unwrap();
    let port = holder.port().to_string();
    let (out, err, exit) = output(&["--serve", "0", "--control", &port], "");
    let message = format!(
        "test-server: port {port} of the control port is in use: stop the program that uses it, or choose another port\n"
    );
    assert_eq!((out.as_str(), err, exit), ("", message, Some(1)));
}

#[cfg(feature = "tcp")]
#[test]
fn proxies_of_tcp_start_alone_or_beside_servers() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let tcp = format!("0=127.0.0.1:{}=100:tcp-reset+transient=1", server.port());
    let (running, lines) = start(&["--tcp", &tcp], 2);
    let port = lines[0].split_once("localhost:").unwrap().1;
    let port: u16 = port.split_once(' ').unwrap().0.parse().unwrap();
    let line = format!(
        "TCP-1 site: tcp://localhost:{port} passes connections on to 127.0.0.1:{}; the first connection with tcp-reset=0",
        server.port()
    );
    assert_eq!(lines[0], line);
    let ready = format!(
        "{{\"ready\":[{{\"base\":\"tcp://localhost:{port}\",\"name\":\"TCP-1\",\"plan\":\"100:tcp-reset=0+transient=1\",\
         \"port\":{port},\"seed\":35,\"url\":\"tcp://localhost:{port}\"}}]}}"
    );
    assert_eq!(lines[1], ready);
    let mut first = TcpStream::connect(("127.0.0.1", port)).unwrap();
    assert!(receive(&mut first, &mut [0]).is_err());
    assert_eq!(status(port, "br"), "200");
    assert_eq!(stop(running, Signal::TERM), Some(0));

    let (running, lines) = start(&["--tcp", &tcp, "--serve", "0"], 2);
    assert!(
        lines[0].starts_with("SERVER-1 site: http:") && lines[1].starts_with("TCP-1 site: tcp:")
    );
    assert_eq!(stop(running, Signal::TERM), Some(0));
}
