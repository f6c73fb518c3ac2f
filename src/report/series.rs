//! The statistics of a comparison, as part of its report: the same numbers and the same sentence as in its table.

use comparison::{Series, conclusion_in_words};

use crate::report::model::{ComparisonSettings, Report, SeriesReport};
use crate::report::side_by_side::side_by_side;

/// Returns the report of a comparison, with the statistics of its runs.
pub(crate) fn with_statistics(report: Report, settings: ComparisonSettings) -> Report {
    let shown = side_by_side(&report);
    let series = comparison::series(&shown);
    Report {
        comparison: Some(ComparisonSettings {
            conclusion: conclusion_in_words(&series, shown.terms),
            series: series.iter().map(series_report).collect(),
            ..settings
        }),
        ..report
    }
}

fn series_report(series: &Series) -> SeriesReport {
    SeriesReport {
        strategy: series.label.clone(),
        connections: series.slots,
        rounds: series.rounds,
        outliers: series.outliers,
        elapsed_ms: series.elapsed_ms,
        speed_up: series.speed_up,
        speed_up_interval: series.speed_up_interval,
        ideal_ms: series.ideal_ms,
        of_ideal: series.of_ideal,
    }
}
