//! Pipes between processes, and ends that travel.

use std::thread;
use std::time::Duration;

use multiprocessing::{PipeEnd, PipeError, Process, Queue, pipe};

use crate::tasks::*;
use crate::tests;

tests! {
    two_processes_play_ping_pong,
    values_of_any_size_arrive,
    an_end_travels_from_one_process_to_another_through_a_pipe,
    what_an_end_has_received_travels_with_it,
    an_end_that_was_moved_is_gone_here,
    an_end_can_be_serialized_nowhere_else,
    too_many_ends_are_an_error,
    a_dead_peer_is_an_error_after_what_it_has_sent,
    a_value_of_another_type_is_an_error_and_the_pipe_goes_on,
    many_threads_can_send_at_a_time,
    a_timeout_is_not_an_error,
    a_timed_receive_does_not_wait_for_another_thread_that_receives,
    operations_on_a_moved_end_fail,
    ends_that_a_process_has_no_room_for_are_an_error,
}

fn two_processes_play_ping_pong() {
    let (one, other) = pipe::<u64, u64>().unwrap();
    one.send(0).unwrap();
    let players = [one, other].map(|end| Process::spawn(Count(end, 1001)).unwrap());
    let pids = players.each_ref().map(|player| player.pid());
    let returned = players.map(|player| player.into_result().unwrap());
    assert_eq!(returned, pids);
}

fn values_of_any_size_arrive() {
    let (here, there) = pipe::<String, String>().unwrap();
    let echo = thread::spawn(move || {
        there
            .iter()
            .for_each(|text| there.send(text.unwrap()).unwrap());
    });
    for size in [0, 1, 65_523, 65_524, 65_536, 1 << 20, 64 << 20] {
        let text = "x".repeat(size);
        here.send(text.clone()).unwrap();
        assert!(here.recv().unwrap() == text, "{size} bytes");
    }
    drop(here);
    echo.join().unwrap();
}

fn an_end_travels_from_one_process_to_another_through_a_pipe() {
    let (of_sender, to_receiver) = pipe().unwrap();
    let sender = Process::spawn(SendEnd(of_sender)).unwrap();
    let receiver = Process::spawn(ReceiveEnd(to_receiver)).unwrap();
    let pid = sender.pid();
    assert_eq!(receiver.into_result().unwrap(), format!("from {pid}"));
    sender.into_result().unwrap();

    // By way of this process.
    let (of_sender, from_sender) = pipe::<PipeEnd<(), String>, ()>().unwrap();
    let sender = Process::spawn(SendEnd(of_sender)).unwrap();
    let (to_receiver, of_receiver) = pipe().unwrap();
    let receiver = Process::spawn(ReceiveEnd(of_receiver)).unwrap();
    to_receiver.send(from_sender.recv().unwrap()).unwrap();
    assert_eq!(
        receiver.into_result().unwrap(),
        format!("from {}", sender.pid())
    );
}

fn what_an_end_has_received_travels_with_it() {
    let (here, there) = pipe::<u64, ()>().unwrap();
    (0..10).for_each(|n| here.send(n).unwrap());
    // With the first value, the others are received as well.
    assert_eq!(there.recv().unwrap(), 0);
    let process = Process::spawn(Drain(there)).unwrap();
    here.send(10).unwrap();
    drop(here);
    assert_eq!(process.into_result().unwrap(), (1..=10).collect::<Vec<_>>());

    // Ends that have been received as well.
    let (here, there) = pipe::<PipeEnd<(), u64>, ()>().unwrap();
    let through: Vec<_> = (0..3)
        .map(|_| {
            let (one, other) = pipe::<u64, ()>().unwrap();
            here.send(other).unwrap();
            one
        })
        .collect();
    let first = there.recv().unwrap();
    let (carrier, arrives) = pipe::<PipeEnd<(), PipeEnd<(), u64>>, ()>().unwrap();
    carrier.send(there).unwrap();
    let there = arrives.recv().unwrap();
    let ends = [first, there.recv().unwrap(), there.recv().unwrap()];
    for (n, (here, there)) in (0..).zip(through.iter().zip(&ends)) {
        here.send(n).unwrap();
        assert_eq!(there.recv().unwrap(), n);
    }
}

fn an_end_that_was_moved_is_gone_here() {
    let (carrier, arrives) = pipe::<(PipeEnd<u64>, bool), ()>().unwrap();
    let (here, there) = pipe::<u64, u64>().unwrap();
    carrier.send((there, true)).unwrap();
    let (there, _) = arrives.recv().unwrap();
    here.send(1).unwrap();
    assert_eq!(there.recv().unwrap(), 1);
    // The end in this process is closed: with the other, the pipe is.
    drop(there);
    assert!(matches!(here.send(2), Err(PipeError::Closed)));
    assert!(matches!(here.recv(), Err(PipeError::Closed)));
}

fn an_end_can_be_serialized_nowhere_else() {
    let (here, there) = pipe::<u64, u64>().unwrap();
    let mut bytes = Vec::new();
    assert!(portable_task::encode(&here, &mut bytes).is_err());
    let mut call = Vec::new();
    assert!(portable_task::encode_call(Double(here), &mut call).is_err());
    let queue = Queue::new(None).unwrap();
    let error = queue.put(pipe::<(), ()>().unwrap().0).unwrap_err();
    let expected = "cannot encode a value: an end of a pipe can only be sent with a process that is started, or through a pipe";
    assert_eq!(error.to_string(), expected);
    drop(there);
    // Bytes that another process has invented.
    let invented = portable_task::decode::<PipeEnd<u64>>(&[3, 0, 0]);
    assert!(invented.is_err());
}

