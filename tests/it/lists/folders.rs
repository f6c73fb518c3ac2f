//! `--keep-paths`: folders as in the URLs, below the folder for downloads and never outside of it.

use std::fs;
use std::path::Path;

use super::{list, program, site};
use crate::support::raw::{RawServer, ok};
use crate::support::{Program, STRATEGIES, listing};

/// Returns the paths of all files below a folder, sorted. Does not follow links.
fn files_below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            match path.symlink_metadata().unwrap().is_dir() {
                true => folders.push(path),
                false => {
                    let relative = path.strip_prefix(folder).unwrap();
                    files.push(relative.to_str().unwrap().to_owned());
                }
            }
        }
    }
    files.sort();
    files
}

/// Starts a server that has every path, with the path as its content.
fn everything() -> RawServer {
    RawServer::deciding(|head, _| ok(head.split(' ').nth(1).unwrap_or_default().as_bytes()))
}

#[test]
fn files_are_saved_in_folders_as_in_their_urls_below_the_destination() {
    let server = everything();
    let host = format!("127.0.0.1_{}", server.port());
    let paths = [
        "a/b.txt",
        "a",
        "a/b.txt/c",
        "%2e%2e/..%2F..%2Fup",
        "x//y/",
        "z\tmy/own/name",
        "z\t../out",
        "z\t/out",
        "z\tmy",
    ];
    for strategy in STRATEGIES {
        let program = program(list(&server, &paths));
        let args = ["--input", "list", "--keep-paths", "-v"];
        let run = program.run([&args[..], &["--strategy", strategy]].concat());
        let mut expected = [
            format!("{host}/a/b.txt"),
            format!("{host}/a.2"),
            format!("{host}/a/b.2.txt/c"),
            format!("{host}/_.._.._up"),
            format!("{host}/x/y/index"),
            "my/own/name".to_owned(),
            "my.2".to_owned(),
        ];
        assert!(
            run.out.contains(&format!("\n{host}/a/b.2.txt/c OK\n")),
            "{}",
            run.out
        );
        expected.sort();
        assert_eq!(files_below(&program.downloads()), expected, "{strategy}");
        assert_eq!(listing(program.folder.path()), ["downloads", "list"]);
        for line in [
            "*** Error for line 7: bad_line: the file name begins with a dot, or ends with a dot or a space",
            "*** Error for line 8: bad_line: the file name is empty",
        ] {
            assert!(run.out.contains(&format!("\n{line}\n")), "{}", run.out);
        }
        let nested = program.downloads().join(&host).join("a/b.2.txt/c");
        assert_eq!(fs::read(nested).unwrap(), b"/a/b.txt/c");
    }
}

#[test]
fn a_failed_download_creates_no_folder_and_a_large_one_leaves_no_temporary_file() {
    let server = RawServer::deciding(|head, _| match head.contains("/large ") {
        true => ok(&vec![b'x'; 3 << 20]),
        false => {
            b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_vec()
        }
    });
    let program = program(list(&server, &["none/a.txt", "some/large"]));
    let run = program.run(["--input", "list", "--keep-paths", "--fsync"]);
    let host = format!("127.0.0.1_{}", server.port());
    assert!(
        run.out.contains("\n1 file downloaded.\n1 not found.\n"),
        "{}",
        run.out
    );
    assert_eq!(listing(&program.downloads().join(&host)), ["some"]);
    assert_eq!(
        files_below(&program.downloads()),
        [format!("{host}/some/large")]
    );
}

#[test]
fn skip_existing_finds_files_in_folders() {
    let server = site();
    let program = program(list(&server, &["a/b.gif", "c/b.gif"]));
    let args = ["--input", "list", "--keep-paths", "--skip-existing"];
    assert!(program.run(args).out.contains("\n2 files downloaded.\n"));
    let run = program.run(args);
    assert!(run.out.contains("\n2 already there.\n"), "{}", run.out);
    assert_eq!(server.connections(), 2);
}

