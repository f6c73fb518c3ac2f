//! The processor time and memory that this process and its children have used so far.

use serde::{Deserialize, Serialize};

/// The resources that a process has used.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Resources {
    /// The processor time in milliseconds, including system time.
    pub cpu_ms: f64,
    /// The peak memory use in bytes; `None` if the system does not report it.
    pub peak_memory: Option<u64>,
}

impl Resources {
    /// Returns the resources used since this process started, or `None` if the system does not report them. Those of
    /// other processes are not included.
    pub fn of_this_process() -> Option<Self> {
        #[cfg(unix)]
        {
            use nix::sys::resource::{UsageWho, getrusage};

            let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
            Some(Self {
                cpu_ms: cpu_ms(&usage),
                peak_memory: peak_memory(usage.max_rss()),
            })
        }
        #[cfg(not(unix))]
        None
    }
}

/// Returns the processor time, in milliseconds, of the child processes that have ended and been waited for, with that of
/// their own; `None` if the system does not report it.
pub fn cpu_ms_of_ended_children() -> Option<f64> {
    #[cfg(unix)]
    {
        use nix::sys::resource::{UsageWho, getrusage};

        let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
        Some(cpu_ms(&usage))
    }
    #[cfg(not(unix))]
    None
}

#[cfg(unix)]
fn cpu_ms(usage: &nix::sys::resource::Usage) -> f64 {
    use nix::sys::time::TimeValLike as _;

    let cpu = usage.user_time() + usage.system_time();
    cpu.num_microseconds() as f64 / 1000.0
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
