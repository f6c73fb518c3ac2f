//! The connection limits of a comparison.

use std::num::NonZeroUsize;

use crate::cli::{Compare, Series};
use crate::run::descriptors::{self, Descriptors};

/// Returns the highest connection limit of a comparison.
pub(crate) fn highest_limit(compare: &Compare) -> NonZeroUsize {
    let limits = compare.series.iter().map(|series| series.connections);
    limits.max().unwrap_or(NonZeroUsize::MIN)
}

/// Returns the same comparison with connection limits that fit into the number of files a process may open.
///
/// If one series needs a lower limit, that limit bounds all of them: otherwise they would not do the same work. Series
/// that become equal are merged.
pub(crate) fn within_descriptors(compare: &Compare, descriptors: Option<Descriptors>) -> Compare {
    let fits = |series: &Series| {
        let each = series.strategy.descriptors_per_connection();
        let fits = descriptors::connections(series.connections, each, false, descriptors);
        (fits < series.connections).then_some(fits)
    };
    let bound = compare.series.iter().filter_map(fits).min();
    let mut series = Vec::new();
    for one in &compare.series {
        let one = Series {
            connections: one.connections.min(bound.unwrap_or(NonZeroUsize::MAX)),
            ..*one
        };
        if !series.contains(&one) {
            series.push(one);
        }
    }
    Compare {
        series,
        ..compare.clone()
    }
}
