//! Standard output and standard error as something else than a file: a closed pipe, a full disk, a terminal.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Stdio;

use test_server::{Plan, TestServer};

use crate::support::running::Running;
use crate::support::{Program, Run};

#[test]
fn a_reader_that_goes_away_ends_the_run_quietly() {
    let program = Program::new();
    let mut running = Running::start(&program, &["-v", "-e", "-s", "DELAY", "-m", "5"]);
    assert!(running.line().starts_with("DELAY site: "));
    drop(running.out.take());
    let run = running.wait();
    assert!(
        !run.err.contains("panic") && !run.err.contains("standard output"),
        "{}",
        run.err
    );
    assert_eq!(run.exit, Some(141));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_is_said_and_exits_3() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let program = Program::new();
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    let run = Run::of(
        program
            .command()
            .args(["-s", &server.url(), "b"])
            .stdout(full()),
    );
    assert!(
        run.err
            .contains("*** Error: cannot write to standard output: No space left on device"),
        "{}",
        run.err
    );
    assert_eq!(run.exit, Some(3));
    // Nowhere to complain either: no panic.
    let mute = Run::of(program.command().arg("br").stdout(full()).stderr(full()));
    assert_eq!(mute.exit, Some(3));
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_there_is_a_bar_unless_it_is_not_wanted() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let shown = |args: &[&str]| {
        // Not for the programs that other tests start at the same moment.
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let terminal = openpt(flags).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let window = rustix::termios::Winsize {
            ws_row: 24,
            ws_col: 100,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        rustix::termios::tcsetwinsize(&terminal, window).unwrap();
        let path = OsStr::from_bytes(name.to_bytes());
        let screen = fs::File::options()
            .read(true)
            .write(true)
            .open(path)
            .unwrap();
        let program = Program::new();
        let mut command = program.command();
        command
            .env("TERM", "xterm")
            .args(["-s", "DELAY", "br", "us", "xx"])
            .args(args);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(screen)
            .spawn()
            .unwrap();
        drop(command); // and with it the last of this end
        let mut screen = Vec::new();
        // On Linux the terminal of a program that has ended is an error to read.
        let _ = fs::File::from(terminal).read_to_end(&mut screen);
        assert_eq!(child.wait().unwrap().code(), Some(0));
        String::from_utf8(screen).unwrap()
    };
    let bar = shown(&[]);
    assert!(
        bar.contains("semaphore ") && bar.contains(" 0/3 0 ok, 0 not found, 0 errors"),
        "{bar:?}"
    );
    assert!(
        bar.contains("is served by this run") && bar.contains("2 flags saved in"),
        "{bar:?}"
    );
    let lines = shown(&["-v"]);
    assert!(
        !lines.contains("0/3") && lines.contains("2 flags saved in"),
        "{lines:?}"
    );
    assert_eq!(shown(&["-q"]), "");
}
