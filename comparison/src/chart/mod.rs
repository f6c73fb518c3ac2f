//! What is drawn: SVG elements, the style of pages and pictures, axes, legends, and the charts of lines.
//!
//! * `markup`: elements and text, written so that text cannot become markup
//! * `style`: the colours and classes of what is drawn
//! * `axis`: where a value is on a picture, and which values are written beside it
//! * `legend`: what the signs of a picture mean
//! * `lines`: a chart of lines
//! * `in_flight`: how many tasks were in flight at each moment
//! * `latency`: how long tasks took
//! * `scaling`: how elapsed time depends on slots

mod axis;
mod in_flight;
mod latency;
mod legend;
mod lines;
mod markup;
mod scaling;
mod style;

pub(crate) use self::axis::{Scale, TimeUnit, draw_along_bottom, ticks};
pub(crate) use self::in_flight::in_flight;
pub(crate) use self::latency::latency;
pub(crate) use self::legend::{Entry, Sample, draw_legend, legend_height};
pub(crate) use self::markup::{Markup, Px, xml_char};
pub(crate) use self::scaling::scaling;
pub(crate) use self::style::{COLOURS, STYLE, draw_hatching, style_without_variables};
