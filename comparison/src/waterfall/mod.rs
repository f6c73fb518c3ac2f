//! Waterfalls: a row for each task in the order of the starts, on it the phases from left to right. Waterfalls that belong
//! together have one time axis.
//!
//! * `layout`: where the parts of waterfalls are placed
//! * `bar`: the bar of one task
//! * `key`: the legend of waterfalls
//! * `panel`: the waterfall of one run

mod bar;
mod key;
mod layout;
mod panel;

pub(crate) use self::key::entries;
pub(crate) use self::layout::Layout;
pub(crate) use self::panel::draw_waterfall;
