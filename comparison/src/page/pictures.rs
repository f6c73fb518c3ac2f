//! The pictures of single runs: the waterfalls, and the lanes.
//!
//! Without the script, all runs share one time axis. If their lengths differ widely, the script can give each run its
//! own: both axes are drawn, and the script moves the bars.

use maud::{Markup, PreEscaped, html};

use super::scroll::scroll_box;
use crate::chart::{Entry, Markup as Svg, Px, draw_hatching, draw_legend, legend_height};
use crate::drawn::{Drawing, Drawn};
use crate::model::{PhaseKind, Terms};
use crate::text::{capitalized, count, panel_title, plural};
use crate::waterfall::{
    Layout, draw_lanes, draw_waterfall, lanes_height, legend_entries, outcome_entries,
};

/// The width of a picture.
const WIDTH: f64 = 960.0;

/// The intended height of a waterfall. The height of its rows stays within `ROW_HEIGHTS`, which takes precedence.
const PANEL_HEIGHT: f64 = 480.0;
const ROW_HEIGHTS: (f64, f64) = (1.0, 14.0);

/// The most runs whose pictures are shown at once. The pictures of more runs are folded away.
const MAX_UNFOLDED: usize = 6;

/// Returns the layout of the pictures of these runs.
pub(super) fn layout(runs: &[Drawn<'_>]) -> Layout {
    Layout::new(runs, WIDTH, PANEL_HEIGHT, ROW_HEIGHTS).with_own_axes(runs)
}

pub(super) fn waterfalls(drawing: &Drawing<'_>, layout: &Layout, terms: &Terms) -> Markup {
    let (runs, sample) = (&drawing.runs, drawing.sample.as_ref());
    let (name, task) = (terms.name, terms.task);
    let one = runs.len() == 1;
    let pictures = html! {
        (legend(&legend_entries(runs, layout, terms), layout))
        @for run in runs {
            (waterfall(run, layout, terms))
        }
    };
    html! {
        section {
            h2 { (if one { "Waterfall" } else { "Waterfalls" }) }
            p.faint {
                "One row per " (name) ", in the order in which they started. "
                @if !one {
                    "Of several rounds, the median run is shown. "
                    span.if-shared { "All runs share one time axis." }
                }
            }
            @if let Some(sample) = sample {
                p { (sample.in_words(terms)) " Numbers and charts are those of all " (plural(name)) "." }
            }
            (switches(layout, terms))
            p.hint.faint hidden="" {
                "Point at a bar to see its times and to mark the same " (name) " everywhere, or focus it with " kbd { "Tab" }
                ". The up and down arrows move from " (name) " to " (name)
                @if !one { ", the left and right arrows to the same " (name) " in the previous and the next run" }
                ". " kbd { "Esc" } " closes the box."
            }
            (hatching())
            (folded(runs.len(), &format!("When each {task} waited and ran"), &pictures))
        }
    }
}

/// Returns the switches, which are hidden until the script shows them.
fn switches(layout: &Layout, terms: &Terms) -> Markup {
    // Written by hand because HTML allows, and XML requires, that these elements are closed.
    const SHARED: &str = "<input type=\"radio\" name=\"axis\" id=\"shared-axis\" checked=\"\"/>";
    const OWN: &str = "<input type=\"radio\" name=\"axis\" id=\"own-axis\"/>";
    const QUEUE: &str = "<input type=\"checkbox\" id=\"show-queue\" checked=\"\"/>";
    let queue = terms.phase_name(PhaseKind::Queue);
    html! {
        fieldset.switches hidden="" {
            @if layout.has_own_axes() {
                label { (PreEscaped(SHARED)) " One time axis for all runs" }
                label { (PreEscaped(OWN)) " A time axis per run" }
            }
            label { (PreEscaped(QUEUE)) " Show the " (queue) }
        }
    }
}

/// Returns the pictures of this many runs in a box, folded away if they are many.
fn folded(runs: usize, name: &str, pictures: &Markup) -> Markup {
    let shown = scroll_box(name, "wide", pictures);
    html! {
        @if runs > MAX_UNFOLDED {
            details {
                summary { (name) ": " (count(runs, "picture")) }
                (shown)
            }
        } @else {
            (shown)
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

fn legend(entries: &[Entry], layout: &Layout) -> Markup {
    let width = WIDTH - layout.left;
    let mut svg = Svg::default();
    let height = Px(legend_height(entries, width));
    svg.open(
        "svg",
        &[
            ("class", &"chart"),
            ("viewBox", &format!("0 0 {WIDTH} {height}")),
            ("role", &"img"),
            ("aria-label", &"Legend"),
        ],
    );
    draw_legend(entries, (layout.left, 0.0), width, &mut svg);
    svg.close();
    PreEscaped(svg.finish())
}

/// Returns the waterfall of a run, with attributes that give the position and height of its rows to the script.
fn waterfall(run: &Drawn<'_>, layout: &Layout, terms: &Terms) -> Markup {
    let height = Px(layout.height(run));
    let places = [
        ("data-top", Px(layout.first_row())),
        ("data-row", Px(layout.row)),
    ];
    let mut svg = open_picture("waterfall", "group", run, layout, terms, (height, &places));
    draw_waterfall(run, layout, terms, 0.0, &mut svg);
    close_picture(svg)
}

/// Returns a picture of each run with a row per lane, if the lanes of the tasks are to be drawn.
pub(super) fn lanes(drawing: &Drawing<'_>, layout: &Layout, terms: &Terms) -> Markup {
    if !terms.lanes {
        return Markup::default();
    }
    let (runs, tasks, slot) = (&drawing.runs, plural(terms.task), terms.slot);
    let pictures = html! {
        (legend(&outcome_entries(runs), layout))
        @for run in runs {
            (lanes_of(run, layout, terms))
        }
    };
    html! {
        section {
            h2 { (capitalized(&plural(slot))) }
            p.faint {
                "One row per " (slot) ", with the " (tasks) " that it ran. Where a row is empty, the " (slot)
                " had nothing to do."
                @if drawing.sample.is_some() {
                    " " (capitalized(&tasks)) " outside the sample are drawn in grey, as one area."
                }
                @if let Some(note) = terms.lane_note { " " (note) }
            }
            (folded(runs.len(), &format!("Which {slot} did what, and when"), &pictures))
        }
    }
}

fn lanes_of(run: &Drawn<'_>, layout: &Layout, terms: &Terms) -> Markup {
    let height = Px(lanes_height(run, layout));
    let mut svg = open_picture("lanes", "img", run, layout, terms, (height, &[]));
    draw_lanes(run, layout, terms, &mut svg);
    close_picture(svg)
}

/// Opens the picture of a run, with attributes from which the script gives the run its own time axis.
fn open_picture(
    class: &str,
    role: &str,
    run: &Drawn<'_>,
    layout: &Layout,
    terms: &Terms,
    (height, places): (Px, &[(&str, Px)]),
) -> Svg {
    let (view, title) = (format!("0 0 {WIDTH} {height}"), panel_title(run.run, terms));
    let (left, right, zoom) = (Px(layout.left), Px(layout.right()), layout.zoom(run));
    let mut attributes: Vec<(&str, &dyn std::fmt::Display)> = vec![
        ("class", &class),
        ("viewBox", &view),
        ("role", &role),
        ("aria-label", &title),
        ("data-left", &left),
        ("data-right", &right),
        ("data-zoom", &zoom),
    ];
    attributes.extend(places.iter().map(|(name, place)| (*name, place as _)));
    let mut svg = Svg::default();
    svg.open("svg", &attributes);
    svg
}

fn close_picture(mut svg: Svg) -> Markup {
    svg.close();
    svg.line_break();
    PreEscaped(svg.finish())
}
