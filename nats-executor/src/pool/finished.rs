//! The tasks that were over last, for servers that forget it.
//!
//! A server that is killed has not written down for up to 30 seconds which messages it has removed, but within a tenth of a
//! second which ones were acknowledged. So the tasks of that time are in its stream again, and are never delivered: they would
//! fill the queue. Those of the last moments may be the other way round: removed, but not acknowledged. It then tries again and
//! again to deliver them, before any other task. Acknowledging them all once more mends both.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_nats::jetstream::stream;

use crate::link::Link;
use crate::names::Names;

/// The number of tasks that are remembered: at the greatest rate that was measured, those of 20 seconds.
const REMEMBERED: usize = 500_000;

/// The numbers in the stream of the tasks that were over last.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The process of the server.
    server: Option<String>,
    /// The latest time that is known of its clock, in nanoseconds.
    latest: i128,
    numbers: VecDeque<u64>,
}

impl Finished {
    /// Notes that a task is over.
    pub(crate) fn note(&self, sequence: u64) {
        let mut state = self.state();
        if state.numbers.len() == REMEMBERED {
            state.numbers.pop_front();
        }
        state.numbers.push_back(sequence);
    }

    /// Notes when the server has stored something, by its clock.
    pub(crate) fn note_time(&self, nanoseconds: i128) {
        let mut state = self.state();
        state.latest = state.latest.max(nanoseconds);
    }

    /// Acknowledges the tasks again, if the server is another process than the last time. `stream` is the state of their stream
    /// now.
    pub(crate) async fn acknowledge_again(
        &self,
        link: &Link,
        names: &Names,
        stream: &stream::State,
    ) {
        let generation = link.state().generation;
        let process = link.client.server_info().server_id;
        let acknowledge = async {
            for sequence in self.after_restart(process, stream) {
                let subject = names.acknowledgement(sequence);
                let _ = link.client.publish(subject, "+ACK".into()).await;
            }
        };
        tokio::select! {
            () = acknowledge => {}
            // Publishing waits for the next connection, and who calls this has more to do.
            () = link.lost(generation) => {}
        }
    }

    /// Returns the tasks to acknowledge.
    fn after_restart(&self, process: String, stream: &stream::State) -> Vec<u64> {
        let mut state = self.state();
        let before = state.server.replace(process);
        if before.is_none() || before == state.server {
            return Vec::new();
        }
        let first = stream.first_timestamp.unix_timestamp_nanos();
        // If it has nothing from before, there is nothing to acknowledge, and the numbers may have begun again.
        if stream.messages == 0 || first > state.latest {
            state.numbers.clear();
        }
        let there = stream.first_sequence..=stream.last_sequence;
        let numbers = state.numbers.iter().copied();
        numbers.filter(|number| there.contains(number)).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(messages: u64, first_second: u32) -> stream::State {
        let state = serde_json::json!({
            "messages": messages,
            "bytes": 0,
            "first_seq": 5,
            "first_ts": format!("2026-12-01T00:00:{first_second:02}Z"),
            "last_seq": 9,
            "last_ts": "2026-12-01T00:00:59Z",
            "consumer_count": 1,
        });
        serde_json::from_value(state).unwrap()
    }

    #[test]
    fn only_another_process_with_the_same_messages_is_told_again() {
        let finished = Finished::default();
        let after_restart = |process: &str, stream| finished.after_restart(process.into(), &stream);
        [4, 7, 9, 10].into_iter().for_each(|n| finished.note(n));
        let then = stream(1, 30).first_timestamp.unix_timestamp_nanos();
        finished.note_time(then);
        assert!(after_restart("a", stream(3, 1)).is_empty());
        assert!(after_restart("a", stream(3, 1)).is_empty());
        assert_eq!(after_restart("b", stream(3, 1)), [7, 9]);
        // All that it has came later: the numbers are those of other tasks.
        assert!(after_restart("c", stream(3, 31)).is_empty());
        assert!(after_restart("d", stream(3, 1)).is_empty());
    }
}
