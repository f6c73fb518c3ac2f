//! Workers, each a process: this test program, started again.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nats_executor::{NatsOptions, WorkerOptions, run_worker};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use crate::tasks::registry;

/// The variable with the settings of a worker.
const VARIABLE: &str = "NATS_EXECUTOR_TEST_WORKER";

/// The settings of a worker.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) url: String,
    pub(crate) pool: String,
    pub(crate) threads: usize,
    pub(crate) max_starts: u32,
    pub(crate) max_bytes: usize,
    pub(crate) run_limit_ms: Option<u64>,
    pub(crate) root_certificates: Option<String>,
    pub(crate) client_certificate: Option<(String, String)>,
    pub(crate) credentials: Option<String>,
    /// Without a function that is called with what happens to the worker; what it prints goes to this file.
    pub(crate) log: Option<PathBuf>,
}

impl Settings {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            pool: "default".to_owned(),
            threads: 2,
            max_starts: 5,
            max_bytes: 256 << 20,
            run_limit_ms: None,
            root_certificates: None,
            client_certificate: None,
            credentials: None,
            log: None,
        }
    }
}

/// Runs as a worker, if this process was started as one.
pub(crate) fn work() {
    let Ok(settings) = std::env::var(VARIABLE) else {
        return;
    };
    let settings: Settings = serde_json::from_str(&settings).unwrap();
    let mut connection = NatsOptions::new()
        .pool(settings.pool)
        .ack_wait(Duration::from_secs(1))
        .max_starts(settings.max_starts)
        .max_bytes(settings.max_bytes);
    if let Some(file) = &settings.root_certificates {
        connection = connection.root_certificates(file);
    }
    if let Some((certificate, key)) = &settings.client_certificate {
        connection = connection.client_certificate(certificate, key);
    }
    if let Some(file) = &settings.credentials {
        connection = connection.credentials(file);
    }
    let mut options = WorkerOptions::new()
        .connection(connection)
        .threads(settings.threads);
    if settings.log.is_none() {
        options = options.on_event(|event| eprintln!("worker {}: {event}", std::process::id()));
    }
    if let Some(ms) = settings.run_limit_ms {
        options = options.run_limit(Duration::from_millis(ms));
    }
    let report = run_worker(&settings.url, registry(), options).unwrap();
    println!("{report:?}");
}

/// A worker. Dropping it kills it.
pub(crate) struct Worker(Child);

impl Worker {
    /// Starts a worker with two threads.
    pub(crate) fn start(url: &str) -> Self {
        Self::with(&Settings::new(url))
    }

    pub(crate) fn with(settings: &Settings) -> Self {
        let command = Command::new(std::env::current_exe().unwrap());
        Self::launch(command, settings)
    }

    /// Starts a worker by a command that runs the program and arguments that follow.
    pub(crate) fn inside(mut command: Command, settings: &Settings) -> Self {
        command.arg(std::env::current_exe().unwrap());
        Self::launch(command, settings)
    }

    fn launch(mut command: Command, settings: &Settings) -> Self {
        let stderr = match &settings.log {
            Some(file) => Stdio::from(File::create(file).unwrap()),
            None => Stdio::inherit(),
        };
        let child = command
            .args(["worker_process", "--exact", "--nocapture"])
            .env(VARIABLE, serde_json::to_string(settings).unwrap())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn();
        Self(child.unwrap())
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Kills the worker with SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.0.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits until the worker has ended.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.0.wait().unwrap()
    }

    /// Returns whether the worker has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
