//! The ends of managers: what they leave behind, and how they end with their owners.

use std::fs;
use std::path::Path;

use libtest_mimic::Trial;
use multiprocessing::manager::Queue;
use multiprocessing::{Manager, ManagerError};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

use crate::support::{Worker, trials};
use crate::tasks::{LeaveManager, StartManagers};

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        managers_leave_nothing_behind,
        a_manager_ends_with_its_killed_owner_and_removes_its_folder,
        the_next_manager_removes_the_folder_of_one_that_was_killed_with_its_owner,
        a_killed_manager_leaves_no_folder_when_its_owner_drops_it,
        a_manager_ends_while_clients_are_connected,
        a_manager_in_a_folder_with_a_relative_path_is_found_from_elsewhere,
        a_manager_without_a_folder_for_temporary_files_is_an_error,
    ]
}

/// The variable that says how many managers are started and ended one after the other.
const COUNT: &str = "MANAGERS";

fn managers_leave_nothing_behind() {
    let count = std::env::var(COUNT).map_or(100, |count| count.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut worker = Worker::start_in(folder.path());
    let left = worker.run(StartManagers(count));
    assert_eq!(left, (0, String::new(), 0));
}

fn pid(id: u32) -> Pid {
    Pid::from_raw(i32::try_from(id).unwrap()).unwrap()
}

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

/// A manager that a worker has left running, and a descriptor of its process.
struct Left {
    owner: Worker,
    id: u32,
    process: std::os::fd::OwnedFd,
    queue: Queue<u32>,
}

fn leave_manager(folder: &Path) -> Left {
    let mut owner = Worker::start_in(folder);
    let (id, queue) = owner.run(LeaveManager());
    let process = pidfd_open(pid(id), PidfdFlags::empty()).unwrap();
    queue.put(1).unwrap();
    assert_eq!(entries(folder), 1);
    Left {
        owner,
        id,
        process,
        queue,
    }
}

impl Left {
    fn wait_until_manager_ends(&self) {
        let mut watched = [PollFd::new(&self.process, PollFlags::IN)];
        poll(&mut watched, None).unwrap();
    }
}

fn a_manager_ends_with_its_killed_owner_and_removes_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut left = leave_manager(folder.path());
    let owner = std::mem::replace(&mut left.owner, Worker::start());
    owner.kill();
    left.wait_until_manager_ends();
    assert_eq!(entries(folder.path()), 0);
    assert!(matches!(left.queue.get(), Err(ManagerError::Gone)));
}

fn the_next_manager_removes_the_folder_of_one_that_was_killed_with_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let left = leave_manager(folder.path());
    kill_process(pid(left.id), Signal::KILL).unwrap();
    left.wait_until_manager_ends();
    left.owner.kill();
    assert_eq!(entries(folder.path()), 1);
    // Another manager of this user lives meanwhile, whose folder must stay.
    let mut other = Worker::start_in(folder.path());
    let (_, queue) = other.run(LeaveManager());
    assert_eq!(entries(folder.path()), 1);
    let mut third = Worker::start_in(folder.path());
    assert_eq!(third.run(StartManagers(1)).2, 1);
    queue.put(1).unwrap();
    assert_eq!(queue.get().unwrap(), 1);
}

fn a_killed_manager_leaves_no_folder_when_its_owner_drops_it() {
    let manager = Manager::start().unwrap();
    let queue = manager.queue::<u32>(None).unwrap();
    let shown = format!("{queue:?}");
    let socket = Path::new(shown.split('"').nth(1).unwrap());
    assert!(socket.exists());
    kill_process(pid(manager.id()), Signal::KILL).unwrap();
    assert!(matches!(queue.get(), Err(ManagerError::Gone)));
    drop(manager);
    assert!(!socket.parent().unwrap().exists());
}

fn a_manager_ends_while_clients_are_connected() {
    let manager = Manager::start().unwrap();
    let queue = manager.queue::<u32>(None).unwrap();
    let other_thread = queue.clone();
    let waits = std::thread::spawn(move || other_thread.get());
    crate::support::until_waiting(&manager, 1);
    manager.shutdown();
    assert!(matches!(waits.join().unwrap(), Err(ManagerError::Gone)));
    assert!(matches!(queue.get(), Err(ManagerError::Gone)));
}

fn a_manager_in_a_folder_with_a_relative_path_is_found_from_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("tmp")).unwrap();
    let mut owner = Worker::start_in_with(folder.path(), "tmp");
    let (_, queue) = owner.run(LeaveManager());
    queue.put(1).unwrap();
    assert_eq!(queue.get().unwrap(), 1);
}

fn a_manager_without_a_folder_for_temporary_files_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let mut worker = Worker::start_in(&missing);
    worker.send(LeaveManager());
    let error = worker.receive::<(u32, Queue<u32>)>().unwrap_err();
    assert!(error.message.contains("NotFound"), "{error}");
    let named = format!("cannot create the folder {}/", missing.display());
    assert!(error.message.contains(&named), "{error}");
    // A path that is too long for a socket.
    let long = folder.path().join("x".repeat(100));
    fs::create_dir(&long).unwrap();
    let mut worker = Worker::start_in(&long);
    worker.send(LeaveManager());
    let error = worker.receive::<(u32, Queue<u32>)>().unwrap_err();
    assert!(error.message.contains("NotListening"), "{error}");
    assert_eq!(entries(&long), 0);
}
