//! Requests over TLS through a proxy that refuses a tunnel: what is retried, and how often the proxy is asked.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::raw::RawServer;
use crate::support::{Program, Run, STRATEGIES};

/// A server on another machine, which a request reaches only through the proxy.
const ELSEWHERE: &str = "https://flags.example/flags";

/// Runs the program through this proxy, which has a login, with one retry.
fn run_through(proxy: &RawServer, base: &str, strategy: &str, codes: &[&str]) -> Run {
    let program = Program::new();
    let address = format!("http://me:secret@127.0.0.1:{}", proxy.port());
    let mut command = program.command();
    command
        .env("https_proxy", address)
        .args(["-v", "-s", base, "--retries", "1"])
        .args(["--strategy", strategy, "-m", "2"]);
    Run::of(command.args(codes))
}

/// Returns an answer without a body.
fn empty(status: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").into_bytes()
}

/// Returns a proxy that refuses a tunnel, opens the next one and refuses again. As a server, it redirects to `ELSEWHERE`.
fn refusing_once() -> RawServer {
    let asked = AtomicUsize::new(0);
    RawServer::deciding(move |head, _| {
        if head.starts_with("GET ") {
            return empty(&format!("302 Found\r\nlocation: {ELSEWHERE}"));
        }
        match asked.fetch_add(1, Ordering::SeqCst) {
            1 => empty("200 OK"),
            _ => empty("502 Bad Gateway"),
        }
    })
}

#[test]
fn a_tunnel_that_is_refused_only_once_is_asked_for_again_without_a_status() {
    for strategy in STRATEGIES {
        for is_redirected in [false, true] {
            let proxy = refusing_once();
            let base = match is_redirected {
                true => proxy.url(),
                false => ELSEWHERE.to_owned(),
            };
            let run = run_through(&proxy, &base, strategy, &["br"]);
            let expected = format!(
                "*** Error for BR: proxy: the proxy refused to open a tunnel (via proxy 127.0.0.1:{}) (2 attempts)\n",
                proxy.port()
            );
            assert!(
                run.out.contains(&expected),
                "{strategy} {base}: {}",
                run.out
            );
        }
    }
}

#[test]
fn a_proxy_that_refuses_tunnels_is_asked_for_its_status_once_in_a_run() {
    for strategy in STRATEGIES {
        let proxy = RawServer::recording(empty("502 Bad Gateway"));
        let run = run_through(&proxy, ELSEWHERE, strategy, &["br", "cn", "us"]);
        let refused = "the proxy refused to open a tunnel: HTTP error 502 - Bad Gateway";
        assert_eq!(run.out.matches(refused).count(), 3, "{}", run.out);
        assert_eq!(run.out.matches("(2 attempts)").count(), 3, "{}", run.out);
        let heads = proxy.heads();
        let with_login = "\r\nproxy-authorization: Basic bWU6c2VjcmV0\r\n";
        assert!(heads.iter().all(|head| head.contains(with_login)));
        // Two attempts for each code, and the question.
        assert_eq!(heads.len(), 3 * 2 + 1, "{strategy}: {heads:?}");
    }
}
