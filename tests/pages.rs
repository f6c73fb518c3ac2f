//! Pages, pictures, tables and traces: that they say the same as the JSON report of the same runs, are well-formed whatever a
//! server says, and stay small.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use flags::export::{Format, Images};
use flags::results::{RecordResults, Results};
use flags::summary;
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::Value;
use support::{Program, STRATEGIES, every_code};

/// What no text may become: an end of the script, of the style, of a comment, or an element.
const HOSTILE: &str = "</script></style></title><b>&\"'<!-- ]]> \u{0}\u{1b}|`";

/// The same as XML knows it.
const HARMLESS: &str = "</script></style></title><b>&\"'<!-- ]]> \u{FFFD}\u{FFFD}|`";

const ONE_MEGABYTE: usize = 1_000_000;

/// A run of the program with a report in each format; the JSON of it, and the folder.
fn run(strategy: &str, args: &[&str]) -> (Program, Results) {
    let program = Program::new();
    let mut all = vec!["--strategy", strategy];
    all.extend(args);
    for file in ["r.json", "r.csv", "r.html", "r.md", "r.svg", "r.trace.json"] {
        all.extend(["--report", file]);
    }
    let run = program.run(all);
    assert_ne!(run.exit, Some(2), "{}", run.err);
    let results = serde_json::from_str(&read(&program, "r.json")).unwrap();
    (program, results)
}

fn read(program: &Program, file: &str) -> String {
    fs::read_to_string(program.folder.path().join(file)).unwrap()
}

/// Runs of each strategy over every code, made from one that took place: as many as a page must bear.
fn many(like: &Results) -> Results {
    let mut results = like.clone();
    let sample = results.runs[0].records[0].clone();
    let record = |(i, code): (usize, flags::country::CountryCode)| RecordResults {
        code: code.to_string(),
        start_ms: Some(i as f64 * 251.377),
        queue_ms: i as f64 * 251.377,
        first_byte_ms: 503.119,
        body_ms: 12.345,
        save_ms: 1.234,
        ..sample.clone()
    };
    results.runs[0].records = every_code().into_iter().enumerate().map(record).collect();
    results.runs[0].totals.elapsed_ms = 676.0 * 251.377 + 1000.0;
    for strategy in ["sequential", "threadpool"] {
        let mut other = results.runs[0].clone();
        other.strategy = strategy.to_owned();
        results.runs.push(other);
    }
    results
}

/// A page read as what it claims to be: XML, with nothing left open. A browser reads the same as HTML: the script has neither
/// ampersand nor less-than, and no element that HTML closes by itself is closed otherwise.
fn parse(text: &str) -> Document<'_> {
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).unwrap()
}

fn has_class(node: &Node<'_, '_>, class: &str) -> bool {
    let classes = node.attribute("class").unwrap_or_default();
    classes.split(' ').any(|one| one == class)
}

fn with_class<'a>(document: &'a Document<'a>, class: &str) -> Vec<Node<'a, 'a>> {
    document
        .descendants()
        .filter(|node| has_class(node, class))
        .collect()
}

/// All text in an element, whatever elements it is in.
fn text_of(node: Node<'_, '_>) -> String {
    node.descendants()
        .filter(Node::is_text)
        .filter_map(|node| node.text())
        .collect()
}

/// The verdicts of the bars: how many there are of each.
fn bars(document: &Document<'_>) -> BTreeMap<String, usize> {
    let mut bars = BTreeMap::new();
    for bar in with_class(document, "bar") {
        let class = bar.attribute("class").unwrap().trim_start_matches("bar ");
        *bars.entry(class.to_owned()).or_default() += 1;
    }
    bars
}

/// The cells of a table of a page.
fn cells(table: Node<'_, '_>) -> Vec<Vec<String>> {
    let is = |name| move |node: &Node<'_, '_>| node.has_tag_name(name);
    let rows = table.descendants().filter(is("tr"));
    let cells = rows.map(|row| {
        row.children()
            .filter(is("td"))
            .map(text_of)
            .collect::<Vec<_>>()
    });
    cells.filter(|row| !row.is_empty()).collect()
}

