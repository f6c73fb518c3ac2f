//! The JSON report, complete and unchanged. `docs/reports.md` describes its fields.

use safe_text::visible_json;

use crate::report::model::Report;

/// Returns the report as indented JSON. A name of a folder may contain any character, so those that could mislead a reader
/// are escaped.
pub(super) fn text(report: &Report) -> String {
    let text = serde_json::to_string_pretty(report);
    visible_json(&text.expect("strings and finite numbers under strings")) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Kind;

    /// A report written before `Status`, `Kind` and `Signal` were enums. Its three runs contain each status, two kinds and a
    /// signal.
    const SAMPLE: &str = include_str!("sample.json");

    #[test]
    fn reading_and_writing_a_report_keeps_every_byte() {
        let report: Report = serde_json::from_str(SAMPLE).unwrap();
        assert_eq!(text(&report), SAMPLE);
    }

    #[test]
    fn hidden_characters_are_escaped_and_read_back() {
        let mut report: Report = serde_json::from_str(SAMPLE).unwrap();
        report.runs[0].settings.dest = "a\u{202e}\u{9b}\u{7f}\u{e0041}\n".to_owned();
        let written = text(&report);
        assert!(!written.contains(|c| c != '\n' && safe_text::is_hidden(c)));
        assert_eq!(serde_json::from_str::<Report>(&written).unwrap(), report);
    }

    #[test]
    fn an_unknown_kind_becomes_other_and_an_unknown_status_is_an_error() {
        let read = |text: &str| serde_json::from_str::<Report>(text);
        let report = read(&SAMPLE.replace("\"interrupted\"", "\"struck_by_lightning\"")).unwrap();
        assert_eq!(report.runs[2].records[0].kind, Some(Kind::Other));
        assert!(read(&SAMPLE.replace("\"not_attempted\"", "\"fine\"")).is_err());
        assert!(read(&SAMPLE.replace("\"AC\"", "\"A1\"")).is_err());
    }
}
