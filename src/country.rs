//! Country codes, and the codes that a word on the command line selects.
//!
//! A code is any two letters, even if no country uses them: requesting a code without a flag is an ordinary case.
//! Knows nothing of servers or files.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;

use safe_text::is_hidden;
use serde::{Deserialize, Serialize};

/// A country code: two letters, AA to ZZ.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CountryCode([u8; 2]);

/// The codes of the countries that have a flag.
const WITH_FLAG: &str = test_server::COUNTRY_CODES;

/// The codes of the 20 most populous countries, the largest population first.
///
/// # Source
/// `POP20_CC` of flags_common.py (*Fluent Python*, 1st edition).
const MOST_POPULOUS: &str = "CN IN US ID BR PK NG BD RU JP MX PH VN ET EG DE IR TR CD FR";

/// The countries whose names the list of iso3166 abbreviates.
const FULL_NAMES: [(&str, &str); 3] = [
    ("BA", "Bosnia and Herzegovina"),
    ("GB", "United Kingdom"),
    ("US", "United States"),
];

/// The error for a word that is neither a letter nor a country code. Holds the word, in which the replacement character
/// stands for control characters and for bytes that are not UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a country code: use one or two letters, such as br")]
pub struct InvalidCode(pub String);

impl CountryCode {
    /// Returns the code of two ASCII letters in any case, or `None` for any other text.
    ///
    /// ```
    /// use flags::country::CountryCode;
    ///
    /// assert_eq!(CountryCode::new("br").map(|code| code.to_string()).as_deref(), Some("BR"));
    /// assert_eq!(CountryCode::new("b2"), None);
    /// ```
    pub fn new(text: &str) -> Option<Self> {
        match *text.as_bytes() {
            [first, second] if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() => {
                Some(Self([
                    first.to_ascii_uppercase(),
                    second.to_ascii_uppercase(),
                ]))
            }
            _ => None,
        }
    }

    /// Returns the code in lower case, as URLs and file names spell it.
    pub fn lower(self) -> String {
        self.letters()
            .map(|letter| letter.to_ascii_lowercase())
            .collect()
    }

    /// Returns its place among all codes: 0 for AA, 675 for ZZ.
    pub(crate) fn position(self) -> u64 {
        let [first, second] = self.0.map(|letter| u64::from(letter - b'A'));
        26 * first + second
    }

    /// Returns the English name of the country; `None` if no country has this code.
    ///
    /// ```
    /// use flags::country::CountryCode;
    ///
    /// let country = |code| CountryCode::new(code)?.country();
    /// assert_eq!([country("br"), country("us"), country("zz")], [Some("Brazil"), Some("United States"), None]);
    /// ```
    pub fn country(self) -> Option<&'static str> {
        let code = self.to_string();
        let named = FULL_NAMES.iter().find(|(of, _)| *of == code);
        let name = named.map(|(_, name)| *name);
        name.or_else(|| iso3166::Country::from_alpha2(&code).map(|country| country.data().name))
    }

    fn letters(self) -> impl Iterator<Item = char> {
        self.0.into_iter().map(char::from)
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.letters().collect::<String>())
    }
}

impl From<CountryCode> for String {
    fn from(code: CountryCode) -> Self {
        code.to_string()
    }
}

/// Accepts two letters in any case, as the command line does.
impl TryFrom<String> for CountryCode {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::new(&text).ok_or_else(|| format!("{text:?} is not a country code"))
    }
}

impl fmt::Debug for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The codes that the user selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection<'a, S> {
    /// All 676 codes, AA to ZZ.
    Every,
    /// The 194 codes that have a flag.
    All,
    /// The codes that these words select, in any case: a word is a code, or a letter for the 26 codes that begin with
    /// it. An empty list selects the 20 most populous countries.
    Words(&'a [S]),
}

impl<S: AsRef<OsStr>> Selection<'_, S> {
    /// Returns the selected codes, sorted and without duplicates. Never empty.
    ///
    /// ```
    /// use flags::country::Selection;
    ///
    /// let codes = Selection::Words(&["b", "cn", "BR"]).codes()?;
    /// assert_eq!((codes.len(), codes[0].to_string(), codes[26].to_string()), (27, "BA".into(), "CN".into()));
    /// # Ok::<(), flags::country::InvalidCode>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidCode`] if a word is neither a letter nor a code.
    pub fn codes(&self) -> Result<Vec<CountryCode>, InvalidCode> {
        let codes: BTreeSet<_> = match self {
            Self::Every => every().collect(),
            Self::All => parse_list(WITH_FLAG).collect(),
            Self::Words([]) => parse_list(MOST_POPULOUS).collect(),
            Self::Words(words) => {
                let mut codes = BTreeSet::new();
                for word in *words {
                    let word = word.as_ref();
                    let selected = word.to_str().and_then(expand);
                    codes.extend(selected.ok_or_else(|| invalid_code(word))?);
                }
                codes
            }
        };
        Ok(codes.into_iter().collect())
    }
}

/// Returns the codes that one word selects, or `None` if it is neither a letter nor a code.
fn expand(word: &str) -> Option<Vec<CountryCode>> {
    match *word.as_bytes() {
        [letter] if letter.is_ascii_alphabetic() => {
            let first = letter.to_ascii_uppercase();
            Some(
                (b'A'..=b'Z')
                    .map(|second| CountryCode([first, second]))
                    .collect(),
            )
        }
        _ => CountryCode::new(word).map(|code| vec![code]),
    }
}

