//! The waterfalls of a comparison as one SVG picture, for a README, below the title and the conclusion.
//!
//! They share one time axis. The picture brings its own background and style, because the document that embeds it
//! supplies neither.

use crate::chart::{
    Markup, Px, draw_hatching, draw_legend, legend_height, style_without_variables,
};
use crate::drawn::{Drawing, Rows, drawing};
use crate::model::Comparison;
use crate::statistics::{series, shown_runs};
use crate::text::{conclusion_in_words, panel_title, wrap_to};
use crate::waterfall::{Layout, draw_waterfall, legend_entries};

const WIDTH: f64 = 800.0;
const MARGIN: f64 = 16.0;

/// The vertical space between waterfalls.
const GAP: f64 = 6.0;

/// The intended height of a panel. The height of its rows stays within `ROW_HEIGHTS`, which takes
/// precedence.
const PANEL_HEIGHT: f64 = 330.0;
const ROW_HEIGHTS: (f64, f64) = (0.5, 11.0);

/// The most rows of a sample. A row is half a pixel high, so more would be too tall to look at; these take less than 1 MB.
const ROWS: Rows = Rows {
    even: 2000,
    kept: 500,
};

/// The height of a line of the headline.
const LINE_HEIGHT: f64 = 19.0;

/// The most letters of a line of the headline, in the widest usual font.
const LINE_LETTERS: usize = 95;

/// Returns the waterfalls as an SVG picture with a light and a dark colour scheme. Of several rounds, the median run is
/// drawn.
///
/// ```
/// # mod made_up { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/made_up/sleeps.rs")); }
/// # use made_up::sleeps;
/// let picture = comparison::picture(&sleeps());
/// assert!(picture.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"800\""));
/// ```
pub fn picture(comparison: &Comparison) -> String {
    let terms = comparison.terms;
    let drawing = drawing(&shown_runs(&comparison.runs), ROWS);
    let headline = headline(comparison, &drawing);
    let runs = &drawing.runs;
    let layout = Layout::new(runs, WIDTH, PANEL_HEIGHT, ROW_HEIGHTS);
    let entries = legend_entries(runs, &layout, terms);
    let legend_width = WIDTH - layout.left - MARGIN;
    let heights = runs.iter().map(|run| layout.height(run) + GAP);
    let top = MARGIN + LINE_HEIGHT * headline.len() as f64;
    let height = top + legend_height(&entries, legend_width) + GAP + heights.sum::<f64>();

    let mut markup = Markup::default();
    open(height, &mut markup);
    markup.element("title", &[], &comparison.title);
    markup.element("desc", &[], &description(comparison, &drawing));
    markup.element("style", &[], &style_without_variables());
    draw_hatching(&mut markup);
    markup.empty_element(
        "rect",
        &[
            ("class", &"ground"),
            ("width", &Px(WIDTH)),
            ("height", &Px(height)),
        ],
    );
    markup.line_break();
    draw_headline(&headline, layout.left, &mut markup);
    let mut top = top;
    draw_legend(&entries, (layout.left, top), legend_width, &mut markup);
    top += legend_height(&entries, legend_width) + GAP;
    for run in runs {
        draw_waterfall(run, &layout, terms, top, &mut markup);
        top += layout.height(run) + GAP;
    }
    markup.close();
    markup.line_break();
    markup.finish()
}

/// Returns the title, the conclusion and what is drawn of very many tasks, wrapped to the width of the picture. The first line is
/// the title's.
fn headline(comparison: &Comparison, drawing: &Drawing<'_>) -> Vec<String> {
    let conclusion = conclusion_in_words(&series(comparison), comparison.terms);
    let lines = |text: &str| -> Vec<_> {
        wrap_to(LINE_LETTERS, text)
            .lines()
            .map(str::to_owned)
            .collect()
    };
    let title = lines(&comparison.title).into_iter().take(1);
    let sample = drawing.sample.as_ref();
    let sample = sample.map(|sample| sample.in_words(comparison.terms));
    let sentences = conclusion.into_iter().chain(sample);
    title
        .chain(sentences.flat_map(|text| lines(&text)))
        .collect()
}

fn draw_headline(headline: &[String], left: f64, markup: &mut Markup) {
    for (i, line) in headline.iter().enumerate() {
        let class = if i == 0 { "title" } else { "headline" };
        let y = MARGIN + LINE_HEIGHT * (i as f64 + 0.6);
        markup.label(class, (left, y), line);
    }
    markup.line_break();
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

/// Returns the description of the picture for screen readers.
fn description(comparison: &Comparison, drawing: &Drawing<'_>) -> String {
    let terms = comparison.terms;
    let runs = drawing.runs.iter();
    let titles: Vec<_> = runs.map(|of| panel_title(of.run, terms)).collect();
    let conclusion = conclusion_in_words(&series(comparison), terms).unwrap_or_default();
    format!(
        "Shows when each {} of each run waited and ran, on one time axis: {}. {conclusion}",
        terms.task,
        titles.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn all_rows_fit_in_the_picture() {
        for tasks in [1, 26, 676] {
            let text = picture(&samples::comparison(tasks));
            let tree = roxmltree::Document::parse(&text).unwrap();
            let height: f64 = tree
                .root_element()
                .attribute("height")
                .unwrap()
                .parse()
                .unwrap();
            assert!(height < 1000.0, "{tasks}: {height}");
            let bars = tree.descendants().filter(|node| {
                node.attribute("class")
                    .is_some_and(|class| class.starts_with("bar "))
            });
            assert_eq!(bars.count(), 2 * tasks);
        }
    }

    #[test]
    fn a_picture_has_its_headline_and_the_names_of_its_tasks() {
        let text = picture(&samples::comparison(26));
        let tree = roxmltree::Document::parse(&text).unwrap();
        let labels: Vec<_> = tree
            .descendants()
            .filter(|node| node.has_tag_name("text"))
            .filter_map(|node| node.text())
            .collect();
        let conclusion = "semaphore was 26.0 times faster than sequential in a single run; at most 26.0 possible with";
        assert_eq!(
            labels[..3],
            ["26 country codes", conclusion, "these latencies."]
        );
        for name in ["AA", "AZ"] {
            let rows = labels.iter().filter(|label| **label == name);
            assert_eq!(rows.count(), 2, "{name}");
        }
    }

    #[test]
    fn a_long_headline_is_wrapped() {
        let mut comparison = samples::comparison(2);
        comparison.runs[1].label = "a".repeat(80);
        let drawing = drawing(&shown_runs(&comparison.runs), ROWS);
        let lines = headline(&comparison, &drawing);
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(
            lines.iter().all(|line| line.len() <= LINE_LETTERS),
            "{lines:?}"
        );
    }
}
