//! What is wrong with requests that no order explains, for the message.

use crate::expectation::expected::{Expected, Outcome};
use crate::expectation::times::Times;

/// The expectations in order, one after another, each with as many requests as it can have.
pub(super) struct Disorder<'a> {
    expected: &'a [Expected],
    /// The places of those in order.
    line: &'a [usize],
    /// The place in `line` of the one whose requests come now.
    current: usize,
}

impl<'a> Disorder<'a> {
    pub(super) fn new(expected: &'a [Expected], line: &'a [usize]) -> Self {
        let current = 0;
        Self {
            expected,
            line,
            current,
        }
    }

    /// Counts a request that these expectations admit for the first of them whose turn it can be.
    pub(super) fn count(&mut self, place: usize, admitted: &[usize], outcomes: &mut [Outcome]) {
        let mut blocking = None;
        for step in self.current..self.line.len() {
            let at = self.line[step];
            let Times { least, most } = self.expected[at].times;
            let count = outcomes[at].count();
            if admitted.contains(&at) && count < most {
                outcomes[at].counted.push(place);
                self.current = step;
                return;
            }
            if count < least {
                blocking = Some(at);
                break;
            }
        }
        let first = admitted[0];
        let current = self.line.get(self.current);
        match blocking {
            Some(blocking) if first > blocking => {
                let before = &self.expected[blocking].matcher;
                let why = format!("came before what is expected earlier: {before}");
                outcomes[first].wrong_order.get_or_insert(why);
            }
            _ if current.is_some_and(|&current| first < current) => {
                let after = &self.expected[self.line[self.current]].matcher;
                let why = format!("came again after what is expected later: {after}");
                outcomes[first].wrong_order.get_or_insert(why);
            }
            _ => outcomes[first].counted.push(place),
        }
    }
}
