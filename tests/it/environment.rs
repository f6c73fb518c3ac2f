//! The environment of a run: the limit on open files, memory, proxies, and closed standard streams.

use std::collections::BTreeMap;
use std::fs;

use crate::support::raw::RawServer;
use crate::support::{Program, Run, STRATEGIES, listing, server};
use flags::report::Report;
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
            // The sequential strategy needs one connection, so its limit is not lowered.
            let lowered = run.err.contains(&format!(
                " instead of 194: at most {limit} open files are allowed"
            ));
            assert_eq!(lowered, strategy != "sequential", "{}", run.err);
            // The server, the figures and the folder, and the lowered limit.
            assert_eq!(
                run.err.lines().count(),
                if lowered { 4 } else { 3 },
                "{}",
                run.err
            );
        }
    }
}

#[test]
fn a_run_uses_no_more_connections_than_it_announces() {
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
        // Fewer if the process that runs the tests has passed on open files.
        assert!((1..=connections).contains(&used), "{}", run.out);
        assert!(server.stats().peak_in_flight <= used);
        assert_eq!(run.exit, Some(0), "{}", run.err);
    }
}

#[test]
fn with_too_few_descriptors_a_run_reports_an_error_and_does_not_start() {
    for limit in [16, 10, 7, 6] {
        let program = Program::new();
        let run = Run::of(program.after(&format!("ulimit -n {limit}")).arg("br"));
        let expected = format!("*** Error: at most {limit} open files are allowed");
        assert!(run.err.starts_with(&expected), "{}", run.err);
        assert!(
            run.err
                .ends_with("; a run needs at least 24 (see `ulimit -n`)\n"),
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
fn with_the_fewest_descriptors_that_are_enough_all_flags_arrive() {
    let enough = 24 + inherited_descriptors();
    for strategy in STRATEGIES {
        for more in [&[][..], &["--fsync", "--report", "r.json"]] {
            let program = Program::new();
            let mut shell = program.after(&format!("ulimit -n {enough}"));
            let args = ["-a", "-m", "30", "--strategy", strategy];
            let run = Run::of(shell.args(args).args(more));
            assert_eq!(run.exit, Some(0), "{strategy}: {}{}", run.out, run.err);
        }
        let program = Program::new();
        let mut shell = program.after(&format!("ulimit -n {}", enough - 1));
        let run = Run::of(shell.args(["br", "--strategy", strategy]));
        assert!(
            run.err.contains("; a run needs at least 24 "),
            "{}",
            run.err
        );
    }
}

/// Returns how many descriptors the program inherits from the process that runs the tests, besides its standard streams.
fn inherited_descriptors() -> u32 {
    let program = Program::new();
    let run = Run::of(program.after("ulimit -n 16").arg("br"));
    let words: Vec<_> = run.err.split(' ').collect();
    let open = words
        .windows(2)
        .find(|pair| ["was", "were"].contains(&pair[1]));
    open.map_or(0, |pair| pair[0].parse().unwrap())
}

#[test]
fn endless_bodies_take_little_memory_with_chunks_of_any_size() {
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
    let concurrent = &STRATEGIES[1..];
    for (url, codes, limit, strategies) in [
        // These would exceed the bound if the memory of each body were kept.
        (endless.url(), "100", "1MiB", concurrent),
        (byte_by_byte.url(), "30", "128KiB", &["semaphore"]),
    ] {
        for strategy in strategies {
            let program = Program::new();
            let sizes = ["-e", "-l", codes, "-m", "30", "--size-limit", limit];
            let args = [
                "-q",
                "-s",
                &url,
                "--strategy",
                strategy,
                "--report",
                "r.json",
            ];
            let args = [&args[..], &sizes].concat();
            let run = program.run(args);
            let report = fs::read_to_string(program.folder.path().join("r.json")).unwrap();
            let report: Report = serde_json::from_str(&report).unwrap();
            let peak_kb = report.runs[0].resources.unwrap().peak_memory.unwrap() >> 10;
            assert!(
                run.out.contains(&format!("\n{codes} errors.\n")),
                "{}",
                run.out
            );
            assert!(peak_kb > 1024, "the peak was measured");
            assert!(peak_kb < 64 << 10, "{strategy}: {peak_kb} KB");
        }
    }
}

#[test]
fn proxies_are_never_used_for_servers_on_this_machine() {
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
fn a_proxy_is_used_for_servers_on_other_machines() {
    // A plain server can act as the proxy: it does not look at the URL, which is absolute in a request to a proxy.
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
fn a_refused_connection_names_the_server_but_not_the_server_behind_a_proxy() {
    let free = TestServer::start(Plan::normal()).unwrap();
    let port = free.port();
    free.stop();
    let program = Program::new();
    let base = format!("http://me:secret@127.0.0.1:{port}/flags");
    let run = program.run(["-s", &base, "br"]);
    let expected = format!("connect_refused: nothing listens at 127.0.0.1:{port}: 1 code\n  BR\n");
    assert!(run.err.ends_with(&expected), "{}", run.err);

    // The proxy refused the connection, so nothing is known of the server.
    let proxy = format!("http://127.0.0.1:{port}");
    let mut command = program.command();
    let run = Run::of(
        command
            .env("http_proxy", proxy)
            .args(["-s", "REMOTE", "br"]),
    );
    assert!(
        run.err.contains("connect_refused: Connection refused"),
        "{}",
        run.err
    );
    let via = format!(" (via proxy 127.0.0.1:{port}): 1 code\n");
    assert!(run.err.contains(&via), "{}", run.err);

    // After a redirect, it is another address that refuses.
    let moved = RawServer::answering(format!(
        "HTTP/1.1 302 Found\r\nlocation: http://localhost:{port}/x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    ));
    let run = program.run(["-s", &moved.url(), "br"]);
    let expected = format!("connect_refused: nothing listens at localhost:{port}: 1 code\n  BR\n");
    assert!(run.err.ends_with(&expected), "{}", run.err);
}

#[test]
fn a_closed_standard_stream_causes_no_panic_and_no_output_in_a_file() {
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
            // A file may have got the descriptor of the closed stream; no output must have been written into it.
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
