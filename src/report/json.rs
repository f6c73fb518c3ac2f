//! The report as it is: `docs/reports.md` describes them.

use crate::report::model::Report;

pub(super) fn text(report: &Report) -> String {
    let text = serde_json::to_string_pretty(report);
    text.expect("strings and finite numbers under strings") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Kind;

    /// Written by version 0.1.0 before its enums were enums here: three runs with each status, two kinds, a signal.
    const SAMPLE: &str = include_str!("sample.json");

    #[test]
    fn a_report_that_is_read_and_written_is_the_same_to_the_byte() {
        let report: Report = serde_json::from_str(SAMPLE).unwrap();
        assert_eq!(text(&report), SAMPLE);
    }

    #[test]
    fn a_kind_of_a_later_version_is_other_and_an_unknown_status_is_refused() {
        let read = |text: &str| serde_json::from_str::<Report>(text);
        let report = read(&SAMPLE.replace("\"interrupted\"", "\"struck_by_lightning\"")).unwrap();
        assert_eq!(report.runs[2].records[0].kind, Some(Kind::Other));
        assert!(read(&SAMPLE.replace("\"not_attempted\"", "\"fine\"")).is_err());
        assert!(read(&SAMPLE.replace("\"AC\"", "\"A1\"")).is_err());
    }
}
