//! What a page shows of which comparison.

use roxmltree::{Document, Node};

use super::{parse, text_of, with_class};
use crate::model::{Outcome, Run, Terms};
use crate::page::sprite::one_colour;
use crate::page::{Images, page};
use crate::picture::picture;
use crate::samples;

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
        let runs = [1, slots].map(|slots| samples::run("semaphore", slots, 104));
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
    // The bodies of 2 ms are too short to be visible on an axis of 11 s. One more is in the legend.
    assert_eq!(with_class(&parsed, "body").len(), 104 + 1);
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
        .insert("AA".to_owned(), "Atlantis".to_owned());
    let page = page(&comparison, images);
    let parsed = parse(&page);
    let cell = |id| {
        parsed
            .descendants()
            .find(|node| node.attribute("id") == Some(id))
            .unwrap()
    };
    assert_eq!(text_of(cell("task-AA")), format!("AA  Atlantis"));
    assert_eq!(text_of(cell("task-AB")).trim(), "AB");
    let label = "flag of Atlantis";
    assert_eq!(
        with_class(&parsed, "image")[0].attribute("aria-label"),
        Some(label)
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
