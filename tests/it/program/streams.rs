//! Standard output and standard error as a closed pipe, a full disk and a terminal.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Stdio;

use test_server::{Plan, TestServer};

use crate::support::running::Running;
use crate::support::{Program, Run};

#[test]
fn a_closed_pipe_on_standard_output_ends_the_run_without_a_message() {
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
fn a_full_disk_on_standard_output_is_an_error_and_exits_3() {
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
    // Standard error is full as well: the error cannot be printed, and there is no panic.
    let mute = Run::of(program.command().arg("br").stdout(full()).stderr(full()));
    assert_eq!(mute.exit, Some(3));
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_a_bar_unless_verbose_or_quiet() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let shown = |args: &[&str]| {
        // Close-on-exec, so that programs started by other tests at the same moment do not inherit it.
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
        drop(command); // closes the last copy of the screen in this process
        let mut screen = Vec::new();
        // On Linux, reading the terminal of a process that has ended returns an error.
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
