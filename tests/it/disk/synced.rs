//! `--fsync`: what is on the disk before it counts as saved, as the system calls of a run show it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::serve_large_flags;
use crate::support::{Program, Run, STRATEGIES, listing, server, skip};

/// Whether this machine can trace the system calls of a program.
fn has_strace() -> bool {
    let traced = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .output();
    traced.is_ok_and(|output| output.status.success())
}

/// Runs the program with these arguments, and returns what it has synced, in order: a folder, or the folder of a temporary
/// file with `*` for its name.
fn synced_by(program: &Program, args: &[&str]) -> Vec<PathBuf> {
    let trace = program.folder.path().join("trace");
    let outer = ["strace", "-f", "-y", "-e", "trace=fsync,fdatasync", "-o"];
    let outer = [&outer[..], &[trace.to_str().unwrap()]].concat();
    let run = Run::of(program.inside(&outer).args(args));
    assert_eq!(run.exit, Some(0), "{}", run.err);
    let trace = fs::read_to_string(trace).unwrap();
    // Such as `123 fsync(5</home/me/downloads>) = 0`.
    let paths = trace.lines().filter_map(|line| {
        let (_, path) = line.split_once("sync(")?.1.split_once('<')?;
        Some(Path::new(path.split_once('>')?.0))
    });
    let paths = paths.map(|path| match path.extension() {
        Some(extension) if extension == "tmp" => path.with_file_name("*"),
        _ => path.to_owned(),
    });
    paths.collect()
}

#[test]
fn each_flag_and_report_is_synced_and_so_is_each_folder_that_gets_a_new_name() {
    if !has_strace() {
        return skip("no strace: what is synced");
    }
    let (_folder, server) = serve_large_flags(&["aa", "ab"]);
    for strategy in STRATEGIES {
        let program = Program::new();
        let url = server.url();
        let args = ["-s", &url, "--strategy", strategy, "aa", "ab"];
        let args = [&args[..], &["--dest", "new/flags", "--report", "r.json"]].concat();
        let top = fs::canonicalize(program.folder.path()).unwrap();
        assert!(synced_by(&program, &args).is_empty(), "{strategy}");
        fs::remove_dir_all(top.join("new")).unwrap();

        let mut synced = synced_by(&program, &[&args[..], &["--fsync"]].concat());
        let (new, flags) = (top.join("new"), top.join("new/flags"));
        assert_eq!(synced.len(), 8, "{strategy}: {synced:?}");
        // The folders are created before the first flag, and the report is written after the last one.
        synced[2..6].sort();
        let file = flags.join("*");
        let expected = [
            &new,
            &top,
            &flags,
            &flags,
            &file,
            &file,
            &top.join("*"),
            &top,
        ];
        assert!(synced.iter().eq(expected), "{strategy}: {synced:?}");
        assert_eq!(listing(&flags), ["aa.gif", "ab.gif"]);
    }
}

#[test]
fn a_flag_whose_folder_cannot_be_synced_is_not_put_in_its_place() {
    let server = server("");
    let program = Program::new();
    fs::create_dir(program.downloads()).unwrap();
    let allow =
        |mode| fs::set_permissions(program.downloads(), fs::Permissions::from_mode(mode)).unwrap();
    // Files can be created in it, and it cannot be opened.
    allow(0o333);
    let args = ["-v", "-s", &server.url(), "br", "--fsync"];
    let run = Run::of(program.command_of_a_user().args(args));
    allow(0o755);
    let expected = "*** Error for BR: write_failed: Permission denied";
    assert!(run.out.contains(expected), "{}{}", run.out, run.err);
    assert!(listing(&program.downloads()).is_empty());
}
