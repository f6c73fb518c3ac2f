//! Standard input and standard output.

use std::fs::File;
use std::process::Stdio;

use crate::support::log::misses;
use crate::support::pack::{bgzf, bgzf_blocks, gzip, xz, zstd};
use crate::support::running::Running;
use crate::support::{EXECUTORS, Folder, Run, hit, hits};

#[test]
fn standard_input_is_read_in_any_format_on_each_executor() {
    let folder = Folder::new();
    folder.write("x.log", hit("x"));
    let text = [hit("a"), misses(3_000_000), hit("z")].concat();
    let gzip = gzip(&text);
    for input in [
        &text[..],
        &gzip,
        &bgzf(&text, 60_000),
        &zstd(&text),
        &xz(&text, 1),
    ] {
        for executor in EXECUTORS {
            let mut command = folder.command();
            let run = Run::of(
                command.args(["-q", "--executor", executor, "-", "x.log"]),
                input,
            );
            run.assert(executor, &["a", "x", "z"], "", 0);
        }
    }
    let run = Run::of(folder.command().args(["-q", "-"]), &gzip[..gzip.len() - 5]);
    let error = format!(
        "*** Error: -: the file is truncated at byte {}\n",
        gzip.len() - 5
    );
    run.assert("truncated", &["a", "z"], &error, 1);
}

#[test]
fn a_damaged_block_of_bgzf_costs_only_itself_on_standard_input_too() {
    let folder = Folder::new();
    let text = [hit("a"), misses(3_000_000), hit("z")].concat();
    let mut blocks = bgzf_blocks(&text, 60_000, 6);
    blocks[20][18] = 0xff;
    let place = blocks[..20].concat().len() + 19;
    let run = Run::of(folder.command().args(["-q", "-"]), &blocks.concat());
    let error = format!("*** Error: -: the compressed data is corrupt at byte {place}\n");
    run.assert("damaged", &["a", "z"], &error, 1);
}

#[test]
fn an_empty_or_closed_standard_input_is_an_empty_log() {
    let folder = Folder::new();
    folder
        .run_on("threads", &["-"])
        .assert("/dev/null", &[], "", 0);
    folder
        .run_on("threads", &["/dev/null"])
        .assert("a device", &[], "", 0);
    let mut shell = std::process::Command::new("sh");
    shell.args([
        "-c",
        "exec \"$0\" -q - <&-",
        env!("CARGO_BIN_EXE_findrobots"),
    ]);
    Run::of(&mut shell, b"").assert("closed", &[], "", 0);
    // A file as standard input, and twice: it is at its end the second time.
    let path = folder.write("x.log", hits(&["a", "b"]));
    let mut command = folder.command();
    command
        .args(["-q", "--count", "-", "-"])
        .stdin(File::open(path).unwrap());
    let run = Run::of(&mut command, b"");
    run.assert("a file, twice", &["1 a", "1 b"], "", 0);
}

/// Runs the program with this standard output. Returns standard error and the exit code.
fn run_into(stdout: impl Into<Stdio>, args: &[&str]) -> (String, Option<i32>) {
    let folder = Folder::new();
    folder.write("x.log", hit("x"));
    let mut command = folder.command();
    let command = command.args(args).stdout(stdout).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let run = Running { child }.wait();
    (run.err, run.exit)
}

#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    for args in [
        &["-q", "x.log"][..],
        &["-q", "--json", "x.log"],
        &["--help"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        assert_eq!(
            run_into(writer, args),
            (String::new(), Some(141)),
            "{args:?}"
        );
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let error =
        "*** Error: cannot write to standard output: No space left on device (os error 28)\n";
    assert_eq!(
        run_into(full, &["-q", "x.log"]),
        (error.to_owned(), Some(3))
    );
}
