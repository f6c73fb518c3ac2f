//! The names that the parts of a pool have on the server.
//!
//! A pool consists of a stream of tasks, which are removed when they are acknowledged; a stream of results, each for one
//! executor; a stream of the starts of tasks that were delivered before; and a bucket of objects for what does not fit in a
//! message. What concerns the present moment only is sent outside any stream: that a task has started or is cancelled, and the
//! question which workers there are.

/// The name of the consumer that all workers of a pool share.
pub(crate) const WORKERS: &str = "workers";

/// The names of one pool.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pool: String,
}

impl Names {
    /// Returns the names of the pool, or `None` if the name cannot be part of a subject.
    pub(crate) fn of(pool: &str) -> Option<Self> {
        let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let valid = (1..=32).contains(&pool.len()) && pool.bytes().all(is_valid);
        valid.then(|| Self {
            pool: pool.to_owned(),
        })
    }

    pub(crate) fn tasks_stream(&self) -> String {
        format!("CF_{}_TASKS", self.pool)
    }

    pub(crate) fn results_stream(&self) -> String {
        format!("CF_{}_RESULTS", self.pool)
    }

    pub(crate) fn starts_stream(&self) -> String {
        format!("CF_{}_STARTS", self.pool)
    }

    pub(crate) fn objects_bucket(&self) -> String {
        format!("CF_{}_OBJECTS", self.pool)
    }

    /// The subject of the tasks of an executor; `*` for those of all.
    pub(crate) fn tasks(&self, executor: &str) -> String {
        format!("cf.{}.task.{executor}", self.pool)
    }

    /// The subject that acknowledges the task with this number in the stream, for any of its deliveries.
    pub(crate) fn acknowledgement(&self, sequence: u64) -> String {
        // The number of deliveries, that in the stream, that of the delivery, its time, and how many tasks are left.
        format!(
            "$JS.ACK.{}.{WORKERS}.1.{sequence}.0.0.0",
            self.tasks_stream()
        )
    }

    /// The subject of the results for an executor; `*` for those of all.
    pub(crate) fn results(&self, executor: &str) -> String {
        format!("cf.{}.result.{executor}", self.pool)
    }

    /// The subject of the starts of a task; `*` for those of all.
    pub(crate) fn starts(&self, id: &str) -> String {
        format!("cf.{}.start.{id}", self.pool)
    }

    /// The subject of the numbers of tasks that have started.
    pub(crate) fn started(&self, executor: &str) -> String {
        format!("cf.{}.started.{executor}", self.pool)
    }

    /// The subject of the reasons why the server does not store results.
    pub(crate) fn unstored(&self, executor: &str) -> String {
        format!("cf.{}.unstored.{executor}", self.pool)
    }

    /// The subject of tasks and executors that are cancelled.
    pub(crate) fn cancelled(&self) -> String {
        format!("cf.{}.cancelled", self.pool)
    }

    /// The subject that all workers answer on.
    pub(crate) fn roll_call(&self) -> String {
        format!("cf.{}.workers", self.pool)
    }
}

/// The id of a task: the executor, and the number of the task there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Id {
    pub(crate) executor: String,
    pub(crate) number: u64,
}

impl Id {
    /// Returns the id of this text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (executor, number) = text.split_once('-')?;
        // It becomes part of a subject.
        let valid = executor.bytes().all(|byte| byte.is_ascii_alphanumeric());
        valid.then_some(())?;
        Some(Self {
            executor: executor.to_owned(),
            number: number.parse().ok()?,
        })
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.executor, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_pool_fits_in_a_subject() {
        assert!(Names::of("thumb_nails-2").is_some());
        let too_long = "x".repeat(33);
        for bad in ["", "a.b", "a b", "*", ">", "ä", &too_long] {
            assert!(Names::of(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let id = Id {
            executor: "0123abc".to_owned(),
            number: 42,
        };
        assert_eq!(Id::parse(&id.to_string()), Some(id));
        assert_eq!(Id::parse("0123abc-"), None);
        assert_eq!(Id::parse("x"), None);
        assert_eq!(Id::parse("a b-1"), None);
        assert_eq!(Id::parse("*-1"), None);
    }
}
