//! Reacts to a stop while another thread is blocked in the work that is to be stopped.

use std::io;
use std::thread;

use tokio::runtime;
use tokio_util::sync::CancellationToken;

/// Calls `work` and returns its value. If `stop` is cancelled meanwhile, calls `react` in another thread, once.
///
/// # Errors
/// If that thread cannot be started. `work` is then not called.
pub(crate) fn on_stop<T>(
    stop: &CancellationToken,
    react: impl FnOnce() + Send,
    work: impl FnOnce() -> T,
) -> io::Result<T> {
    let runtime = runtime::Builder::new_current_thread().build()?;
    // Cancelled with `stop`, or when the work is over.
    let over = stop.child_token();
    thread::scope(|scope| {
        let watch = {
            let over = over.clone();
            move || {
                runtime.block_on(over.cancelled());
                if stop.is_cancelled() {
                    react();
                }
            }
        };
        thread::Builder::new()
            .name("stop-watch".to_owned())
            .spawn_scoped(scope, watch)?;
        // Cancels `over` also if `work` panics; otherwise the scope would wait for ever.
        let _guard = over.drop_guard();
        Ok(work())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn the_work_can_wait_for_the_reaction() {
        let stop = CancellationToken::new();
        let (sender, reacted) = mpsc::channel();
        let react = || sender.send(()).unwrap();
        let work = || {
            stop.cancel();
            reacted.recv().unwrap();
            42
        };
        assert_eq!(on_stop(&stop, react, work).unwrap(), 42);
    }

    #[test]
    fn without_a_stop_there_is_no_reaction() {
        let stop = CancellationToken::new();
        let value = on_stop(&stop, || panic!("not stopped"), || 42);
        assert_eq!(value.unwrap(), 42);
    }
}
