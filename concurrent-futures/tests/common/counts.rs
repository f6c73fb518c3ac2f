//! Counts the threads and descriptors of this process, for tests that nothing leaks.

use std::fs;

/// Returns the number of open descriptors, including the one that lists them.
pub(crate) fn descriptors() -> usize {
    fs::read_dir("/dev/fd").unwrap().count()
}

/// Returns the number of threads that are not about to end. A joined thread does not count, although it may still be
/// listed: before the system wakes the thread that joins, it marks the other one as ending.
///
/// No thread may be started meanwhile.
#[cfg(target_os = "linux")]
pub(crate) fn threads() -> usize {
    loop {
        let expected = threads_in_status();
        let tasks = fs::read_dir("/proc/self/task").unwrap();
        let listed: Vec<_> = tasks.map(|task| task.unwrap().path()).collect();
        // A thread that ends while the system lists it hides those behind it. A complete list has all threads that
        // there were before.
        if listed.len() == expected {
            break listed.iter().filter(|task| !is_ending(task)).count();
        }
    }
}

/// Only Linux lists the threads.
#[cfg(not(target_os = "linux"))]
pub(crate) fn threads() -> usize {
    0
}

/// Returns the system's count of the threads, including those that are ending.
#[cfg(target_os = "linux")]
fn threads_in_status() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let mut lines = status.lines();
    let threads = lines.find_map(|line| line.strip_prefix("Threads:"));
    threads.unwrap().trim().parse().unwrap()
}

/// Returns whether a thread has begun to end, or has ended.
#[cfg(target_os = "linux")]
fn is_ending(task: &std::path::Path) -> bool {
    use rustix::io::Errno;

    /// The flag `PF_EXITING` of the kernel.
    const EXITING: u32 = 0x4;
    let stat = match fs::read_to_string(task.join("stat")) {
        Ok(stat) => stat,
        Err(error) => {
            let errno = Errno::from_io_error(&error);
            assert!(matches!(errno, Some(Errno::NOENT | Errno::SRCH)), "{error}");
            return true;
        }
    };
    // The name of the thread, in parentheses, may contain spaces and parentheses. The flags are the seventh field after
    // it.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let flags = fields.split_whitespace().nth(6).unwrap();
    flags.parse::<u32>().unwrap() & EXITING != 0
}
