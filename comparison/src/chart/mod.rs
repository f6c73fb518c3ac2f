//! SVG elements, the style of pages and pictures, axes, legends, and line charts.
//!
//! * `markup`: elements with escaped text
//! * `style`: colours and CSS classes
//! * `axis`: scales, and the values written along an axis
//! * `legend`: samples with their meanings
//! * `lines`: the line chart that the next three fill
//! * `in_flight`: the number of tasks in flight over time
//! * `latency`: the distribution of service times
//! * `scaling`: elapsed time by number of slots

mod axis;
mod in_flight;
mod latency;
mod legend;
mod lines;
mod markup;
mod scaling;
mod style;

pub(crate) use self::axis::{Scale, TimeUnit, draw_x_axis, ticks};
pub(crate) use self::in_flight::in_flight;
pub(crate) use self::latency::latency;
pub(crate) use self::legend::{Entry, Sample, draw_legend, legend_height};
pub(crate) use self::markup::{FinePx, Markup, Px, xml_char};
pub(crate) use self::scaling::scaling;
pub(crate) use self::style::{COLOURS, STYLE, draw_hatching, style_without_variables};
