//! What a running task learns about its executor.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;

use portable_task::{Context, current, with_context};

#[derive(Default)]
struct Recorder(Mutex<Vec<(u64, Option<u64>)>>);

impl Context for Recorder {
    fn is_cancelled(&self) -> bool {
        true
    }

    fn report_progress(&self, done: u64, total: Option<u64>) {
        self.0.lock().unwrap().push((done, total));
    }
}

#[test]
fn progress_reaches_the_executor_of_the_task_and_no_other() {
    let (outer, inner) = (Arc::new(Recorder::default()), Arc::new(Recorder::default()));
    with_context(outer.clone(), || {
        current().report_progress(1, None);
        with_context(inner.clone(), || current().report_progress(2, Some(3)));
        current().report_progress(4, None);
    });
    current().report_progress(5, None);
    assert_eq!(*outer.0.lock().unwrap(), [(1, None), (4, None)]);
    assert_eq!(*inner.0.lock().unwrap(), [(2, Some(3))]);
}

#[test]
fn the_context_ends_with_the_task_also_if_that_panics() {
    let context = Arc::new(Recorder::default());
    let panics = || with_context(context.clone(), || panic!("no flag"));
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    assert!(!current().is_cancelled());
}

#[test]
fn a_task_can_hand_its_context_to_its_threads() {
    with_context(Arc::new(Recorder::default()), || {
        let of_task = current();
        thread::scope(|scope| {
            scope.spawn(|| {
                assert!(!current().is_cancelled());
                assert!(of_task.is_cancelled());
            });
        });
    });
}
