//! The size of a page, its script, and the words of the program.

use roxmltree::Document;

use super::{parse, text_of, with_class};
use crate::model::{PhaseKind, PhaseTerms, Terms};
use crate::page::sprite::one_colour;
use crate::page::{Images, page};
use crate::picture::picture;
use crate::samples;
use crate::text::{markdown, table};

const ONE_MEGABYTE: usize = 1_000_000;

#[test]
fn a_page_of_three_runs_of_676_tasks_is_below_a_megabyte() {
    let run = |label| {
        let mut run = samples::run(label, 1, 676);
        for (i, task) in run.tasks.iter_mut().enumerate() {
            task.phases = samples::phases([i as f64 * 251.377, 0.0, 0.0, 503.119, 12.345, 1.234]);
        }
        run
    };
    let comparison = samples::comparison_of(["a", "b", "c"].map(run).to_vec());
    let mut images = Images::default();
    for i in 0..=255 {
        images.insert(
            &comparison.runs[0].tasks[usize::from(i)].name,
            one_colour((3, 2), [i, 255 - i, 99]),
        );
    }
    let page = page(&comparison, &images);
    assert!(page.contains("data:image/gif"));
    assert!(page.len() < ONE_MEGABYTE, "{}", page.len());
    assert_eq!(with_class(&parse(&page), "bar").len(), 3 * 676);
}

#[test]
fn a_page_is_self_contained() {
    let mut images = Images::default();
    images.insert("AA", one_colour((3, 2), [1, 2, 3]));
    let page = page(&samples::comparison(3), &images);
    let parsed = parse(&page);
    let attributes = parsed.descendants().flat_map(|node| node.attributes());
    for attribute in attributes {
        assert!(!["src", "href", "action"].contains(&attribute.name()));
    }
    assert!(!page.contains("@import") && !page.contains("fetch("));
    let addresses = page.match_indices("url(").map(|(i, _)| &page[i + 4..]);
    let is_inside = |to: &str| to.starts_with("#hatch") || to.starts_with("data:image/");
    assert!(addresses.clone().count() > 1 && addresses.clone().all(is_inside));
}

#[test]
fn the_script_is_valid_in_xml_and_its_bars_are_on_the_page() {
    assert!(!include_str!("../page.js").contains(['&', '<']));
    let page = page(&samples::comparison(3), &Images::default());
    let parsed = parse(&page);
    assert_eq!(with_class(&parsed, "hint").len(), 1);
    let waterfall = with_class(&parsed, "waterfall")[0];
    let number = |name| waterfall.attribute(name).unwrap().parse::<f64>().unwrap();
    assert!(number("data-top") > 0.0 && number("data-row") > 1.0);
    let bars = with_class(&parsed, "bar");
    assert_eq!(bars.len(), 6);
    for bar in bars {
        assert!(bar.first_element_child().unwrap().has_tag_name("title"));
        // page.js reads the outcome from the second class.
        assert_eq!(bar.attribute("class"), Some("bar ok"));
        // The script makes one bar a tab stop: thousands of tab stops would make the Tab key useless.
        assert_eq!(bar.attribute("tabindex"), None);
    }
}

#[test]
fn all_outputs_use_the_nouns_of_the_program() {
    static TERMS: Terms = Terms {
        series: "pool",
        labels: &[],
        slot: "thread",
        task: "sleep",
        name: "sleep",
        in_flight: "A sleep is in flight until it ends.",
        not_found: true,
        peak_in_flight: None,
        lanes: false,
        phases: &[PhaseTerms {
            kind: PhaseKind::Waiting,
            name: "asleep",
            legend: "ok: asleep",
        }],
        lane_note: None,
    };
    let mut comparison =
        samples::comparison_of([1, 2].map(|slots| samples::run("a", slots, 3)).to_vec());
    comparison.title = "Three sleeps".to_owned();
    comparison.facts.clear();
    comparison.terms = &TERMS;
    samples::fail(&mut comparison.runs[0].tasks[0], "late");
    let mut images = Images::default();
    for i in 0..=500_u16 {
        let [high, low] = i.to_be_bytes();
        images.insert(&i.to_string(), one_colour((1, 1), [high, low, 0]));
    }
    let page = page(&comparison, &images);
    let parsed = parse(&page);
    let main = parsed.descendants().find(|node| node.has_tag_name("main"));
    let labels = parsed.descendants();
    let labels = labels.filter_map(|node| node.attribute("aria-label"));
    let labels: Vec<_> = labels.collect();
    let all = [
        text_of(main.unwrap()),
        labels.join("\n"),
        table(&comparison),
        markdown(&comparison),
        text_of(Document::parse(&picture(&comparison)).unwrap().root()),
    ];
    for text in all {
        for word in [
            "strateg",
            "connection",
            "download",
            "code:",
            "codes",
            " code ",
            "flag",
        ] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
}
