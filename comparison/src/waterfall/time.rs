//! The time axes below the rows of a run: the one that all runs share, and, if the script can switch to it, its own.

use super::layout::Layout;
use crate::chart::{Markup, Scale, TimeUnit, draw_x_axis, ticks};
use crate::drawn::Drawn;

/// Draws the time axes of a run, with grid lines from `top` to `bottom`. The style hides the run's own.
pub(super) fn draw_time_axes(
    run: &Drawn<'_>,
    layout: &Layout,
    between: (f64, f64),
    markup: &mut Markup,
) {
    let zoom = layout.zoom(run);
    if zoom == 1.0 {
        draw_time_axis(layout.longest_ms, layout, between, markup);
        return;
    }
    for (class, zoom) in [("shared-axis", 1.0), ("own-axis", zoom)] {
        markup.open("g", &[("class", &class)]);
        draw_time_axis(layout.longest_ms / zoom, layout, between, markup);
        markup.close();
    }
    markup.line_break();
}

fn draw_time_axis(longest_ms: f64, layout: &Layout, between: (f64, f64), markup: &mut Markup) {
    let unit = TimeUnit::fitting(longest_ms);
    let times = unit.ticks(ticks(0.0, longest_ms, 8));
    let caption = format!("time since the run began, {}", unit.name);
    let scale = Scale::linear((0.0, longest_ms), (layout.left, layout.right()));
    draw_x_axis(scale, between, &times, &caption, markup);
}
