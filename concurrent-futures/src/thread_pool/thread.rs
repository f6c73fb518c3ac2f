//! The threads of a pool: how they are started, with and without a scope, and joined.

use std::io;
use std::thread::{Builder, JoinHandle, Scope, ScopedJoinHandle};

use crate::pool::Join;

/// A function that starts a thread with this name, which runs this body.
pub(super) type Start<'t> =
    Box<dyn Fn(String, Body<'t>) -> io::Result<Thread<'t>> + Send + Sync + 't>;

pub(super) type Body<'t> = Box<dyn FnOnce() + Send + 't>;

pub(super) enum Thread<'t> {
    Unscoped(JoinHandle<()>),
    Scoped(ScopedJoinHandle<'t, ()>),
}

impl Join for Thread<'_> {
    fn join(self) {
        let _ = match self {
            Self::Unscoped(thread) => thread.join(),
            Self::Scoped(thread) => thread.join(),
        };
    }
}

/// Returns a function that starts threads that own their data.
pub(super) fn start_unscoped() -> Start<'static> {
    Box::new(|name, body| {
        let thread = Builder::new().name(name).spawn(body);
        thread.map(Thread::Unscoped)
    })
}

/// Returns a function that starts threads that may borrow until the end of `scope`.
pub(super) fn start_in<'scope>(scope: &'scope Scope<'scope, '_>) -> Start<'scope> {
    Box::new(move |name, body| {
        let thread = Builder::new().name(name).spawn_scoped(scope, body);
        thread.map(Thread::Scoped)
    })
}
