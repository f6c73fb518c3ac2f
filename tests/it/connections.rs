//! The options of connections: the proxy, and the certificates that are accepted.

use std::fs;

use flags::report::Report;

use crate::support::ports::RefusingPort;
use crate::support::raw::{RawServer, ok};
use crate::support::tls::{End, TlsServer};
use crate::support::{Program, Run, STRATEGIES, flag_of_brazil};

/// A server on another machine, which a request reaches only through a proxy.
const ELSEWHERE: &str = "http://flags.example/flags";

#[test]
fn the_proxy_of_the_option_is_used_instead_of_that_of_the_environment() {
    let proxy = RawServer::recording(ok(&flag_of_brazil()));
    let (refusing, here) = (RefusingPort::new(), RefusingPort::new().url());
    for strategy in STRATEGIES {
        for base in [ELSEWHERE, &here] {
            let before = proxy.heads().len();
            let run = Run::of(
                Program::new()
                    .command()
                    .env("http_proxy", refusing.url())
                    .args(["-s", base, "br", "--strategy", strategy, "--proxy"])
                    .arg(format!("me:secret@127.0.0.1:{}", proxy.port())),
            );
            assert_eq!(run.exit, Some(0), "{base}: {}", run.err);
            let head = &proxy.heads()[before];
            assert!(head.starts_with(&format!("GET {base}/br/br.gif HTTP/1.1\r\n")));
            assert!(head.contains("proxy-authorization: Basic bWU6c2VjcmV0\r\n"));
        }
    }
}

#[test]
fn no_proxy_names_hosts_that_need_no_proxy_of_the_option() {
    let (server, proxy) = (
        RawServer::answering(ok(&flag_of_brazil())),
        RefusingPort::new(),
    );
    let run = Run::of(Program::new().command().env("NO_PROXY", "127.0.0.1").args([
        "-s",
        &server.url(),
        "br",
        "--proxy",
        &proxy.url(),
    ]));
    assert_eq!(run.exit, Some(0), "{}", run.err);
}

#[test]
fn an_empty_proxy_is_none() {
    let proxy = RawServer::recording(ok(&flag_of_brazil()));
    let run = |args: &[&str]| {
        Run::of(
            Program::new()
                .command()
                .env("http_proxy", format!("http://127.0.0.1:{}", proxy.port()))
                // No machine has this address.
                .args(["-s", "http://192.0.2.1/flags", "br"])
                .args(["--connect-timeout", "0.1"])
                .args(args),
        )
    };
    assert_eq!(run(&["--proxy", ""]).exit, Some(1));
    assert_eq!(proxy.heads().len(), 0);
    assert_eq!(run(&[]).exit, Some(0));
}

#[test]
fn a_proxy_that_is_none_or_cannot_be_used_is_a_usage_error() {
    for (args, message) in [
        (
            ["-s", ELSEWHERE, "--proxy", "socks5://me:secret@h:1"],
            "--proxy URL is '***@h:1', and SOCKS proxies are not supported; use http://HOST:PORT",
        ),
        (
            ["-s", ELSEWHERE, "--proxy", "ftp://h"],
            "--proxy URL is 'ftp://h', which is not a proxy; use http://HOST:PORT",
        ),
        (
            ["-s", "LOCAL", "--proxy", "h:1"],
            "--proxy URL cannot be used with LOCAL, a server on this machine",
        ),
    ] {
        let run = Program::new().run(args);
        let expected = format!("*** Usage error: {message}");
        assert_eq!(run.err.lines().next(), Some(&*expected));
        assert_eq!(run.exit, Some(2));
    }
    assert_eq!(Program::new().run(["--proxy", "", "br"]).exit, Some(0));
}

/// Returns a server whose certificate the system does not trust.
fn tls_server() -> TlsServer {
    TlsServer::answering(ok(&flag_of_brazil()), 1, End::CloseNotify)
}

