//! The page parsed as XML, and hostile text in all outputs.

use roxmltree::{Document, Node, ParsingOptions};

use crate::model::{Comparison, Outcome, PhaseKind, PhaseTerms, Run, Terms};
use crate::page::{Images, page};
use crate::picture::picture;
use crate::samples;
use crate::text::{markdown, table};

/// Text that must stay text, and not end the script or the style, open a comment or become an element.
const HOSTILE: &str = "</script></style></title><b>&\"'<!-- ]]> \u{0}\u{1b}|`";

/// [`HOSTILE`] as an XML parser returns it.
const HARMLESS: &str = "</script></style></title><b>&\"'<!-- ]]> \u{FFFD}\u{FFFD}|`";

const ONE_MEGABYTE: usize = 1_000_000;

/// Parses a page as XML.
fn parse(text: &str) -> Document<'_> {
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).unwrap()
}

fn with_class<'a>(document: &'a Document<'a>, class: &str) -> Vec<Node<'a, 'a>> {
    let has_class = |node: &Node<'_, '_>| {
        let classes = node.attribute("class").unwrap_or_default();
        classes.split(' ').any(|one| one == class)
    };
    document.descendants().filter(has_class).collect()
}

/// Returns the text of an element and of all elements in it.
fn text_of(node: Node<'_, '_>) -> String {
    let texts = node.descendants().filter(Node::is_text);
    texts.filter_map(|node| node.text()).collect()
}

/// Returns a comparison in which every text from the program is hostile.
fn hostile() -> Comparison {
    let mut comparison = samples::comparison(2);
    comparison.title = HOSTILE.to_owned();
    comparison.facts = vec![("Server", HOSTILE.to_owned())];
    let runs = &mut comparison.runs;
    runs.push(runs[0].clone());
    runs[2].label = "other".to_owned();
    runs[2].ended_by = Some(HOSTILE.to_owned());
    runs[0].label = HOSTILE.to_owned();
    for run in runs {
        run.tasks[0].name = HOSTILE.to_owned();
    }
    samples::fail(&mut comparison.runs[0].tasks[0], HOSTILE);
    comparison
}

#[test]
fn hostile_text_stays_text_on_the_page() {
    let mut images = Images::default();
    images.insert(HOSTILE, vec![1, 2, 3]);
    let page = page(&hostile(), &images);
    assert_eq!(page.matches("</script>").count(), 1);
    assert_eq!(page.matches("</style>").count(), 1);
    assert!(!page.contains("<!--") && !page.contains("<b>"));
    let parsed = parse(&page);
    for class in [
        "facts",
        "series-table",
        "differences",
        "waterfall",
        "chart",
        "records",
    ] {
        let all = with_class(&parsed, class).into_iter().map(text_of);
        let text: String = all.collect();
        assert!(text.contains(HARMLESS), "{class}: {text}");
    }
    let by_tag = |name| parsed.descendants().find(|node| node.has_tag_name(name));
    for name in ["title", "h1"] {
        assert_eq!(text_of(by_tag(name).unwrap()), HARMLESS);
    }
    let image = with_class(&parsed, "image")[0];
    let id = format!("image-{HARMLESS}");
    assert_eq!(image.attribute("id"), Some(id.as_str()));
    let titles = with_class(&parsed, "waterfall").into_iter();
    let mut titles = titles.filter_map(|svg| svg.attribute("aria-label"));
    assert!(titles.any(|title| title.ends_with(&format!("ended early by {HARMLESS}"))));
}

#[test]
fn hostile_text_stays_text_in_all_other_outputs() {
    let picture = picture(&hostile());
    let parsed = Document::parse(&picture).unwrap();
    let bar = text_of(with_class(&parsed, "bar")[0]);
    let details = format!("{HARMLESS}: error: {HARMLESS}\n");
    assert!(bar.starts_with(&details), "{bar}");
    let markdown = markdown(&hostile());
    assert!(
        markdown.contains("\\</script\\>") && !markdown.contains("</script>"),
        "{markdown}"
    );
    let table = table(&hostile());
    let control = |c: char| c.is_control() && c != '\n';
    assert!(!table.contains(control), "{table}");
}

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
    // The most that a page embeds.
    images.insert("AA", vec![1; 150_000]);
    images.insert("AB", vec![2; 150_000]);
    let page = page(&comparison, &images);
    assert!(page.contains("data:image/gif"));
    assert!(page.len() < ONE_MEGABYTE, "{}", page.len());
    assert_eq!(with_class(&parse(&page), "bar").len(), 3 * 676);
}

#[test]
fn a_page_is_self_contained() {
    let mut images = Images::default();
    images.insert("AA", vec![1]);
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
    assert!(!include_str!("page.js").contains(['&', '<']));
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
fn a_run_that_ended_early_is_drawn_but_not_compared() {
    let mut run = samples::run("semaphore", 5, 26);
    run.ended_by = Some("SIGINT".to_owned());
    for task in &mut run.tasks[20..] {
        task.outcome = Outcome::NotAttempted;
        task.phases.clear();
    }
    let text = |runs: Vec<Run>| page(&samples::comparison_of(runs), &Images::default());
    let early = text(vec![run]);
    let parsed = parse(&early);
    assert_eq!(
        with_class(&parsed, "not_attempted").len(),
        7,
        "6 tasks and the legend"
    );
    assert!(with_class(&parsed, "series-table").is_empty());
    assert!(early.contains("1 run that ended early") && early.contains("ended early by SIGINT"));
    parse(&text(Vec::new()));
    Document::parse(&picture(&samples::comparison_of(Vec::new()))).unwrap();
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
    };
    let mut comparison =
        samples::comparison_of([1, 2].map(|slots| samples::run("a", slots, 3)).to_vec());
    comparison.title = "Three sleeps".to_owned();
    comparison.facts.clear();
    comparison.terms = &TERMS;
    samples::fail(&mut comparison.runs[0].tasks[0], "late");
    let mut images = Images::default();
    images.insert("AA", vec![0; 300_001]);
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
