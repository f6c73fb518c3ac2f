//! The program: its ready lines, its end, and its messages when it cannot start.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};

use rustix::process::Signal;
use test_server::{Plan, TestServer};

use crate::support::program::{Running, command, limited_command, port, start, stop};
use crate::support::receive;

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

#[test]
fn verbose_prints_a_line_per_request_on_standard_error() {
    let mut child = command("0,0,0")
        .args(["-v", "--serve", "0=100:status=503+delay=1ms"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (out, log) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let running = Running(child);
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).unwrap();
    let mut log = BufReader::new(log).lines();
    assert_eq!(status(port(&line), "br"), "503");
    let entry = log.next().unwrap().unwrap();
    let words: Vec<_> = entry.split(' ').collect();
    assert_eq!(
        words[1..5],
        ["SERVER-1", "br", "delay+status", "503"],
        "{entry}"
    );
    assert!(
        words[0].ends_with('Z') && words[5] == "24" && words[6].parse::<f64>().unwrap() >= 1.0,
        "{entry}"
    );
    assert_eq!(status(port(&line), "nowhere"), "404");
    let entry = log.next().unwrap().unwrap();
    assert!(
        entry.contains(" SERVER-1 /flags/nowhere/nowhere.gif - 404 "),
        "{entry}"
    );
    stop(running, Signal::TERM);
}

#[test]
fn requests_do_not_wait_for_a_log_that_is_not_read() {
    let mut child = command("0,0,0")
        .args(["-v", "--serve", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped()) // never read
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let running = Running(child);
    let mut connection = TcpStream::connect(("127.0.0.1", port(&line))).unwrap();
    connection
        .set_read_timeout(Some(std::time::Duration::from_secs(20)))
        .unwrap();
    // A pipe holds about 1,300 lines, and 10,000 more fit into the queue.
    for _ in 0..13_000 {
        connection
            .write_all(b"HEAD /flags/br/br.gif HTTP/1.1\r\nhost: x\r\n\r\n")
            .unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0; 512];
            let count = receive(&mut connection, &mut byte).unwrap();
            answer.extend_from_slice(&byte[..count]);
        }
    }
    assert_eq!(stop(running, Signal::TERM), Some(0));
}

#[test]
fn list_faults_prints_a_line_per_fault() {
    let (out, err, exit) = output(&["--list-faults"], "");
    assert_eq!((err.as_str(), exit), ("", Some(0)));
    assert_eq!(out.lines().count(), test_server::list_faults().count());
    assert!(out.contains("\nreset-body[=BYTES] (200)"), "{out}");
}

#[test]
fn invalid_plans_exit_with_2_and_point_at_the_word() {
    for (args, before) in [
        (["--serve", "0=10:rset,5:close"], ""),
        (["--label", "LOCAL=10:rset,5:close"], ""),
    ] {
        let (out, err, exit) = output(&args, "0,0,0");
        let expected = "test-server: unknown fault 'rset'; did you mean 'reset'?\n  10:rset,5:close\n     ^^^^\n";
        assert_eq!(
            (out.as_str(), err, exit),
            (before, expected.to_owned(), Some(2))
        );
    }
    for (args, message) in [
        (
            ["--serve", "x=10:reset"],
            "--serve must begin with a port from 0 to 65535, not 'x=10:reset'",
        ),
        (
            ["--label", "REMOTE=10:reset"],
            "--label must be NAME=PLAN, where NAME is LOCAL, DELAY or ERROR, not 'REMOTE=10:reset'",
        ),
    ] {
        assert_eq!(
            output(&args, "0,0,0"),
            (String::new(), format!("test-server: {message}\n"), Some(2))
        );
    }
}

#[test]
fn a_port_in_use_is_reported_in_one_line_and_no_server_starts() {
    let holder = TestServer::start(Plan::normal()).unwrap();
    let port = holder.port();
    let (out, err, exit) = output(&[], &format!("0,{port},0"));
    assert_eq!(
        err,
        format!(
            "test-server: port {port} of DELAY is in use: stop the program that uses it, or choose \
             another port with FLAGS_PORTS=a,b,c\n"
        )
    );
    assert_eq!((out.as_str(), exit), ("", Some(1)));
}

#[test]
fn invalid_settings_are_reported_in_one_line() {
    for (args, ports, message, exit) in [
        (
            &[][..],
            "8001,8002",
            "FLAGS_PORTS must be three different ports a,b,c from 0 to 65535 (of LOCAL, DELAY and ERROR), not '8001,8002'",
            2,
        ),
        (
            &["--error-rate", "101"],
            "0,0,0",
            "--error-rate: a share must be a number from 0 to 100",
            2,
        ),
        (
            &["--flags-dir", "/nowhere"],
            "0,0,0",
            "cannot start LOCAL: cannot read /nowhere: No such file or directory (os error 2)",
            1,
        ),
    ] {
        let expected = (
            String::new(),
            format!("test-server: {message}\n"),
            Some(exit),
        );
        assert_eq!(output(args, ports), expected);
    }
    for wrong in [
        ["--delay", "soon"],
        ["--seed", "x"],
        ["--bind", "here"],
        ["--error-rate", "x"],
    ] {
        let (out, err, exit) = output(&wrong, "0,0,0");
        assert!(
            out.is_empty() && err.starts_with("error: invalid value"),
            "{err}"
        );
        assert_eq!(exit, Some(2));
    }
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

/// tokio panics instead of returning the error when it cannot create its sockets for signals.
#[test]
fn with_too_few_descriptors_it_reports_an_error_and_does_not_panic() {
    for limit in 5..=10 {
        // One descriptor is inherited, which the limit does not show.
        let limited = format!("exec 3</dev/null; ulimit -n {limit}; exec \"$0\" \"$@\"");
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &limited])
            .arg(command("0,0,0").get_program());
        let output = shell.args(["--serve", "0=0:close"]).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{limit}: {err}");
        assert!(
            err.starts_with("test-server: ") && !err.contains("panicked"),
            "{limit}: {err}"
        );
    }
}

