//! The failed items, grouped by cause, for standard error.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use comparison::count;
use console::measure_text_width;

use crate::console::colors::red;
use crate::console::lines::MAX_NAMED;
use crate::console::nouns::Nouns;
use crate::record::Kind;
use crate::report::RunReport;
use crate::tally::Tally;

/// The most causes of one kind that are listed as separate groups.
const MAX_CAUSES: usize = 8;

/// The width of lists on standard error, in columns.
const WIDTH: usize = 80;

/// The most items listed for one cause. There are not more codes than this.
const MAX_LISTED: usize = 676;

/// The items that failed for one cause.
struct Group {
    cause: String,
    /// The items that are known by name.
    items: BTreeSet<String>,
    /// How many others failed.
    unnamed: usize,
    /// The positions of the runs in which one of them failed.
    runs: BTreeSet<usize>,
    /// How many downloads failed, in all runs.
    times: usize,
}

impl Group {
    /// Returns how many items failed.
    fn failed(&self) -> usize {
        self.items.len() + self.unnamed
    }
}

/// Returns the failed items of a run, grouped by cause; empty if none failed. The causes are red if `colored`.
pub(crate) fn failures(tally: &Tally, nouns: &Nouns, colored: bool) -> String {
    let mut by_kind = BTreeMap::<_, Vec<_>>::new();
    for (failure, failed) in tally.failures() {
        by_kind.entry(failure.kind()).or_default().push(Group {
            cause: failure.to_string(),
            items: failed.first.iter().map(ToString::to_string).collect(),
            unnamed: failed.count - failed.first.len(),
            runs: BTreeSet::new(),
            times: 0,
        });
    }
    let groups = groups(by_kind);
    groups
        .iter()
        .map(|group| text(group, tally.asked(), nouns, "", colored))
        .collect()
}

/// Returns the failed codes of the runs of a comparison, grouped by cause, with the number of runs. The causes are red if
/// `colored`.
pub(crate) fn failures_of_runs(runs: &[RunReport], nouns: &Nouns, colored: bool) -> String {
    let mut by_cause = BTreeMap::<_, Group>::new();
    for (i, run) in runs.iter().enumerate() {
        for record in &run.records {
            let (Some(kind), Some(message)) = (record.kind, &record.message) else {
                continue;
            };
            let group = by_cause.entry((kind, message)).or_insert_with(|| Group {
                cause: message.clone(),
                items: BTreeSet::new(),
                unnamed: 0,
                runs: BTreeSet::new(),
                times: 0,
            });
            group.items.insert(record.word());
            group.runs.insert(i);
            group.times += 1;
        }
    }
    let mut by_kind = BTreeMap::<_, Vec<_>>::new();
    for ((kind, _), group) in by_cause {
        by_kind.entry(kind).or_default().push(group);
    }
    let asked = runs.iter().map(|run| run.totals.asked).max().unwrap_or(0);
    let in_runs = |group: &Group| match (group.runs.len(), runs.len()) {
        (_, 1) => String::new(),
        (some, all) if group.times < group.failed() * some => {
            format!(", {} times in {some} of {all} runs", group.times)
        }
        (some, all) if some == all => format!(" in each of {all} runs"),
        (some, all) => format!(" in {some} of {all} runs"),
    };
    let groups = groups(by_kind);
    groups
        .iter()
        .map(|group| text(group, asked, nouns, &in_runs(group), colored))
        .collect()
}

/// Returns the groups, the largest first.
///
/// A cause may differ from item to item, for example if a server sends pages with a number in them. A kind with more
/// than [`MAX_CAUSES`] causes therefore becomes one group, named after one of them. Unexpected statuses always have a
/// group each: there are only a limited number of them.
fn groups(by_kind: BTreeMap<Kind, Vec<Group>>) -> Vec<Group> {
    let mut all = Vec::new();
    for (kind, mut groups) in by_kind {
        groups.sort_by_key(|group| Reverse(group.failed()));
        if groups.len() <= MAX_CAUSES || kind == Kind::HttpStatus {
            all.extend(groups);
            continue;
        }
        let (example, others) = (&groups[0].cause, groups.len() - 1);
        all.push(Group {
            cause: format!("{example} (and {others} other causes)"),
            items: groups
                .iter()
                .flat_map(|of| of.items.iter().cloned())
                .collect(),
            unnamed: groups.iter().map(|of| of.unnamed).sum(),
            runs: groups
                .iter()
                .flat_map(|of| of.runs.iter().copied())
                .collect(),
            times: groups.iter().map(|of| of.times).sum(),
        });
    }
    all.sort_by_key(|group| Reverse(group.failed()));
    all
}

