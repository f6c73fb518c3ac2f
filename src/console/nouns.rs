//! What the things are called that a run downloads: flags of countries, or the files of a list.

/// The nouns of a run, in the singular.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Nouns {
    /// What is downloaded.
    pub(crate) file: &'static str,
    /// What is asked for, and counted.
    pub(crate) item: &'static str,
}

/// The nouns of a run over country codes.
pub(crate) static CODES: Nouns = Nouns {
    file: "flag",
    item: "code",
};

/// The nouns of a run over a list.
pub(crate) static FILES: Nouns = Nouns {
    file: "file",
    item: "file",
};
