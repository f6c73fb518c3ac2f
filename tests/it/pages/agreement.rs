//! Every format agrees with the JSON report of the same runs.

use std::collections::BTreeMap;
use std::path::Path;

use comparison::Images;
use flags::country::CountryCode;
use flags::record::Status;
use flags::report::{Format, Report, Signal, side_by_side};
use roxmltree::Document;
use serde_json::Value;

use super::{bars, cells, parse, read, run, text_of, with_class};
use crate::support::{Program, STRATEGIES};

#[test]
fn every_format_shows_the_same_outcomes_of_a_run() {
    for strategy in STRATEGIES {
        let (program, results) = run(strategy, &["-s", "ERROR", "b"]);
        let totals = &results.runs[0].totals;
        assert_eq!([totals.ok, totals.not_found, totals.error], [12, 8, 6]);
        let expected = [("error", 6), ("not_found", 8), ("ok", 12)];
        let expected = BTreeMap::from(expected.map(|(status, number)| (status.to_owned(), number)));

        let (page, picture) = (read(&program, "r.html"), read(&program, "r.svg"));
        let (page, picture) = (parse(&page), Document::parse(&picture).unwrap());
        assert_eq!((&bars(&page), &bars(&picture)), (&expected, &expected));

        let on_page = cells(with_class(&page, "series-table")[0]).remove(0);
        let markdown = read(&program, "r.md");
        let line = markdown
            .lines()
            .find(|line| line.starts_with(&format!("| {strategy} |")))
            .unwrap();
        let in_markdown: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(on_page, in_markdown);
        let series = &comparison::series(&side_by_side(&results))[0];
        let numbers = [series.slots, series.ok, series.not_found, series.error];
        assert_eq!(on_page[1..5], numbers.map(|number| number.to_string()));
        let elapsed: f64 = on_page[5].parse().unwrap();
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
            let (code, status) = (record.word(), record.status.word());
            let outcome = match &record.message {
                Some(message) => format!("error: {message}"),
                None => status.replace('_', " "),
            };
            let named = match record.code.and_then(CountryCode::country) {
                Some(country) => format!("{code}  {country}"),
                None => format!("{code} "),
            };
            assert_eq!([&row[0], &row[1]], [&named, &outcome]);
            assert_eq!([&line[3], &line[4]], [&code, status]);
        }
    }
}

#[test]
fn bars_show_the_phases_of_their_records() {
    let (program, results) = run(
        "semaphore",
        &["-s", "ERROR", "b", "-m", "3", "--retries", "1"],
    );
    let page = read(&program, "r.html");
    let page = parse(&page);
    let text_of_bar = |code: &str| {
        let bars = with_class(&page, "bar").into_iter();
        let mut texts = bars.map(|bar| text_of(bar.first_element_child().unwrap()));
        texts
            .find(|text| text.starts_with(&format!("{code}: ")))
            .unwrap()
    };
    for record in &results.runs[0].records {
        let text = text_of_bar(&record.word());
        let phase = |name: &str| {
            let line = text.lines().find_map(|line| {
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
        for (shown, recorded) in pairs {
            assert!(
                (shown - recorded).abs() <= 0.02 + recorded / 100.0,
                "{shown} {recorded} {record:?}"
            );
        }
    }
}

#[test]
fn slices_of_a_trace_lane_do_not_overlap() {
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
        let (threads, slices): (Vec<_>, Vec<_>) =
            downloads.map(|(lane, spans)| (lane.1, spans.len())).unzip();
        assert!(threads.len() <= limit, "{threads:?}");
        assert_eq!(slices.iter().sum::<usize>(), results.runs[0].records.len());
    }
}

#[test]
fn the_suffix_of_a_trace_is_not_taken_for_json() {
    assert_eq!(Format::of(Path::new("a.trace.json")), Some(Format::Trace));
    assert_eq!(Format::of(Path::new("a.json")), Some(Format::Json));
    let help = Program::new().run(["--help"]).out;
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(Format::SUFFIXES), "{help}");
}

#[test]
fn an_interrupted_run_is_drawn_but_not_compared() {
    let (_program, mut results) = run("semaphore", &["-s", "ERROR", "b"]);
    let run = &mut results.runs[0];
    run.ended_by = Some(Signal::Interrupt);
    for record in &mut run.records[20..] {
        record.status = Status::NotAttempted;
        (record.start_ms, record.message, record.path) = (None, None, None);
    }
    let page = Format::Html.text(&results, &Images::default());
    let parsed = parse(&page);
    assert_eq!(bars(&parsed)["not_attempted"], 6);
    assert!(with_class(&parsed, "series-table").is_empty());
    assert!(page.contains("1 run that ended early") && page.contains("ended early by SIGINT"));
    let no_run = Report::new(Vec::new());
    for format in [Format::Html, Format::Svg] {
        parse(&format.text(&no_run, &Images::default()));
    }
}
