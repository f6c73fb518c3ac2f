//! The words in the query of a request that are for this server.

/// Which words of a query are for this server. The others belong to the request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum OwnWords {
    /// `__plan` and `__hop`, which no other server uses.
    #[default]
    Reserved,
    /// These, and `plan` and `hop` as well: a flag has no query of its own.
    OfFlag,
}

impl OwnWords {
    /// Returns the name by which a redirect passes a word on.
    pub(crate) fn name(self, word: &str) -> String {
        match self {
            Self::Reserved => format!("__{word}"),
            Self::OfFlag => word.to_owned(),
        }
    }

    /// Returns whether a name in a query is this word.
    pub(crate) fn is(self, name: &str, word: &str) -> bool {
        name.strip_prefix("__") == Some(word) || self == Self::OfFlag && name == word
    }

    /// Returns a query without these words: the plan of the request and the number of redirects.
    pub(crate) fn without(self, query: &str) -> String {
        let is_own = |pair: &str| {
            let name = pair.split_once('=').map_or("", |(name, _)| name);
            self.is(name, "plan") || self.is(name, "hop")
        };
        let others = query.split('&').filter(|pair| !is_own(pair));
        others.collect::<Vec<_>>().join("&")
    }
}
