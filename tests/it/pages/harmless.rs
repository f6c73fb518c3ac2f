//! Pages must not execute text from a server, send requests, or grow without bound.

use std::fs;

use flags::country::CountryCode;
use flags::record::Status;
use flags::report::{Format, RecordReport, Report, read_images};
use flags::strategy::Strategy;
use roxmltree::{Document, Node};
use serde_json::Value;

use super::{bars, cells, parse, read, run, text_of, with_class};
use crate::support::every_code;

/// Text that would end the script, the style or a comment, or start an element, if it were not escaped.
const HOSTILE: &str = "</script></style></title><b>&\"'<!-- ]]> \u{0}\u{1b}\u{202e}\u{2028}|`";

/// `HOSTILE` as an XML parser must read it: the characters that XML does not allow, and those that would
/// reorder the text, are replaced.
const HARMLESS: &str =
    "</script></style></title><b>&\"'<!-- ]]> \u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}|`";

const ONE_MEGABYTE: usize = 1_000_000;

/// Returns a report of the largest size that a page must support: a run of each strategy over every code, made from the
/// first run and record of `sample`.
fn large_report(sample: &Report) -> Report {
    let mut results = sample.clone();
    let sample = results.runs[0].records[0].clone();
    let record = |(i, code): (usize, CountryCode)| RecordReport {
        code: Some(code),
        start_ms: Some(i as f64 * 251.377),
        queue_ms: i as f64 * 251.377,
        first_byte_ms: 503.119,
        body_ms: 12.345,
        save_ms: 1.234,
        ..sample.clone()
    };
    results.runs[0].records = every_code().into_iter().enumerate().map(record).collect();
    results.runs[0].totals.elapsed_ms = 676.0 * 251.377 + 1000.0;
    for strategy in [Strategy::Sequential, Strategy::ThreadPool] {
        let mut other = results.runs[0].clone();
        other.strategy = strategy;
        results.runs.push(other);
    }
    results
}

#[test]
fn text_from_a_server_is_escaped_in_every_format() {
    let (_program, mut results) = run("semaphore", &["br", "us"]);
    let other = results.runs[0].clone();
    results.runs.push(other);
    results.runs[1].strategy = Strategy::ThreadPool;
    let run = &mut results.runs[0];
    run.settings.embedded = false;
    run.settings.url = HOSTILE.to_owned();
    run.records[0].status = Status::Error;
    run.records[0].message = Some(HOSTILE.to_owned());
    let images = read_images(&results);

    let page = Format::Html.text(&results, &images);
    assert_eq!(page.matches("</script>").count(), 1);
    assert_eq!(page.matches("</style>").count(), 1);
    assert!(!page.contains("<!--") && !page.contains("<b>"));
    let parsed = parse(&page);
    let records = cells(with_class(&parsed, "records")[0]);
    assert_eq!(records[0][1], format!("error: {HARMLESS}"));
    let facts = text_of(with_class(&parsed, "facts")[0]);
    assert!(facts.contains(HARMLESS), "{facts}");
    let differences = text_of(with_class(&parsed, "differences")[0]);
    assert!(differences.contains(HARMLESS), "{differences}");

    let picture = Format::Svg.text(&results, &images);
    let bar = text_of(with_class(&Document::parse(&picture).unwrap(), "bar")[0]);
    assert!(
        bar.starts_with(&format!("BR: error: {HARMLESS}\n")),
        "{bar}"
    );

    let markdown = Format::Markdown.text(&results, &images);
    assert!(
        markdown.contains("\\</script\\>")
            && !markdown.contains("</script>")
            && !markdown.contains('\u{202e}'),
        "{markdown}"
    );

    let trace: Value = serde_json::from_str(&Format::Trace.text(&results, &images)).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    assert!(
        events
            .iter()
            .any(|event| event["args"]["message"] == HOSTILE)
    );
}