fn too_many_ends_are_an_error() {
    let (carrier, arrives) = pipe::<Vec<PipeEnd<()>>, ()>().unwrap();
    let ends = |count| {
        (0..count)
            .map(|_| pipe::<(), ()>().unwrap().0)
            .collect::<Vec<_>>()
    };
    let error = carrier.send(ends(254)).unwrap_err();
    let expected = "the value cannot be sent: it has more than 253 ends of pipes";
    assert_eq!(error.to_string(), expected);
    carrier.send(ends(253)).unwrap();
    assert_eq!(arrives.recv().unwrap().len(), 253);
}

fn a_dead_peer_is_an_error_after_what_it_has_sent() {
    let (process, pipe) = held();
    process.kill().unwrap();
    assert!(matches!(pipe.recv(), Err(PipeError::Closed)));
    process.join();
    assert!(matches!(pipe.send(()), Err(PipeError::Closed)));

    // A sender that waits because the buffer is full.
    let (here, there) = pipe_of_text();
    let sender = thread::spawn(move || here.send("x".repeat(64 << 20)));
    assert!(there.poll(WATCHDOG).unwrap());
    drop(there);
    assert!(matches!(sender.join().unwrap(), Err(PipeError::Closed)));
}

fn pipe_of_text() -> (PipeEnd<String, ()>, PipeEnd<(), String>) {
    pipe().unwrap()
}

fn a_value_of_another_type_is_an_error_and_the_pipe_goes_on() {
    let (here, there) = pipe::<u64, ()>().unwrap();
    let there: PipeEnd<(), String> = there.retyped();
    here.send(1 << 40).unwrap();
    let here: PipeEnd<&str, ()> = here.retyped();
    here.send("seventeen").unwrap();
    assert!(matches!(there.recv(), Err(PipeError::Decode(_))));
    assert_eq!(there.recv().unwrap(), "seventeen");
}

fn many_threads_can_send_at_a_time() {
    let (here, there) = pipe::<Vec<u64>, ()>().unwrap();
    thread::scope(|scope| {
        for n in 0..4 {
            let here = &here;
            scope.spawn(move || (0..50).for_each(|_| here.send(vec![n; 20_000]).unwrap()));
        }
        for _ in 0..200 {
            let values = there.recv().unwrap();
            assert_eq!(values.len(), 20_000);
            assert!(values.iter().all(|value| *value == values[0]));
        }
    });
}

fn a_timeout_is_not_an_error() {
    let (here, there) = pipe::<u64, ()>().unwrap();
    assert_eq!(there.recv_timeout(Duration::ZERO).unwrap(), None);
    assert_eq!(there.recv_timeout(Duration::from_millis(1)).unwrap(), None);
    assert!(!there.poll(Duration::ZERO).unwrap());
    here.send(1).unwrap();
    assert!(there.poll(Duration::ZERO).unwrap());
    assert_eq!(there.recv_timeout(Duration::ZERO).unwrap(), Some(1));
    drop(here);
    assert!(there.poll(Duration::ZERO).unwrap());
    assert!(matches!(
        there.recv_timeout(Duration::ZERO),
        Err(PipeError::Closed)
    ));
}

fn ends_that_a_process_has_no_room_for_are_an_error() {
    let (here, there) = pipe::<Vec<PipeEnd<()>>, ()>().unwrap();
    let process = Process::spawn(ReceiveWithoutDescriptors(there)).unwrap();
    let mut kept = Vec::new();
    for _ in 0..2 {
        let (ends, others): (Vec<_>, Vec<_>) = (0..3).map(|_| pipe().unwrap()).unzip();
        here.send(ends).unwrap();
        kept.push(others);
    }
    let [first, second] = process.into_result().unwrap().try_into().unwrap();
    let expected = "the pipe failed: Too many open files (os error 24)";
    assert_eq!(first.unwrap_err(), expected);
    assert_eq!(second, Ok(3));
    assert!(matches!(kept[0][0].recv(), Err(PipeError::Closed)));
}

fn a_timed_receive_does_not_wait_for_another_thread_that_receives() {
    let (here, there) = pipe::<u64, ()>().unwrap();
    thread::scope(|scope| {
        let receives = scope.spawn(|| there.recv().unwrap());
        // Whether the other thread receives already or not, there is nothing yet.
        for _ in 0..100 {
            assert_eq!(there.recv_timeout(Duration::ZERO).unwrap(), None);
            assert!(!there.poll(Duration::from_micros(100)).unwrap());
        }
        here.send(7).unwrap();
        assert_eq!(receives.join().unwrap(), 7);
    });
}

fn operations_on_a_moved_end_fail() {
    let (carrier, arrives) = pipe::<&PipeEnd<u64>, ()>().unwrap();
    let (here, there) = pipe::<u64, u64>().unwrap();
    carrier.send(&there).unwrap();
    assert!(matches!(there.send(1), Err(PipeError::Moved)));
    assert!(matches!(there.recv(), Err(PipeError::Moved)));
    assert!(matches!(there.poll(Duration::ZERO), Err(PipeError::Moved)));
    assert!(matches!(carrier.send(&there), Err(PipeError::Encode(_))));
    assert_eq!(format!("{there:?}"), "PipeEnd(moved)");
    let arrives: PipeEnd<(), PipeEnd<u64>> = arrives.retyped();
    let there = arrives.recv().unwrap();
    here.send(1).unwrap();
    assert_eq!(there.recv().unwrap(), 1);
}