#[test]
fn keep_paths_needs_a_list() {
    let run = Program::new().run(["--keep-paths", "br"]);
    assert_eq!(
        run.err.lines().next(),
        Some("*** Usage error: --keep-paths needs --input FILE")
    );
    assert_eq!(run.exit, Some(2));
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;
    use crate::support::Run;

    #[test]
    fn a_link_in_place_of_a_folder_is_not_followed_and_files_in_place_of_folders_stay() {
        let server = everything();
        let host = format!("127.0.0.1_{}", server.port());
        for strategy in STRATEGIES {
            let program = program(list(&server, &["out/a", "deep/out/a", "file/a", "own/a"]));
            let outside = program.folder.path().join("outside");
            let inside = program.downloads().join(&host);
            fs::create_dir(&outside).unwrap();
            fs::create_dir_all(inside.join("deep")).unwrap();
            fs::create_dir(inside.join("own")).unwrap();
            fs::write(inside.join("file"), "mine").unwrap();
            fs::write(outside.join("target"), "mine").unwrap();
            symlink(&outside, inside.join("out")).unwrap();
            symlink("../..", inside.join("deep/out")).unwrap();
            symlink(outside.join("target"), inside.join("own/a")).unwrap();
            let args = [
                "--input",
                "list",
                "--keep-paths",
                "-v",
                "--strategy",
                strategy,
            ];
            let run = program.run(args);
            for (name, cause) in [
                ("out/a", "out is a link, which is not followed"),
                ("deep/out/a", "deep/out is a link, which is not followed"),
                ("file/a", "file is a file, not a folder"),
            ] {
                let line = format!("\n*** Error for {host}/{name}: write_failed: {host}/{cause}\n");
                assert!(run.out.contains(&line), "{}", run.out);
            }
            assert!(
                run.out.contains(&format!("\n{host}/own/a OK\n")),
                "{}",
                run.out
            );
            assert_eq!(run.exit, Some(1));
            assert_eq!(files_below(&outside), ["target"]);
            assert_eq!(fs::read(outside.join("target")).unwrap(), b"mine");
            assert_eq!(fs::read(inside.join("file")).unwrap(), b"mine");
            // The link of the file's own name is replaced.
            assert_eq!(fs::read(inside.join("own/a")).unwrap(), b"/own/a");
            assert_eq!(
                files_below(&program.downloads()),
                ["deep/out", "file", "out", "own/a"].map(|name| format!("{host}/{name}"))
            );
        }
    }

    #[test]
    fn a_folder_that_becomes_a_link_during_the_run_is_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let (outside, dest) = (root.path().join("outside"), root.path().join("dest"));
        fs::create_dir(&outside).unwrap();
        let (target, within) = (outside.clone(), dest.clone());
        // The first answer is saved before the second request. That makes a link of its folder.
        let server = RawServer::deciding(move |head, port| {
            let path = within.join(format!("127.0.0.1_{port}")).join("a");
            if head.contains("/second ") {
                fs::rename(&path, path.with_extension("moved")).unwrap();
                symlink(&target, &path).unwrap();
            }
            ok(b"bytes")
        });
        let program = program(list(&server, &["a/first", "a/second"]));
        let dest = dest.to_str().unwrap();
        let args = [
            "--input",
            "list",
            "--keep-paths",
            "--strategy",
            "sequential",
        ];
        let run = program.run([&args[..], &["--dest", dest]].concat());
        assert!(
            run.out.contains("\n1 file downloaded.\n1 error.\n"),
            "{}",
            run.out
        );
        assert!(
            run.err.contains("/a is a link, which is not followed"),
            "{}",
            run.err
        );
        assert!(listing(&outside).is_empty());
    }

    #[test]
    fn with_few_descriptors_all_files_arrive_in_their_folders() {
        let server = everything();
        let paths: Vec<_> = (0..200).map(|i| format!("a/b{i}/c{i}/d")).collect();
        let paths: Vec<_> = paths.iter().map(String::as_str).collect();
        for (strategy, limit) in [("threadpool", 100), ("semaphore", 28)] {
            let program = program(list(&server, &paths));
            let mut shell = program.after(&format!("ulimit -n {limit}"));
            let args = ["--input", "list", "--keep-paths", "-m", "1000"];
            let run = Run::of(shell.args(args).args(["--strategy", strategy]));
            assert_eq!(run.exit, Some(0), "{strategy}: {}", run.err);
            assert_eq!(files_below(&program.downloads()).len(), 200);
        }
    }

    /// Returns a line with a URL or a name made of parts that lead astray.
    fn line(port: u16) -> impl Strategy<Value = String> {
        let part = "(a|b|\\.\\.|\\.|%2e%2e|%2f|%2F\\.\\.%2F|%5c|%00|link|up|file| |\\PC){0,3}";
        let parts = proptest::collection::vec(part, 0..5);
        (parts, proptest::option::of("[ab./ ]{0,6}")).prop_map(move |(parts, name)| {
            let name = name.map_or_else(String::new, |name| format!("\t{name}"));
            let path = parts.join("/").replace(['\t', '\n', '\r'], "");
            format!("http://127.0.0.1:{port}/{path}{name}\n")
        })
    }

    #[test]
    fn nothing_is_ever_written_outside_of_the_destination() {
        let server = everything();
        let port = server.port();
        let lists = proptest::collection::vec(line(port), 1..40);
        let mut runner = TestRunner::new(Config::with_cases(24));
        let ran = runner.run(&lists, |lines| {
            let program = program(lines.concat());
            let (dest, outside) = (program.downloads(), program.folder.path().join("outside"));
            fs::create_dir(&outside).unwrap();
            let host = dest.join(format!("127.0.0.1_{port}"));
            for folder in [&dest, &host, &host.join("a")] {
                fs::create_dir(folder).unwrap();
                symlink(&outside, folder.join("link")).unwrap();
                symlink("..", folder.join("up")).unwrap();
                symlink(outside.join("new"), folder.join("file")).unwrap();
            }
            let run = program.run(["--input", "list", "--keep-paths"]);
            prop_assert!(run.exit.is_some_and(|exit| exit <= 1), "{}", run.err);
            prop_assert_eq!(listing(&outside), [""; 0]);
            prop_assert_eq!(
                listing(program.folder.path()),
                ["downloads", "list", "outside"]
            );
            let leftovers = files_below(&dest).into_iter();
            let leftovers: Vec<_> = leftovers.filter(|name| name.contains(".flags-")).collect();
            prop_assert_eq!(leftovers, [""; 0]);
            Ok(())
        });
        ran.unwrap();
    }

    #[test]
    fn skip_existing_does_not_look_through_a_link() {
        let server = site();
        let host = format!("127.0.0.1_{}", server.port());
        let program = program(list(&server, &["a/b.gif"]));
        let args = ["--input", "list", "--keep-paths", "--skip-existing"];
        assert_eq!(program.run(args).exit, Some(0));
        let folder = program.downloads().join(host).join("a");
        let moved = program.folder.path().join("moved");
        fs::rename(&folder, &moved).unwrap();
        symlink(&moved, &folder).unwrap();
        let run = program.run(args);
        assert!(
            run.err.contains("/a is a link, which is not followed"),
            "{}",
            run.err
        );
    }
}
