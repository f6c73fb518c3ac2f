//! One thing to download: what to fetch, and what to call it.
//!
//! All layers between the command line and the reports work on items and do not ask where they come from. An item is
//! small, because each download has copies of its own. Knows nothing of requests or disks.

use std::fmt;

use reqwest::Url;

use crate::country::CountryCode;
use crate::server::BaseUrl;

/// One thing to download. `Display` prints the word by which lines, errors, tables and reports call it: `BR`.
///
/// Items are ordered as they are reported: by code.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item(CountryCode);

impl Item {
    /// Returns what to fetch: `{base}/br/br.gif` for BR.
    ///
    /// # Source
    /// `get_flag` of flags_sequential.py (*Fluent Python*, 1st edition).
    pub(crate) fn url(&self, base: &BaseUrl) -> Url {
        base.join(&self.path())
    }

    /// Returns the text of [`url`](Self::url), in which a password or a token is hidden.
    pub(crate) fn shown_url(&self, base: &BaseUrl) -> String {
        format!("{base}/{}", self.path())
    }

    /// Returns the code of the country whose flag it is.
    pub fn code(&self) -> CountryCode {
        self.0
    }

    /// Returns the name of its file: `br.gif` for BR.
    pub fn file_name(&self) -> String {
        format!("{}.gif", self.0.lower())
    }

    /// Returns the path below the base URL.
    fn path(&self) -> String {
        let cc = self.0.lower();
        format!("{cc}/{cc}.gif")
    }
}

impl From<CountryCode> for Item {
    /// Returns the flag of a country.
    fn from(code: CountryCode) -> Self {
        Self(code)
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_path_below_the_base_url_a_word_and_a_file() {
        let item = Item::from(CountryCode::new("br").unwrap());
        let base = BaseUrl::parse("http://me:secret@localhost:8001/flags/").unwrap();
        assert_eq!(
            item.url(&base).as_str(),
            "http://me:secret@localhost:8001/flags/br/br.gif"
        );
        assert_eq!(
            item.shown_url(&base),
            "http://me:***@localhost:8001/flags/br/br.gif"
        );
        assert_eq!(
            [item.to_string(), item.file_name()],
            ["BR".to_owned(), "br.gif".to_owned()]
        );
    }
}
