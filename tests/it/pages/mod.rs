//! Pages, pictures, tables and traces: they agree with the JSON report of the same runs, are well-formed even if a
//! server sends hostile text, and stay small.

mod agreement;
mod harmless;

use std::collections::BTreeMap;
use std::fs;

use flags::report::Report;
use roxmltree::{Document, Node, ParsingOptions};

use crate::support::Program;

/// Runs the program with a report in each format. Returns the program, whose folder contains the reports, and the JSON
/// report.
fn run(strategy: &str, args: &[&str]) -> (Program, Report) {
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

/// Parses a page as XML. Panics if it is not well-formed.
///
/// A browser, which parses it as HTML, sees the same: the script contains neither ampersand nor less-than, and every
/// element that HTML closes implicitly is closed in the same place.
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

/// Returns all text in an element, that of nested elements included.
fn text_of(node: Node<'_, '_>) -> String {
    node.descendants()
        .filter(Node::is_text)
        .filter_map(|node| node.text())
        .collect()
}

/// Returns the number of bars for each status.
fn bars(document: &Document<'_>) -> BTreeMap<String, usize> {
    let mut bars = BTreeMap::new();
    for bar in with_class(document, "bar") {
        let class = bar.attribute("class").unwrap().trim_start_matches("bar ");
        *bars.entry(class.to_owned()).or_default() += 1;
    }
    bars
}

/// Returns the cells of a table of a page, row by row; heading rows are left out.
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
