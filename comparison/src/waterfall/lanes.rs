//! Draws a run with one row per worker: which tasks each worker ran, and when it had nothing to do.

use super::bar::details;
use super::layout::Layout;
use crate::chart::{Markup, Px, TimeUnit, draw_x_axis, ticks};
use crate::model::{Run, Task, Terms};
use crate::text::panel_title;

/// The height of a row.
const ROW: f64 = 16.0;

/// The part of a row that its bars take.
const BAR: f64 = 12.0;

/// The gap after each bar, so that tasks that follow each other are seen as two.
const GAP: f64 = 0.6;

/// Returns the number of workers that ran a task, or could have.
fn lanes(run: &Run) -> usize {
    let used = run.tasks.iter().filter_map(|task| task.lane).max();
    used.map_or(0, |lane| lane + 1).max(run.slots)
}

/// Returns the height of the picture of a run.
pub(crate) fn lanes_height(run: &Run, layout: &Layout) -> f64 {
    layout.first_row() + ROW * lanes(run) as f64 + 44.0
}

/// Draws the workers of a run, on the time axis of the waterfalls.
pub(crate) fn draw_lanes(run: &Run, layout: &Layout, terms: &Terms, markup: &mut Markup) {
    let top = layout.first_row();
    markup.label("title", (layout.left, 16.0), &panel_title(run, terms));
    markup.line_break();
    let unit = TimeUnit::fitting(layout.longest_ms);
    let times = unit.ticks(ticks(0.0, layout.longest_ms, 8));
    let caption = format!("time since the run began, {}", unit.name);
    let bottom = top + ROW * lanes(run) as f64 + 2.0;
    draw_x_axis(layout.scale(), (top, bottom), &times, &caption, markup);
    for lane in 0..lanes(run) {
        let y = top + ROW * lane as f64 + ROW / 2.0 + 3.5;
        let name = (lane + 1).to_string();
        markup.label("code end", (layout.left - 6.0, y), &name);
    }
    markup.line_break();
    for task in &run.tasks {
        draw_task(task, layout, terms, top, markup);
    }
}

fn draw_task(task: &Task, layout: &Layout, terms: &Terms, top: f64, markup: &mut Markup) {
    let (Some(lane), Some((start, end))) = (task.lane, task.interval()) else {
        return;
    };
    let scale = layout.scale();
    let (x, end) = (scale.position(start), scale.position(end));
    let y = Px(top + ROW * lane as f64 + (ROW - BAR) / 2.0);
    let (x, width, height) = (Px(x), Px((end - x - GAP).max(GAP)), Px(BAR));
    markup.open("g", &[("class", &task.outcome.class())]);
    markup.element("title", &[], &details(task, terms));
    markup.path("body", &format!("M{x} {y}h{width}v{height}H{x}z"));
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
        let layout = Layout::new(&[&run], 800.0, 400.0, (1.0, 14.0));
        let mut markup = Markup::default();
        draw_lanes(&run, &layout, &TERMS, &mut markup);
        let svg = markup.finish();
        assert_eq!(svg.matches("class=\"body\"").count(), 3);
        let rows: Vec<_> = [28, 44]
            .map(|y| svg.matches(&format!(" {y}h")).count())
            .into();
        assert_eq!(rows, [2, 1], "{svg}");
        // A worker without tasks has a row as well.
        assert!(svg.contains(">3</text>"), "{svg}");
    }
}
