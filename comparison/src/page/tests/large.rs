//! What a page and a picture draw of very many tasks.

use roxmltree::{Document, Node};

use super::{parse, text_of, with_class};
use crate::model::{Comparison, Outcome, Terms};
use crate::page::{Images, page};
use crate::picture::picture;
use crate::samples;

static TERMS: Terms = Terms {
    name: "file",
    lanes: true,
    ..samples::TERMS
};

const MAX_PAGE: usize = 5_000_000;
const MAX_PICTURE: usize = 2_000_000;

/// Returns a comparison of runs of 30,000 tasks each, of which 23 failed and 5 were not found.
fn large(runs: &[&str]) -> Comparison {
    let run = |label: &&str| {
        let mut run = samples::large_run(label, 30, 30_000);
        for task in run.tasks.iter_mut().skip(1).step_by(1311) {
            samples::fail(task, "timeout: no answer within 30 s");
        }
        for task in run.tasks.iter_mut().skip(2).step_by(6000) {
            task.outcome = Outcome::NotFound;
        }
        run
    };
    Comparison {
        terms: &TERMS,
        ..samples::comparison_of(runs.iter().map(run).collect())
    }
}

/// Returns the chart with this label that starts so.
fn chart<'a>(page: &'a Document<'a>, label: &str) -> Node<'a, 'a> {
    let charts = with_class(page, "chart").into_iter();
    let mut charts = charts.filter(|chart| {
        let description = chart.attribute("aria-label").unwrap_or_default();
        description.starts_with(label)
    });
    charts.next().unwrap()
}

#[test]
fn a_page_and_a_picture_of_very_many_tasks_are_bounded() {
    let mut comparison = large(&["semaphore"]);
    let sizes = |comparison: &Comparison| {
        let (page, picture) = (page(comparison, &Images::default()), picture(comparison));
        (page.len(), picture.len())
    };
    for text in ["", &"x".repeat(200)] {
        for (i, task) in comparison.runs[0].tasks.iter_mut().enumerate() {
            task.name = format!("{i}{text}");
        }
        let (page, picture) = sizes(&comparison);
        assert!(page < MAX_PAGE && picture < MAX_PICTURE, "{page} {picture}");
    }
    let (page, picture) = sizes(&large(&["sequential", "threadpool", "semaphore"]));
    assert!(page < MAX_PAGE && picture < MAX_PICTURE, "{page} {picture}");
}

#[test]
fn every_task_that_failed_is_drawn_and_in_the_table() {
    let comparison = large(&["semaphore"]);
    let text = page(&comparison, &Images::default());
    let page = parse(&text);
    let of = |class: &str| {
        let all = with_class(&page, class);
        let error = |node: &&Node<'_, '_>| node.attribute("class").unwrap().ends_with(" error");
        (all.len(), all.iter().filter(error).count())
    };
    let (bars, errors) = of("bar");
    assert_eq!((errors, of("task")), (23, (bars, errors)));
    assert!(bars < 10_000, "{bars}");
    let records = with_class(&page, "records")[0];
    let rows = records.descendants().filter(|node| node.has_tag_name("tr"));
    assert_eq!(rows.count(), 2 + bars);
    assert_eq!(text_of(records).matches("error: timeout").count(), 23);
    assert_eq!(text_of(records).matches("not found").count(), 5);
}

#[test]
fn a_page_and_a_picture_say_what_is_drawn_of_what() {
    let comparison = large(&["semaphore"]);
    let text = page(&comparison, &Images::default());
    let drawn =
        " of 30000 files are drawn: every 8th, all 23 that failed and all 5 that were not found.";
    let all = " Numbers and charts are those of all files.";
    assert_eq!(text.matches(drawn).count(), 2, "waterfall and records");
    assert_eq!(text.matches(&format!("{drawn}{all}")).count(), 1);
    assert!(text.contains(" of 30000 files, by start<"));
    assert!(text.contains(
        "had nothing to do. Downloads outside the sample are drawn in grey, as one area."
    ));
    let busy = text
        .matches("<path style=\"fill: var(--queue)\" d=\"M")
        .count();
    assert_eq!(busy, 1, "in the lanes of the run");
    assert!(!text.contains("All records"));
    let text = picture(&comparison);
    let picture = Document::parse(&text).unwrap();
    let lines: String = with_class(&picture, "headline")
        .into_iter()
        .map(|line| text_of(line) + " ")
        .collect();
    let drawn =
        " of 30000 files are drawn: every 15th, all 23 that failed and all 5 that were not found.";
    assert!(lines.contains(drawn), "{lines}");
}

#[test]
fn numbers_and_charts_are_those_of_all_tasks() {
    let mut comparison = large(&["semaphore"]);
    // Drawn are the tasks whose number is a multiple of eight, and those that failed. These are others: a peak of 80 at
    // once, and the slowest task of all.
    for i in (0..80).map(|i| 15_001 + i * 8) {
        comparison.runs[0].tasks[i].phases =
            samples::phases([200_000.0, 0.0, 0.0, 200.0, 0.0, 0.0]);
    }
    comparison.runs[0].tasks[4].phases = samples::phases([0.0, 0.0, 0.0, 90_000.0, 0.0, 0.0]);
    let text = page(&comparison, &Images::default());
    let page = parse(&text);
    let table = text_of(with_class(&page, "series-table")[0]);
    for number in ["29972", "90000"] {
        assert!(table.contains(number), "{number}: {table}");
    }
    let in_flight = text_of(chart(&page, "Downloads in flight"));
    assert!(in_flight.contains("80"), "{in_flight}");
    let latency = chart(&page, "The share of downloads");
    let axis = latency.attribute("data-marks").unwrap();
    let to: f64 = axis.split(' ').nth(1).unwrap().parse().unwrap();
    assert!(to > 90_000.0, "{axis}");
    let line = with_class(&page, "line");
    let longest = line.iter().filter_map(|line| line.attribute("d"));
    assert!(longest.map(str::len).max().unwrap() < 60_000);
}

#[test]
fn a_page_lists_at_most_five_thousand_tasks_that_ended_differently() {
    let mut comparison = large(&["threadpool", "semaphore"]);
    for task in &mut comparison.runs[1].tasks[10_000..16_000] {
        samples::fail(task, "refused");
    }
    let text = page(&comparison, &Images::default());
    let page = parse(&text);
    let list = with_class(&page, "differences")[0];
    let items = list.descendants().filter(|node| node.has_tag_name("li"));
    assert_eq!(items.count(), 5001);
    assert!(text_of(list).contains("and 1000 more files"));
    assert!(text.contains("6000 files ended differently"));
    assert!(text.len() < MAX_PAGE, "{}", text.len());
}
