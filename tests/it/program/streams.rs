//! Standard output and standard error as a closed pipe, a full disk and a terminal.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command, Stdio};

use flags::report::Report;
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

/// Runs the program with a pipe for 4,096 bytes as the stream that `redirect` sets. The pipe does not block, as another
/// program can arrange, and it is read only when it is full. Returns what the reader got.
#[cfg(target_os = "linux")]
fn through_nonblocking_pipe(
    command: &mut Command,
    redirect: fn(&mut Command, OwnedFd) -> &mut Command,
) -> (Option<i32>, String) {
    use rustix::fs::{OFlags, fcntl_setfl};
    use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};

    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    // A line that does not fit is not written in part, so the last bytes stay free.
    let full = fcntl_setpipe_size(&writer, 4096).unwrap() as u64 - 100;
    fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    let child = redirect(command, writer).spawn().unwrap();
    // The command holds a copy of the pipe's end.
    redirect(command, rustix::io::dup(&reader).unwrap());
    let mut running = Running { child, out: None };
    let _watchdog = running.watchdog();
    while rustix::io::ioctl_fionread(&reader).unwrap() < full
        && running.child.try_wait().unwrap().is_none()
    {
        std::thread::yield_now();
    }
    let mut text = String::new();
    fs::File::from(reader).read_to_string(&mut text).unwrap();
    (running.child.wait().unwrap().code(), text)
}

#[cfg(target_os = "linux")]
#[test]
fn a_stream_that_another_program_made_nonblocking_is_written_to_its_end() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let program = Program::new();
    let url = server.url();
    let mut json = program.command();
    json.args(["-s", &url, "-q", "a", "b", "--report", "-"]);
    json.stderr(Stdio::null());
    let (exit, text) = through_nonblocking_pipe(&mut json, |command, pipe| command.stdout(pipe));
    let report: Report = serde_json::from_str(&text).unwrap();
    assert_eq!((exit, report.runs[0].records.len()), (Some(0), 52));

    let mut lines = program.command();
    lines.args(["-s", &url, "-v", "--every", "--report", "-"]);
    lines.stdout(Stdio::null());
    let (exit, text) = through_nonblocking_pipe(&mut lines, |command, pipe| command.stderr(pipe));
    let codes = text
        .lines()
        .filter(|line| line.ends_with(" OK") || line.ends_with("not found"));
    assert_eq!((exit, codes.count()), (Some(0), 676));
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
