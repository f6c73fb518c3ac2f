//! One thing to download: what to fetch, what to call it, and how to check it.
//!
//! All layers between the command line and the reports work on items and do not ask where they come from. An item is
//! small or shared, because each download has copies of its own. Knows nothing of requests or disks.
//!
//! The modules, lowest layer first; each imports only from those listed before it:
//!
//! * `hashes`: a set of texts in little memory
//! * `name`: names of files that a list may ask for
//! * `folders`: names with folders, as in the URLs of a list
//! * `expected`: what a list says about a file before it is downloaded
//! * `line`: what one line of a list asks for
//! * `list`: reads the items of a list
//! * `positions`: a set of items, with a bit for each

use std::fmt;
use std::sync::Arc;

use reqwest::Url;

use crate::country::CountryCode;
use crate::server::{BaseUrl, shown};

mod expected;
mod folders;
mod hashes;
mod line;
mod list;
mod name;
mod positions;

pub use self::expected::{Checksum, Expected};
pub use self::list::Lines;
pub(crate) use self::positions::Positions;

/// One thing to download. `Display` prints the word by which lines, errors, tables and reports call it: `BR` for a flag,
/// the name of the file for a URL.
///
/// Items are ordered as they are reported: flags by code, URLs by their place in the list.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item(Source);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Source {
    Flag(CountryCode, Arc<BaseUrl>),
    Line(Arc<Line>),
}

/// A line of a list.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Line {
    number: u64,
    meaning: Result<Target, String>,
}

/// What a line asks for.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Target {
    url: Url,
    file_name: String,
    /// What the list says about the file. Boxed, because most lists say nothing.
    expected: Option<Box<Expected>>,
}

/// How the bytes of an item are checked before they are saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// They are one complete GIF.
    Gif,
    /// They are as many as the answer announces, in its Content-Length or in its chunks.
    Framed,
}

impl Item {
    /// Returns the flag of a country, which is at `{base}/br/br.gif` for BR.
    pub fn flag(code: CountryCode, base: &Arc<BaseUrl>) -> Self {
        Self(Source::Flag(code, Arc::clone(base)))
    }

    /// Returns what line `number` of a list asks for. The file name must be safe, and no other item may have it.
    pub fn of_line(number: u64, url: Url, file_name: String, expected: Expected) -> Self {
        let expected = (!expected.is_empty()).then(|| Box::new(expected));
        let meaning = Ok(Target {
            url,
            file_name,
            expected,
        });
        Self(Source::Line(Arc::new(Line { number, meaning })))
    }

    /// Returns the item of line `number` of a list that asks for nothing that can be fetched. Its download fails with this
    /// reason.
    pub fn of_bad_line(number: u64, reason: String) -> Self {
        let meaning = Err(reason);
        Self(Source::Line(Arc::new(Line { number, meaning })))
    }

    /// Returns what to fetch.
    ///
    /// # Errors
    /// The reason, if this is a bad line.
    ///
    /// # Source
    /// The URL of a flag: `get_flag` of flags_sequential.py (*Fluent Python*, 1st edition).
    pub fn url(&self) -> Result<Url, &str> {
        match &self.0 {
            Source::Flag(code, base) => Ok(base.join(&path(*code))),
            Source::Line(line) => match &line.meaning {
                Ok(target) => Ok(target.url.clone()),
                Err(reason) => Err(reason),
            },
        }
    }

    /// Returns the URL as text in which a password or a token is hidden; `None` for a bad line.
    pub(crate) fn shown_url(&self) -> Option<String> {
        match &self.0 {
            Source::Flag(code, base) => Some(format!("{base}/{}", path(*code))),
            Source::Line(line) => Some(shown(&line.meaning.as_ref().ok()?.url)),
        }
    }

    /// Returns the name of its file: `br.gif` for BR. It may have folders, with `/` between them. A bad line has none, and is
    /// not saved.
    pub fn file_name(&self) -> String {
        match &self.0 {
            Source::Flag(code, _) => format!("{}.gif", code.lower()),
            Source::Line(line) => {
                let target = line.meaning.as_ref().ok();
                target.map_or_else(String::new, |target| target.file_name.clone())
            }
        }
    }

