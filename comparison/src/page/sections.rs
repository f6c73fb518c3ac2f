//! The sections of a page, from the heading to the charts.

use maud::{Markup, PreEscaped, html};

use crate::chart::{
    Markup as Svg, Px, draw_hatching, draw_legend, in_flight, latency, legend_height, scaling,
};
use crate::model::{Comparison, Run, Terms};
use crate::statistics::{Series, differences};
use crate::text::{
    capitalized, columns, count, difference_in_sentence, ended_early, ideal, outliers_in_words,
    panel_title, peak, plural,
};
use crate::waterfall::{Layout, draw_lanes, draw_waterfall, lanes_height, legend_entries};

/// The width of a waterfall.
const WIDTH: f64 = 960.0;

/// The intended height of a waterfall. The height of its rows stays within `ROW_HEIGHTS`, which takes precedence.
const PANEL_HEIGHT: f64 = 480.0;
const ROW_HEIGHTS: (f64, f64) = (1.0, 14.0);

/// Returns a box with its own scroll bar for wide content. It can be focused, so that the keyboard can scroll it.
pub(super) fn scroll_box(name: &str, content: &Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(name) { (content) }
    }
}

pub(super) fn facts(comparison: &Comparison) -> Markup {
    html! {
        dl.facts {
            @for (name, fact) in &comparison.facts {
                dt { (name) }
                dd { (fact) }
            }
        }
    }
}

/// Returns the table of the series and the tasks that ended differently.
pub(super) fn summary(comparison: &Comparison, series: &[Series]) -> Markup {
    const NAME: &str = "The runs side by side";
    let terms = comparison.terms;
    let differences = differences(comparison);
    html! {
        h2 { (NAME) }
        @if !series.is_empty() {
            (scroll_box(NAME, &table(series, terms)))
            p.faint { (ideal(terms)) }
            @if let Some(peak) = peak(terms) {
                p.faint { (capitalized(&peak)) }
            }
        }
        @for sentence in outliers_in_words(series, terms) {
            p { (sentence) }
        }
        @if let Some(early) = ended_early(comparison) {
            p { (early) }
        }
        @if !differences.is_empty() {
            details {
                summary { (count(differences.len(), terms.name)) " ended differently in different runs" }
                ul.differences {
                    @for difference in &differences {
                        li { (difference_in_sentence(difference)) }
                    }
                }
            }
        }
    }
}

fn table(series: &[Series], terms: &Terms) -> Markup {
    let columns = columns(terms);
    let class = |i| if i == 0 { "word" } else { "number" };
    html! {
        table.series-table {
            thead {
                tr {
                    @for (i, column) in columns.iter().enumerate() {
                        th class=(class(i)) scope="col" {
                            (column.name)
                            span.unit { (column.unit) }
                        }
                    }
                }
            }
            tbody {
                @for one in series {
                    tr {
                        @for (i, column) in columns.iter().enumerate() {
                            td class=(class(i)) { ((column.cell)(one)) }
                        }
                    }
                    "\n"
                }
            }
        }
    }
}

pub(super) fn waterfalls(runs: &[&Run], terms: &Terms) -> Markup {
    let layout = Layout::new(runs, WIDTH, PANEL_HEIGHT, ROW_HEIGHTS);
    let name = terms.name;
    html! {
        h2 { "Waterfalls" }
        p.faint {
            "One row per " (name) ", in the order in which they started. All runs share one time axis. Of several "
            "rounds, the median run is shown."
        }
        p.hint.faint hidden="" {
            "Point at a bar to see its times, or focus it with " kbd { "Tab" } ". The up and down arrows move from "
            (name) " to " (name) ", the left and right arrows to the same " (name) " in the previous and the next run. "
            kbd { "Esc" } " closes the box."
        }
        (hatching())
        div.scroll {
            (legend(runs, &layout, terms))
            @for run in runs {
                (waterfall(run, &layout, terms))
            }
        }
    }
}

