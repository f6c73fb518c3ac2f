//! The file of `--config`: its servers, and the messages about what is wrong in it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::program::{command, start, stop};

fn get(port: u64, path: &str) -> String {
    let mut connection = TcpStream::connect(("127.0.0.1", u16::try_from(port).unwrap())).unwrap();
    write!(
        connection,
        "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn each_server_of_the_file_has_its_own_settings() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("public")).unwrap();
    fs::write(folder.path().join("public/a.txt"), "hello").unwrap();
    let file = folder.path().join("servers.toml");
    let text = r#"
        [[server]]
        name = "files"
        root = "public"        # relative to the folder of this file

        [[server]]
        plan = "100:status=503"
        seed = 7
        httpbin = true
        cors = true
        journal = 5
        draw-by-query = true

        [[server]]
        [[server.route]]
        match = "GET /orders/{id}"
        status = 201
        headers = { etag = '"5"' }
        json = { id = 5, items = ["pen"] }

        [[server.route]]
        match = "GET /orders/{id}?kind=text"
        body = "five"
    "#;
    fs::write(&file, text).unwrap();
    let (running, lines) = start(&["--config", file.to_str().unwrap(), "--seed", "5"], 4);
    let ready: Value = serde_json::from_str(&lines[3]).unwrap();
    let server = |at: usize, name: &str| ready["ready"][at][name].clone();
    assert_eq!(
        (server(0, "name"), server(1, "name")),
        ("files".into(), "SERVER-2".into())
    );
    assert_eq!((server(0, "seed"), server(1, "seed")), (5.into(), 7.into()));
    assert_eq!(server(1, "plan"), Value::from("100:status=503"));
    let ports = [0, 1, 2].map(|at| server(at, "port").as_u64().unwrap());
    assert_eq!(
        server(0, "base"),
        Value::from(format!("http://localhost:{}", ports[0]))
    );
    assert!(get(ports[0], "/a.txt").ends_with("\r\n\r\nhello"));
    assert!(get(ports[1], "/get?x").starts_with("HTTP/1.1 503 "));
    let order = get(ports[2], "/orders/7");
    assert!(
        order.starts_with("HTTP/1.1 201 ") && order.contains("\r\netag: \"5\"\r\n"),
        "{order}"
    );
    assert!(
        order.ends_with("\r\n\r\n{\"id\":5,\"items\":[\"pen\"]}"),
        "{order}"
    );
    assert!(get(ports[2], "/orders/7?kind=text").ends_with("\r\n\r\nfive"));
    stop(running, Signal::TERM);
}

#[cfg(all(feature = "tcp", feature = "tls"))]
#[test]
fn servers_with_tls_and_proxies_are_in_the_file_as_well() {
    let upstream = test_server::TestServer::builder().start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("servers.toml");
    let text = format!(
        r#"
        ca-out = "ca.pem"
        [[server]]
        [[server]]
        tls = true
        plan = "25:tls-expired"
        [[tcp]]
        upstream = "{}"
        plan = "100:tcp-reset=40"
        seed = 7
    "#,
        upstream.addresses()[0]
    );
    fs::write(&file, text).unwrap();
    let (running, lines) = start(&["--config", file.to_str().unwrap()], 4);
    let ready: Value = serde_json::from_str(&lines[3]).unwrap();
    let starts =
        |at: usize, url: &str| ready["ready"][at]["url"].as_str().unwrap().starts_with(url);
    assert!(starts(0, "http://") && starts(1, "https://") && starts(2, "tcp://"));
    let pem = fs::read_to_string(folder.path().join("ca.pem")).unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");

    assert_eq!(ready["ready"][2]["name"], "TCP-1");
    assert_eq!(ready["ready"][2]["seed"], 7);
    let port = ready["ready"][2]["port"].as_u64().unwrap();
    let mut connection = TcpStream::connect(("127.0.0.1", u16::try_from(port).unwrap())).unwrap();
    write!(connection, "GET /__health HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let error = connection.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    stop(running, Signal::TERM);
}

#[cfg(feature = "tls")]
#[test]
fn false_in_the_file_switches_off_what_an_option_switches_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("servers.toml");
    let text = "[[server]]\ntls = false\ncors = false\nhttpbin = false\ndraw-by-query = false\n[[server]]\n";
    fs::write(&file, text).unwrap();
    let args = [
        "--tls",
        "--cors",
        "--httpbin",
        "--draw-by-query",
        "--config",
    ];
    let (running, lines) = start(&[&args[..], &[file.to_str().unwrap()]].concat(), 3);
    let ready: Value = serde_json::from_str(&lines[2]).unwrap();
    let base = |at: usize| ready["ready"][at]["base"].as_str().unwrap().to_owned();
    assert!(
        base(0).starts_with("http:") && base(1).starts_with("https:"),
        "{lines:?}"
    );
    let port = ready["ready"][0]["port"].as_u64().unwrap();
    let mut connection = TcpStream::connect(("127.0.0.1", u16::try_from(port).unwrap())).unwrap();
    write!(connection, "GET /a?b HTTP/1.1\r\nhost: localhost\r\norigin: http://app.example\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(!answer.contains("access-control"), "{answer}");
    assert!(get(port, "/status/418").starts_with("HTTP/1.1 404 "));
    stop(running, Signal::TERM);
}

#[test]
fn what_is_wrong_in_the_file_is_reported_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("servers.toml");
    let path = file.display();
    for (text, expected) in [
        (
            "[[server]]\nplan = \"10:rset\"\n",
            format!(
                "test-server: {path}: TOML parse error at line 2, column 8\n  |\n2 | plan = \"10:rset\"\n  |        ^^^^^^^^^\nunknown fault 'rset'; did you mean 'reset'?\n  10:rset\n     ^^^^\n"
            ),
        ),
        (
            "[[server]]\nprot = 9000\n",
            format!(
                "test-server: {path}: TOML parse error at line 2, column 1\n  |\n2 | prot = 9000\n  | ^^^^\nunknown field `prot`, expected one of `name`, "
            ),
        ),
        (
            "server = []\n",
            format!("test-server: {path}: there is no [[server]]\n"),
        ),
        #[cfg(feature = "tls")]
        (
            "[[server]]\nplan = \"100:tls-hang\"\n",
            "test-server: 'tls-hang' needs tls = true\n".to_owned(),
        ),
        #[cfg(feature = "tls")]
        (
            "ca-out = \"ca.pem\"\n[[server]]\n",
            "test-server: the certificate of an authority needs a server with TLS, and there is none\n".to_owned(),
        ),
        #[cfg(feature = "tcp")]
        (
            "[[server]]\nplan = \"100:tcp-stall\"\n",
            "test-server: 'tcp-stall' needs a [[tcp]]\n".to_owned(),
        ),
        #[cfg(feature = "tcp")]
        (
            "[[tcp]]\nupstream = \"a:1\"\nplan = \"100:reset\"\n",
            "test-server: the plan of TCP-1: ".to_owned(),
        ),
        #[cfg(feature = "tcp")]
        (
            "[[tcp]]\nplan = \"\"\n",
            format!(
                "test-server: {path}: TOML parse error at line 1, column 1\n  |\n1 | [[tcp]]\n"
            ),
        ),
        (
            "[[server]]\nroot = \"a\"\nupstream = \"http://localhost:3000\"\n",
            format!("test-server: {path}: a server cannot have both 'upstream' and 'root'\n"),
        ),
        (
            "[[server]]\nname = \"\"\n",
            format!("test-server: {path}: a name has at least one character\n"),
        ),
        (
            "[[server]]\nname = \"SERVER-2\"\n[[server]]\n",
            format!("test-server: {path}: the name 'SERVER-2' is given twice\n"),
        ),
        (
            "[[server]]\nx-forwarded = true\n",
            format!("test-server: {path}: 'x-forwarded' needs 'upstream'\n"),
        ),
        (
            "[[server]]\n[[server.route]]\nmatch = \"/orders\"\n",
            format!(
                "test-server: {path}: '/orders' is not METHOD PATH, such as 'GET /orders/{{id}}' or '* /': there is no blank after the method\n"
            ),
        ),
        (
            "[[server]]\n[[server.route]]\nmatch = \"GET /a\"\nstatus = 99\n",
            format!(
                "test-server: {path}: the route 'GET /a': a status is a number from 200 to 999, not 99\n"
            ),
        ),
        (
            "[[server]]\n[[server.route]]\nmatch = \"GET /a\"\nbody = \"\"\njson = 5\n",
            format!(
                "test-server: {path}: the route 'GET /a': it cannot have both 'body' and 'json'\n"
            ),
        ),
        (
            "[[server]]\n[[server.route]]\nmatch = \"GET /a\"\nheaders = { \"a b\" = \"c\" }\n",
            format!("test-server: {path}: the route 'GET /a': 'a b: c' is not a valid header\n"),
        ),
        (
            "[[server]]\n[[server.route]]\nmatch = \"GET /a\"\nheaders = { Content-Length = \"5\" }\n",
            format!(
                "test-server: {path}: the route 'GET /a': Content-Length follows from the body\n"
            ),
        ),
    ] {
        fs::write(&file, text).unwrap();
        let output = command("0,0,0")
            .arg("--config")
            .arg(&file)
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.starts_with(&expected), "{text}: {message}");
        assert_eq!((output.stdout.len(), output.status.code()), (0, Some(2)));
    }
    let missing = folder.path().join("missing.toml");
    let output = command("0,0,0")
        .arg("--config")
        .arg(&missing)
        .output()
        .unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        message,
        format!(
            "test-server: {}: No such file or directory (os error 2)\n",
            missing.display()
        )
    );
}
