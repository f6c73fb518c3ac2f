//! Reports of runs over a list: their own schema, and a name and a URL instead of a code.

use std::fs;

use flags::record::{Kind, Status};
use flags::report::{COLUMNS_OF_LISTS, Report, SCHEMA_OF_LISTS};
use roxmltree::Document;

use super::{list, program, site};

#[test]
fn every_format_reports_each_line_in_the_order_of_the_list() {
    let server = site();
    let login = format!("http://me:secret@127.0.0.1:{}/b.txt\n", server.port());
    let program = program(list(&server, &["z.txt", "a/z.txt"]) + "nothing\n" + &login);
    let formats = ["r.json", "r.csv", "r.html", "r.svg", "r.md", "r.trace.json"];
    let reports = formats.into_iter().flat_map(|name| ["--report", name]);
    let run = program.run(["--input", "list"].into_iter().chain(reports));
    assert_eq!(run.exit, Some(1), "{}", run.err);
    let read = |name: &str| fs::read_to_string(program.folder.path().join(name)).unwrap();

    let json = read("r.json");
    let report: Report = serde_json::from_str(&json).unwrap();
    assert_eq!(report.schema, SCHEMA_OF_LISTS);
    let run = &report.runs[0];
    let settings = &run.settings;
    assert_eq!(
        (settings.server.as_str(), settings.url.as_str()),
        ("LIST", "")
    );
    assert_eq!(
        (settings.input.as_deref(), settings.size_limit),
        (Some("list"), None)
    );
    let records = run.records.iter();
    let told: Vec<_> = records
        .map(|record| (record.line.unwrap(), record.word(), record.status))
        .collect();
    let expected = [
        (1, "z.txt", Status::Ok),
        (2, "z.2.txt", Status::Ok),
        (3, "line 3", Status::Error),
        (4, "b.txt", Status::Ok),
    ];
    assert_eq!(
        told,
        expected.map(|(line, name, status)| (line, name.to_owned(), status))
    );
    assert_eq!(run.records[2].kind, Some(Kind::BadLine));
    assert!(run.records.iter().all(|record| record.code.is_none()));

    let csv = read("r.csv");
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let columns = rows.headers().unwrap().iter();
    assert_eq!(columns.collect::<Vec<_>>(), COLUMNS_OF_LISTS);
    let mut urls: Vec<_> = rows
        .records()
        .map(Result::unwrap)
        .map(|row| (row[3].parse::<u64>().unwrap(), row[5].to_owned()))
        .collect();
    // In order of arrival.
    urls.sort();
    let urls: Vec<_> = urls.into_iter().map(|(_, url)| url).collect();
    let at = |rest: &str| format!("127.0.0.1:{}/{rest}", server.port());
    assert_eq!(
        urls,
        [
            format!("http://{}", at("z.txt")),
            format!("http://{}", at("a/z.txt")),
            String::new(),
            format!("http://me:***@{}", at("b.txt"))
        ]
    );
    for name in formats {
        assert!(!read(name).contains("secret"), "{name}");
    }
    let page = read("r.html");
    assert!(page.contains("4 files, downloaded by semaphore"));
    assert!(page.contains("the URLs of list") && page.contains("z.2.txt"));
    Document::parse(&read("r.svg")).unwrap();
}

#[test]
fn a_page_and_a_picture_of_a_long_list_draw_a_sample_and_say_so() {
    let server = site();
    let mut text: String = (1..20_000)
        .map(|i| format!("not a URL, but {i}\n"))
        .collect();
    text += &list(&server, &["missing"]);
    let program = program(text);
    let reports = ["r.html", "r.svg", "r.md", "r.json"];
    let reports = reports.into_iter().flat_map(|name| ["--report", name]);
    let run = program.run(["--input", "list", "-q"].into_iter().chain(reports));
    assert_eq!(run.exit, Some(1), "{}", run.err);
    let read = |name: &str| fs::read_to_string(program.folder.path().join(name)).unwrap();

    let (page, picture) = (read("r.html"), read("r.svg"));
    assert!(page.len() < 5_000_000 && picture.len() < 2_000_000);
    let drawn = "4001 of 20000 files are drawn: every 5th and the one that was not found.";
    assert_eq!(page.matches(drawn).count(), 2);
    assert!(page.contains("missing: not found"), "outside the sample");
    assert!(picture.contains("of 20000 files are drawn: every 10th and"));
    // The numbers are those of all records, as in the other reports.
    for report in [&page, &read("r.md")] {
        assert!(report.contains("19999"));
    }
    let report: Report = serde_json::from_str(&read("r.json")).unwrap();
    assert_eq!(report.runs[0].records.len(), 20_000);
}
