//! The waterfalls alone, one below the other on one axis: a picture that stands for itself.
//!
//! It is shown in pages that are not ours, and by programs that know little of CSS: it has its own ground, and its colours are
//! written out.

use test_server::LOOK;

use crate::columns;
use crate::export::layout::Layout;
use crate::export::markup::{Markup, Px};
use crate::export::wording;
use crate::export::{key, legend, waterfall};
use crate::results::{Results, RunResults};
use crate::summary;

/// How what is drawn looks, its colours as variables.
pub(super) const STYLE: &str = include_str!("chart.css");

const WIDTH: f64 = 800.0;
const MARGIN: f64 = 16.0;

/// Between waterfalls.
const GAP: f64 = 6.0;

/// About as high as a panel should be, and what its rows may be for that.
const PANEL: f64 = 220.0;
const ROWS: (f64, f64) = (0.5, 9.0);

pub(super) fn picture(results: &Results) -> String {
    let runs = summary::shown(&results.runs);
    let layout = Layout::new(&runs, WIDTH, PANEL, ROWS);
    let entries = key::entries(&runs, &layout);
    let wide = WIDTH - layout.left - MARGIN;
    let heights = runs.iter().map(|run| layout.height(run) + GAP);
    let height = MARGIN + legend::height(&entries, wide) + GAP + heights.sum::<f64>();

    let mut markup = Markup::default();
    open(height, &mut markup);
    markup.element("title", &[], &wording::title(results));
    markup.element("desc", &[], &description(results, &runs));
    markup.element("style", &[], &style());
    hatching(&mut markup);
    markup.leaf(
        "rect",
        &[
            ("class", &"ground"),
            ("width", &Px(WIDTH)),
            ("height", &Px(height)),
        ],
    );
    markup.line_break();
    let mut top = MARGIN;
    legend::draw(&entries, (layout.left, top), wide, &mut markup);
    top += legend::height(&entries, wide) + GAP;
    for run in runs {
        waterfall::draw(run, &layout, top, &mut markup);
        top += layout.height(run) + GAP;
    }
    markup.close();
    markup.line_break();
    markup.finish()
}

fn open(height: f64, markup: &mut Markup) {
    markup.open(
        "svg",
        &[
            ("xmlns", &"http://www.w3.org/2000/svg"),
            ("width", &Px(WIDTH)),
            ("height", &Px(height)),
            ("viewBox", &format!("0 0 {} {}", Px(WIDTH), Px(height))),
            ("role", &"img"),
        ],
    );
    markup.line_break();
}

/// What the picture shows, for those who cannot see it.
fn description(results: &Results, runs: &[&RunResults]) -> String {
    let titles: Vec<_> = runs.iter().map(|run| wording::panel_title(run)).collect();
    let gain = columns::verdict(&summary::series(&results.runs)).unwrap_or_default();
    format!(
        "When each download of a run was waiting and under way, on one time axis: {}. {gain}",
        titles.join("; ")
    )
}

/// The pattern that errors are filled with.
pub(super) fn hatching(markup: &mut Markup) {
    markup.open("defs", &[]);
    let size = [
        ("width", &4 as _),
        ("height", &4 as _),
        ("patternUnits", &"userSpaceOnUse" as _),
    ];
    let turn = ("patternTransform", &"rotate(45)" as _);
    markup.open(
        "pattern",
        &[("id", &"hatch"), size[0], size[1], size[2], turn],
    );
    markup.leaf("path", &[("class", &"stripes"), ("d", &"M1 0v4")]);
    markup.close();
    markup.close();
    markup.line_break();
}

/// The style with the colours of [`LOOK`], for light and for dark.
fn style() -> String {
    let template = format!("{STYLE}.ground {{ fill: var(--ground); }}\n");
    let (light, dark) = LOOK
        .split_once("prefers-color-scheme: dark")
        .unwrap_or((LOOK, ""));
    // What dark does not say is as in light.
    let dark = written_out(&template, &format!("{dark}{light}"));
    let light = written_out(&template, light);
    format!("\n{light}@media (prefers-color-scheme: dark) {{\n{dark}}}\n")
}

/// The template with the values that `variables` gives to its variables; the first counts.
fn written_out(template: &str, variables: &str) -> String {
    let mut style = template.to_owned();
    for line in variables.lines() {
        let declared = line
            .trim()
            .strip_prefix("--")
            .and_then(|line| line.split_once(": "));
        if let Some((name, value)) = declared {
            style = style.replace(&format!("var(--{name})"), value.trim_end_matches(';'));
        }
    }
    style
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::samples;

    #[test]
    fn colours_are_written_out_for_light_and_for_dark() {
        let style = style();
        assert!(!style.contains("var("), "{style}");
        let (light, dark) = style.split_once("@media").unwrap();
        assert!(light.contains(".ground { fill: #ffffff; }"), "{light}");
        assert!(dark.contains(".ground { fill: #14171b; }"), "{dark}");
        assert!(dark.contains("system-ui"), "{dark}");
    }

    #[test]
    fn all_rows_fit_in_the_picture() {
        for flags in [1, 26, 676] {
            let text = picture(&samples::results(flags));
            let tree = roxmltree::Document::parse(&text).unwrap();
            let height: f64 = tree
                .root_element()
                .attribute("height")
                .unwrap()
                .parse()
                .unwrap();
            assert!(height < 1000.0, "{flags}: {height}");
            let bars = tree.descendants().filter(|node| {
                node.attribute("class")
                    .is_some_and(|class| class.starts_with("bar "))
            });
            assert_eq!(bars.count(), 2 * flags);
        }
    }
}
