//! Nothing is left of processes and pipes: no thread, no descriptor, no zombie.

use multiprocessing::{Process, pipe};

use crate::tasks::*;
use crate::tests;

tests! {
    many_processes_leave_nothing_behind,
}

/// A program of its own, because other tests use processes at the same time.
fn many_processes_leave_nothing_behind() {
    const ALONE: &str = "MULTIPROCESSING_TEST_ALONE";
    if std::env::var_os(ALONE).is_none() {
        let mut program = std::process::Command::new(std::env::current_exe().unwrap());
        program.args(["leaks::many_processes_leave_nothing_behind", "--exact"]);
        let output = program.env(ALONE, "1").output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && printed.contains("1 passed"),
            "{output:?}"
        );
        return;
    }
    use_some(0);
    let before = descriptors();
    (0..40).for_each(use_some);
    assert_eq!(descriptors(), before);
    assert!(rustix::process::wait(rustix::process::WaitOptions::NOHANG).is_err());
}

fn use_some(round: usize) {
    let (here, there) = pipe::<u64, u64>().unwrap();
    let double = Process::spawn(Double(there)).unwrap();
    let (held, pipe) = held();
    match round % 3 {
        0 => held.kill().unwrap(),
        1 => drop(pipe),
        _ => held.terminate().unwrap(),
    }
    here.send(1).unwrap();
    assert_eq!(here.recv().unwrap(), 2);
    drop(here);
    double.join();
    held.join();
}

fn descriptors() -> usize {
    std::fs::read_dir("/dev/fd").unwrap().count()
}