/// Returns the lines of a group: its cause, then its items unless these are all of many.
fn text(group: &Group, asked: usize, nouns: &Nouns, in_runs: &str, colored: bool) -> String {
    let (cause, failed) = (red(&group.cause, colored), group.failed());
    let counted = count(failed, nouns.item);
    if failed == asked && failed > MAX_NAMED {
        return format!("{cause}: all {counted}{in_runs}\n");
    }
    let mut text = format!("{cause}: {counted}{in_runs}\n");
    for line in wrap(group.items.iter().take(MAX_LISTED)) {
        let _ = writeln!(text, "  {line}");
    }
    let listed = group.items.len().min(MAX_LISTED);
    if failed > listed {
        let _ = writeln!(text, "  and {} more", failed - listed);
    }
    text
}

/// Returns the words as lines of comma-separated lists that fit the width, if a single word does.
fn wrap<'a>(words: impl Iterator<Item = &'a String>) -> Vec<String> {
    const INDENT: usize = 2;
    let (mut lines, mut width) = (Vec::<String>::new(), 0);
    for word in words {
        let added = measure_text_width(word) + ", ".len();
        match lines.last_mut().filter(|_| width + added <= WIDTH - INDENT) {
            Some(line) => {
                line.push_str(", ");
                line.push_str(word);
                width += added;
            }
            None => {
                lines.push(word.clone());
                width = added;
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::nouns::CODES;
    use crate::item::flags;
    use crate::record::{Failure, Outcome, Record};
    use crate::report::samples;
    use crate::strategy::Strategy;

    #[test]
    fn failures_are_grouped_by_cause_and_wrapped_to_the_width() {
        let items = flags(&["b"]);
        let mut tally = Tally::new(&items);
        for (i, item) in items.iter().enumerate().skip(1) {
            let cause = if i == 9 {
                "HTTP error 501"
            } else {
                "HTTP error 503"
            };
            tally.add(&Record::new(
                item.clone(),
                Outcome::Failed(Failure::new(Kind::HttpStatus, cause)),
            ));
        }
        assert_eq!(
            failures(&tally, &CODES, false),
            "HTTP error 503: 24 codes\n  \
             BB, BC, BD, BE, BF, BG, BH, BI, BK, BL, BM, BN, BO, BP, BQ, BR, BS, BT, BU\n  \
             BV, BW, BX, BY, BZ\n\
             HTTP error 501: 1 code\n  BJ\n"
        );
    }

    #[test]
    fn names_of_any_length_are_wrapped_to_the_width() {
        let (long, wide) = ("x".repeat(200), "é".repeat(69));
        let names = ["a.txt", &long, "z", &wide].map(str::to_owned);
        let expected = ["a.txt".to_owned(), long.clone(), format!("z, {wide}")];
        assert_eq!(wrap(BTreeSet::from(names).iter()), expected);
    }

    #[test]
    fn many_causes_of_one_kind_are_one_group() {
        let items = flags(&["b"]);
        let mut tally = Tally::new(&items);
        for (i, item) in items.iter().enumerate().take(10) {
            let page = Failure::new(Kind::NotGif, format!("page {i}"));
            tally.add(&Record::new(item.clone(), Outcome::Failed(page)));
        }
        tally.close();
        assert_eq!(
            failures(&tally, &CODES, false),
            "not_gif: page 0 (and 9 other causes): 10 codes\n  BA, BB, BC, BD, BE, BF, BG, BH, BI, BJ\n"
        );
    }

    #[test]
    fn failures_of_several_runs_are_counted_by_run() {
        let mut runs = vec![samples::run(Strategy::Sequential, 1, 26); 3];
        for (run, failed) in runs.iter_mut().zip([2, 3, 2]) {
            for record in &mut run.records[..failed] {
                record.kind = Some(Kind::HttpStatus);
                record.message = Some("HTTP error 503".to_owned());
            }
        }
        runs[1].records[25].kind = Some(Kind::Timeout);
        runs[1].records[25].message = Some("timeout: late".to_owned());
        assert_eq!(
            failures_of_runs(&runs, &CODES, false),
            "HTTP error 503: 3 codes, 7 times in 3 of 3 runs\n  AA, AB, AC\ntimeout: late: 1 code in 1 of 3 runs\n  AZ\n"
        );
        assert!(
            failures_of_runs(&runs[..1], &CODES, false).starts_with("HTTP error 503: 2 codes\n")
        );
        assert_eq!(failures_of_runs(&[], &CODES, false), "");
    }

    #[test]
    fn a_failure_of_all_codes_is_one_line_without_a_list() {
        let items = flags(&["b"]);
        let mut tally = Tally::new(&items);
        for item in &items {
            tally.add(&Record::new(
                item.clone(),
                Outcome::Failed(Failure::new(Kind::ConnectRefused, "no")),
            ));
        }
        assert_eq!(
            failures(&tally, &CODES, false),
            "connect_refused: no: all 26 codes\n"
        );
        assert_eq!(
            failures(&tally, &CODES, true),
            "\u{1b}[31mconnect_refused: no\u{1b}[0m: all 26 codes\n"
        );
    }
}
