//! HTTP/2: with servers that offer it and with others, and how its failures are reported.

use std::fs;

use crate::support::http2::{Answer, Http2Server};
use crate::support::raw::ok;
use crate::support::tls::{End, TlsServer};
use crate::support::{Program, Run, STRATEGIES, flag_of_brazil, listing};
use flags::report::Report;

/// Runs the program with HTTP/2 against a server.
fn run(program: &Program, server: &Http2Server, args: &[&str]) -> Run {
    let mut command = program.command();
    command
        .args(["--http2", "-s", &server.url(), "--cacert"])
        .arg(server.trusted());
    Run::of(command.args(args))
}

#[test]
fn all_requests_of_a_thread_share_one_connection() {
    for (strategy, threads) in [("sequential", 1), ("threadpool", 8), ("semaphore", 1)] {
        for answer in [Answer::Body, Answer::Unannounced] {
            let server = Http2Server::answering(flag_of_brazil(), answer);
            let program = Program::new();
            let options = ["--strategy", strategy, "-m", "8", "-a"];
            let run = run(&program, &server, &options);
            assert_eq!(run.exit, Some(0), "{strategy} {answer:?}: {}", run.err);
            assert_eq!(listing(&program.downloads()).len(), 194);
            assert_eq!(server.requests(), 194);
            assert!(server.connections() <= threads, "{strategy}");
        }
    }
}

#[test]
fn a_server_that_does_not_offer_it_is_requested_with_http_1() {
    let server = TlsServer::answering(ok(&flag_of_brazil()), 1, End::CloseNotify);
    let program = Program::new();
    let mut command = program.command();
    command
        .args(["--http2", "-s", &server.url(), "br", "--cacert"])
        .arg(server.trusted());
    let run = Run::of(&mut command);
    assert_eq!(run.exit, Some(0), "{}", run.err);
}

#[test]
fn without_the_option_it_is_not_offered() {
    let server = Http2Server::answering(flag_of_brazil(), Answer::Body);
    let program = Program::new();
    let mut command = program.command();
    command
        .args(["-s", &server.url(), "br", "--cacert"])
        .arg(server.trusted());
    // This server understands nothing else.
    assert_eq!(Run::of(&mut command).exit, Some(1));
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_file_without_a_length_is_complete_when_its_stream_ends() {
    let server = Http2Server::answering(b"text".to_vec(), Answer::Unannounced);
    let program = Program::new();
    fs::write(program.folder.path().join("list"), server.url() + "/a.txt").unwrap();
    let mut command = program.command();
    command
        .args(["--http2", "--input", "list", "--report", "-", "--cacert"])
        .arg(server.trusted());
    let run = Run::of(&mut command);
    assert_eq!(run.exit, Some(0), "{}", run.err);
    assert_eq!(
        fs::read(program.downloads().join("a.txt")).unwrap(),
        b"text"
    );
    let report: Report = serde_json::from_str(&run.out).unwrap();
    assert!(report.runs[0].settings.http2);
}

#[test]
fn failures_have_the_kinds_of_those_of_http_1() {
    let reset = "reset: stream error received: unexpected internal error encountered";
    for (answer, messages) in [
        (Answer::Reset, [reset, reset]),
        (Answer::ResetInBody, [reset, reset]),
        (
            Answer::Short,
            ["bad_body: stream error detected: unspecific protocol error detected"; 2],
        ),
        // The end of the connection may be seen before the message that announces it, and a reset of it before the rest.
        (Answer::GoAway, ["closed_early: ", "reset: "]),
        (Answer::CloseInBody, ["truncated: ", "reset: "]),
    ] {
        let server = Http2Server::answering(flag_of_brazil(), answer);
        for strategy in STRATEGIES {
            let program = Program::new();
            let run = run(&program, &server, &["br", "-v", "--strategy", strategy]);
            let is_one = |message: &&str| run.out.contains(&format!("*** Error for BR: {message}"));
            assert!(messages.iter().any(is_one), "{answer:?}: {}", run.out);
            assert_eq!(
                (run.exit, listing(&program.downloads()).len()),
                (Some(1), 0)
            );
        }
        assert_eq!(server.requests(), STRATEGIES.len(), "{answer:?}");
    }
}

#[test]
fn a_server_that_does_not_answer_one_request_gets_the_others() {
    let flag = flag_of_brazil();
    let server = Http2Server::answering(flag, Answer::NotTheFirst);
    let program = Program::new();
    let run = run(&program, &server, &["-a", "--timeout", "2"]);
    assert!(
        run.out.contains("\n193 flags downloaded.\n1 error.\n"),
        "{}",
        run.out
    );
    assert!(run.err.contains("timeout: no complete answer within 2s"));
}