#[test]
fn certificates_of_the_option_are_trusted_besides_those_of_the_system() {
    let [of_system, added] = [(); 2].map(|()| tls_server());
    for strategy in STRATEGIES {
        let program = Program::new();
        let list = [&of_system, &added].map(|server| format!("{}/br.gif\n", server.url()));
        fs::write(program.folder.path().join("list"), list.concat()).unwrap();
        let run = |args: &[&str]| {
            let mut command = program.command();
            command.env("SSL_CERT_FILE", of_system.trusted());
            Run::of(
                command
                    .args(["--input", "list", "--strategy", strategy])
                    .args(args),
            )
        };
        let without = run(&[]);
        assert!(
            without.out.contains("\n1 file downloaded.\n"),
            "{}",
            without.out
        );
        let trusted = added.trusted();
        let with = run(&["--cacert", trusted.to_str().unwrap()]);
        assert_eq!(with.exit, Some(0), "{}", with.err);
    }
}

#[test]
fn certificates_of_the_option_that_cannot_be_read_are_a_usage_error() {
    let program = Program::new();
    fs::write(program.folder.path().join("text.pem"), "no certificate").unwrap();
    for (file, reason) in [
        (
            "none.pem",
            "which cannot be read: No such file or directory (os error 2)",
        ),
        ("text.pem", "which contains no certificate in PEM format"),
    ] {
        let run = program.run(["--cacert", file, "br"]);
        let expected = format!("*** Usage error: --cacert FILE is '{file}', {reason}");
        assert_eq!(run.err.lines().next(), Some(&*expected));
        assert_eq!(run.exit, Some(2));
    }
}

const WARNING: &str = "*** Warning: certificates are not checked (--insecure): anyone in between can read and change \
                       what is sent";

#[test]
fn with_insecure_every_certificate_is_accepted_and_the_run_and_its_reports_say_so() {
    let server = tls_server();
    // Its certificate is for localhost.
    let base = server.url_at("127.0.0.1");
    let program = Program::new();
    for strategy in STRATEGIES {
        let args = ["-s", &base, "br", "-q", "--strategy", strategy];
        assert_eq!(program.run(args).exit, Some(1));
        let options = ["--insecure", "--report", "r.json", "--report", "r.html"];
        let run = program.run([&args[..], &options].concat());
        assert_eq!((run.exit, run.err), (Some(0), format!("{WARNING}\n")));
        let read = |name| fs::read_to_string(program.folder.path().join(name)).unwrap();
        let report: Report = serde_json::from_str(&read("r.json")).unwrap();
        assert!(report.runs[0].settings.insecure);
        assert!(read("r.html").contains("CERTIFICATES NOT CHECKED (--insecure)"));
    }
    // A variable that names no certificates does not matter.
    let mut command = program.command();
    command.env("SSL_CERT_FILE", "none");
    let run = Run::of(command.args(["-s", &base, "br", "--insecure"]));
    assert_eq!(run.exit, Some(0), "{}", run.err);
}

#[test]
fn each_run_of_a_comparison_has_the_proxy_and_the_certificates() {
    let server = tls_server();
    let (base, trusted) = (server.url(), server.trusted());
    let common = ["-s", &base, "br", "--compare", "--rounds", "1"];
    for options in [
        &["--cacert", trusted.to_str().unwrap()][..],
        &["--insecure"],
    ] {
        let run = Program::new().run([&common[..], options].concat());
        assert_eq!(run.exit, Some(0), "{}", run.err);
        let warnings = run.err.lines().filter(|line| *line == WARNING).count();
        assert_eq!(warnings, usize::from(options == ["--insecure"]));
    }
    let proxy = RawServer::recording(ok(&flag_of_brazil()));
    let address = format!("127.0.0.1:{}", proxy.port());
    let args = [
        "-s",
        ELSEWHERE,
        "br",
        "--compare",
        "--rounds",
        "1",
        "--proxy",
        &address,
    ];
    assert_eq!(Program::new().run(args).exit, Some(0));
    let flags = proxy
        .heads()
        .into_iter()
        .filter(|head| head.starts_with("GET http://flags.example/flags/br"));
    assert_eq!(flags.count(), 3);
}