/// Returns a hidden element with the fill pattern that the waterfalls refer to.
fn hatching() -> Markup {
    let mut svg = Svg::default();
    svg.open("svg", &[("class", &"hidden"), ("aria-hidden", &"true")]);
    draw_hatching(&mut svg);
    svg.close();
    PreEscaped(svg.finish())
}

fn legend(runs: &[&Run], layout: &Layout, terms: &Terms) -> Markup {
    let entries = legend_entries(runs, layout, terms);
    let width = WIDTH - layout.left;
    let mut svg = Svg::default();
    let height = Px(legend_height(&entries, width));
    svg.open(
        "svg",
        &[
            ("class", &"chart"),
            ("viewBox", &format!("0 0 {WIDTH} {height}")),
            ("role", &"img"),
            ("aria-label", &"Legend"),
        ],
    );
    draw_legend(&entries, (layout.left, 0.0), width, &mut svg);
    svg.close();
    PreEscaped(svg.finish())
}

/// Returns the waterfall of a run, with attributes that give the position and height of its rows to the script.
fn waterfall(run: &Run, layout: &Layout, terms: &Terms) -> Markup {
    let mut svg = Svg::default();
    svg.open(
        "svg",
        &[
            ("class", &"waterfall"),
            (
                "viewBox",
                &format!("0 0 {WIDTH} {}", Px(layout.height(run))),
            ),
            ("role", &"group"),
            ("aria-label", &panel_title(run, terms)),
            ("data-top", &Px(layout.first_row())),
            ("data-row", &layout.row),
        ],
    );
    draw_waterfall(run, layout, terms, 0.0, &mut svg);
    svg.close();
    svg.line_break();
    PreEscaped(svg.finish())
}

/// Returns a picture of each run with a row per worker, if the lanes of the tasks are workers.
pub(super) fn lanes(runs: &[&Run], terms: &Terms) -> Markup {
    if !terms.lanes {
        return Markup::default();
    }
    let layout = Layout::new(runs, WIDTH, PANEL_HEIGHT, ROW_HEIGHTS);
    let (task, slot) = (terms.task, terms.slot);
    html! {
        h2 { (capitalized(&plural(slot))) }
        p.faint {
            "One row per " (slot) ", with the " (plural(task)) " that it ran. Where a row is empty, the " (slot)
            " had nothing to do."
        }
        div.scroll {
            @for run in runs {
                (lanes_of(run, &layout, terms))
            }
        }
    }
}

fn lanes_of(run: &Run, layout: &Layout, terms: &Terms) -> Markup {
    let mut svg = Svg::default();
    svg.open(
        "svg",
        &[
            ("class", &"chart"),
            (
                "viewBox",
                &format!("0 0 {WIDTH} {}", Px(lanes_height(run, layout))),
            ),
            ("role", &"img"),
            ("aria-label", &panel_title(run, terms)),
        ],
    );
    draw_lanes(run, layout, terms, &mut svg);
    svg.close();
    svg.line_break();
    PreEscaped(svg.finish())
}

pub(super) fn charts(runs: &[&Run], series: &[Series], terms: &Terms) -> Markup {
    let (tasks, slots) = (plural(terms.task), plural(terms.slot));
    html! {
        (chart(
            &capitalized(&format!("{tasks} in flight")),
            terms.in_flight,
            &in_flight(runs, terms).draw(),
        ))
        (chart(
            "Latency",
            &format!("The share of {tasks} that took no longer than a given time, not counting the queue."),
            &latency(runs, terms).draw(),
        ))
        @if let Some(scaling) = scaling(series, terms) {
            (chart(
                &format!("Elapsed time by {slots}"),
                &format!("Both axes are logarithmic: if twice as many {slots} halve the time, the line is straight."),
                &scaling.draw(),
            ))
        }
    }
}

fn chart(name: &str, explanation: &str, svg: &str) -> Markup {
    html! {
        h2 { (name) }
        p.faint { (explanation) }
        (scroll_box(name, &PreEscaped(svg.to_owned())))
    }
}
