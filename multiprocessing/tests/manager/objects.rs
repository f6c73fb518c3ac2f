//! Each object, used from two processes at least.

use libtest_mimic::Trial;
use multiprocessing::manager::{JoinableQueue, LockError, Queue};
use multiprocessing::{Manager, ManagerError};

use crate::support::{Worker, trials, until_waiting};
use crate::tasks::{Act, Add, AddAndPanic, CallService, CountUp, Counters, Objects, Perform};
use crate::tasks::{StartBadService, StartService, UseAll};

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        items_go_from_process_to_process,
        two_processes_count_without_losing_any,
        two_processes_use_all_objects,
        two_processes_call_a_service,
        a_panic_in_a_service_is_the_error_of_its_call,
        a_service_that_does_not_start_is_an_error,
        the_end_of_a_thread_releases_what_it_holds,
        a_handle_in_an_object_is_that_of_another_object,
        an_item_of_another_type_is_an_error_and_not_lost,
        a_condition_of_another_lock_is_refused,
        a_value_that_needs_too_much_is_an_error,
    ]
}

fn items_go_from_process_to_process() {
    let manager = Manager::start().unwrap();
    let objects = Objects::new(&manager);
    let (mut one, mut other) = (Worker::start(), Worker::start());
    assert_ne!(one.id(), other.id());
    one.send(Perform(objects.clone(), Act::Get));
    other.send(Perform(objects.clone(), Act::Put));
    until_waiting(&manager, 2);
    // The one waits for an item, the other for room.
    objects.queue.put(7).unwrap();
    assert_eq!(one.receive::<String>().unwrap(), "7");
    assert_eq!(objects.full.get().unwrap(), 1);
    assert_eq!(other.receive::<String>().unwrap(), "()");
    assert_eq!(objects.full.get().unwrap(), 2);
}

fn two_processes_count_without_losing_any() {
    const TIMES: u64 = 200;

    let manager = Manager::start().unwrap();
    let lock = manager.lock().unwrap();
    let counters = Counters {
        dict: manager.dict().unwrap(),
        list: manager.list().unwrap(),
        value: manager.value(&0).unwrap(),
        array: manager.array([0, 0]).unwrap(),
        namespace: manager.namespace().unwrap(),
        condition: manager.condition(&lock).unwrap(),
        lock,
        turn: manager.value(&0).unwrap(),
    };
    counters.list.push(0).unwrap();
    let mut workers = [Worker::start(), Worker::start()];
    for (party, worker) in (0..).zip(&mut workers) {
        worker.send(CountUp(counters.clone(), TIMES, party));
    }
    for worker in &mut workers {
        assert_eq!(worker.receive(), Ok(worker.id()));
    }
    let count = Some(2 * TIMES);
    assert_eq!(counters.dict.get("key".to_owned()).unwrap(), count);
    assert_eq!(counters.list.get(0).unwrap(), count);
    assert_eq!(Some(counters.value.get().unwrap()), count);
    assert_eq!(counters.array.to_vec().unwrap(), [0, 2 * TIMES]);
    assert_eq!(counters.namespace.get("count").unwrap(), count);
}

fn two_processes_use_all_objects() {
    let manager = Manager::start().unwrap();
    let mut objects = Objects::new(&manager);
    objects.barrier = manager.barrier(2).unwrap();
    let mut workers = [Worker::start(), Worker::start()];
    for worker in &mut workers {
        worker.send(UseAll(objects.clone()));
    }
    until_waiting(&manager, 2);
    objects.event.set().unwrap();
    for worker in &mut workers {
        assert_eq!(worker.receive(), Ok(worker.id()));
    }
}

fn two_processes_call_a_service() {
    let manager = Manager::start().unwrap();
    let service = manager.service(StartService(10)).unwrap();
    let mut workers = [Worker::start(), Worker::start()];
    for worker in &mut workers {
        worker.send(CallService(service.clone(), 100));
    }
    for worker in &mut workers {
        assert_eq!(worker.receive(), Ok(worker.id()));
    }
    assert_eq!(service.call(Add(1)).unwrap(), (211, manager.id()));
}

