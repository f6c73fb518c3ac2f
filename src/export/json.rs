//! The results as they are: `docs/reports.md` describes them.

use crate::results::Results;

pub(super) fn text(results: &Results) -> String {
    let text = serde_json::to_string_pretty(results);
    text.expect("strings and finite numbers under strings") + "\n"
}