/// Returns the error for a word, which may come from a script and contain anything.
fn invalid_code(word: &OsStr) -> InvalidCode {
    let printable = word.to_string_lossy().replace(is_hidden, "\u{fffd}");
    InvalidCode(printable)
}

fn every() -> impl Iterator<Item = CountryCode> {
    (b'A'..=b'Z').flat_map(|first| (b'A'..=b'Z').map(move |second| CountryCode([first, second])))
}

/// Parses a built-in list. A test checks that each of its words is a code, so none is dropped here.
fn parse_list(list: &str) -> impl Iterator<Item = CountryCode> {
    list.split_whitespace().filter_map(CountryCode::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn codes_of(words: &[&str]) -> Result<String, InvalidCode> {
        let codes = Selection::Words(words).codes()?;
        let codes: Vec<_> = codes.iter().map(CountryCode::to_string).collect();
        Ok(codes.join(" "))
    }

    #[test]
    fn the_built_in_lists_contain_each_code_once() {
        for (list, count) in [(WITH_FLAG, 194), (MOST_POPULOUS, 20)] {
            assert_eq!(list.split_whitespace().count(), count);
            let codes: BTreeSet<_> = parse_list(list).collect();
            assert_eq!(codes.len(), count);
            let spelt: Vec<_> = parse_list(list).map(|code| code.to_string()).collect();
            assert_eq!(
                spelt.join(" "),
                list.split_whitespace().collect::<Vec<_>>().join(" ")
            );
        }
    }

    #[test]
    fn every_code_with_a_flag_has_the_name_of_its_country() {
        for code in parse_list(WITH_FLAG) {
            let name = code.country().unwrap_or_default();
            assert!(name.len() > 3, "{code}: {name}");
        }
        let names = ["ba", "gb", "us", "br", "zz"];
        let names = names.map(|code| CountryCode::new(code).unwrap().country());
        let full = FULL_NAMES.map(|(_, name)| Some(name));
        assert_eq!(names, [full[0], full[1], full[2], Some("Brazil"), None]);
    }

    #[test]
    fn a_letter_selects_its_26_codes_and_a_code_selects_itself() {
        for first in 'a'..='z' {
            let upper = first.to_ascii_uppercase();
            let expected: Vec<_> = ('A'..='Z')
                .map(|second| format!("{upper}{second}"))
                .collect();
            for word in [first.to_string(), upper.to_string()] {
                assert_eq!(codes_of(&[&word]).unwrap(), expected.join(" "));
            }
            for second in 'a'..='z' {
                let lower = format!("{first}{second}");
                for word in [&lower, &lower.to_uppercase(), &format!("{upper}{second}")] {
                    assert_eq!(codes_of(&[word]).unwrap(), lower.to_uppercase());
                }
                assert_eq!(CountryCode::new(&lower).unwrap().lower(), lower);
            }
        }
    }

    #[test]
    fn codes_are_sorted_without_duplicates() {
        assert_eq!(codes_of(&["us", "BR", "Us", "br"]).unwrap(), "BR US");
        assert_eq!(
            codes_of(&["b", "ba", "B"]).unwrap(),
            codes_of(&["B"]).unwrap()
        );
    }

    #[test]
    fn an_empty_list_selects_the_most_populous_countries_sorted() {
        let sorted = "BD BR CD CN DE EG ET FR ID IN IR JP MX NG PH PK RU TR US VN";
        assert_eq!(codes_of(&[]).unwrap(), sorted);
    }

    #[test]
    fn every_selects_676_codes_and_all_selects_the_194_with_a_flag() {
        let every = Selection::<&str>::Every.codes().unwrap();
        assert_eq!(every.len(), 676);
        assert_eq!(format!("{:?} {:?}", every[0], every[675]), "AA ZZ");
        let all = Selection::<&str>::All.codes().unwrap();
        assert_eq!(
            (all.len(), format!("{:?} {:?}", all[0], all[193])),
            (194, "AD ZW".to_owned())
        );
    }

    #[test]
    fn words_that_are_not_codes_are_rejected() {
        for word in [
            "", "1", "b1", "1b", "bra", " ", "b ", " b", "é", "ß", "ı", "bß", "--", "A\0",
        ] {
            let printed = word.replace('\0', "\u{fffd}");
            assert_eq!(codes_of(&["br", word]), Err(InvalidCode(printed)));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_word_that_is_not_utf_8_is_rejected() {
        use std::os::unix::ffi::OsStrExt as _;
        let word = OsStr::from_bytes(b"b\xff");
        let printed = InvalidCode("b\u{fffd}".to_owned());
        assert_eq!(Selection::Words(&[word]).codes(), Err(printed));
    }

    proptest! {
        #[test]
        fn any_words_give_sorted_unique_codes_or_an_error(words: Vec<String>) {
            if let Ok(codes) = Selection::Words(&words).codes() {
                prop_assert!(!codes.is_empty());
                prop_assert!(codes.is_sorted_by(|a, b| a < b));
            }
        }

        #[test]
        fn short_words_are_accepted_exactly_when_they_are_letters(word in "\\PC{1,2}|[a-zA-Z]{1,3}") {
            let letters = word.len() <= 2 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
            prop_assert_eq!(expand(&word).is_some(), letters);
        }
    }
}
