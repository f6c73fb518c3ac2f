//! Ranges of a list as tasks of workers on other machines, which take them from a NATS server.
//!
//! Every line of the list gets one record in the process that reads it, also if a worker ends in the middle or no result
//! arrives.
//!
//! The modules, lowest layer first; each imports only from those listed before it:
//!
//! * `wire`: items and records in the form in which they are sent
//! * `shared`: what the ranges of a worker share
//! * `range`: the task: downloads a range of the list
//! * `ranges`: gives the ranges of a list to the workers, and takes their records

use std::num::NonZeroUsize;

use concurrent_futures::Registry;

use crate::run::descriptors::Descriptors;

mod range;
mod ranges;
mod shared;
mod wire;

pub(crate) use ranges::Workers;

/// Returns the tasks of a worker, which runs up to `ranges` of them at once and divides the descriptors among them.
pub(crate) fn tasks(descriptors: Option<Descriptors>, ranges: NonZeroUsize) -> Registry {
    shared::Shared::of_this_process().divide(descriptors, ranges);
    Registry::new().with::<range::DownloadRange>()
}