    /// Returns how its bytes are checked.
    pub fn check(&self) -> Check {
        match &self.0 {
            Source::Flag(..) => Check::Gif,
            Source::Line(line) => match &line.meaning {
                Ok(target) if is_gif(&target.file_name) => Check::Gif,
                Ok(_) | Err(_) => Check::Framed,
            },
        }
    }

    /// Returns what is known of its file before it is downloaded.
    pub fn expected(&self) -> Expected {
        match &self.0 {
            Source::Flag(..) => Expected::default(),
            Source::Line(line) => {
                let target = line.meaning.as_ref().ok();
                let expected = target.and_then(|target| target.expected.as_deref());
                expected.copied().unwrap_or_default()
            }
        }
    }

    /// Returns the code of the country whose flag it is; `None` for a line of a list.
    pub fn code(&self) -> Option<CountryCode> {
        match &self.0 {
            Source::Flag(code, _) => Some(*code),
            Source::Line(_) => None,
        }
    }

    /// Returns a number that no other item of the run has: the place of its code among all codes, or the number of its line.
    pub(crate) fn position(&self) -> u64 {
        match &self.0 {
            Source::Flag(code, _) => code.position(),
            Source::Line(line) => line.number,
        }
    }

    /// Returns the number of its line in the list, from 1; `None` for a flag.
    pub fn line(&self) -> Option<u64> {
        match &self.0 {
            Source::Flag(..) => None,
            Source::Line(line) => Some(line.number),
        }
    }
}

/// Returns the path of a flag below the base URL.
fn path(code: CountryCode) -> String {
    let cc = code.lower();
    format!("{cc}/{cc}.gif")
}

/// Returns whether a file of this name must be a GIF.
fn is_gif(file_name: &str) -> bool {
    let suffix = file_name.rsplit_once('.').map(|(_, suffix)| suffix);
    suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case("gif"))
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Flag(code, _) => fmt::Display::fmt(code, f),
            Source::Line(line) => match &line.meaning {
                Ok(target) => f.pad(&target.file_name),
                Err(_) => f.pad(&format!("line {}", line.number)),
            },
        }
    }
}

/// Prints the word, so that no password or token is printed.
impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Returns the flags that these words select, for tests.
#[cfg(test)]
pub(crate) fn flags(words: &[&str]) -> Vec<Item> {
    let base = Arc::new(BaseUrl::remote());
    let codes = crate::country::Selection::Words(words).codes().unwrap();
    codes
        .into_iter()
        .map(|code| Item::flag(code, &base))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_has_a_path_below_the_base_url_a_word_and_a_file() {
        let base = BaseUrl::parse("http://me:secret@localhost:8001/flags/").unwrap();
        let item = Item::flag(CountryCode::new("br").unwrap(), &Arc::new(base));
        let url = item.url().unwrap();
        assert_eq!(
            url.as_str(),
            "http://me:secret@localhost:8001/flags/br/br.gif"
        );
        let shown = item.shown_url().unwrap();
        assert_eq!(shown, "http://me:***@localhost:8001/flags/br/br.gif");
        assert_eq!([item.to_string(), item.file_name()], ["BR", "br.gif"]);
        assert_eq!((item.check(), item.line()), (Check::Gif, None));
    }

    #[test]
    fn a_line_has_a_url_and_its_file_name_is_its_word() {
        let url = Url::parse("http://me:secret@localhost/a?b=c").unwrap();
        let item = Item::of_line(7, url.clone(), "a.txt".to_owned(), Expected::default());
        assert_eq!(item.url(), Ok(url.clone()));
        assert_eq!(item.shown_url().unwrap(), "http://me:***@localhost/a?b=c");
        assert_eq!([item.to_string(), item.file_name()], ["a.txt", "a.txt"]);
        assert_eq!((item.check(), item.line()), (Check::Framed, Some(7)));
        let gif = Item::of_line(8, url, "a.GIF".to_owned(), Expected::default());
        assert_eq!((gif.check(), item < gif), (Check::Gif, true));
    }

    /// Each download in flight has a few copies.
    #[test]
    fn an_item_is_as_small_as_two_pointers() {
        assert!(size_of::<Item>() <= 2 * size_of::<usize>());
    }

    #[test]
    fn a_bad_line_is_called_by_its_number_and_has_no_url() {
        let item = Item::of_bad_line(3, "not a URL".to_owned());
        assert_eq!((item.url(), item.shown_url()), (Err("not a URL"), None));
        assert_eq!(item.to_string(), "line 3");
    }
}