#[test]
fn every_format_tells_the_same_of_a_run() {
    for strategy in STRATEGIES {
        let (program, results) = run(strategy, &["-s", "ERROR", "b"]);
        let totals = &results.runs[0].totals;
        assert_eq!([totals.ok, totals.not_found, totals.error], [12, 8, 6]);
        let expected = [("error", 6), ("not_found", 8), ("ok", 12)];
        let expected = BTreeMap::from(expected.map(|(status, number)| (status.to_owned(), number)));

        let (page, picture) = (read(&program, "r.html"), read(&program, "r.svg"));
        let (page, picture) = (parse(&page), Document::parse(&picture).unwrap());
        assert_eq!((&bars(&page), &bars(&picture)), (&expected, &expected));

        let of_page = cells(with_class(&page, "series-table")[0]).remove(0);
        let markdown = read(&program, "r.md");
        let line = markdown
            .lines()
            .find(|line| line.starts_with(&format!("| {strategy} |")))
            .unwrap();
        let of_markdown: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(of_page, of_markdown);
        let series = &summary::series(&results.runs)[0];
        let numbers = [
            series.connections,
            series.ok,
            series.not_found,
            series.error,
        ];
        assert_eq!(of_page[1..5], numbers.map(|number| number.to_string()));
        let elapsed: f64 = of_page[5].parse().unwrap();
        assert!(
            (elapsed - totals.elapsed_ms / 1000.0).abs() <= 0.005,
            "{elapsed}"
        );

        let records = cells(with_class(&page, "records")[0]);
        let csv = read(&program, "r.csv");
        let csv: Vec<csv::StringRecord> = csv::Reader::from_reader(csv.as_bytes())
            .records()
            .map(Result::unwrap)
            .collect();
        assert_eq!((records.len(), csv.len()), (26, 26));
        for ((row, line), record) in records.iter().zip(&csv).zip(&results.runs[0].records) {
            let verdict = match &record.message {
                Some(message) => format!("error: {message}"),
                None => record.status.replace('_', " "),
            };
            assert_eq!([row[0].trim(), &row[1]], [record.code.as_str(), &verdict]);
            assert_eq!([&line[3], &line[4]], [&record.code, &record.status]);
        }
    }
}

#[test]
fn bars_tell_the_phases_of_their_records() {
    let (program, results) = run(
        "semaphore",
        &["-s", "ERROR", "b", "-m", "3", "--retries", "1"],
    );
    let page = read(&program, "r.html");
    let page = parse(&page);
    let told = |code: &str| {
        let bars = with_class(&page, "bar").into_iter();
        let mut texts = bars.map(|bar| text_of(bar.first_element_child().unwrap()));
        texts
            .find(|text| text.starts_with(&format!("{code}: ")))
            .unwrap()
    };
    for record in &results.runs[0].records {
        let told = told(&record.code);
        let phase = |name: &str| {
            let line = told.lines().find_map(|line| {
                line.strip_prefix(name)?
                    .strip_prefix(": ")?
                    .strip_suffix(" ms")
            });
            line.map_or(0.0, |ms| ms.parse::<f64>().unwrap())
        };
        let pairs = [
            (phase("queue") + phase("pause"), record.queue_ms),
            (phase("earlier"), record.earlier_ms),
            (phase("waiting"), record.first_byte_ms),
            (phase("body"), record.body_ms),
            (phase("saving"), record.save_ms),
        ];
        for (told, known) in pairs {
            assert!(
                (told - known).abs() <= 0.02 + known / 100.0,
                "{told} {known} {record:?}"
            );
        }
    }
}

