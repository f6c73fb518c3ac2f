//! Wakers that run the awaiting task inline, in the thread that settles the future and inside its call of `wake`.

use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use concurrent_futures::{Future, OwnedResultFuture, TaskError, ThreadPoolExecutor, as_completed};
use futures_core::Stream;

#[test]
fn a_task_that_its_waker_runs_inline_takes_the_value() {
    let (promise, future) = Future::pair();
    let (sender, receiver) = channel();
    let awaits = async move { sender.send(future.await).unwrap() };
    let (runnable, task) = async_task::spawn(awaits, |runnable: async_task::Runnable| {
        runnable.run();
    });
    runnable.schedule();
    assert!(receiver.try_recv().is_err(), "the future is not settled");
    promise.set(Ok(String::from("BR")));
    assert_eq!(receiver.try_recv().unwrap(), Ok(String::from("BR")));
    task.detach();
}

/// Polls the awaited future whenever it is woken, and sends the outcome.
struct PollInline<T> {
    awaited: Mutex<Option<OwnedResultFuture<T>>>,
    sender: Mutex<Sender<(Result<T, TaskError>, thread::ThreadId)>>,
}

impl<T: Clone + Send + Sync + 'static> Wake for PollInline<T> {
    fn wake(self: Arc<Self>) {
        let waker = Waker::from(Arc::clone(&self));
        let mut awaited = self.awaited.lock().expect("not poisoned");
        let polled = match &mut *awaited {
            Some(awaited) => Pin::new(awaited).poll(&mut Context::from_waker(&waker)),
            None => return,
        };
        if let Poll::Ready(outcome) = polled {
            *awaited = None;
            let sender = self.sender.lock().expect("not poisoned");
            let sent = sender.send((outcome, thread::current().id()));
            sent.expect("the test listens");
        }
    }
}

#[test]
fn a_waker_that_polls_inline_in_a_worker_takes_the_value() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let (go_on, may_go_on) = channel::<String>();
    let future = executor.submit(move || may_go_on.recv().unwrap()).unwrap();
    let (sender, receiver) = channel();
    let waker = Waker::from(Arc::new(PollInline {
        awaited: Mutex::new(Some(future.into_future())),
        sender: Mutex::new(sender),
    }));
    waker.wake();
    go_on.send(String::from("BR")).unwrap();
    let (outcome, thread) = receiver.recv().unwrap();
    assert_eq!(outcome, Ok(String::from("BR")));
    let worker = executor.submit(|| thread::current().id()).unwrap();
    assert_eq!(worker.result(), Ok(&thread));
}

#[test]
fn a_stream_whose_waker_runs_inline_yields_the_only_handle() {
    let (promises, futures): (Vec<_>, Vec<_>) = (0..3).map(|_| Future::pair()).unzip();
    let (sender, receiver) = channel();
    let awaits = async move {
        let mut done = as_completed(futures).into_stream();
        while let Some(future) = poll_fn(|context| Pin::new(&mut done).poll_next(context)).await {
            sender
                .send(future.into_result().expect("the only handle"))
                .unwrap();
        }
    };
    let (runnable, task) = async_task::spawn(awaits, |runnable: async_task::Runnable| {
        runnable.run();
    });
    runnable.schedule();
    for (n, promise) in promises.into_iter().enumerate() {
        promise.set(Ok(n));
        assert_eq!(receiver.try_recv().unwrap(), Ok(n));
    }
    assert!(task.is_finished());
    task.detach();
}
