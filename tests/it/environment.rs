//! What surrounds a run: how many files it may open, how much memory it takes, proxies, closed streams.

use std::collections::BTreeMap;

use crate::support::raw::RawServer;
use crate::support::running::Running;
use crate::support::{Program, Run, STRATEGIES, listing, memory_kb, server, wait_until};
use test_server::{Plan, TestServer};

#[test]
fn with_few_descriptors_all_flags_arrive_over_fewer_connections() {
    for strategy in STRATEGIES {
        for limit in [64, 32, 28] {
            let program = Program::new();
            let mut shell = program.after(&format!("ulimit -n {limit}"));
            let run = Run::of(shell.args(["-a", "-m", "1000", "--strategy", strategy]));
            assert!(
                run.out.contains("\n194 flags downloaded.\nElapsed"),
                "{}{}",
                run.out,
                run.err
            );
            assert_eq!(
                (run.exit, listing(&program.downloads()).len()),
                (Some(0), 194)
            );
            // One connection at a time needs no more than there is.
            let told = run.err.contains(&format!(
                " instead of 194: at most {limit} open files are allowed"
            ));
            assert_eq!(told, strategy != "sequential", "{}", run.err);
            assert_eq!(
                run.err.lines().count(),
                if told { 3 } else { 2 },
                "{}",
                run.err
            );
        }
    }
}

#[test]
fn the_connections_that_are_announced_are_those_that_are_used() {
    let server = TestServer::start(Plan::normal()).unwrap();
    for (strategy, connections) in [("threadpool", 8), ("semaphore", 20)] {
        server.reset();
        let program = Program::new();
        let mut shell = program.after("ulimit -n 64");
        let args = [
            "-s",
            &server.url(),
            "-a",
            "-m",
            "100",
            "--strategy",
            strategy,
        ];
        let run = Run::of(shell.args(args));
        let used = run.out.lines().nth(2).unwrap().split(' ').next().unwrap();
        let used: usize = used.parse().unwrap();
        // Fewer where whoever runs the tests has left files open.
        assert!((1..=connections).contains(&used), "{}", run.out);
        assert!(server.stats().peak_in_flight <= used);
        assert_eq!(run.exit, Some(0), "{}", run.err);
    }
}

#[test]
fn with_too_few_descriptors_a_run_says_so_and_does_not_begin() {
    for limit in [16, 10, 7, 6] {
        let program = Program::new();
        let run = Run::of(program.after(&format!("ulimit -n {limit}")).arg("br"));
        let expected = format!("*** Error: at most {limit} open files are allowed");
        assert!(run.err.starts_with(&expected), "{}", run.err);
        assert!(
            run.err
                .ends_with("; a run needs at least 21 (see `ulimit -n`)\n"),
            "{}",
            run.err
        );
        assert_eq!(
            (run.err.lines().count(), run.out.as_str(), run.exit),
            (1, "", Some(1))
        );
    }
}

#[test]
fn a_body_without_end_takes_little_memory_in_chunks_of_any_size() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let endless = server("100:endless");
    let byte_by_byte = RawServer::answering(
        [
            &b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"[..],
            &b"1\r\nx\r\n".repeat(1 << 17),
            b"1\r\nx\r\n",
        ]
        .concat(),
    );
    let both = &STRATEGIES[1..];
    for (url, codes, limit, strategies) in [
        // More than the bound if each left its body behind.
        (endless.url(), "100", "1MiB", both),
        (byte_by_byte.url(), "30", "128KiB", &["semaphore"]),
    ] {
        for strategy in strategies {
            let program = Program::new();
            let sizes = ["-e", "-l", codes, "-m", "30", "--size-limit", limit];
            let args = ["-q", "-s", &url, "--strategy", strategy];
            let args = [&args[..], &sizes].concat();
            let mut running = Running::start(&program, &args);
            let mut peak_kb = 0;
            wait_until(|| {
                // The most it has had so far; nothing once it has ended.
                let peak = memory_kb(running.child.id(), "VmHWM");
                peak_kb = peak_kb.max(peak.unwrap_or(0));
                running.child.try_wait().unwrap().is_some()
            });
            let run = running.wait();
            assert!(
                run.out.contains(&format!("\n{codes} errors.\n")),
                "{}",
                run.out
            );
            assert!(peak_kb > 1024, "it has been looked at");
            assert!(peak_kb < 64 << 10, "{strategy}: {peak_kb} KB");
        }
    }
}

#[test]
fn proxies_never_stand_between_a_run_and_this_machine() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let port = server.port();
    for variable in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        for host in ["127.0.0.1", "localhost"] {
            let program = Program::new();
            let base = format!("http://{host}:{port}/flags");
            let run = Run::of(
                program
                    .command()
                    .env(variable, "http://127.0.0.1:1")
                    .args(["-s", &base, "br", "us"]),
            );
            assert_eq!(run.exit, Some(0), "{variable} {host}: {}", run.err);
        }
        let program = Program::new();
        let run = Run::of(
            program
                .command()
                .env(variable, "http://127.0.0.1:1")
                .args(["-s", "DELAY", "br"]),
        );
        assert_eq!(run.exit, Some(0), "{variable}: {}", run.err);
    }
}

#[test]
fn a_proxy_stands_between_a_run_and_the_world_outside() {
    // It sees the whole URL, which this server knows nothing of.
    let proxy = RawServer::answering(
        "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
    );
    let address = format!("http://127.0.0.1:{}", proxy.port());
    for strategy in STRATEGIES {
        let before = proxy.connections();
        let program = Program::new();
        let run = Run::of(program.command().env("http_proxy", &address).args([
            "-v",
            "-s",
            "REMOTE",
            "br",
            "--strategy",
            strategy,
        ]));
        assert!(run.out.contains("\nBR not found\n"), "{}", run.out);
        assert_eq!(proxy.connections() - before, 1);
    }
}

#[test]
fn a_closed_stream_is_no_panic_and_nothing_meant_for_it_ends_up_in_a_file() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let exits: BTreeMap<_, _> = [">&-", "2>&-", "<&-", ">&- 2>&- <&-"]
        .into_iter()
        .map(|closed| {
            let program = Program::new();
            let shell = format!("\"$0\" \"$@\" {closed}");
            let run = Run::of(program.inside(&["sh", "-c", &shell]).args([
                "-s",
                &server.url(),
                "br",
                "us",
            ]));
            assert!(!run.err.contains("panic"), "{}", run.err);
            // Whatever took the number of the stream that was closed, nothing was written into a flag.
            for name in listing(&program.downloads()) {
                let flag = std::fs::read(program.downloads().join(&name)).unwrap();
                assert_eq!(flags::download::check_gif(&flag), Ok(()), "{closed} {name}");
            }
            (closed, run.exit)
        })
        .collect();
    assert_eq!(exits["2>&-"], Some(0));
    assert_eq!(exits["<&-"], Some(0));
    assert!(matches!(exits[">&-"], Some(0 | 3)), "{exits:?}");
    assert!(matches!(exits[">&- 2>&- <&-"], Some(0 | 3)), "{exits:?}");
}
