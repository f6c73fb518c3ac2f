//! The processor time and memory that this process has used so far.

use serde::{Deserialize, Serialize};

/// The resources that the process of a run used, including its embedded server if it had one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Resources {
    /// The processor time in milliseconds, including system time.
    pub cpu_ms: f64,
    /// The peak memory use in bytes; `None` if the system does not report it.
    pub peak_memory: Option<u64>,
}

/// Returns the processor time and memory used since this process started, or `None` if the system does not report them.
#[cfg(unix)]
pub(crate) fn of_this_process() -> Option<Resources> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike as _;

    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let cpu = usage.user_time() + usage.system_time();
    Some(Resources {
        cpu_ms: cpu.num_microseconds() as f64 / 1000.0,
        peak_memory: peak_memory(usage.max_rss()),
    })
}

/// Returns the processor time and memory used since this process started, or `None` if the system does not report them.
#[cfg(not(unix))]
pub(crate) fn of_this_process() -> Option<Resources> {
    None
}

/// Returns the peak memory in bytes.
///
/// Does not use the value of `getrusage`: on Linux it starts at the parent's memory at the time it started this
/// process.
#[cfg(target_os = "linux")]
fn peak_memory(_max_rss: i64) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// Returns the peak memory in bytes. Apple systems report bytes, all others kilobytes.
#[cfg(all(unix, not(target_os = "linux")))]
fn peak_memory(max_rss: i64) -> Option<u64> {
    let unit = if cfg!(target_vendor = "apple") {
        1
    } else {
        1024
    };
    u64::try_from(max_rss).ok().map(|most| most * unit)
}