fn a_panic_in_a_service_is_the_error_of_its_call() {
    let manager = Manager::start().unwrap();
    let service = manager.service(StartService(10)).unwrap();
    match service.call(AddAndPanic(5)) {
        Err(ManagerError::Remote(error)) => assert_eq!(error.message, "after 5"),
        other => panic!("{other:?}"),
    }
    assert_eq!(service.call(Add(1)).unwrap().0, 16);
}

fn a_service_that_does_not_start_is_an_error() {
    let manager = Manager::start().unwrap();
    match manager.service(StartBadService()) {
        Err(ManagerError::Remote(error)) => assert_eq!(error.message, "cannot start"),
        other => panic!("{other:?}"),
    }
    assert_eq!(manager.status().unwrap().objects, 0);

    fn not_registered() {}
    portable_task::task!(NotRegistered = fn not_registered() -> ());
    match manager.service(NotRegistered()) {
        Err(ManagerError::Remote(error)) => assert!(error.message.contains("has no task")),
        other => panic!("{other:?}"),
    }
}

fn the_end_of_a_thread_releases_what_it_holds() {
    let manager = Manager::start().unwrap();
    let objects = Objects::new(&manager);
    objects.joinable.put(5).unwrap();
    let for_thread = objects.clone();
    let thread = std::thread::spawn(move || {
        std::mem::forget(for_thread.lock.lock().unwrap());
        std::mem::forget(for_thread.semaphore.acquire().unwrap());
        std::mem::forget(for_thread.joinable.get().unwrap());
    });
    thread.join().unwrap();
    assert!(matches!(objects.lock.lock(), Err(LockError::OwnerDied(_))));
    drop(objects.semaphore.acquire().unwrap());
    assert_eq!(*objects.joinable.get().unwrap(), 5);
}

fn a_handle_in_an_object_is_that_of_another_object() {
    let manager = Manager::start().unwrap();
    let queues = manager.dict().unwrap();
    let queue = manager.queue::<u32>(None).unwrap();
    queues.insert(1_u32, &queue).unwrap();
    let same: Queue<u32> = queues.get(1).unwrap().unwrap();
    assert_eq!(same, queue);
    same.put(7).unwrap();
    assert_eq!(queue.get().unwrap(), 7);
}

/// Returns a handle as that of another type, as a program of another version may have it.
fn mistaken<A: serde::Serialize, B: serde::de::DeserializeOwned>(handle: &A) -> B {
    postcard::from_bytes(&postcard::to_stdvec(handle).unwrap()).unwrap()
}

fn an_item_of_another_type_is_an_error_and_not_lost() {
    let manager = Manager::start().unwrap();
    let queue = manager.joinable_queue::<u32>(None).unwrap();
    queue.put(7).unwrap();
    let texts: JoinableQueue<String> = mistaken(&queue);
    assert!(matches!(texts.get(), Err(ManagerError::Decode(_))));
    assert_eq!(*queue.get().unwrap(), 7);

    let lock = manager.lock().unwrap();
    let not_a_queue: Queue<u32> = mistaken(&lock);
    assert!(matches!(not_a_queue.get(), Err(ManagerError::NoObject)));
}

fn a_condition_of_another_lock_is_refused() {
    let (manager, other_manager) = (Manager::start().unwrap(), Manager::start().unwrap());
    let (lock, other) = (manager.lock().unwrap(), manager.lock().unwrap());
    let condition = manager.condition(&lock).unwrap();
    let refused = condition.wait(other.lock().unwrap());
    assert!(matches!(
        refused,
        Err(LockError::Manager(ManagerError::NotOwner))
    ));
    // The guard of the other lock has been dropped.
    assert!(other.try_lock().unwrap().is_some());
    let elsewhere = other_manager.condition(&lock);
    assert!(matches!(elsewhere, Err(ManagerError::NoObject)));
}

fn a_value_that_needs_too_much_is_an_error() {
    let manager = Manager::start().unwrap();
    let list = manager.list::<portable_task::Bytes>().unwrap();
    // Zeros that are never read take no memory.
    let huge = portable_task::Bytes(vec![0; 600 << 20]);
    assert!(matches!(list.push(huge), Err(ManagerError::Encode(_))));
    // Longer than the buffer of a socket.
    let large = || portable_task::Bytes(vec![0; 12 << 20]);
    list.extend([large(), large()]).unwrap();
    assert_eq!(list.to_vec().unwrap(), [large(), large()]);
}
