//! Programs of other versions, whose messages are refused and not misread.

use crate::support::{Admin, RESULTS, Server, TASKS, Worker, connect, wait_until};
use crate::tasks::Noop;

/// The version of this program, and that of another one.
const OURS: u8 = 1;
const OTHER: u8 = 9;

#[test]
fn a_worker_refuses_the_task_of_an_executor_of_another_version() {
    let server = Server::start();
    let admin = Admin::connect(&server);
    let _worker = Worker::start(&server.url());
    let executor = connect(&server);
    assert_eq!(executor.submit(Noop(1)).unwrap().result(), Ok(&1));
    admin.publish("cf.default.task.other", "other-7", &[OTHER, 1, 2, 3]);
    let answer = admin.wait_for(RESULTS, "cf.default.result.other");
    assert_eq!(answer, [0, OURS, OTHER]);
    wait_until("the task is over", || admin.messages(TASKS) == 0);
}

#[test]
fn an_executor_says_which_version_its_worker_has() {
    let server = Server::start();
    let admin = Admin::connect(&server);
    let executor = connect(&server);
    let refused = executor.submit(Noop(1)).unwrap();
    let unreadable = executor.submit(Noop(2)).unwrap();
    wait_until("the server has both tasks", || admin.messages(TASKS) == 2);
    let subject = admin.first_subject(TASKS);
    let name = subject.trim_start_matches("cf.default.task.");
    let results = format!("cf.default.result.{name}");
    admin.publish(&results, &format!("{name}-0"), &[0, OTHER, OURS]);
    admin.publish(&results, &format!("{name}-1"), &[OTHER, 1, 2, 3]);
    for future in [refused, unreadable] {
        let error = future.error().unwrap().to_string();
        let both = "the worker has version 9 of the format in which nats-executor exchanges tasks, and the executor has version 1";
        assert!(error.contains(both), "{error}");
    }
}
