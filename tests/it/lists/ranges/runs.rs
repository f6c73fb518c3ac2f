//! A later run, after the first was killed, interrupted, or had no retries left.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{CUT, ETAG, content, cut, cutting, part, range, requested};
use crate::lists::{list, program};
use crate::support::raw::{AtTheEnd, RawServer};
use crate::support::running::Running;
use crate::support::{Program, STRATEGIES, WATCHDOG, listing};

/// Returns the lengths of the partial files in a folder.
fn parts(folder: &Path) -> Vec<u64> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let parts = entries.filter(|entry| entry.path().extension().is_some_and(|is| is == "part"));
    parts.map(|part| part.metadata().unwrap().len()).collect()
}

/// Starts a run and ends it with a signal when everything before the cut is on the disk.
fn end_at_the_cut(program: &Program, args: &[&str], signal: Signal) -> crate::support::Run {
    let running = Running::start(program, args);
    let begun = Instant::now();
    while parts(&program.downloads()) != [CUT as u64] {
        assert!(
            begun.elapsed() < WATCHDOG,
            "{:?}",
            listing(&program.downloads())
        );
        // Only polls: no event tells what another process has written.
        std::thread::sleep(Duration::from_millis(1));
    }
    running.signal(signal);
    running.wait()
}

/// Returns what the last request of a server asked for.
fn last_requested(server: &RawServer) -> Option<usize> {
    requested(server.heads().last().unwrap())
}

#[test]
fn a_run_goes_on_with_what_a_killed_or_interrupted_one_has_left() {
    for (strategy, signal) in STRATEGIES
        .into_iter()
        .zip([Signal::KILL, Signal::KILL, Signal::INT])
    {
        let server = cutting(ETAG, AtTheEnd::Waits);
        let program = program(list(&server, &["large"]));
        fs::create_dir(program.downloads()).unwrap();
        fs::write(program.downloads().join("large"), "older").unwrap();
        let args = ["--input", "list", "-v", "--strategy", strategy];
        let run = end_at_the_cut(&program, &args, signal);
        let exit = (signal == Signal::INT).then_some(130);
        assert_eq!(run.exit, exit, "{}", run.err);
        assert_eq!(listing(&program.downloads()).len(), 3);
        assert_eq!(
            fs::read(program.downloads().join("large")).unwrap(),
            b"older"
        );

        let run = program.run(args);
        let line = format!("\nlarge OK (continued after {CUT} bytes)\n");
        assert!(run.out.contains(&line), "{}", run.out);
        assert_eq!(last_requested(&server), Some(CUT));
        assert!(fs::read(program.downloads().join("large")).unwrap() == content());
        assert_eq!(listing(&program.downloads()), ["large"]);
    }
}

#[test]
fn a_killed_run_goes_on_in_the_folders_of_keep_paths() {
    let server = cutting(ETAG, AtTheEnd::Waits);
    let program = program(list(&server, &["a/b/large"]));
    let args = ["--input", "list", "--keep-paths"];
    end_at_the_cut(&program, &args, Signal::KILL);
    assert_eq!(program.run(args).exit, Some(0));
    assert_eq!(last_requested(&server), Some(CUT));
    let host = format!("127.0.0.1_{}", server.port());
    assert_eq!(listing(&program.downloads()), [host.as_str()]);
    let path = program.downloads().join(host).join("a/b/large");
    assert!(fs::read(path).unwrap() == content());
}

#[test]
fn with_fsync_only_bytes_that_are_on_the_disk_are_continued() {
    for (signal, first) in [(Signal::KILL, None), (Signal::INT, Some(CUT))] {
        let server = cutting(ETAG, AtTheEnd::Waits);
        let program = program(list(&server, &["large"]));
        let args = ["--input", "list", "--fsync"];
        end_at_the_cut(&program, &args, signal);
        assert_eq!(program.run(args).exit, Some(0));
        assert_eq!(last_requested(&server), first);
        assert!(fs::read(program.downloads().join("large")).unwrap() == content());
        assert_eq!(listing(&program.downloads()), ["large"]);
    }
}

#[test]
fn a_run_goes_on_after_one_that_failed_and_not_for_another_url() {
    let server = cutting(ETAG, AtTheEnd::Closes);
    let program = program(list(&server, &["large"]));
    let args = ["--input", "list"];
    assert_eq!(program.run(args).exit, Some(1));
    assert_eq!(parts(&program.downloads()), [CUT as u64]);
    // A run that does not need it leaves it alone.
    let list_of = |lines: &str| fs::write(program.folder.path().join("list"), lines).unwrap();
    list_of("");
    assert_eq!(program.run(args).exit, Some(0));
    assert_eq!(parts(&program.downloads()), [CUT as u64]);
    list_of(&list(&server, &["other\tlarge"]));
    assert_eq!(program.run(args).exit, Some(0));
    assert_eq!(last_requested(&server), None);
    assert_eq!(listing(&program.downloads()), ["large"]);
}