#[test]
fn a_page_of_three_runs_over_every_code_has_every_flag_and_is_smaller_than_a_megabyte() {
    let (program, mut results) = run("semaphore", &["-s", "LOCAL", "--every"]);
    for record in &mut results.runs[0].records {
        let path = record.path.take();
        record.path = path.map(|path| program.folder.path().join(path).display().to_string());
    }
    let images = read_images(&results);
    let large = large_report(&results);
    let page = Format::Html.text(&large, &images);
    assert!(page.len() < ONE_MEGABYTE, "{}", page.len());
    let parsed = parse(&page);
    assert_eq!(bars(&parsed).values().sum::<usize>(), 3 * 676);
    assert_eq!(with_class(&parsed, "task").len(), 3 * 676);
    assert_eq!(with_class(&parsed, "image").len(), 194);
    let picture = Format::Svg.text(&large, &images);
    assert_eq!(
        bars(&Document::parse(&picture).unwrap())
            .values()
            .sum::<usize>(),
        3 * 676
    );
}

#[test]
fn flags_are_embedded_as_one_image_and_what_is_not_a_gif_is_left_out() {
    let (program, mut results) = run("semaphore", &["br", "us", "xx"]);
    for record in &mut results.runs[0].records {
        let path = record.path.take();
        record.path = path.map(|path| program.folder.path().join(path).display().to_string());
    }
    let embedded = |page: &str| page.matches("data:image/gif;base64,").count();
    let shown = |page: &str| -> Vec<_> {
        let parsed = parse(page);
        let images = with_class(&parsed, "image").into_iter();
        let label = |image: Node<'_, '_>| image.attribute("aria-label").map(str::to_owned);
        images.filter_map(label).collect()
    };
    let (brazil, usa) = ("flag of Brazil", "flag of United States");
    // On the page written by the program, which reads the flags from the folder in which it saved them.
    let written = read(&program, "r.html");
    assert_eq!(embedded(&written), 1);
    assert_eq!(shown(&written), [brazil, usa]);

    let again = results.runs[0].clone();
    results.runs.push(again);
    let page = |results: &Report| Format::Html.text(results, &read_images(results));
    let twice = page(&results);
    assert_eq!((embedded(&twice), shown(&twice).len()), (1, 2));

    let path = |i: usize| results.runs[0].records[i].path.clone().unwrap();
    fs::write(path(1), vec![0; 1000]).unwrap();
    assert_eq!(shown(&page(&results)), [brazil]);
    fs::remove_file(path(1)).unwrap();
    assert_eq!(shown(&page(&results)), [brazil]);
    fs::write(path(0), b"GIF89a").unwrap();
    assert_eq!(embedded(&page(&results)), 0);
}

#[test]
fn a_page_sends_no_request() {
    let (program, _) = run("semaphore", &["br", "us"]);
    for file in ["r.html", "r.svg"] {
        let text = read(&program, file);
        let parsed = parse(&text);
        for node in parsed.descendants() {
            for attribute in node.attributes() {
                assert!(
                    !["src", "href", "action"].contains(&attribute.name()),
                    "{node:?}"
                );
            }
        }
        assert!(!text.contains("@import") && !text.contains("fetch("));
        let addresses = text
            .match_indices("url(")
            .map(|(i, _)| &text[i + 4..i + 15]);
        assert!(
            addresses
                .clone()
                .all(|to| to.starts_with("#hatch") || to.starts_with("data:image/")),
            "{file}"
        );
    }
}

#[test]
fn the_page_stays_well_formed_with_its_script_and_has_what_the_script_needs() {
    // The page must also be well-formed XML, and the script is a part of it.
    assert!(
        !include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/comparison/src/page/page.js"
        ))
        .contains(['&', '<'])
    );
    let (program, _) = run("semaphore", &["b"]);
    let page = read(&program, "r.html");
    let parsed = parse(&page);
    let waterfall = with_class(&parsed, "waterfall")[0];
    // The script finds the bars and their rows by these.
    let number = |name| waterfall.attribute(name).unwrap().parse::<f64>().unwrap();
    assert!(number("data-top") > 0.0 && number("data-row") > 1.0);
    for bar in with_class(&parsed, "bar") {
        assert!(bar.first_element_child().unwrap().has_tag_name("title"));
        // With thousands of tab stops the keyboard would be useless, so the script sets a single one.
        assert_eq!(bar.attribute("tabindex"), None);
    }
}
