//! Statistics over the runs of a comparison. Numbers from numbers: nothing is printed or drawn here.
//!
//! * `times`: the times of one task, and the ideal of one run
//! * `spread`: the middle of several values, and how far they are apart
//! * `groups`: which runs belong together, and which of them is shown
//! * `series`: the runs with one label and as many slots, in numbers
//! * `conclusion`: the fastest series against the slowest
//! * `differences`: the tasks that ended differently in some of the runs

mod conclusion;
mod differences;
mod groups;
mod series;
mod spread;
mod times;

pub(crate) use self::groups::shown;

pub use self::conclusion::{Conclusion, Gain, conclusion};
pub use self::differences::{Difference, differences};
pub use self::series::{Series, series};
pub use self::spread::{Percentiles, Spread};
