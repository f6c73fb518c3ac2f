//! Killed runs and concurrent runs: which files they leave in the folder, and which they remove.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use test_server::{Plan, TestServer};

use super::{check_flags_and_list_others, serve_large_flags};
use crate::support::running::Running;
use crate::support::{Program, STRATEGIES, listing};

#[test]
fn a_killed_run_leaves_only_complete_flags_and_the_next_run_removes_temporary_files() {
    let codes: Vec<_> = ('a'..='z').map(|c| format!("b{c}")).collect();
    let codes: Vec<_> = codes.iter().map(String::as_str).collect();
    let (_folder, server) = serve_large_flags(&codes);
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
        // Killed after its three opening lines and one more code in each round.
        for _ in 0..3 + round {
            running.line();
        }
        running.signal(Signal::KILL);
        drop(running);
        temporaries += check_flags_and_list_others(&program.downloads()).len();
    }
    let last = program.run(["-s", &server.url(), "b"]);
    assert_eq!(last.exit, Some(0), "{}", last.err);
    // In nearly every round a flag is being written when the run is killed.
    assert!(temporaries > 0);
    assert_eq!(
        listing(&program.downloads()).len(),
        26,
        "the next run removed all {temporaries} temporary files"
    );
}

#[test]
fn a_run_removes_temporary_files_of_dead_runs_and_no_other_files() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let program = Program::new();
    let folder = program.downloads();
    fs::create_dir(&folder).unwrap();
    let at = |name: &str| folder.join(name);
    fs::write(at(".flags-123-dead.tmp"), "half a flag").unwrap();
    fs::write(
        at(".flags-1-dead.tmp"),
        "left by a dead run whose process id another process has now",
    )
    .unwrap();
    let alive = fs::File::create(at(".flags-123-alive.tmp")).unwrap();
    alive.lock().unwrap();
    fs::write(at("flags-123-mine.tmp"), "mine").unwrap();
    fs::write(at(".flags-notes.txt"), "mine").unwrap();
    fs::create_dir(at(".flags-folder.tmp")).unwrap();
    let dead = leave_temporary_folder(&folder);
    fs::create_dir(at(".flags-folder-mine")).unwrap();
    fs::write(at(".flags-folder-mine/important"), "mine").unwrap();
    fs::write(at(".flags-notes.tmp"), "mine").unwrap();
    symlink(at(".flags-notes.txt"), at(".flags-link.tmp")).unwrap();
    assert_eq!(program.run(["-s", &server.url(), "br"]).exit, Some(0));
    assert!(!dead.exists());
    assert!(at(".flags-folder-mine/important").exists());
    assert_eq!(
        listing(&folder),
        [
            ".flags-123-alive.tmp",
            ".flags-folder-mine",
            ".flags-folder.tmp",
            ".flags-link.tmp",
            ".flags-notes.tmp",
            ".flags-notes.txt",
            "br.gif",
            "flags-123-mine.tmp"
        ]
    );
}

/// Leaves the temporary folder of a comparison as a killed one does: marked, with a flag in it, and not locked.
fn leave_temporary_folder(folder: &Path) -> PathBuf {
    let alive = program::Files::of("flags")
        .temporary_folder(folder)
        .unwrap();
    fs::write(alive.path().join("br.gif"), "of a comparison").unwrap();
    let marked = alive.path().parent().unwrap();
    let mark = listing(marked)
        .into_iter()
        .find(|name| name.starts_with('.'))
        .unwrap();
    let dead = folder.join(".flags-folder-dead12");
    fs::create_dir_all(dead.join("content")).unwrap();
    fs::copy(marked.join(&mark), dead.join(&mark)).unwrap();
    fs::write(dead.join("content/br.gif"), "of a comparison").unwrap();
    dead
}

#[test]
fn concurrent_runs_into_one_folder_do_not_remove_each_others_files() {
    let codes = ["aa", "ab", "ac", "ad", "ae", "af", "ag", "ah"];
    let (_folder, server) = serve_large_flags(&codes);
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
        assert!(check_flags_and_list_others(&program.downloads()).is_empty());
    }
}
