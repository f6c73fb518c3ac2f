//! A plan in words, for those who want to know what awaits them and not how it is written.

use crate::fault::Fault;
use crate::plan::Plan;

impl Plan {
    /// What a client has to expect under this plan, as a sentence without a subject.
    pub(crate) fn in_words(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        let mut rest = 100.0;
        for slice in self.slices().iter().filter(|slice| slice.percent > 0.0) {
            let faults: Vec<_> = slice.faults.iter().map(Fault::to_string).collect();
            let whom = match slice.percent {
                100.0 => "every request".to_owned(),
                percent => format!("{percent} % of the codes"),
            };
            words.push(format!("{whom} with {}", faults.join(" and ")));
            rest -= slice.percent;
        }
        match (words.is_empty(), rest > 1e-9) {
            (true, _) => "answers at once".to_owned(),
            (false, true) => format!("answers {}, the rest at once", words.join(", ")),
            (false, false) => format!("answers {}", words.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Label, Tuning};

    #[test]
    fn plans_are_told_in_words() {
        let told = |label: Label| label.plan(&Tuning::default()).unwrap().in_words();
        assert_eq!(told(Label::Local), "answers at once");
        assert_eq!(told(Label::Delay), "answers every request with delay=500ms");
        assert_eq!(
            told(Label::Error),
            "answers 25 % of the codes with status=500|501|502|503, 50 % of the codes with delay=500ms, \
             the rest at once"
        );
    }
}