#[test]
fn a_lack_of_descriptors_is_reported_once_and_the_connections_wait() {
    let mut child = limited_command("ulimit -n 20", &["--serve", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (out, mut log) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let running = Running(child);
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).unwrap();
    let port = port(&line);
    let connect = |_| TcpStream::connect(("127.0.0.1", port)).unwrap();
    let crowd: Vec<TcpStream> = (0..40).map(connect).collect();
    let mut report = Vec::new();
    while !report.ends_with(b"\n") {
        let mut byte = [0];
        log.read_exact(&mut byte).unwrap();
        report.push(byte[0]);
    }
    let report = String::from_utf8(report).unwrap();
    assert!(
        report.starts_with("test-server: SERVER-1 cannot accept connections, which wait: ")
            && report.ends_with("; at most 20 open files are allowed (see `ulimit -n`)\n"),
        "{report}"
    );
    drop(crowd);
    assert_eq!(status(port, "br"), "200");
    assert_eq!(stop(running, Signal::TERM), Some(0));
    let mut rest = String::new();
    log.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "one line only");
}

#[cfg(target_os = "linux")]
#[test]
fn bodies_that_are_not_read_take_little_memory() {
    const CLIENTS: u64 = 200;
    let (running, lines) = start(&["--serve", "0=100:endless"], 1);
    let resident_kb = || {
        let status = format!("/proc/{}/status", running.0.id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.unwrap().trim().strip_suffix(" kB").unwrap();
        number.parse::<u64>().unwrap()
    };
    let before = resident_kb();
    let address = ("127.0.0.1", port(&lines[0]));
    let mut clients: Vec<_> = (0..CLIENTS)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    for client in &mut clients {
        client
            .write_all(b"GET /flags/br/br.gif HTTP/1.1\r\nhost: x\r\n\r\n")
            .unwrap();
    }
    // With more than the system buffers, so that the program has filled its own buffers as well.
    for client in &mut clients {
        client.read_exact(&mut vec![0; 8 << 20]).unwrap();
    }
    let each = resident_kb().saturating_sub(before) / CLIENTS;
    assert!(each < 64, "{each} KB for each of {CLIENTS} connections");
    stop(running, Signal::TERM);
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

#[cfg(feature = "tls")]
#[test]
fn options_of_tls_are_checked() {
    let (out, error, exit) = output(&["--serve", "0=25:tls-expired"], "0,0,0");
    let refused = "test-server: 'tls-expired' needs --tls\n";
    assert_eq!((out.as_str(), error.as_str(), exit), ("", refused, Some(2)));

    let (_, error, exit) = output(&["--ca-out", "ca.pem"], "0,0,0");
    assert_eq!(exit, Some(2), "{error}");

    let args = ["--serve", "0", "--tls", "--ca-out", "/nowhere/ca.pem"];
    let (out, error, exit) = output(&args, "0,0,0");
    assert_eq!((out.as_str(), exit), ("", Some(1)));
    assert!(
        error.starts_with("test-server: cannot write /nowhere/ca.pem: "),
        "{error}"
    );
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

#[cfg(feature = "tcp")]
#[test]
fn options_of_proxies_are_checked() {
    for (args, message) in [
        (
            &["--tcp", "9000"][..],
            "--tcp must be PORT=HOST:PORT or PORT=HOST:PORT=PLAN, not '9000'\n",
        ),
        (
            &["--tcp", "x=a:1"],
            "--tcp must be PORT=HOST:PORT or PORT=HOST:PORT=PLAN, not 'x=a:1'\n",
        ),
        (
            &["--tcp", "0=nowhere"],
            "cannot start TCP-1: 'nowhere' is not an address such as 127.0.0.1:5432\n",
        ),
        (
            &["--tcp", "0=a:1=10:delay=1s"],
            "'delay' is not for TCP: use tcp-..., transient and seq\n  10:delay=1s\n     ^^^^^\n",
        ),
        (&["--serve", "0=10:tcp-stall"], "'tcp-stall' needs --tcp\n"),
    ] {
        let (out, error, exit) = output(args, "0,0,0");
        let expected = format!("test-server: {message}");
        assert_eq!(
            (out.as_str(), error, exit),
            ("", expected, Some(2)),
            "{args:?}"
        );
    }
}
