//! Text that is safe to show, although a stranger or a wrong clock decides what it is made of.
//!
//! * `escape`: text from outside, with everything escaped that could control a terminal or hide what the text says
//! * `time`: timestamps of any clock

mod escape;
mod time;

pub use escape::{is_hidden, shown_path, visible, visible_json, visible_start};
pub use time::{shown_time, writable_date};
