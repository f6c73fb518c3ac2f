//! Runs the same tasks on a choice of executors, measures each run, and compares them. What the programs for CPU-bound work
//! of this workspace share; knows nothing of their tasks.
//!
//! A program describes its work as tasks that can be sent to another process ([`PortableTask`](concurrent_futures::PortableTask)).
//! [`run()`] runs them one after another, on threads or on processes, and [`run_on`] also on other machines. [`compare()`] does that for several series, each run in
//! a process of its own, and [`write_reports`] writes the result.
//!
//! The modules, lowest layer first; each imports only from those listed before it:
//!
//! * `series`: an executor with its number of workers
//! * `cluster`: where the workers of a run on other machines get their tasks
//! * `sequential`: an executor that runs each task at once, in the thread that submits it
//! * `clock`: one time axis for all processes
//! * `timed`: a task that reports when it ran, and on which worker
//! * `map_reduce`: the results of many tasks, reduced as they complete, on any executor
//! * `on_stop`: reacts to a stop while another thread is blocked in the work
//! * `run`: one measured run
//! * `compare`: several runs side by side
//! * `report`: the files of `--report`
//! * `setup`: what a program prepares before its run or comparison
//! * `args`: the command-line options that select a run or a comparison
//! * `nats_args`: those of programs whose tasks may run on other machines (feature `nats`)

mod args;
mod clock;
mod cluster;
mod compare;
mod map_reduce;
#[cfg(feature = "nats")]
mod nats_args;
mod on_stop;
mod report;
mod run;
mod sequential;
mod series;
mod setup;
mod timed;

pub use args::{Invalid, Mode, SeriesArgs};
#[cfg(feature = "nats")]
pub use cluster::PoolWatch;
pub use cluster::{Cluster, NatsUrl};
pub use compare::{Compared, Measure, Measured, Plan, Workload, compare, next_in_words};
pub use map_reduce::map_reduce;
#[cfg(feature = "nats")]
pub use nats_args::NatsArgs;
pub use report::{ReportFormat, write_reports};
pub use run::{RunError, RunOptions, RunTotals, named_run, run, run_on};
pub use sequential::SequentialExecutor;
pub use series::{ExecutorKind, Series};
pub use setup::{Setup, print_usage};
pub use timed::{Timed, Timing, Worker};
