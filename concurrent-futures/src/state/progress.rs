//! How far one task is: a single atomic byte, which decides every race between starting, settling and cancelling.
//!
//! The byte also has two flags, set by threads that watch the task. A thread sets its flag before it reads the stage, so
//! a thread that changes the stage after that read sees the flag.

use crate::sync::{AtomicU8, Ordering};

const PENDING: u8 = 0;
const RUNNING: u8 = 1;
/// Claimed by its promise without having run: it can no longer be cancelled, and is about to be finished.
const CLAIMED: u8 = 2;
/// Has its outcome, but the promise still notifies the observers, which may create handles.
const NOTIFYING: u8 = 3;
const FINISHED: u8 = 4;
const CANCELLED: u8 = 5;
const STAGE: u8 = 0b111;
const OBSERVED: u8 = 0b0_1000;
const BLOCKED: u8 = 0b1_0000;

/// The stage of a task and the flags of those that watch it.
pub(super) struct Progress(AtomicU8);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Pending,
    Running,
    Finished,
    Cancelled,
}

/// The flags of a task at the moment of a transition.
#[derive(Clone, Copy)]
pub(super) struct Flags(u8);

impl Progress {
    pub(super) fn new() -> Self {
        Self(AtomicU8::new(PENDING))
    }

    pub(super) fn stage(&self) -> Stage {
        match self.0.load(Ordering::Acquire) & STAGE {
            RUNNING => Stage::Running,
            NOTIFYING | FINISHED => Stage::Finished,
            CANCELLED => Stage::Cancelled,
            _ => Stage::Pending,
        }
    }

    /// Returns whether the task is finished and its observers are being notified.
    pub(super) fn is_notifying(&self) -> bool {
        self.0.load(Ordering::Acquire) & STAGE == NOTIFYING
    }

    /// Moves a pending task to running. Returns false if it is not pending.
    pub(super) fn begin(&self) -> bool {
        self.leave_pending(RUNNING).is_some()
    }

    /// Cancels a pending task. Returns `None` if it is not pending.
    pub(super) fn cancel(&self) -> Option<Flags> {
        self.leave_pending(CANCELLED)
    }

    /// Returns whether the task may be finished: it runs, or it was pending and can no longer be cancelled.
    pub(super) fn claim(&self) -> bool {
        self.leave_pending(CLAIMED).is_some() || self.stage() == Stage::Running
    }

    /// Finishes a task that runs or is claimed. If it is observed, [`notified`](Self::notified) must follow.
    pub(super) fn finish(&self) -> Flags {
        let finished = |flags| {
            if flags & OBSERVED != 0 {
                NOTIFYING
            } else {
                FINISHED
            }
        };
        let before = self.step(|byte| Some(finished(byte & !STAGE)));
        before.unwrap_or_else(|| unreachable!("the step is always taken"))
    }

    /// Ends the notification of the observers. Returns `None` if they are not being notified.
    pub(super) fn notified(&self) -> Option<Flags> {
        self.step(|byte| (byte & STAGE == NOTIFYING).then_some(FINISHED))
    }

    /// Marks that there is an observer, or is about to be.
    pub(super) fn set_observed(&self) {
        self.0.fetch_or(OBSERVED, Ordering::AcqRel);
    }

    /// Marks that a thread blocks, or is about to.
    pub(super) fn set_blocked(&self) {
        self.0.fetch_or(BLOCKED, Ordering::AcqRel);
    }

    pub(super) fn flags(&self) -> Flags {
        Flags(self.0.load(Ordering::Relaxed))
    }

    fn leave_pending(&self, to: u8) -> Option<Flags> {
        self.step(|byte| (byte & STAGE == PENDING).then_some(to))
    }

    /// Moves the task to the stage that `step` returns for the byte, and keeps the flags.
    fn step(&self, step: impl Fn(u8) -> Option<u8>) -> Option<Flags> {
        let step = |byte| step(byte).map(|stage| stage | (byte & !STAGE));
        let (set, fetch) = (Ordering::AcqRel, Ordering::Acquire);
        self.0.fetch_update(set, fetch, step).ok().map(Flags)
    }
}

impl Flags {
    pub(super) fn observed(self) -> bool {
        self.0 & OBSERVED != 0
    }

    pub(super) fn blocked(self) -> bool {
        self.0 & BLOCKED != 0
    }
}
