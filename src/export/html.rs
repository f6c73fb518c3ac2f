//! A page with all of it, in one file: it asks for nothing from anywhere, and says everything without its script too.
//!
//! Whatever a server said is text in it. The page is XML as well as HTML, so that a strict reader can tell.

use test_server::LOOK;

use crate::columns::{self, COLUMNS};
use crate::export::images::Images;
use crate::export::layout::Layout;
use crate::export::legend;
use crate::export::markup::{Markup, Px};
use crate::export::records::{self, Flags};
use crate::export::{in_flight, key, latency, scaling, svg, waterfall, wording};
use crate::results::{Results, RunResults};
use crate::summary::{self, Series};

const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");

/// The width of a waterfall, about as high as it should be, and what its rows may be for that.
const WIDTH: f64 = 960.0;
const PANEL: f64 = 480.0;
const ROWS: (f64, f64) = (1.0, 14.0);

pub(super) fn page(results: &Results, images: &Images) -> String {
    let flags = Flags::new(images);
    let mut markup = Markup::default();
    markup.put("<!DOCTYPE html>\n");
    markup.open("html", &[("lang", &"en")]);
    head(results, &flags, &mut markup);
    markup.open("body", &[]);
    body(results, &flags, &mut markup);
    markup.put("<div id=\"card\" hidden=\"\"></div>\n<script>\n");
    markup.put(SCRIPT);
    markup.put("</script>\n");
    markup.close();
    markup.close();
    markup.line_break();
    markup.finish()
}

