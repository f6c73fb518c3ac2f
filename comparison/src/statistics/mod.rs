//! Statistics over the runs of a comparison. They return numbers; formatting and drawing happen in other modules.
//!
//! * `times`: service and queue time of a task, and the ideal time of a run
//! * `spread`: median, minimum, maximum and percentiles
//! * `interval`: how sure a ratio of two series is
//! * `groups`: runs grouped by series, and the run that represents each
//! * `series`: the statistics of one series
//! * `conclusion`: the fastest series compared with the slowest
//! * `differences`: the tasks whose outcomes differ between runs

mod conclusion;
mod differences;
mod groups;
mod interval;
mod series;
mod spread;
mod times;

pub(crate) use self::conclusion::{conclusion_among, is_alike};
pub(crate) use self::groups::shown_runs;
pub(crate) use self::series::comparisons;

pub use self::conclusion::{Certainty, Conclusion, Gain, conclusion};
pub use self::differences::{Difference, differences};
pub use self::interval::Interval;
pub(crate) use self::interval::rounds_needed;
pub use self::series::{Series, series};
pub use self::spread::{Percentiles, Spread};
pub use self::times::lower_bound;
