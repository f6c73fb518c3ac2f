//! What the disk does to a run, and a run to the disk: whole flags or none, nothing left behind, nothing of others touched.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use flags::gif::check_gif;
use rustix::process::Signal;
use support::running::Running;
use support::{Program, Run, STRATEGIES, has_namespaces, listing, skip};
use test_server::{Plan, TestServer};

fn server() -> TestServer {
    TestServer::start(Plan::normal()).unwrap()
}

/// Flags of 900 KB, so that there is time to be killed in the middle of one.
fn with_large_flags(codes: &[&str]) -> (tempfile::TempDir, TestServer) {
    let folder = tempfile::tempdir().unwrap();
    for code in codes {
        let mut gif = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff".to_vec();
        let comment = [&[0x21, 0xfe, 255][..], &[b'x'; 255], &[0]].concat();
        (0..3500).for_each(|_| gif.extend_from_slice(&comment));
        gif.extend_from_slice(b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b");
        assert_eq!(check_gif(&gif), Ok(()));
        let code = code.to_lowercase();
        fs::create_dir(folder.path().join(&code)).unwrap();
        fs::write(folder.path().join(&code).join(format!("{code}.gif")), gif).unwrap();
    }
    let server = TestServer::builder()
        .flags_dir(folder.path())
        .start()
        .unwrap();
    (folder, server)
}

/// Each file with the name of a flag is a whole one; the names of the others.
fn whole_flags_and(folder: &Path) -> Vec<String> {
    let (flags, others): (Vec<_>, Vec<_>) = listing(folder)
        .into_iter()
        .partition(|name| name.ends_with(".gif"));
    for name in flags {
        assert_eq!(
            check_gif(&fs::read(folder.join(&name)).unwrap()),
            Ok(()),
            "{name}"
        );
    }
    others
}

#[test]
fn killed_at_any_moment_a_run_leaves_whole_flags_and_the_next_one_clears_up() {
    let codes: Vec<_> = ('a'..='z').map(|c| format!("b{c}")).collect();
    let codes: Vec<_> = codes.iter().map(String::as_str).collect();
    let (_folder, server) = with_large_flags(&codes);
    let program = Program::new();
    let mut temporaries = 0;
    for round in 0..20 {
        let strategy = STRATEGIES[round % 3];
        let args = [
            "-v",
            "-s",
            &server.url(),
            "b",
            "-m",
            "8",
            "--strategy",
            strategy,
        ];
        let mut running = Running::start(&program, &args);
        // Killed after the three lines of its beginning, and after another flag each time.
        for _ in 0..3 + round {
            running.line();
        }
        running.signal(Signal::KILL);
        drop(running);
        temporaries += whole_flags_and(&program.downloads()).len();
    }
    let last = program.run(["-s", &server.url(), "b"]);
    assert_eq!(last.exit, Some(0), "{}", last.err);
    // In nearly every round a flag is being written.
    assert!(temporaries > 0);
    assert_eq!(
        listing(&program.downloads()).len(),
        26,
        "no temporary file is left, of {temporaries}"
    );
}

#[test]
fn what_dead_runs_left_is_swept_and_what_others_write_or_own_is_not() {
    let server = server();
    let program = Program::new();
    let folder = program.downloads();
    fs::create_dir(&folder).unwrap();
    let at = |name: &str| folder.join(name);
    fs::write(at(".flags-123-dead.tmp"), "half a flag").unwrap();
    fs::write(
        at(".flags-1-dead.tmp"),
        "of a process that lives, and is another by now",
    )
    .unwrap();
    let alive = fs::File::create(at(".flags-123-alive.tmp")).unwrap();
    alive.lock().unwrap();
    fs::write(at("flags-123-mine.tmp"), "mine").unwrap();
    fs::write(at(".flags-notes.txt"), "mine").unwrap();
    fs::create_dir(at(".flags-folder.tmp")).unwrap();
    fs::create_dir(at(".flags-folder-dead")).unwrap();
    fs::write(at(".flags-folder-dead/br.gif"), "of a comparison").unwrap();
    symlink(at(".flags-notes.txt"), at(".flags-link.tmp")).unwrap();
    assert_eq!(program.run(["-s", &server.url(), "br"]).exit, Some(0));
    assert_eq!(
        listing(&folder),
        [
            ".flags-123-alive.tmp",
            ".flags-folder.tmp",
            ".flags-link.tmp",
            ".flags-notes.txt",
            "br.gif",
            "flags-123-mine.tmp"
        ]
    );
}

#[test]
fn a_full_disk_stops_the_run_in_order() {
    if !has_namespaces() {
        return skip("no file system of one's own: a full disk");
    }
    for strategy in STRATEGIES {
        let (_folder, server) = with_large_flags(&["aa", "ab", "ac", "ad", "ae", "af", "ag", "ah"]);
        let program = Program::new();
        fs::create_dir(program.downloads()).unwrap();
        // Room for three of them. What is there in the end is listed from inside, where alone it can be seen.
        let commands = "mount -t tmpfs -o size=3m tmpfs downloads && \"$0\" \"$@\"; code=$?; ls -A downloads >&2; exit $code";
        let mut shell = program.inside(&["unshare", "-rm", "sh", "-c", commands]);
        let list = ["aa", "ab", "ac", "ad", "ae", "af", "ag", "ah"];
        let args = ["-v", "-s", &server.url(), "-m", "1", "--strategy", strategy];
        let run = Run::of(shell.args(args).args(list));
        assert!(
            run.out.contains(
                "\n*** Error for AD: write_failed: No space left on device (os error 28)\n"
            ),
            "{}{}",
            run.out,
            run.err
        );
        assert!(
            run.out
                .contains("\n3 flags downloaded.\n1 error.\n4 not attempted.\n"),
            "{}",
            run.out
        );
        assert!(
            run.err
                .contains("*** Error: no room left in downloads: stopped, 4 codes not attempted\n"),
            "{}",
            run.err
        );
        assert!(
            run.err.ends_with("\naa.gif\nab.gif\nac.gif\n"),
            "{}",
            run.err
        );
        assert_eq!(run.exit, Some(3), "{strategy}");
        assert_eq!(
            server.stop().requests,
            4,
            "nothing is asked for that cannot be kept"
        );
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_one_line_exit_3_and_no_request() {
    let server = server();
    let program = Program::new();
    let at = |name: &str| program.folder.path().join(name);
    fs::write(at("file"), "mine").unwrap();
    symlink("nowhere", at("dangling")).unwrap();
    symlink("file", at("to-a-file")).unwrap();
    for (dest, cause) in [
        ("file", "Not a directory"),
        ("file/below", "Not a directory"),
        ("dangling", "it is a link to nowhere, which is no folder"),
        ("to-a-file", "it is a link to file, which is no folder"),
    ] {
        let run = program.run(["-s", &server.url(), "br", "--dest", dest]);
        let line = run.err.lines().next().unwrap_or_default();
        assert!(
            line.to_lowercase()
                .starts_with(&format!("*** error: cannot write {dest}: {cause}").to_lowercase()),
            "{}",
            run.err
        );
        assert_eq!(
            (run.err.lines().count(), run.out.as_str(), run.exit),
            (1, "", Some(3))
        );
    }
    assert_eq!(server.stop().requests, 0);
    assert_eq!(fs::read(at("file")).unwrap(), b"mine");
    assert!(!at("nowhere").exists());
}

#[test]
fn a_folder_on_a_read_only_disk_is_one_line_exit_3_and_no_request() {
    if !has_namespaces() {
        return skip("no file system of one's own: a read-only disk");
    }
    let server = server();
    let program = Program::new();
    fs::create_dir(program.downloads()).unwrap();
    let commands = "mount --bind downloads downloads && mount -o remount,ro,bind downloads && exec \"$0\" \"$@\"";
    let mut shell = program.inside(&["unshare", "-rm", "sh", "-c", commands]);
    let run = Run::of(shell.args(["-s", &server.url(), "br"]));
    assert!(
        run.err
            .starts_with("*** Error: cannot write downloads: Read-only file system"),
        "{}",
        run.err
    );
    assert_eq!(
        (run.err.lines().count(), run.out.as_str(), run.exit),
        (1, "", Some(3))
    );
    assert_eq!(server.stop().requests, 0);
}

#[test]
fn a_folder_without_permission_is_one_line_exit_3_and_no_request() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = server();
    let program = Program::new();
    fs::create_dir(program.downloads()).unwrap();
    let allow =
        |mode| fs::set_permissions(program.downloads(), fs::Permissions::from_mode(mode)).unwrap();
    allow(0o555);
    // To whoever owns the machine, a mode forbids nothing.
    let run = if rustix::process::geteuid().is_root() {
        fs::set_permissions(program.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut nobody = program.copied_inside(&[
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
        ]);
        Run::of(nobody.args(["-s", &server.url(), "br"]))
    } else {
        program.run(["-s", &server.url(), "br"])
    };
    allow(0o755);
    assert!(
        run.err
            .starts_with("*** Error: cannot write downloads: Permission denied"),
        "{}",
        run.err
    );
    assert_eq!(
        (run.err.lines().count(), run.out.as_str(), run.exit),
        (1, "", Some(3))
    );
    assert_eq!(server.stop().requests, 0);
}

#[test]
fn something_else_in_a_flags_place_is_the_matter_of_that_code_alone() {
    let server = server();
    for strategy in STRATEGIES {
        let program = Program::new();
        let at = |name: &str| program.downloads().join(name);
        fs::create_dir(program.downloads()).unwrap();
        fs::create_dir(at("br.gif")).unwrap();
        fs::write(program.folder.path().join("outside"), "mine").unwrap();
        fs::write(at("target"), "mine").unwrap();
        symlink("target", at("us.gif")).unwrap();
        symlink("../outside", at("de.gif")).unwrap();
        symlink("/dev/full", at("jp.gif")).unwrap();
        let run = program.run([
            "-v",
            "-s",
            &server.url(),
            "br",
            "us",
            "de",
            "jp",
            "--strategy",
            strategy,
        ]);
        assert!(
            run.out
                .contains("\n*** Error for BR: write_failed: Is a directory"),
            "{}",
            run.out
        );
        assert!(
            run.out.contains("\n3 flags downloaded.\n1 error.\n"),
            "{}",
            run.out
        );
        assert_eq!(run.exit, Some(1));
        assert_eq!(
            listing(&program.downloads()),
            ["br.gif", "de.gif", "jp.gif", "target", "us.gif"]
        );
        assert_eq!(fs::read(at("target")).unwrap(), b"mine");
        assert_eq!(
            fs::read(program.folder.path().join("outside")).unwrap(),
            b"mine"
        );
        for name in ["de.gif", "jp.gif", "us.gif"] {
            assert!(
                !fs::symlink_metadata(at(name)).unwrap().is_symlink(),
                "{name}"
            );
        }
    }
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_of_each_code_and_leaves_nothing() {
    let (_folder, server) = with_large_flags(&["aa", "ab"]);
    let program = Program::new();
    let run = Run::of(
        program
            .after("ulimit -f 8")
            .args(["-v", "-s", &server.url(), "aa", "ab"]),
    );
    assert!(
        run.out
            .contains("\n*** Error for AA: write_failed: File too large (os error 27)\n"),
        "{}{}",
        run.out,
        run.err
    );
    assert_eq!(run.exit, Some(1));
    assert!(listing(&program.downloads()).is_empty());
}

#[test]
fn a_whole_flag_that_is_there_is_not_asked_for_and_a_cut_one_is() {
    let server = server();
    for strategy in STRATEGIES {
        let program = Program::new();
        let run = program.run(["-s", &server.url(), "br", "cn", "de", "in", "us", "mx"]);
        assert_eq!(run.exit, Some(0));
        let at = |name: &str| program.downloads().join(name);
        let whole = fs::read(at("br.gif")).unwrap();
        fs::write(at("br.gif"), &whole[..whole.len() - 1]).unwrap();
        fs::write(at("cn.gif"), "").unwrap();
        fs::write(at("de.gif"), [&whole[..], b"x"].concat()).unwrap();
        fs::remove_file(at("us.gif")).unwrap();
        support::make_pipe(&at("us.gif"));
        server.reset();
        let run = program.run([
            "-v",
            "-s",
            &server.url(),
            "br",
            "cn",
            "de",
            "in",
            "us",
            "mx",
            "xx",
            "--skip-existing",
            "--strategy",
            strategy,
        ]);
        assert_eq!(
            server.stats().codes.keys().collect::<Vec<_>>(),
            ["br", "cn", "de", "us", "xx"]
        );
        for line in [
            "BR OK",
            "CN OK",
            "DE OK",
            "IN already there",
            "US OK",
            "MX already there",
            "XX not found",
        ] {
            assert!(
                run.out.contains(&format!("\n{line}\n")),
                "{line}: {}",
                run.out
            );
        }
        assert!(
            run.out
                .contains("\n4 flags downloaded.\n2 already there.\n1 not found.\n"),
            "{}",
            run.out
        );
        assert_eq!(run.exit, Some(0));
        assert_eq!(fs::read(at("br.gif")).unwrap(), whole);
        assert!(whole_flags_and(&program.downloads()).is_empty());
    }
}

#[test]
fn two_runs_into_one_folder_do_not_take_each_others_files_away() {
    let codes = ["aa", "ab", "ac", "ad", "ae", "af", "ag", "ah"];
    let (_folder, server) = with_large_flags(&codes);
    let program = Program::new();
    for _ in 0..5 {
        let start = || {
            Running::start(
                &program,
                &[
                    "-s",
                    &server.url(),
                    "aa",
                    "ab",
                    "ac",
                    "ad",
                    "ae",
                    "af",
                    "ag",
                    "ah",
                ],
            )
        };
        let runs = [start(), start(), start()];
        for run in runs {
            let run = run.end();
            assert_eq!(run.exit, Some(0), "{}{}", run.out, run.err);
        }
        assert!(whole_flags_and(&program.downloads()).is_empty());
    }
}
