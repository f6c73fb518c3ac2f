//! The page parsed as XML, and hostile text in all outputs.

use roxmltree::{Document, Node, ParsingOptions};

use crate::model::{Comparison, Outcome, PhaseKind, PhaseTerms, Run, Terms};
use crate::page::sprite::one_colour;
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
    images.insert(HOSTILE, one_colour((3, 2), [1, 2, 3]));
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
    let label = format!("image of {HARMLESS}");
    assert_eq!(image.attribute("aria-label"), Some(label.as_str()));
    let id = format!("task-{HARMLESS}");
    assert_eq!(image.parent().unwrap().attribute("id"), Some(id.as_str()));
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

/// Returns the headings of a page.
fn headings(page: &str) -> Vec<String> {
    let parsed = parse(page);
    let is_heading = |node: &Node<'_, '_>| node.has_tag_name("h2") || node.has_tag_name("h3");
    parsed
        .descendants()
        .filter(is_heading)
        .map(text_of)
        .collect()
}

#[test]
fn the_page_of_a_single_run_compares_nothing() {
    let text = page(
        &samples::comparison_of(vec![samples::run("semaphore", 5, 26)]),
        &Images::default(),
    );
    let expected = [
        "The run",
        "Waterfall",
        "Downloads in flight",
        "Latency",
        "All records",
    ];
    assert_eq!(headings(&text), expected);
    for word in [
        "speed-up",
        "interval",
        "side by side",
        "All runs",
        "previous",
        "elapsed-bar",
    ] {
        let main = text
            .split("<main")
            .nth(1)
            .unwrap()
            .split("</main>")
            .next()
            .unwrap();
        assert!(!main.contains(word), "{word}");
    }
}

#[test]
fn with_several_limits_the_curve_and_the_verdicts_come_first_and_many_waterfalls_are_folded_away() {
    let of = |limits: &[usize]| {
        let labels = ["threadpool", "semaphore"].into_iter();
        let runs = labels.flat_map(|label| {
            limits
                .iter()
                .map(move |slots| samples::run(label, *slots, 26))
        });
        page(&samples::comparison_of(runs.collect()), &Images::default())
    };
    let several = of(&[1, 5, 10, 26]);
    let expected = [
        "Elapsed time by connections",
        "The best setting of each strategy",
        "With the same number of connections",
        "The runs side by side",
    ];
    assert_eq!(headings(&several)[..4], expected);
    let parsed = parse(&several);
    let verdicts: Vec<_> = with_class(&parsed, "verdicts");
    let sentences = verdicts
        .into_iter()
        .map(|list| text_of(list).matches('.').count());
    assert!(
        sentences.eq([2 + 2, 4 + 4]),
        "a sentence and a decimal point each"
    );
    let is_folded = |page: &str| {
        let parsed = parse(page);
        let waterfalls = with_class(&parsed, "waterfall");
        let folded =
            |node: &Node<'_, '_>| node.ancestors().any(|above| above.has_tag_name("details"));
        waterfalls.iter().all(folded)
    };
    assert!(is_folded(&several));
    assert!(!is_folded(&of(&[1, 5, 26])), "six series");
}

#[test]
fn each_run_can_have_a_time_axis_of_its_own_if_their_lengths_differ_widely() {
    let of = |slots| {
        let runs = [1, slots].map(|slots| samples::run("semaphore", slots, 26));
        page(&samples::comparison_of(runs.to_vec()), &Images::default())
    };
    let (apart, close) = (of(26), of(2));
    let parsed = parse(&apart);
    assert_eq!(
        with_class(&parsed, "own-axis").len(),
        1,
        "the longest run needs none"
    );
    assert_eq!(with_class(&parsed, "shared-axis").len(), 1);
    let zooms: Vec<_> = with_class(&parsed, "waterfall")
        .into_iter()
        .filter_map(|picture| picture.attribute("data-zoom"))
        .collect();
    assert_eq!(zooms, ["1", "26"]);
    // The body of 2 ms is too short to be visible on the shared axis.
    assert_eq!(
        with_class(&parsed, "body").len(),
        2 * 26 + 1,
        "with the legend"
    );
    assert!(!close.contains("id=\"own-axis\""));
}

#[test]
fn lanes_show_each_task_and_say_how_they_were_assigned() {
    static TERMS: Terms = Terms {
        lanes: true,
        lane_note: Some("The lanes are guessed."),
        ..samples::TERMS
    };
    let mut comparison = samples::comparison(26);
    comparison.terms = &TERMS;
    let text = page(&comparison, &Images::default());
    assert!(text.contains("The lanes are guessed."));
    let parsed = parse(&text);
    let tasks = with_class(&parsed, "task");
    assert_eq!(tasks.len(), 2 * 26);
    assert_eq!(tasks[0].first_element_child().unwrap().text(), Some("AA"));
}

#[test]
fn descriptions_stand_beside_the_names_of_the_records() {
    let mut comparison = samples::comparison(2);
    let images = &mut Images::new("flag");
    images.insert("AA", one_colour((3, 2), [1, 2, 3]));
    comparison
        .descriptions
        .insert("AA".to_owned(), HOSTILE.to_owned());
    let page = page(&comparison, images);
    let parsed = parse(&page);
    let cell = |id| {
        parsed
            .descendants()
            .find(|node| node.attribute("id") == Some(id))
            .unwrap()
    };
    assert_eq!(text_of(cell("task-AA")), format!("AA  {HARMLESS}"));
    assert_eq!(text_of(cell("task-AB")).trim(), "AB");
    let label = format!("flag of {HARMLESS}");
    assert_eq!(
        with_class(&parsed, "image")[0].attribute("aria-label"),
        Some(label.as_str())
    );
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
