//! Draws waterfalls: one row per task in the order of their starts, with its phases from left to right. The waterfalls
//! of a comparison share one time axis.
//!
//! * `layout`: positions and sizes
//! * `time`: the time axes of a run
//! * `bar`: the bar of one task
//! * `key`: the legend of waterfalls
//! * `panel`: the waterfall of one run
//! * `busy`: where the lanes of a run were busy
//! * `lanes`: one run with a row per lane

mod bar;
mod busy;
mod key;
mod lanes;
mod layout;
mod panel;
mod time;

pub(crate) use self::key::{legend_entries, outcome_entries};
pub(crate) use self::lanes::{draw_lanes, lanes_height};
pub(crate) use self::layout::Layout;
pub(crate) use self::panel::draw_waterfall;
