//! The steps of a scheduler without workers.

use super::*;

fn state(max_workers: usize, window: usize, queued: usize) -> State {
    let rules = Rules {
        max_workers,
        window,
        tasks_per_worker: usize::MAX,
        max_restarts: 0,
        queue_bound: None,
    };
    let queue = (0..queued).map(|_| job()).collect();
    State {
        rules,
        queue,
        ..State::default()
    }
}

fn job() -> Job {
    Job::empty()
}

fn open_slots(state: &mut State, slots: usize) {
    for _ in 0..slots {
        let index = state.add_slot();
        state.slots[index].stage = Stage::Open;
    }
}

#[test]
fn exactly_one_worker_is_started_per_queued_task() {
    let mut state = state(3, 64, 2);
    assert_eq!(state.next_step(), Step::AddSlot);
    state.add_slot();
    assert_eq!(state.next_step(), Step::AddSlot);
    state.add_slot();
    assert_eq!(state.next_step(), Step::Nothing);
}

#[test]
fn the_next_task_goes_to_the_slot_with_the_fewest_and_waits_when_all_windows_are_full() {
    let mut state = state(2, 2, 5);
    open_slots(&mut state, 2);
    let mut given = Vec::new();
    while let Step::Give(index) = state.next_step() {
        state.give_next_to(index);
        given.push(index);
    }
    assert_eq!(given, [0, 1, 0, 1]);
    assert_eq!((state.next_step(), state.queue.len()), (Step::Nothing, 1));
    assert!(!state.needs_refill(1));
    assert!(state.take_answered(1, 2).is_err() && !state.needs_refill(1));
    assert!(state.take_answered(1, 1).unwrap().is_some() && state.needs_refill(1));
    assert_eq!(state.next_step(), Step::Give(1));
}

#[test]
fn an_empty_slot_gets_a_new_worker_before_a_busy_one_gets_a_second_task() {
    let mut state = state(2, 2, 2);
    open_slots(&mut state, 2);
    state.slots[1].stage = Stage::Vacant;
    state.give_next_to(0);
    assert_eq!(state.next_step(), Step::Start(1));
}

#[test]
fn the_memory_of_a_long_queue_is_released_when_it_is_empty() {
    let mut state = state(1, usize::MAX, 10_000);
    open_slots(&mut state, 1);
    while state.next_step() == Step::Give(0) {
        state.give_next_to(0);
    }
    assert!(state.queue.capacity() <= 2048);
}

#[test]
fn a_worker_at_its_task_limit_gets_no_more() {
    let mut state = state(1, 64, 3);
    state.rules.tasks_per_worker = 2;
    open_slots(&mut state, 1);
    state.give_next_to(0);
    assert_eq!(state.next_step(), Step::Give(0));
    state.give_next_to(0);
    assert_eq!(state.next_step(), Step::Nothing);
}

#[test]
fn a_pause_that_is_over_is_not_waited_for_again() {
    let mut state = state(3, 1, 1);
    open_slots(&mut state, 1);
    state.add_slot(); // starts, and will take the task: no other thread is needed now
    state.no_thread_before = Some(Instant::now());
    assert!(state.retry_at().is_some());
    state.slots[0].stage = Stage::Pausing;
    state.end_pauses(0);
    assert_eq!(state.slots[0].stage, Stage::Vacant);
    assert_eq!(state.retry_at(), None);
    assert_eq!(state.next_step(), Step::Nothing);
}