#[test]
fn what_a_server_says_is_text_in_every_format() {
    let (_program, mut results) = run("semaphore", &["br", "us"]);
    let other = results.runs[0].clone();
    results.runs.push(other);
    results.runs[1].strategy = "threadpool".to_owned();
    let run = &mut results.runs[0];
    run.settings.embedded = false;
    run.settings.url = HOSTILE.to_owned();
    run.records[0].status = "error".to_owned();
    run.records[0].message = Some(HOSTILE.to_owned());
    let images = Images::read(&results);

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
        markdown.contains("\\</script\\>") && !markdown.contains("</script>"),
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
fn a_page_of_three_runs_over_every_code_is_below_a_megabyte() {
    let (_program, results) = run("semaphore", &["br"]);
    let many = many(&results);
    let mut images = Images::default();
    // As much as a page embeds at all.
    images.insert("BR", vec![1; 150_000]);
    images.insert("US", vec![2; 150_000]);
    let page = Format::Html.text(&many, &images);
    assert!(page.contains("data:image/gif"));
    assert!(page.len() < ONE_MEGABYTE, "{}", page.len());
    assert_eq!(bars(&parse(&page)).values().sum::<usize>(), 3 * 676);
    let picture = Format::Svg.text(&many, &images);
    assert_eq!(
        bars(&Document::parse(&picture).unwrap())
            .values()
            .sum::<usize>(),
        3 * 676
    );
}

#[test]
fn each_flag_is_embedded_once_and_too_many_not_at_all() {
    let (program, mut results) = run("semaphore", &["br", "us", "xx"]);
    for record in &mut results.runs[0].records {
        let path = record.path.take();
        record.path = path.map(|path| program.folder.path().join(path).display().to_string());
    }
    let embedded = |page: &str| page.matches("data:image/gif;base64,").count();
    // By the program, which reads them where it saved them.
    assert_eq!(embedded(&read(&program, "r.html")), 2);

    let again = results.runs[0].clone();
    results.runs.push(again);
    let page = |results: &Results| Format::Html.text(results, &Images::read(results));
    assert_eq!(embedded(&page(&results)), 2);

    let brazil = results.runs[0].records[0].path.clone().unwrap();
    let usa = results.runs[0].records[1].path.clone().unwrap();
    fs::copy(&brazil, &usa).unwrap();
    let same = page(&results);
    assert_eq!(embedded(&same), 1);
    assert!(same.contains("id=\"flag-BR\"") && same.contains("id=\"flag-US\""));
    fs::remove_file(&usa).unwrap();
    let one = page(&results);
    assert!(one.contains("id=\"flag-BR\"") && !one.contains("id=\"flag-US\""));
    assert!(!one.contains("The flags are left out"));

    fs::write(&usa, vec![0; 300_001]).unwrap();
    let none = page(&results);
    assert_eq!(embedded(&none), 0);
    assert!(none.contains("The flags are left out"));
}

#[test]
fn a_page_asks_for_nothing() {
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
fn the_script_of_a_page_does_no_harm_to_it() {
    // The page is XML too, and the script is a part of it.
    assert!(!include_str!("../src/export/page.js").contains(['&', '<']));
    let (program, _) = run("semaphore", &["b"]);
    let page = read(&program, "r.html");
    let parsed = parse(&page);
    let waterfall = with_class(&parsed, "waterfall")[0];
    // What it finds bars by, and where a row is.
    let number = |name| waterfall.attribute(name).unwrap().parse::<f64>().unwrap();
    assert!(number("data-top") > 0.0 && number("data-row") > 1.0);
    for bar in with_class(&parsed, "bar") {
        assert!(bar.first_element_child().unwrap().has_tag_name("title"));
        // Thousands of stops for the tabulator would be none; the script makes one.
        assert_eq!(bar.attribute("tabindex"), None);
    }
}

#[test]
fn slices_of_a_lane_do_not_overlap() {
    for (strategy, limit) in [("sequential", 1), ("threadpool", 3), ("semaphore", 3)] {
        let (program, results) = run(strategy, &["-s", "ERROR", "b", "-m", "3", "--retries", "1"]);
        let trace: Value = serde_json::from_str(&read(&program, "r.trace.json")).unwrap();
        let events = trace["traceEvents"].as_array().unwrap();
        let named: Vec<_> = events
            .iter()
            .filter(|event| event["name"] == "process_name")
            .collect();
        assert_eq!(named.len(), 1);
        assert!(
            named[0]["args"]["name"]
                .as_str()
                .unwrap()
                .starts_with(strategy)
        );
        let mut lanes = BTreeMap::<(&str, u64), Vec<(i64, i64)>>::new();
        for event in events.iter().filter(|event| event["ph"] == "X") {
            let (from, took) = (
                event["ts"].as_i64().unwrap(),
                event["dur"].as_i64().unwrap(),
            );
            assert!(from >= 0 && took >= 0, "{event}");
            let lane = (
                event["cat"].as_str().unwrap(),
                event["tid"].as_u64().unwrap(),
            );
            lanes.entry(lane).or_default().push((from, from + took));
        }
        for spans in lanes.values_mut() {
            spans.sort_unstable();
            assert!(
                spans.windows(2).all(|pair| pair[0].1 <= pair[1].0),
                "{spans:?}"
            );
        }
        let downloads = lanes
            .iter()
            .filter(|((category, _), _)| *category == "download");
        let (of, slices): (Vec<_>, Vec<_>) =
            downloads.map(|(lane, spans)| (lane.1, spans.len())).unzip();
        assert!(of.len() <= limit, "{of:?}");
        assert_eq!(slices.iter().sum::<usize>(), results.runs[0].records.len());
    }
}

#[test]
fn the_suffix_of_a_trace_is_not_that_of_json() {
    assert_eq!(Format::of(Path::new("a.trace.json")), Some(Format::Trace));
    assert_eq!(Format::of(Path::new("a.json")), Some(Format::Json));
    let help = Program::new().run(["--help"]).out;
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(Format::SUFFIXES), "{help}");
}

#[test]
fn an_interrupted_run_is_drawn_and_not_compared() {
    let (_program, mut results) = run("semaphore", &["-s", "ERROR", "b"]);
    let run = &mut results.runs[0];
    run.ended_by = Some("SIGINT".to_owned());
    for record in &mut run.records[20..] {
        record.status = "not_attempted".to_owned();
        (record.start_ms, record.message, record.path) = (None, None, None);
    }
    let page = Format::Html.text(&results, &Images::default());
    let parsed = parse(&page);
    assert_eq!(bars(&parsed)["not_attempted"], 6);
    assert!(with_class(&parsed, "series-table").is_empty());
    assert!(page.contains("1 run ended early") && page.contains("ended early by SIGINT"));
    let no_run = Results::new(Vec::new());
    for format in [Format::Html, Format::Svg] {
        parse(&format.text(&no_run, &Images::default()));
    }
}