#[test]
fn a_note_that_was_changed_or_cut_leads_to_the_whole_file_again() {
    for change in [
        |_: &str| String::new(),
        |note: &str| note[..note.len() / 2].to_owned(),
        |note: &str| note.replace("\"file\":\"large\"", "\"file\":\"small\""),
        |note: &str| note.replace("\"total\":", "\"total\":1"),
    ] {
        let server = cutting(ETAG, AtTheEnd::Closes);
        let program = program(list(&server, &["large"]));
        assert_eq!(program.run(["--input", "list"]).exit, Some(1));
        let names = listing(&program.downloads());
        let note = names.iter().find(|name| name.ends_with(".json")).unwrap();
        let note = program.downloads().join(note);
        let text = fs::read_to_string(&note).unwrap();
        fs::write(&note, change(&text)).unwrap();
        assert_eq!(program.run(["--input", "list"]).exit, Some(0));
        assert!(fs::read(program.downloads().join("large")).unwrap() == content());
        assert_eq!(listing(&program.downloads()), ["large"]);
    }
}

#[test]
fn a_complete_body_without_its_name_needs_its_last_byte_again() {
    // The server has sent everything, but the body has no end yet.
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n";
    let server = RawServer::in_turn(move |number, head| {
        let body = content();
        match (number, requested(head)) {
            (0, _) => {
                let head = format!("{chunked}{ETAG}\r\n{CUT:x}\r\n");
                let answer = [head.as_bytes(), &body[..CUT], b"\r\n"].concat();
                (answer, AtTheEnd::Waits)
            }
            (_, Some(first)) => {
                let body = &body[..CUT];
                let headers = range(body, first) + ETAG;
                (part(&headers, body, first), AtTheEnd::Closes)
            }
            (_, None) => (cut(ETAG, &body, 0), AtTheEnd::Closes),
        }
    });
    let program = program(list(&server, &["large"]));
    end_at_the_cut(&program, &["--input", "list"], Signal::KILL);
    let name = listing(&program.downloads())
        .into_iter()
        .find(|name| name.ends_with(".json"));
    let note = program.downloads().join(name.unwrap());
    let text = fs::read_to_string(&note).unwrap();
    fs::write(
        &note,
        text.replace("\"total\":null", &format!("\"total\":{CUT}")),
    )
    .unwrap();
    let run = program.run(["--input", "list"]);
    assert_eq!(
        (run.exit, last_requested(&server)),
        (Some(0), Some(CUT - 1)),
        "{}",
        run.err
    );
    assert!(fs::read(program.downloads().join("large")).unwrap() == content()[..CUT]);
}

#[test]
fn a_flag_goes_on_and_its_check_is_over_all_bytes() {
    let comment = [&[0x21, 0xfe, 255][..], &[b'x'; 255], &[0]].concat();
    let beginning = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff";
    let end = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b";
    let flag = [&beginning[..], &comment.repeat(20_000), end].concat();
    let body = flag.clone();
    let server = RawServer::in_turn(move |_, head| match requested(head) {
        None => (cut(ETAG, &body, CUT), AtTheEnd::Waits),
        Some(first) => {
            let headers = range(&body, first) + ETAG;
            (part(&headers, &body, first), AtTheEnd::Closes)
        }
    });
    let program = Program::new();
    let url = server.url();
    let args = ["br", "-s", &url, "--size-limit", "16MiB"];
    end_at_the_cut(&program, &args, Signal::KILL);
    let run = program.run(args);
    assert_eq!(
        (run.exit, last_requested(&server)),
        (Some(0), Some(CUT)),
        "{}",
        run.err
    );
    assert!(fs::read(program.downloads().join("br.gif")).unwrap() == flag);
}

/// The run would wait for 1,000 seconds.
#[test]
fn a_signal_ends_a_run_that_waits_for_its_turn_to_request_the_whole() {
    let server = RawServer::in_turn(|number, _| match number {
        0 => (cut(ETAG, &content(), CUT), AtTheEnd::Closes),
        _ => {
            let answer = "HTTP/1.1 416 Range Not Satisfiable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            (answer.into(), AtTheEnd::Closes)
        }
    });
    let program = program(list(&server, &["large"]));
    assert_eq!(program.run(["--input", "list"]).exit, Some(1));
    let args = ["--input", "list", "--rate", "0.001"];
    let running = Running::start(&program, &args);
    let watchdog = Instant::now() + WATCHDOG;
    while server.heads().len() < 2 {
        assert!(Instant::now() < watchdog, "no second request");
        std::thread::yield_now();
    }
    running.signal(Signal::TERM);
    let run = running.wait();
    assert_eq!(run.exit, Some(143), "{}", run.err);
    assert_eq!(server.heads().len(), 2);
}