fn head(results: &Results, flags: &Flags, markup: &mut Markup) {
    markup.open("head", &[]);
    markup.put("<meta charset=\"utf-8\"/>\n");
    markup.put("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
    markup.element("title", &[], &wording::title(results));
    markup.put("\n<style>\n");
    for part in [LOOK, svg::STYLE, STYLE, &flags.style] {
        markup.put(part);
    }
    markup.put("</style>\n");
    markup.close();
    markup.line_break();
}

fn body(results: &Results, flags: &Flags, markup: &mut Markup) {
    let (runs, series) = (
        summary::shown(&results.runs),
        summary::series(&results.runs),
    );
    markup.open("main", &[]);
    markup.element("h1", &[], &wording::title(results));
    if let Some(gain) = columns::verdict(&series) {
        markup.element("p", &[("class", &"lead")], &gain);
    }
    facts(results, markup);
    summed_up(results, &series, markup);
    waterfalls(&runs, markup);
    heading(
        "Downloads in flight",
        "From its turn to its last byte on disk, a download is in flight.",
        markup,
    );
    in_a_box(
        "Downloads in flight",
        &in_flight::chart(&runs).draw(),
        markup,
    );
    let told = "The share of downloads that took no longer than that, waiting for a turn left out.";
    heading("Latency", told, markup);
    in_a_box("Latency", &latency::chart(&runs).draw(), markup);
    if let Some(chart) = scaling::chart(&series) {
        let told =
            "On logarithmic axes, twice as many connections in half the time is a straight line.";
        heading("Elapsed time by connections", told, markup);
        in_a_box("Elapsed time by connections", &chart.draw(), markup);
    }
    all_records(&runs, flags, markup);
    markup.close();
    markup.line_break();
}

fn heading(name: &str, told: &str, markup: &mut Markup) {
    markup.element("h2", &[], name);
    markup.element("p", &[("class", &"faint")], told);
    markup.line_break();
}

/// What is wide scrolls by itself, with the keyboard too.
fn in_a_box(name: &str, inner: &str, markup: &mut Markup) {
    let attributes = [
        ("class", &"scroll" as _),
        ("tabindex", &0 as _),
        ("role", &"region" as _),
        ("aria-label", &name as _),
    ];
    markup.open("div", &attributes);
    markup.put(inner);
    markup.close();
    markup.line_break();
}

fn facts(results: &Results, markup: &mut Markup) {
    markup.open("dl", &[("class", &"facts")]);
    for (name, fact) in wording::facts(results) {
        markup.element("dt", &[], name);
        markup.element("dd", &[], &fact);
    }
    markup.close();
    markup.line_break();
}

fn summed_up(results: &Results, series: &[Series], markup: &mut Markup) {
    markup.element("h2", &[], "The runs beside each other");
    if !series.is_empty() {
        in_a_box("The runs beside each other", &table(series), markup);
        markup.element("p", &[("class", &"faint")], wording::IDEAL);
    }
    if let Some(early) = wording::ended_early(results) {
        markup.element("p", &[], &early);
    }
    let differences = wording::differences(results);
    if differences.is_empty() {
        return;
    }
    markup.open("details", &[]);
    let told = wording::count(differences.len(), "code");
    markup.element(
        "summary",
        &[],
        &format!("{told} ended differently in different runs"),
    );
    markup.open("ul", &[("class", &"differences")]);
    for difference in differences {
        markup.element("li", &[], &difference);
    }
    markup.close();
    markup.close();
    markup.line_break();
}

fn table(series: &[Series]) -> String {
    let mut markup = Markup::default();
    let class = |i| if i == 0 { "word" } else { "number" };
    markup.open("table", &[("class", &"series-table")]);
    markup.open("thead", &[]);
    markup.open("tr", &[]);
    for (i, column) in COLUMNS.iter().enumerate() {
        markup.open("th", &[("scope", &"col"), ("class", &class(i))]);
        markup.say(column.name);
        markup.element("span", &[("class", &"unit")], column.unit);
        markup.close();
    }
    markup.close();
    markup.close();
    markup.open("tbody", &[]);
    for one in series {
        markup.open("tr", &[]);
        for (i, column) in COLUMNS.iter().enumerate() {
            markup.element("td", &[("class", &class(i))], &(column.cell)(one));
        }
        markup.close();
        markup.line_break();
    }
    markup.close();
    markup.close();
    markup.finish()
}

fn waterfalls(runs: &[&RunResults], markup: &mut Markup) {
    let layout = Layout::new(runs, WIDTH, PANEL, ROWS);
    let told = "A row for each code in the order of their turns, all runs on one time axis. Of several rounds, the run in the middle.";
    heading("Waterfalls", told, markup);
    markup.put("<p class=\"hint faint\" hidden=\"\">Point at a bar for its times, or go there with <kbd>Tab</kbd>: arrows up and down move ");
    markup.put("from code to code, left and right to the same code in the run before and after, <kbd>Esc</kbd> closes.</p>\n");
    markup.open("svg", &[("class", &"hidden"), ("aria-hidden", &"true")]);
    svg::hatching(markup);
    markup.close();
    markup.open("div", &[("class", &"scroll")]);
    let entries = key::entries(runs, &layout);
    let height = Px(legend::height(&entries, WIDTH - layout.left));
    let view = format!("0 0 {WIDTH} {height}");
    markup.open(
        "svg",
        &[
            ("class", &"chart"),
            ("viewBox", &view),
            ("role", &"img"),
            ("aria-label", &"Legend"),
        ],
    );
    legend::draw(&entries, (layout.left, 0.0), WIDTH - layout.left, markup);
    markup.close();
    for run in runs {
        one_waterfall(run, &layout, markup);
    }
    markup.close();
    markup.line_break();
}

fn one_waterfall(run: &RunResults, layout: &Layout, markup: &mut Markup) {
    markup.open(
        "svg",
        &[
            ("class", &"waterfall"),
            (
                "viewBox",
                &format!("0 0 {WIDTH} {}", Px(layout.height(run))),
            ),
            ("role", &"group"),
            ("aria-label", &wording::panel_title(run)),
            ("data-top", &Px(layout.first_row())),
            ("data-row", &layout.row),
        ],
    );
    waterfall::draw(run, layout, 0.0, markup);
    markup.close();
    markup.line_break();
}

fn all_records(runs: &[&RunResults], flags: &Flags, markup: &mut Markup) {
    markup.element("h2", &[], "All records");
    if flags.left_out {
        let told = "The flags are left out: together they are larger than a page should be.";
        markup.element("p", &[], told);
    }
    markup.open("details", &[]);
    markup.element("summary", &[], "What became of each code");
    let mut table = Markup::default();
    records::table(runs, flags, &mut table);
    in_a_box("All records", &table.finish(), markup);
    markup.close();
    markup.line_break();
}
