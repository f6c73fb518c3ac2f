//! Draws a run with one row per lane: which tasks each worker or slot ran, and when it had nothing to do.

use super::busy::{Stretch, stretches};
use super::layout::Layout;
use super::time::draw_time_axes;
use crate::chart::{FinePx, Markup, Px};
use crate::drawn::Drawn;
use crate::model::{Run, Task, Terms};
use crate::text::{count, panel_title};

/// The intended height of the rows of a run. The height of one row stays within `ROW_HEIGHTS`, which takes precedence.
const HEIGHT: f64 = 400.0;
const ROW_HEIGHTS: (f64, f64) = (1.0, 16.0);

/// The share of a row that its bars take.
const BAR: f64 = 0.75;

/// The minimum height of rows that have their number beside them.
const MIN_ROW_WITH_NUMBER: f64 = 11.0;

/// The minimum height of the rows of a run that have a caption beside them.
const MIN_HEIGHT_WITH_CAPTION: f64 = 120.0;

/// The gap after each bar, so that tasks that follow each other are seen as two.
const GAP: f64 = 0.6;

/// Returns the number of lanes that ran a task, or could have.
fn lanes(run: &Run) -> usize {
    let used = run.tasks.iter().filter_map(|task| task.lane).max();
    used.map_or(0, |lane| lane + 1).max(run.slots)
}

fn row_height(run: &Run) -> f64 {
    (HEIGHT / lanes(run).max(1) as f64).clamp(ROW_HEIGHTS.0, ROW_HEIGHTS.1)
}

/// Returns the height of the picture of a run.
pub(crate) fn lanes_height(run: &Drawn<'_>, layout: &Layout) -> f64 {
    layout.first_row() + row_height(run.run) * lanes(run.run) as f64 + 44.0
}

/// Draws the lanes of a run, on the time axis of the waterfalls.
pub(crate) fn draw_lanes(run: &Drawn<'_>, layout: &Layout, terms: &Terms, markup: &mut Markup) {
    let (top, row) = (layout.first_row(), row_height(run.run));
    let lanes = lanes(run.run);
    markup.label("title", (layout.left, 16.0), &panel_title(run.run, terms));
    markup.line_break();
    let bottom = top + row * lanes as f64 + 2.0;
    draw_time_axes(run, layout, (top, bottom), markup);
    if bottom - top >= MIN_HEIGHT_WITH_CAPTION {
        let caption = count(lanes, terms.slot);
        markup.vertical_label("tick middle", (12.0, f64::midpoint(top, bottom)), &caption);
    }
    for lane in (0..lanes).filter(|_| row >= MIN_ROW_WITH_NUMBER) {
        let y = top + row * lane as f64 + row / 2.0 + 3.5;
        let number = (lane + 1).to_string();
        markup.label("code end", (layout.left - 6.0, y), &number);
    }
    markup.line_break();
    let thin = row < MIN_ROW_WITH_NUMBER;
    let class = if thin { "rows thin" } else { "rows" };
    markup.open("g", &[("class", &class)]);
    let zoom = layout.zoom(run);
    if run.is_sample() {
        draw_busy(&stretches(run, lanes), layout, (top, row), zoom, markup);
    }
    for task in &run.tasks {
        draw_task(task, layout, (top, row), zoom, markup);
    }
    markup.close();
    markup.line_break();
}

/// Draws the times in which lanes were busy as one grey path. Its colour is in the element: no other page needs a class for it.
fn draw_busy(
    stretches: &[Stretch],
    layout: &Layout,
    (top, row): (f64, f64),
    zoom: f64,
    markup: &mut Markup,
) {
    let scale = layout.scale();
    let px = |value| FinePx { value, zoom };
    let height = Px(row * BAR);
    let area = |of: &Stretch| {
        let (x, end) = (scale.position(of.from_ms), scale.position(of.to_ms));
        let y = Px(top + row * of.lane as f64 + row * (1.0 - BAR) / 2.0);
        let (x, width) = (px(x), px(end - x));
        format!("M{x} {y}h{width}v{height}H{x}z")
    };
    let areas: String = stretches.iter().map(area).collect();
    markup.empty_element("path", &[("style", &"fill: var(--queue)"), ("d", &areas)]);
    markup.line_break();
}

/// Draws the bar of a task, titled with its name: the waterfall has the details.
fn draw_task(task: &Task, layout: &Layout, rows: (f64, f64), zoom: f64, markup: &mut Markup) {
    let (Some(lane), Some((start, end))) = (task.lane, task.interval()) else {
        return;
    };
    let (top, row) = rows;
    let scale = layout.scale();
    let (x, end) = (scale.position(start), scale.position(end));
    let px = |value| FinePx { value, zoom };
    let y = Px(top + row * lane as f64 + row * (1.0 - BAR) / 2.0);
    // The gap must have the same width on the run's own time axis.
    let width = px((end - x - GAP / zoom).max(GAP / zoom));
    let (x, height) = (px(x), Px(row * BAR));
    let class = format!("task {}", task.outcome.class());
    let d = format!("M{x} {y}h{width}v{height}H{x}z");
    markup.open("path", &[("class", &class), ("d", &d)]);
    markup.element("title", &[], &task.name);
    markup.close();
    markup.line_break();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{self, TERMS};

    #[test]
    fn every_task_that_ran_is_in_the_row_of_its_worker() {
        let mut run = samples::run("threads", 3, 4);
        for (i, task) in run.tasks.iter_mut().enumerate() {
            task.lane = (i < 3).then_some(i % 2);
        }
        run.tasks[3].phases.clear();
        let run = Drawn::whole(&run);
        let layout = Layout::new(std::slice::from_ref(&run), 800.0, 400.0, (1.0, 14.0));
        let mut markup = Markup::default();
        draw_lanes(&run, &layout, &TERMS, &mut markup);
        let svg = markup.finish();
        assert_eq!(svg.matches("class=\"task ok\"").count(), 3);
        let rows: Vec<_> = [28, 44]
            .map(|y| svg.matches(&format!(" {y}h")).count())
            .into();
        assert_eq!(rows, [2, 1], "{svg}");
        // A worker without tasks has a row as well.
        assert!(svg.contains(">3</text>"), "{svg}");
    }

    #[test]
    fn more_lanes_have_lower_rows() {
        let row = |slots| row_height(&samples::run("threads", slots, 1));
        assert_eq!([row(1), row(100), row(676)], [16.0, 4.0, 1.0]);
    }
}
