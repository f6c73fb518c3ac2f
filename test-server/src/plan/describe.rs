//! A plan as an English sentence, for users who do not know the plan language.

use crate::fault::Fault;
use crate::plan::slice::Slice;

/// Describes these slices as a sentence without a subject.
pub(super) fn describe(slices: &[Slice]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut rest = 100.0;
    for slice in slices.iter().filter(|slice| slice.percent > 0.0) {
        let faults: Vec<_> = slice.faults.iter().map(Fault::to_string).collect();
        let codes = match slice.percent {
            100.0 => "every request".to_owned(),
            percent => format!("{percent} % of the codes"),
        };
        parts.push(format!("{codes} with {}", faults.join(" and ")));
        rest -= slice.percent;
    }
    match (parts.is_empty(), rest > 1e-9) {
        (true, _) => "answers at once".to_owned(),
        (false, true) => format!("answers {}, the rest at once", parts.join(", ")),
        (false, false) => format!("answers {}", parts.join(", ")),
    }
}
