//! Requests over TLS through a proxy that refuses a tunnel: what is retried, and how often the proxy is asked.

use crate::support::raw::RawServer;
use crate::support::{Program, Run, STRATEGIES};

/// Runs the program through this proxy, which has a login, with one retry.
fn run_through(proxy: &RawServer, strategy: &str, codes: &[&str]) -> Run {
    let program = Program::new();
    let address = format!("http://me:secret@127.0.0.1:{}", proxy.port());
    let mut command = program.command();
    command
        .env("https_proxy", address)
        .args(["-v", "-s", "https://flags.example/flags", "--retries", "1"])
        .args(["--strategy", strategy, "-m", "2"]);
    Run::of(command.args(codes))
}

/// Returns an answer without a body.
fn empty(status: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").into_bytes()
}

#[test]
fn a_tunnel_that_is_refused_only_once_is_asked_for_again_without_a_status() {
    for strategy in STRATEGIES {
        let mut statuses = ["502 Bad Gateway", "200 OK", "502 Bad Gateway"].iter();
        let statuses = std::sync::Mutex::new(move || *statuses.next().unwrap_or(&"403 Forbidden"));
        let proxy = RawServer::deciding(move |_, _| empty((statuses.lock().unwrap())()));
        let run = run_through(&proxy, strategy, &["br"]);
        let expected = format!(
            "*** Error for BR: proxy: the proxy refused to open a tunnel (via proxy 127.0.0.1:{}) (2 attempts)\n",
            proxy.port()
        );
        assert!(run.out.contains(&expected), "{strategy}: {}", run.out);
    }
}

#[test]
fn a_proxy_that_refuses_tunnels_is_asked_for_its_status_once_in_a_run() {
    for strategy in STRATEGIES {
        let proxy = RawServer::recording(empty("502 Bad Gateway"));
        let run = run_through(&proxy, strategy, &["br", "cn", "us"]);
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
