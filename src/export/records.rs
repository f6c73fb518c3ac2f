//! What became of each code in each run, as a table of a page: all that the bars say, for those who do not see them.

use std::collections::{BTreeMap, BTreeSet};

use crate::columns::millis;
use crate::export::images::Images;
use crate::export::markup::Markup;
use crate::export::phases::verdict_in_words;
use crate::export::wording::series_title;
use crate::results::RunResults;
use crate::summary::service_ms;

/// Draws the table into a page.
pub(super) fn table(runs: &[&RunResults], flags: &Flags, markup: &mut Markup) {
    let codes: BTreeSet<_> = runs
        .iter()
        .flat_map(|run| &run.records)
        .map(|record| record.code.as_str())
        .collect();
    let by_code = |run: &&RunResults| -> BTreeMap<_, _> {
        run.records
            .iter()
            .map(|record| (record.code.clone(), record.clone()))
            .collect()
    };
    let runs_by_code: Vec<_> = runs.iter().map(by_code).collect();
    markup.open("table", &[("class", &"records")]);
    head(runs, markup);
    markup.open("tbody", &[]);
    for code in codes {
        markup.open("tr", &[]);
        markup.open("td", &[]);
        markup.say(&format!("{code} "));
        flags.draw(code, markup);
        markup.close();
        for run in &runs_by_code {
            let record = run.get(code);
            let what = record.map_or_else(String::new, verdict_in_words);
            markup.element("td", &[], &what);
            let begun = record.filter(|record| record.start_ms.is_some());
            let queue = begun.map_or_else(String::new, |record| millis(record.queue_ms));
            let service = begun.map_or_else(String::new, |record| millis(service_ms(record)));
            markup.element("td", &[], &queue);
            markup.element("td", &[], &service);
        }
        markup.close();
        markup.line_break();
    }
    markup.close();
    markup.close();
}

fn head(runs: &[&RunResults], markup: &mut Markup) {
    markup.open("thead", &[]);
    markup.open("tr", &[]);
    markup.element("th", &[("rowspan", &2), ("scope", &"col")], "code");
    for run in runs {
        let attributes = [
            ("class", &"series" as _),
            ("colspan", &3 as _),
            ("scope", &"colgroup" as _),
        ];
        markup.element("th", &attributes, &series_title(run));
    }
    markup.close();
    markup.open("tr", &[]);
    for _ in runs {
        markup.element("th", &[("class", &"series"), ("scope", &"col")], "verdict");
        for name in ["queue, ms", "service, ms"] {
            markup.element("th", &[("class", &"number"), ("scope", &"col")], name);
        }
    }
    markup.close();
    markup.close();
    markup.line_break();
}

/// Flags as classes of a style sheet, each different image once.
#[derive(Debug)]
pub(super) struct Flags {
    /// The number of the image of a code.
    by_code: BTreeMap<String, usize>,
    pub(super) style: String,
    /// Whether there were more bytes of images than a page should have.
    pub(super) left_out: bool,
}

/// All images of a page together, in bytes, before they are written as text.
const LARGEST: usize = 300_000;

impl Flags {
    pub(super) fn new(images: &Images) -> Self {
        use base64::Engine as _;
        let distinct = images.distinct();
        let left_out = distinct.keys().map(|bytes| bytes.len()).sum::<usize>() > LARGEST;
        let mut flags = Self {
            by_code: BTreeMap::new(),
            style: String::new(),
            left_out,
        };
        for (i, (bytes, codes)) in distinct.into_iter().filter(|_| !left_out).enumerate() {
            let data = base64::engine::general_purpose::STANDARD.encode(bytes);
            flags.style +=
                &format!(".f{i} {{ background-image: url(data:image/gif;base64,{data}); }}\n");
            flags
                .by_code
                .extend(codes.into_iter().map(|code| (code.to_owned(), i)));
        }
        flags
    }

    fn draw(&self, code: &str, markup: &mut Markup) {
        if let Some(i) = self.by_code.get(code) {
            let (id, class, label) = (
                format!("flag-{code}"),
                format!("flag f{i}"),
                format!("flag of {code}"),
            );
            markup.element(
                "i",
                &[
                    ("id", &id),
                    ("class", &class),
                    ("role", &"img"),
                    ("aria-label", &label),
                ],
                "",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_image_is_there_once_and_too_many_are_not_there_at_all() {
        let mut images = Images::default();
        images.insert("BV", vec![1, 2, 3]);
        images.insert("NO", vec![1, 2, 3]);
        images.insert("BR", vec![4]);
        let flags = Flags::new(&images);
        assert_eq!(flags.style.matches("data:image/gif;base64,").count(), 2);
        assert_eq!(flags.by_code["BV"], flags.by_code["NO"]);
        images.insert("XX", vec![0; LARGEST - 4]);
        assert!(!Flags::new(&images).left_out);
        images.insert("YY", vec![5]);
        let flags = Flags::new(&images);
        assert_eq!(
            (flags.left_out, flags.by_code.len(), flags.style.as_str()),
            (true, 0, "")
        );
    }
}
