//! The waterfall of a run: a row for each code in the order of the turns, on it the phases from left to right. Waterfalls that
//! belong together have one time axis.

use crate::export::axis::{TimeUnit, draw_along_bottom, ticks};
use crate::export::bars::Row;
use crate::export::layout::Layout;
use crate::export::markup::Markup;
use crate::export::phases::{by_turn, verdict};
use crate::export::wording::{count, panel_title};
use crate::record::Status;
use crate::results::RunResults;

/// Draws the waterfall of a run below `top`.
pub(super) fn draw(run: &RunResults, layout: &Layout, top: f64, markup: &mut Markup) {
    let first_row = top + layout.first_row();
    markup.words("title", (layout.left, top + 16.0), &panel_title(run));
    markup.line_break();
    draw_axes(run, layout, first_row, markup);
    let row = |(i, record)| Row {
        layout,
        top: first_row + layout.row * i as f64,
        record,
    };
    let rows: Vec<_> = by_turn(&run.records)
        .into_iter()
        .enumerate()
        .map(row)
        .collect();
    let class = if layout.thin() { "rows thin" } else { "rows" };
    markup.open("g", &[("class", &class)]);
    draw_beside(&rows, layout, markup);
    for row in &rows {
        row.draw(markup);
    }
    markup.close();
    markup.line_break();
}

/// Queues and marks, each sort in one path: there are thousands.
fn draw_beside(rows: &[Row<'_>], layout: &Layout, markup: &mut Markup) {
    let queues: String = rows.iter().filter_map(Row::queue).collect();
    markup.path("queue", &queues);
    for status in Status::ALL.into_iter().filter(|_| layout.thin()) {
        let of_status = rows.iter().filter(|row| verdict(row.record) == status);
        let marks: String = of_status.filter_map(Row::mark).collect();
        markup.path(&format!("mark {}", status.word()), &marks);
    }
    markup.line_break();
}

fn draw_axes(run: &RunResults, layout: &Layout, top: f64, markup: &mut Markup) {
    let unit = TimeUnit::fitting(layout.longest_ms);
    let times = unit.ticks(ticks(0.0, layout.longest_ms, 8));
    let caption = format!("time since the run began, {}", unit.name);
    let bottom = top + layout.rows_height(run) + 2.0;
    draw_along_bottom(layout.scale(), (top, bottom), &times, &caption, markup);
    let caption = format!("{}, by turn", count(run.records.len(), "code"));
    markup.words_upwards("tick middle", (12.0, f64::midpoint(top, bottom)), &caption);
    markup.line_break();
}
