//! The options that change what a run over a list does, and those that it refuses.

use std::fs;

use super::{list, program, site};
use crate::support::listing;
use crate::support::raw::RawServer;

#[test]
fn limit_takes_the_first_items_and_list_prints_them() {
    let server = site();
    let text = String::from("# comment\n") + &list(&server, &["a.txt", "b.gif", "c.txt"]);
    let program = program(text);
    let printed = program.run(["--input", "list", "--limit", "2", "--list"]);
    let port = server.port();
    let expected =
        format!("a.txt http://127.0.0.1:{port}/a.txt\nb.gif http://127.0.0.1:{port}/b.gif\n");
    assert_eq!((printed.out, server.connections()), (expected, 0));
    program.run(["--input", "list", "--limit", "2"]);
    assert_eq!(listing(&program.downloads()), ["a.txt", "b.gif"]);
}

#[test]
fn skip_existing_keeps_complete_gifs_and_requests_everything_else() {
    let server = site();
    // The last is a complete GIF, but need not be one.
    let paths = ["a.gif", "b.gif", "c.txt", "a.gif\tpicture"];
    let program = program(list(&server, &paths));
    assert_eq!(program.run(["--input", "list"]).exit, Some(0));
    let cut = program.downloads().join("b.gif");
    let bytes = fs::read(&cut).unwrap();
    fs::write(&cut, &bytes[..bytes.len() - 1]).unwrap();
    let run = program.run(["--input", "list", "--skip-existing", "-v"]);
    for line in ["a.gif already there", "b.gif OK", "c.txt OK", "picture OK"] {
        assert!(run.out.contains(&format!("\n{line}\n")), "{}", run.out);
    }
    assert_eq!(server.connections(), 7);
    assert_eq!(fs::read(&cut).unwrap(), bytes);
}

#[test]
fn a_file_of_any_size_is_saved_unless_a_limit_is_set() {
    let large = RawServer::answering(crate::support::raw::ok(&vec![b'x'; 2 << 20]));
    let program = program(list(&large, &["large"]));
    assert_eq!(program.run(["--input", "list"]).exit, Some(0));
    let limited = program.run(["--input", "list", "--size-limit", "1MiB"]);
    assert!(
        limited
            .err
            .contains("too_big: more than 1048576 bytes: 1 file\n  large\n"),
        "{}",
        limited.err
    );
}

#[test]
fn a_body_without_an_end_is_saved_with_allow_unframed_only() {
    let unframed = RawServer::answering("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nbytes");
    let program = program(list(&unframed, &["a"]));
    let refused = program.run(["--input", "list", "--retries", "2"]);
    let failure =
        "unframed: neither Content-Length nor chunks say where the body ends: 1 file\n  a\n";
    assert!(refused.err.contains(failure), "{}", refused.err);
    assert_eq!((refused.exit, unframed.connections()), (Some(1), 1));
    let allowed = program.run(["--input", "list", "--allow-unframed"]);
    assert_eq!(allowed.exit, Some(0), "{}", allowed.err);
    assert_eq!(fs::read(program.downloads().join("a")).unwrap(), b"bytes");
}

#[test]
fn options_that_have_no_meaning_for_a_list_are_usage_errors() {
    let program = program("http://localhost/a\n");
    program.run(["br", "--dest", "flags", "--report", "codes.json"]);
    for (args, message) in [
        (
            &["--input", "list", "br"][..],
            "--input FILE cannot be used with CC, --all or --every",
        ),
        (
            &["--input", "list", "-e"],
            "--input FILE cannot be used with CC, --all or --every",
        ),
        (
            &["--input", "list", "-s", "LOCAL"],
            "--server LABEL cannot be used with a list: each line has its own",
        ),
        (
            &["--input", "-", "--compare"],
            "--compare reads the list once for each run: --input FILE must be a regular file",
        ),
        (
            &["--input", "list", "--failed", "codes.json"],
            "--input FILE cannot be used with --failed FILE of a run over codes",
        ),
        (
            &["--allow-unframed", "br"],
            "--allow-unframed needs --input FILE",
        ),
        (&["--input", "none"], "--input FILE: none: "),
        (&["--input", "."], "--input FILE: .: "),
    ] {
        let run = program.run(args);
        let expected = format!("*** Usage error: {message}");
        assert!(run.err.starts_with(&expected), "{args:?}: {}", run.err);
        assert_eq!(run.exit, Some(2));
        assert!(!program.downloads().exists());
    }
}
