//! Callbacks that settle other futures: they run one after the other, however long the chain is.

use std::sync::mpsc::channel;
use std::thread;

use concurrent_futures::{Future, Promise};

/// More than fit on a stack of 2 MiB, if each callback ran inside the one before.
const CHAIN: usize = 40_000;

/// Sets `promise` once the future that it returns is done, and so on for the whole chain. Returns the promise of the
/// first future and the last future.
fn chain(settle: fn(Promise<usize>, usize)) -> (Promise<usize>, Future<usize>) {
    let (first, mut last) = Future::pair();
    for n in 1..CHAIN {
        let (promise, next) = Future::pair();
        last.add_done_callback(move |_| settle(promise, n));
        last = next;
    }
    (first, last)
}

#[test]
fn a_long_chain_of_promises_each_set_in_a_callback_does_not_overflow_the_stack() {
    let (first, last) = chain(|promise, n| promise.set(Ok(n)));
    first.set(Ok(0));
    assert_eq!(last.result(), Ok(&(CHAIN - 1)));
}

#[test]
fn a_long_chain_of_promises_each_dropped_in_a_callback_does_not_overflow_the_stack() {
    let (first, last) = chain(|promise, _| drop(promise));
    drop(first);
    assert!(last.done() && last.error().is_some());
}

#[test]
fn a_long_chain_of_callbacks_each_added_in_another_does_not_overflow_the_stack() {
    fn count_down(future: &Future<()>, left: usize, sender: std::sync::mpsc::Sender<()>) {
        future.add_done_callback(move |future| match left {
            0 => sender.send(()).expect("the test listens"),
            _ => count_down(future, left - 1, sender),
        });
    }
    let (promise, future) = Future::pair();
    promise.set(Ok(()));
    let (sender, receiver) = channel();
    count_down(&future, CHAIN, sender);
    receiver.try_recv().unwrap();
}

#[test]
fn callbacks_that_become_due_in_a_callback_run_after_it_in_order() {
    let (sender, receiver) = channel();
    let say = |word: &'static str| {
        let sender = sender.clone();
        move || sender.send((word, thread::current().id())).unwrap()
    };
    let (outer_promise, outer) = Future::pair();
    let (inner_promise, inner) = Future::pair();
    let (begin, end, second, inner_first, inner_second) = (
        say("first begins"),
        say("first ends"),
        say("second"),
        say("inner first"),
        say("inner second"),
    );
    inner.add_done_callback(move |_| inner_first());
    inner.add_done_callback(move |_| inner_second());
    outer.add_done_callback(move |_| {
        begin();
        inner_promise.set(Ok(2));
        end();
    });
    outer.add_done_callback(move |_| second());
    outer_promise.set(Ok(1));

    let words: Vec<_> = receiver.try_iter().collect();
    let order = [
        "first begins",
        "first ends",
        "second",
        "inner first",
        "inner second",
    ];
    assert_eq!(words, order.map(|word| (word, thread::current().id())));
}

#[test]
fn a_callback_that_panics_in_a_chain_does_not_stop_the_rest() {
    let (sender, receiver) = channel();
    let (outer_promise, outer) = Future::pair();
    let (inner_promise, inner) = Future::pair();
    inner.add_done_callback(|_| panic!("on purpose, in a callback"));
    inner.add_done_callback(move |_| sender.send(()).unwrap());
    outer.add_done_callback(move |_| {
        inner_promise.set(Ok(2));
        panic!("on purpose, in a callback")
    });
    outer_promise.set(Ok(1));
    receiver.try_recv().unwrap();
}

#[test]
fn callbacks_run_even_while_their_thread_ends() {
    /// Sets its promise when the thread ends, perhaps after the queue of the thread is gone.
    struct AtThreadEnd(Option<Promise<i32>>);

    impl Drop for AtThreadEnd {
        fn drop(&mut self) {
            if let Some(promise) = self.0.take() {
                promise.set(Ok(42));
            }
        }
    }

    thread_local!(static LAST: std::cell::RefCell<AtThreadEnd> = const {
        std::cell::RefCell::new(AtThreadEnd(None))
    });

    // Destructors run in the order in which a thread first used its variables, or in reverse: so the queue is used once
    // before this one, and once after.
    for queue_first in [true, false] {
        let (promise, future) = Future::pair();
        let (sender, receiver) = channel();
        future.add_done_callback(move |future| sender.send(*future.result().unwrap()).unwrap());
        let uses_the_queue = || {
            let (promise, future) = Future::pair();
            future.add_done_callback(|_| ());
            promise.set(Ok(()));
        };
        let thread = thread::spawn(move || {
            if queue_first {
                uses_the_queue();
            }
            LAST.with_borrow_mut(|last| last.0 = Some(promise));
            uses_the_queue();
        });
        thread.join().unwrap();
        assert_eq!(receiver.try_recv().unwrap(), 42);
    }
}
