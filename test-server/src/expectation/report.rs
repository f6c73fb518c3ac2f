//! The message about expectations that are not met.

use std::fmt::Write as _;

use crate::expectation::expected::{Expected, Outcome};
use crate::matching::Request;
use crate::recording::journal::RecordedRequest;

/// The most requests that are shown for one expectation.
const MOST_SHOWN: usize = 3;

/// Returns the lines about one expectation that is not met.
pub(super) fn describe(
    expected: &Expected,
    outcome: &Outcome,
    requests: &[RecordedRequest],
) -> String {
    let mut text = format!(
        "{}: expected {}, {} came",
        expected.matcher,
        expected.times,
        outcome.count()
    );
    if let Some(time) = expected.within {
        let _ = write!(text, " within {}", humantime::format_duration(time));
    }
    if outcome.late > 0 {
        let _ = write!(text, ", {} later", outcome.late);
    }
    if let Some(why) = &outcome.wrong_order {
        let _ = write!(text, "\n  wrong order: one {why}");
    }
    text.push('\n');
    if outcome.count() > expected.times.most {
        let counted = outcome.counted.iter().rev();
        let shown = counted.filter_map(|&place| requests.get(place));
        let lines = shown.map(in_words).take(MOST_SHOWN);
        add_list(&mut text, "the last ones", lines);
    } else if outcome.count() < expected.times.least {
        let since = |request: &&RecordedRequest| request.arrived >= expected.made;
        let requests: Vec<_> = requests.iter().filter(since).collect();
        if requests.is_empty() {
            text.push_str("  no request has come\n");
        } else {
            add_list(
                &mut text,
                "the closest",
                closest(expected, &requests).into_iter(),
            );
        }
    }
    text
}

fn add_list(text: &mut String, title: &str, mut lines: impl Iterator<Item = String>) {
    let Some(first) = lines.next() else {
        return;
    };
    let _ = writeln!(text, "  {title}:\n    {first}");
    for line in lines {
        let _ = writeln!(text, "    {line}");
    }
}

/// Returns the requests that do not count and differ least, with what is different.
fn closest(expected: &Expected, requests: &[&RecordedRequest]) -> Vec<String> {
    let mut scored: Vec<(f64, String)> = Vec::new();
    for recorded in requests {
        let request = Request::recorded(recorded);
        let differences = expected.matcher.differences(&request);
        if differences.is_empty() {
            continue;
        }
        let path = expected.matcher.pattern.path();
        // A path with variables is similar to one with values, so the similarity alone does not decide.
        let unlike = 1.0 - strsim::jaro_winkler(path, &request.path);
        let line = format!("{}: {}", in_words(recorded), differences.join(", "));
        scored.push((differences.len() as f64 + 4.0 * unlike, line));
    }
    scored.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    scored.dedup_by(|(_, a), (_, b)| a == b);
    let shown = scored.into_iter().take(MOST_SHOWN);
    shown.map(|(_, line)| line).collect()
}

/// Returns a request in a line: method, path, status and faults.
fn in_words(request: &RecordedRequest) -> String {
    let status = request.status.map(|status| format!(" -> {status}"));
    let faults = match request.faults.as_slice() {
        [] => String::new(),
        faults => format!(" ({})", faults.join("+")),
    };
    let (method, path) = (&request.method, safe_text::visible(&request.path));
    format!("{method} {path}{}{faults}", status.unwrap_or_default())
}
