//! Lists in JSON: the checksum and the size of a file decide whether it is saved, and whether it is downloaded at all.

use std::fs;

use flags::item::Checksum;
use sha2::{Digest as _, Sha256};

use super::{program, site};
use crate::support::raw::{RawServer, ok};
use crate::support::{Program, STRATEGIES, flag_of_brazil, listing};

/// An answer that ends when the connection does, and this body.
fn unframed(body: &[u8]) -> Vec<u8> {
    [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", body].concat()
}

fn sha256(bytes: &[u8]) -> String {
    Checksum(Sha256::digest(bytes).into()).to_string()
}

/// Returns a program with a list of one line, for this file on a server, with these further fields.
fn listed(server: &RawServer, name: &str, fields: &str) -> Program {
    let port = server.port();
    program(format!(
        "{{\"url\":\"http://127.0.0.1:{port}/{name}\",{fields}}}\n"
    ))
}

#[test]
fn a_body_with_another_checksum_is_an_error_and_leaves_the_older_file() {
    for (name, body) in [("a.txt", b"whole".to_vec()), ("a.gif", flag_of_brazil())] {
        let server = RawServer::answering(ok(&body));
        for strategy in STRATEGIES {
            let right = format!("\"sha256\":\"{}\"", sha256(&body));
            let program = listed(&server, name, &right);
            let run = program.run(["--input", "list", "--strategy", strategy]);
            assert_eq!(run.exit, Some(0), "{}", run.err);
            assert_eq!(fs::read(program.downloads().join(name)).unwrap(), body);

            let wrong = format!("\"sha256\":\"{}\"", sha256(b"other"));
            let program = listed(&server, name, &wrong);
            fs::create_dir(program.downloads()).unwrap();
            fs::write(program.downloads().join(name), "older").unwrap();
            let before = server.connections();
            let args = ["--input", "list", "-v", "--retries", "3"];
            let run = program.run([&args[..], &["--strategy", strategy]].concat());
            let line = format!(
                "\n*** Error for {name}: checksum: the SHA-256 is {} instead of {}\n",
                sha256(&body),
                sha256(b"other")
            );
            assert!(run.out.contains(&line), "{}", run.out);
            assert_eq!((run.exit, server.connections()), (Some(1), before + 1));
            assert_eq!(listing(&program.downloads()), [name]);
            assert_eq!(fs::read(program.downloads().join(name)).unwrap(), b"older");
        }
    }
}

#[test]
fn a_checksum_or_a_size_tells_whether_a_body_without_an_end_is_whole() {
    let server = RawServer::answering(unframed(b"whole"));
    let sum = format!("\"sha256\":\"{}\"", sha256(b"whole"));
    for fields in [&sum, "\"size\":5", &format!("{sum},\"size\":5")] {
        let program = listed(&server, "a.txt", fields);
        assert_eq!(program.run(["--input", "list"]).exit, Some(0), "{fields}");
        assert_eq!(
            fs::read(program.downloads().join("a.txt")).unwrap(),
            b"whole"
        );
    }
    let cut = RawServer::answering(unframed(b"who"));
    for (fields, message) in [
        (sum.as_str(), "checksum: the SHA-256 is "),
        (
            "\"size\":5",
            "checksum: 3 bytes instead of 5, the size in the list",
        ),
    ] {
        let program = listed(&cut, "a.txt", fields);
        let run = program.run(["--input", "list"]);
        assert!(run.err.contains(message), "{}", run.err);
        assert!(listing(&program.downloads()).is_empty());
    }
}

#[test]
fn a_body_of_another_size_is_an_error_even_if_it_never_ends() {
    // The announced body does not follow: only its announcement can be the reason.
    let announced = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n";
    let server = RawServer::stalling_after(announced);
    let run = listed(&server, "a.txt", "\"size\":5").run(["--input", "list", "-v"]);
    let line = "\n*** Error for a.txt: checksum: 6 bytes instead of 5, the size in the list\n";
    assert!(run.out.contains(line), "{}", run.out);

    let endless = RawServer::stalling_after(unframed(&[b'x'; 4096]));
    let program = listed(&endless, "a.txt", "\"size\":5");
    let run = program.run(["--input", "list", "-v"]);
    let line = "\n*** Error for a.txt: checksum: more than 5 bytes, the size in the list\n";
    assert!(run.out.contains(line), "{}", run.out);
    assert!(listing(&program.downloads()).is_empty());
}

#[test]
fn skip_existing_keeps_files_with_the_checksum_or_the_size_in_the_list() {
    let server = site();
    let port = server.port();
    let sum = |bytes: &[u8]| format!("\"sha256\":\"{}\"", sha256(bytes));
    let (is, was) = (sum(b"/is.txt"), sum(b"was"));
    let flag = sum(&flag_of_brazil());
    let list: String = [
        ("is.txt", is.as_str()),
        ("was.txt", &was),
        ("size.txt", "\"size\":9"),
        ("other.txt", "\"size\":10"),
        ("unknown.txt", "\"size\":null"),
        ("br.gif", &flag),
        ("us.gif", "\"size\":3"),
        ("both.txt", &format!("{},\"size\":8", sum(b"/both.txt"))),
    ]
    .map(|(name, fields)| format!("{{\"url\":\"http://127.0.0.1:{port}/{name}\",{fields}}}\n"))
    .concat();
    let program = program(list);
    fs::create_dir(program.downloads()).unwrap();
    for name in [
        "is.txt",
        "size.txt",
        "both.txt",
        "unknown.txt",
        "was.txt",
        "other.txt",
    ] {
        fs::write(program.downloads().join(name), format!("/{name}")).unwrap();
    }
    fs::write(program.downloads().join("br.gif"), flag_of_brazil()).unwrap();
    fs::write(program.downloads().join("us.gif"), "GIF").unwrap();
    let args = ["--input", "list", "--skip-existing"];
    let left = program.run([&args[..], &["--list"]].concat()).out;
    let names: Vec<_> = left
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    let requested = ["was.txt", "unknown.txt", "us.gif", "both.txt"];
    assert_eq!(names, requested);
    for strategy in STRATEGIES {
        let before = server.connections();
        let run = program.run([&args[..], &["-v", "--strategy", strategy]].concat());
        for name in ["is.txt", "size.txt", "other.txt", "br.gif"] {
            let line = format!("\n{name} already there\n");
            assert!(run.out.contains(&line), "{}", run.out);
        }
        assert!(run.out.contains("\nunknown.txt OK\n"), "{}", run.out);
        assert!(
            run.out.contains("\n4 already there.\n3 errors.\n"),
            "{}",
            run.out
        );
        assert_eq!(server.connections(), before + requested.len());
        // What is not the file in the list replaces no older file.
        assert_eq!(
            fs::read(program.downloads().join("us.gif")).unwrap(),
            b"GIF"
        );
    }
}
