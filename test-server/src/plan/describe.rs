//! A plan as an English sentence, for users who do not know the plan language.

use crate::fault::{Effect, Fault, Layer};
use crate::plan::slice::Slice;

/// Describes these slices as a sentence without a subject.
pub(super) fn describe(slices: &[Slice]) -> String {
    let (mut parts, mut of_connections) = (Vec::new(), String::new());
    let mut rest = 100.0;
    for slice in slices.iter().filter(|slice| slice.percent > 0.0) {
        let is_of_connection = |fault: &&Fault| fault.find_of(Layer::Handshake).is_some();
        let (mut connection, mut request): (Vec<_>, Vec<_>) =
            slice.faults.iter().partition(is_of_connection);
        // A limit concerns the connections as well as the requests, and means nothing alone.
        if !connection.is_empty() {
            connection.extend(request.iter().filter(|fault| is_limit(fault)));
            if request.iter().all(|fault| is_limit(fault)) {
                request.clear();
            }
        }
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
    let (limits, faults): (Vec<&Fault>, Vec<_>) = faults.iter().partition(|fault| is_limit(fault));
    if faults.is_empty() {
        return String::new();
    }
    let first = limits.first().map(|limit| limit.argument().number());
    let connections = match (percent, first) {
        (100.0, None) => "every connection".to_owned(),
        (100.0, Some(1)) => "the first connection".to_owned(),
        (100.0, Some(first)) => format!("the first {first} connections"),
        (percent, None) => format!("{percent} % of the connections"),
        (percent, Some(1)) => format!("in {percent} % of the draws the first connection"),
        (percent, Some(first)) => format!("{percent} % of the first {first} connections"),
    };
    format!("; {connections} with {}", in_words(&faults))
}

/// Returns whether a fault limits the others of its slice to the first attempts.
fn is_limit(fault: &Fault) -> bool {
    matches!(fault.effect(), Effect::FirstAttempts)
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

#[cfg(test)]
mod tests {
    use crate::plan::Plan;

    #[test]
    fn a_limit_says_which_connections_are_meant() {
        for (plan, words) in [
            (
                "100:tls-hang+transient=1",
                "answers at once; the first connection with tls-hang",
            ),
            (
                "50:tls-hang+transient=1",
                "answers at once; in 50 % of the draws the first connection with tls-hang",
            ),
            (
                "50:tls-hang+transient=3",
                "answers at once; 50 % of the first 3 connections with tls-hang",
            ),
            (
                "100:tls-cut=9+status=503+transient=2",
                "answers every request with status=503 and transient=2; the first 2 connections with tls-cut=9",
            ),
            (
                "20:tls-old,10:reset",
                "answers 10 % of the codes with reset, the rest at once; 20 % of the connections with tls-old",
            ),
        ] {
            assert_eq!(plan.parse::<Plan>().unwrap().describe(), words, "{plan}");
        }
    }
}
