//! SIGINT and SIGTERM: the first ends the run with its summary, the second ends the process at once.

use rustix::process::Signal;
use test_server::{Plan, TestServer};

use crate::support::running::Running;
use crate::support::{Program, listing, wait_until};

#[test]
fn a_signal_ends_the_run_with_its_summary_and_no_incomplete_file() {
    for (signal, exit) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let server = TestServer::start(Plan::hold_until(100)).unwrap();
        let program = Program::new();
        let running = Running::start(&program, &["-s", &server.url(), "b", "-m", "3"]);
        wait_until(|| server.stats().in_flight == 3);
        running.signal(signal);
        let run = running.wait();
        assert!(
            run.out
                .contains("\n0 flags downloaded.\n3 errors.\n23 not attempted.\n"),
            "{}",
            run.out
        );
        assert!(
            run.err
                .contains("interrupted: stopped before the answer was complete: 3 codes\n")
        );
        assert_eq!(run.exit, Some(exit));
        assert!(listing(&program.downloads()).is_empty());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_second_signal_ends_a_run_that_is_blocked_on_its_output() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let program = Program::new();
    // The test does not read the pipe. 676 lines do not fit into the smallest pipe, so the run blocks on writing.
    let (reader, writer) = std::io::pipe().unwrap();
    let room = rustix::pipe::fcntl_setpipe_size(&reader, 4096).unwrap();
    let mut command = program.command();
    let child = command
        .args(["-q", "-v", "-e", "-s", &server.url()])
        .stdout(writer)
        .spawn()
        .unwrap();
    let mut running = Running { child, out: None };
    wait_until(|| rustix::io::ioctl_fionread(&reader).unwrap() as usize >= room - 64);
    running.signal(Signal::TERM);
    running.signal(Signal::INT);
    let exit = running.child.wait().unwrap().code();
    assert!(matches!(exit, Some(130 | 143)), "{exit:?}");
}
