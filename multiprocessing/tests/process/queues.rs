//! Queues without a manager, which a thread of the process that has made them feeds.

use std::time::Duration;

use multiprocessing::{JoinableQueue, Manager, Process, Queue, pipe};

use crate::tasks::*;
use crate::tests;

tests! {
    a_queue_connects_processes,
    a_queue_travels_through_a_queue_a_pipe_and_a_manager,
    an_item_of_a_killed_process_is_handed_out_again,
    a_queue_ends_with_the_process_that_has_made_it,
    put_waits_while_the_queue_is_full,
    a_queue_that_could_not_be_made_can_be_made_later,
}

fn a_queue_connects_processes() {
    let (numbers, results) = (Queue::new(None).unwrap(), Queue::new(None).unwrap());
    let consumers = [(); 2].map(|()| {
        let task = ConsumeOne(numbers.clone(), results.clone());
        Process::spawn(task).unwrap()
    });
    let mut pids = consumers.each_ref().map(|consumer| consumer.pid());
    (1..=2).for_each(|n| numbers.put(n).unwrap());
    let mut taken = [results.get().unwrap(), results.get().unwrap()];
    taken.sort_unstable_by_key(|(_, n)| *n);
    assert_eq!(taken.map(|(_, n)| n), [1, 2]);
    let mut by = taken.map(|(pid, _)| pid);
    by.sort_unstable();
    pids.sort_unstable();
    assert_eq!(by, pids);
    assert!(results.try_get().unwrap().is_none());
}

fn a_queue_travels_through_a_queue_a_pipe_and_a_manager() {
    let travels = Queue::<u64>::new(None).unwrap();

    let queues = Queue::new(None).unwrap();
    let process = Process::spawn(AnswerThroughQueue(queues.clone())).unwrap();
    queues.put(travels.clone()).unwrap();
    assert_eq!(travels.get().unwrap(), u64::from(process.pid()));

    let (here, there) = pipe().unwrap();
    let process = Process::spawn(AnswerThroughPipe(there)).unwrap();
    here.send(travels.clone()).unwrap();
    assert_eq!(travels.get().unwrap(), u64::from(process.pid()));

    let manager = Manager::start().unwrap();
    let in_manager = manager.queue(None).unwrap();
    let process = Process::spawn(AnswerThroughQueue(in_manager.clone())).unwrap();
    in_manager.put(travels.clone()).unwrap();
    assert_eq!(travels.get().unwrap(), u64::from(process.pid()));
}

fn an_item_of_a_killed_process_is_handed_out_again() {
    let queue = JoinableQueue::new(None).unwrap();
    let taken = Queue::new(None).unwrap();
    queue.put(7).unwrap();
    let task = TakeAndHold(queue.clone(), taken.clone());
    let holder = Process::spawn(task).unwrap();
    assert_eq!(taken.get().unwrap(), holder.pid());
    assert!(queue.try_get().unwrap().is_none());
    holder.kill().unwrap();
    let item = queue.get().unwrap();
    assert_eq!(*item, 7);
    assert!(!queue.join_timeout(Duration::ZERO).unwrap());
    item.done().unwrap();
    queue.join().unwrap();
}

fn a_queue_ends_with_the_process_that_has_made_it() {
    let (here, there) = pipe().unwrap();
    let owner = Process::spawn(OwnQueue(there)).unwrap();
    let queue = here.recv().unwrap();
    queue.put(1).unwrap();
    assert_eq!(queue.get().unwrap(), 1);
    // Waits in the owner when that is killed, or asks it afterwards.
    let waits = std::thread::spawn({
        let queue = queue.clone();
        move || queue.get()
    });
    owner.kill().unwrap();
    assert!(waits.join().unwrap().is_err());
    owner.join();
    let gone = queue.put(2).unwrap_err();
    assert!(
        matches!(gone, multiprocessing::ManagerError::Gone),
        "{gone:?}"
    );
    let expected = "the manager, or the process that made the queue, has ended";
    assert_eq!(gone.to_string(), expected);
}

fn put_waits_while_the_queue_is_full() {
    let queue = Queue::new(Some(1)).unwrap();
    queue.put(1).unwrap();
    assert!(!queue.try_put(2).unwrap());
    assert!(!queue.put_timeout(2, Duration::from_millis(1)).unwrap());
    let results = Queue::new(None).unwrap();
    let process = Process::spawn(ConsumeOne(queue.clone(), results.clone())).unwrap();
    // Until the process has taken the first.
    queue.put(2).unwrap();
    assert_eq!(results.get().unwrap(), (process.pid(), 1));
    assert_eq!(queue.get().unwrap(), 2);
}

fn a_queue_that_could_not_be_made_can_be_made_later() {
    let process = Process::spawn(MakeQueuesWithoutDescriptors()).unwrap();
    let errors = process.into_result().unwrap().unwrap();
    assert_eq!(errors.len(), 5, "{errors:?}");
    let names_cause = |error: &String| error.contains("Too many open files");
    assert!(errors.iter().all(names_cause), "{errors:?}");
}
