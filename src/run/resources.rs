//! What this process has taken of the machine by now.

use serde::{Deserialize, Serialize};

/// What the process of a run took, its server included if it was in the same process.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Resources {
    /// Processor time, that of the system on its behalf included.
    pub cpu_ms: f64,
    /// The most memory it had, in bytes.
    pub peak_memory: Option<u64>,
}

/// Processor time and memory of this process since it began; nothing where the system does not tell.
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

/// Processor time and memory of this process since it began; nothing where the system does not tell.
#[cfg(not(unix))]
pub fn of_this_process() -> Option<Resources> {
    None
}

/// Not what `getrusage` says, which on Linux begins with what the parent had when it started this process.
#[cfg(target_os = "linux")]
fn peak_memory(_max_rss: i64) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// Apple counts in bytes, all others in kilobytes.
#[cfg(all(unix, not(target_os = "linux")))]
fn peak_memory(max_rss: i64) -> Option<u64> {
    let unit = if cfg!(target_vendor = "apple") {
        1
    } else {
        1024
    };
    u64::try_from(max_rss).ok().map(|most| most * unit)
}
