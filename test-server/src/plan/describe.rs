//! A plan as an English sentence, for users who do not know the plan language.

use crate::fault::{Fault, Layer};
use crate::plan::slice::Slice;

/// Describes these slices as a sentence without a subject.
pub(super) fn describe(slices: &[Slice]) -> String {
    let (mut parts, mut of_connections) = (Vec::new(), String::new());
    let mut rest = 100.0;
    for slice in slices.iter().filter(|slice| slice.percent > 0.0) {
        let is_of_connection = |fault: &&Fault| fault.find_of(Layer::Handshake).is_some();
        let (connection, request): (Vec<_>, Vec<_>) =
            slice.faults.iter().partition(is_of_connection);
        of_connections += &of_connections_in(slice.percent, &connection);
        if !request.is_empty() {
            let share = share(slice.percent, "request", "codes");
            parts.push(format!("{share} with {}", in_words(&request)));
            rest -= slice.percent;
        }
    }
    let of_requests = match (parts.is_empty(), rest > 1e-9) {
        (true, _) => "answers at once".to_owned(),
        (false, true) => format!("answers {}, the rest at once", parts.join(", ")),
        (false, false) => format!("answers {}", parts.join(", ")),
    };
    of_requests + &of_connections
}

/// Describes what connections meet under these slices, all of whose faults concern connections.
#[cfg(feature = "tcp")]
pub(super) fn describe_connections(slices: &[Slice]) -> String {
    let slices = slices.iter().filter(|slice| slice.percent > 0.0);
    slices
        .map(|slice| of_connections_in(slice.percent, &slice.faults.iter().collect::<Vec<_>>()))
        .collect()
}

fn of_connections_in(percent: f64, faults: &[&Fault]) -> String {
    if faults.is_empty() {
        return String::new();
    }
    let share = share(percent, "connection", "connections");
    format!("; {share} with {}", in_words(faults))
}

fn share(percent: f64, one: &str, many: &str) -> String {
    match percent {
        100.0 => format!("every {one}"),
        percent => format!("{percent} % of the {many}"),
    }
}

fn in_words(faults: &[&Fault]) -> String {
    let faults: Vec<_> = faults.iter().map(|fault| fault.to_string()).collect();
    faults.join(" and ")
}
