//! Runs that are killed, and runs beside each other: what they leave in the folder, and what they take away.

use std::fs;
use std::os::unix::fs::symlink;

use rustix::process::Signal;
use test_server::{Plan, TestServer};

use super::{whole_flags_and, with_large_flags};
use crate::support::running::Running;
use crate::support::{Program, STRATEGIES, listing};

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
    let server = TestServer::start(Plan::normal()).unwrap();
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
            let run = run.wait();
            assert_eq!(run.exit, Some(0), "{}{}", run.out, run.err);
        }
        assert!(whole_flags_and(&program.downloads()).is_empty());
    }
}
