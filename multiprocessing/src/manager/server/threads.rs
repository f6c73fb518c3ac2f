//! The threads of services. Each runs the tasks that arrive for it, and leaves their replies for the event loop.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use mio::Waker;
use portable_task::Registry;

use crate::manager::core::{Caller, ServiceCall};
use crate::manager::protocol::ObjectId;

/// A task to run, as bytes.
struct Job {
    caller: Caller,
    call: Vec<u8>,
    starts: bool,
}

/// The reply to a call.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) caller: Caller,
    pub(super) reply: Vec<u8>,
    /// Whether this is the reply to the task with which the service starts.
    pub(super) starts: bool,
}

/// The threads of all services. They end when this is dropped, after the task that each runs.
#[derive(Debug)]
pub(super) struct Threads {
    registry: &'static Registry,
    waker: Arc<Waker>,
    jobs: HashMap<ObjectId, Sender<Job>>,
    sender: Sender<Answer>,
    answers: Receiver<Answer>,
}

impl Threads {
    pub(super) fn new(registry: &'static Registry, waker: Waker) -> Self {
        let (sender, answers) = channel();
        Self {
            registry,
            waker: Arc::new(waker),
            jobs: HashMap::new(),
            sender,
            answers,
        }
    }

    /// Runs a task in the thread of its service, which starts for the first one.
    ///
    /// # Errors
    /// If the system cannot start the thread, or the thread has ended.
    pub(super) fn run(&mut self, call: ServiceCall) -> io::Result<()> {
        let ServiceCall {
            caller,
            call,
            starts,
        } = call;
        if starts {
            self.start(caller.object)?;
        }
        let job = Job {
            caller,
            call: call.to_vec(),
            starts,
        };
        let sent = self.jobs.get(&caller.object).map(|jobs| jobs.send(job));
        // Its client would wait forever.
        let has_ended = || io::Error::other("the thread of the service has ended");
        sent.and_then(Result::ok).ok_or_else(has_ended)
    }

    fn start(&mut self, service: ObjectId) -> io::Result<()> {
        let (jobs, for_thread) = channel();
        let (registry, sender) = (self.registry, self.sender.clone());
        let waker = Arc::clone(&self.waker);
        let serve = move || serve_calls(registry, &for_thread, &sender, &waker);
        let builder = thread::Builder::new().name(format!("service-{}", service.0));
        builder.spawn(serve)?;
        self.jobs.insert(service, jobs);
        Ok(())
    }

    /// Ends the thread of a service whose first task has failed.
    pub(super) fn remove(&mut self, service: ObjectId) {
        self.jobs.remove(&service);
    }

    pub(super) fn next_answer(&self) -> Option<Answer> {
        self.answers.try_recv().ok()
    }
}

fn serve_calls(registry: &Registry, jobs: &Receiver<Job>, answers: &Sender<Answer>, waker: &Waker) {
    for job in jobs {
        let answer = Answer {
            caller: job.caller,
            reply: registry.call(&job.call),
            starts: job.starts,
        };
        if answers.send(answer).is_err() || waker.wake().is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manager::core::ClientId;
    use crate::manager::protocol::encoding::Blob;

    #[test]
    fn a_call_of_a_service_whose_thread_has_ended_is_an_error() {
        let poll = mio::Poll::new().unwrap();
        let waker = Waker::new(poll.registry(), mio::Token(0)).unwrap();
        let mut threads = Threads::new(Box::leak(Box::default()), waker);
        let caller = Caller {
            client: ClientId(1),
            number: 1,
            object: ObjectId(1),
        };
        let call = || ServiceCall {
            caller,
            call: Blob::new(Vec::new()),
            starts: false,
        };
        assert!(threads.run(call()).is_err());
        let (jobs, thread) = channel();
        threads.jobs.insert(caller.object, jobs);
        drop(thread);
        assert!(threads.run(call()).is_err());
    }
}
