//! Draws the waterfall of one run: title, axes and rows.

use super::bar::Row;
use super::layout::Layout;
use super::time::draw_time_axes;
use crate::chart::Markup;
use crate::drawn::Drawn;
use crate::model::{Outcome, Terms};
use crate::text::{count, panel_title};
use crate::timeline::by_start;

/// Draws the waterfall of a run, with `top` as its upper edge.
pub(crate) fn draw_waterfall(
    run: &Drawn<'_>,
    layout: &Layout,
    terms: &Terms,
    top: f64,
    markup: &mut Markup,
) {
    let first_row = top + layout.first_row();
    let title = panel_title(run.run, terms);
    markup.label("title", (layout.left, top + 16.0), &title);
    markup.line_break();
    draw_axes(run, layout, terms, first_row, markup);
    let zoom = layout.zoom(run);
    let row = |(i, task)| Row {
        layout,
        top: first_row + layout.row * i as f64,
        task,
        terms,
        zoom,
    };
    let tasks = by_start(run.tasks.clone());
    let rows: Vec<_> = tasks.into_iter().enumerate().map(row).collect();
    let class = if layout.is_thin() {
        "rows thin"
    } else {
        "rows"
    };
    markup.open("g", &[("class", &class)]);
    draw_queues_and_marks(&rows, layout, markup);
    for row in &rows {
        row.draw(markup);
    }
    markup.close();
    markup.line_break();
}

/// Draws all queues, and the marks of each outcome, as one path: a path per task would add thousands of elements.
fn draw_queues_and_marks(rows: &[Row<'_>], layout: &Layout, markup: &mut Markup) {
    let queues: String = rows.iter().filter_map(Row::queue_path).collect();
    markup.path("queue", &queues);
    for outcome in Outcome::ALL.into_iter().filter(|_| layout.is_thin()) {
        let with_outcome = rows.iter().filter(|row| row.task.outcome == outcome);
        let marks: String = with_outcome.filter_map(Row::mark_path).collect();
        markup.path(&format!("mark {}", outcome.class()), &marks);
    }
    markup.line_break();
}

fn draw_axes(run: &Drawn<'_>, layout: &Layout, terms: &Terms, top: f64, markup: &mut Markup) {
    let bottom = top + layout.rows_height(run) + 2.0;
    draw_time_axes(run, layout, (top, bottom), markup);
    let all = count(run.run.tasks.len(), terms.name);
    let caption = match run.is_sample() {
        true => format!("{} of {all}, by start", run.tasks.len()),
        false => format!("{all}, by start"),
    };
    markup.vertical_label("tick middle", (12.0, f64::midpoint(top, bottom)), &caption);
    markup.line_break();
}
