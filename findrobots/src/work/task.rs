//! Several pieces as one task for an executor.

use concurrent_futures::{Task, current};
use serde::{Deserialize, Serialize};

use super::piece::{Piece, PieceReport};
use super::progress::Progress;
use super::read::read_piece;
use crate::jobs::{Job, Scanner};

/// The task that runs a [`Job`] on some pieces of files. A program that reads logs in worker processes registers
/// `Timed<ReadLogs<J>>` in its call of `serve`, for each of its jobs `J`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct ReadLogs<J: Job> {
    pub(super) job: J,
    pub(super) pieces: Vec<Piece>,
    #[serde(skip)]
    pub(super) progress: Progress,
}

/// What a task found.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Read<J: Job> {
    pub(super) partial: J::Partial,
    /// The pieces that were read, at least in part. Those that are missing were not attempted, because the run was stopped.
    pub(super) reports: Vec<PieceReport>,
}

impl<J: Job> Task for ReadLogs<J> {
    type Output = Read<J>;
    const NAME: &'static str = J::NAME;
    // 2: files that are sent.
    const VERSION: u32 = 2;

    fn run(self) -> Read<J> {
        let scanner = Scanner::new(&self.job);
        let task = current();
        let mut read = Read {
            partial: J::Partial::default(),
            reports: Vec::new(),
        };
        for piece in &self.pieces {
            if task.is_cancelled() {
                break;
            }
            let report = read_piece(piece, &scanner, &mut read.partial, &self.progress);
            read.reports.push(report);
        }
        read
    }
}
