//! Reads the items of a list: a URL per line, and after a tab, if wanted, the name of its file; or a JSON object per line.
//!
//! A list may come from anywhere and be of any length, so it is read line by line, and no line takes more memory than the
//! longest that is allowed. A line that cannot be used becomes an item whose download fails, so that it is counted and
//! reported like any other. Knows nothing of where the list comes from.

use std::io::{self, BufRead, Read as _};

use crate::item::Item;
use crate::item::folders::{Folders, fault_of_path, path_of_url};
use crate::item::line::{Form, Wanted};
use crate::item::name::{self, Names};

/// The longest line, in bytes, with its line break. Servers allow URLs of about 8,000 bytes.
const LONGEST: usize = 64 << 10;

/// The mark that some editors put before the first line.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The items of a list, in the order of its lines. Blank lines and those that begin with `#` are skipped. If the first of
/// the others begins with `{`, all are JSON objects.
///
/// ```
/// use flags::item::Lines;
///
/// let list = "# two\nhttp://localhost/a.gif\nhttp://localhost/b\tc.txt\r\n";
/// let items: Vec<_> = Lines::of(list.as_bytes()).collect::<Result<_, _>>()?;
/// assert_eq!(format!("{items:?}"), "[a.gif, c.txt]");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    /// The number of the last line read.
    number: u64,
    line: Vec<u8>,
    /// The form of the lines; `None` before the first that is neither blank nor a comment.
    form: Option<Form>,
    names: Names,
    /// The folders of the names, if they are kept.
    folders: Option<Folders>,
}

impl<R: BufRead> Lines<R> {
    /// Returns the items of the list that `reader` reads. Reads nothing yet.
    pub fn of(reader: R) -> Self {
        Self {
            reader,
            number: 0,
            line: Vec::new(),
            form: None,
            names: Names::default(),
            folders: None,
        }
    }

    /// Returns the same items, none of which has one of these names.
    #[must_use]
    pub fn reserving(mut self, names: impl IntoIterator<Item = String>) -> Self {
        for name in names {
            self.names.take(name);
        }
        self
    }

    /// Returns the same items. With `keeps_paths`, the name of a file has folders as in its URL, and names in the list may
    /// have some.
    #[must_use]
    pub fn keeping_paths(self, keeps_paths: bool) -> Self {
        Self {
            folders: keeps_paths.then(Folders::default),
            ..self
        }
    }

    /// Reads the next line into `self.line`, or as much of it as is allowed. Returns whether there is one.
    fn read(&mut self) -> io::Result<bool> {
        self.line.clear();
        let mut allowed = self.reader.by_ref().take(LONGEST as u64 + 1);
        if allowed.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(false);
        }
        self.number += 1;
        if self.line.len() > LONGEST && self.line.last() != Some(&b'\n') {
            self.reader.skip_until(b'\n')?;
        }
        Ok(true)
    }

    /// Returns the item of the line read; `None` if it is blank or a comment.
    fn item(&mut self) -> Option<Item> {
        if self.line.len() > LONGEST {
            let reason = format!("the line is longer than {LONGEST} bytes");
            return Some(Item::of_bad_line(self.number, reason));
        }
        let line = match self.number {
            1 => self
                .line
                .strip_prefix(BYTE_ORDER_MARK)
                .unwrap_or(&self.line),
            _ => &self.line,
        };
        // The line break is cut off, too, and so is the carriage return before it.
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            return None;
        }
        let form = *self.form.get_or_insert_with(|| Form::of(line));
        Some(match target(line, form, self.folders.is_some()) {
            Ok((wanted, name)) => {
                let name = match &mut self.folders {
                    Some(folders) => folders.take(&mut self.names, name),
                    None => self.names.take(name),
                };
                Item::of_line(self.number, wanted.url, name, wanted.expected)
            }
            Err(reason) => Item::of_bad_line(self.number, reason),
        })
    }
}

/// Returns what a line asks for and the name of its file, or why it cannot be used.
fn target(line: &[u8], form: Form, keeps_paths: bool) -> Result<(Wanted, String), String> {
    let wanted = form.parse(line)?;
    if wanted.name.is_empty() {
        let name = match keeps_paths {
            true => path_of_url(&wanted.url)?,
            false => name::of_url(&wanted.url),
        };
        return Ok((wanted, name));
    }
    let fault = match keeps_paths {
        true => fault_of_path(&wanted.name),
        false => name::fault(&wanted.name),
    };
    match fault {
        None => {
            let name = wanted.name.clone();
            Ok((wanted, name))
        }
        Some(fault) => Err(fault.to_owned()),
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Item>;

    /// Returns the next item, or the error of the reader.
    fn next(&mut self) -> Option<io::Result<Item>> {
        loop {
            match self.read() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
            if let Some(item) = self.item() {
                return Some(Ok(item));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what each item of a list asks for, as `number name url` or `number why it is bad`.
    fn items(list: impl AsRef<[u8]>) -> Vec<String> {
        let text = |item: Item| {
            let number = item.line().unwrap();
            match item.url() {
                Ok(url) => format!("{number} {item} {url}"),
                Err(reason) => format!("{number} {reason}"),
            }
        };
        let items = Lines::of(list.as_ref()).collect::<io::Result<Vec<_>>>();
        items.unwrap().into_iter().map(text).collect()
    }

    #[test]
    fn blank_lines_and_comments_are_skipped_and_line_breaks_of_any_kind_are_accepted() {
        let expected = ["2 a http://x/a", "5 b http://x/b"];
        assert_eq!(items("\nhttp://x/a\n \t\n# c\n http://x/b "), expected);
        assert_eq!(
            items("\u{feff}\r\nhttp://x/a\r\n#\r\n\r\nhttp://x/b#f\r\n"),
            expected
        );
        assert!(items("").is_empty() && items("\n").is_empty() && items("# \u{feff}").is_empty());
    }

    #[test]
    fn a_name_may_follow_after_a_tab_and_the_second_of_a_name_is_numbered() {
        let list = "http://x/1\ta.gif\nhttps://x/2/a.gif\nhttp://x/3\t a b.txt \nhttp://x/4\t\nhttp://x/5\ta.gif\n";
        assert_eq!(
            items(list),
            [
                "1 a.gif http://x/1",
                "2 a.2.gif https://x/2/a.gif",
                "3 a b.txt http://x/3",
                "4 4 http://x/4",
                "5 a.3.gif http://x/5"
            ]
        );
    }

    #[test]
    fn each_bad_line_says_why_and_the_others_go_on() {
        let list = [
            &b"ftp://x/a\nexample.org\nhttp://\nhttp:///x\nhttp://x:99999/\nhttp://x/\xff\n"[..],
            b"http://x/a\t../a\nhttp://x/a\ta/b\nhttp://x/a\tb\tc\nhttp://x/ok",
        ];
        assert_eq!(
            items(list.concat()),
            [
                "1 not an http:// or https:// URL",
                "2 not an http:// or https:// URL",
                "3 not a URL: empty host",
                "4 not a URL: empty host",
                "5 not a URL: invalid port number",
                "6 the line is not valid UTF-8",
                "7 the file name contains one of / \\ : * ? \" < > |",
                "8 the file name contains one of / \\ : * ? \" < > |",
                "9 the file name contains control characters",
                "10 ok http://x/ok"
            ]
        );
    }

    #[test]
    fn the_first_line_decides_whether_all_are_json() {
        let json = "\u{feff}# c\n\n {\"url\":\"http://x/a\"}\nhttp://x/b\n{\"url\":\"http://x/a\",\"name\":\"../a\"}";
        assert_eq!(
            items(json),
            [
                "3 a http://x/a",
                "4 not a JSON object, as the first line of the list is",
                "5 the file name contains one of / \\ : * ? \" < > |",
            ]
        );
        assert_eq!(
            items("http://x/b\n{\"url\":\"http://x/a\"}"),
            [
                "1 b http://x/b",
                "2 a JSON object, but the first line of the list is not"
            ]
        );
    }

    #[test]
    fn a_line_that_is_too_long_is_bad_and_is_not_kept_in_memory() {
        let endless = io::repeat(b'x').take(100 << 20);
        let list = b"http://x/".chain(endless).chain(&b"\nhttp://x/a"[..]);
        let mut lines = Lines::of(io::BufReader::new(list));
        let first = lines.next().unwrap().unwrap();
        assert_eq!(first.url(), Err("the line is longer than 65536 bytes"));
        assert!(lines.line.capacity() < 4 * LONGEST);
        assert_eq!(lines.next().unwrap().unwrap().line(), Some(2));
        assert!(lines.next().is_none());
    }

    #[test]
    fn a_hundred_thousand_lines_of_one_name_have_a_name_each() {
        let list = "http://x/a.gif\n".repeat(100_000);
        let last = Lines::of(list.as_bytes()).last().unwrap().unwrap();
        assert_eq!(last.file_name(), "a.100000.gif");
    }

    #[test]
    fn an_error_of_the_reader_is_passed_on() {
        struct Broken;
        impl io::Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        let first = Lines::of(io::BufReader::new(Broken)).next().unwrap();
        assert_eq!(first.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_line_that_is_too_long_is_bad_wherever_its_text_is() {
        let (spaces, url) = (" ".repeat(LONGEST), "http://x/".to_owned());
        let long = "x".repeat(LONGEST);
        for line in [
            format!(" {url}{long}"),
            format!("{spaces}{url}a"),
            format!("{url}a\t{spaces}name"),
        ] {
            assert_eq!(items(line), ["1 the line is longer than 65536 bytes"]);
        }
    }

    #[test]
    fn a_url_with_control_characters_and_one_that_cannot_be_sent_are_bad() {
        let long = format!("http://x/{}", "x".repeat(65_526));
        assert_eq!(
            items(format!("http://x/a\rb\n{long}\n{}", &long[1..])),
            [
                "1 not a URL: it contains control characters",
                "2 the URL is longer than 65534 bytes",
                "3 not an http:// or https:// URL",
            ]
        );
        assert!(items(&long[..65_534])[0].ends_with(&long[9..65_534]));
    }

    #[test]
    fn names_that_are_reserved_are_not_given_out() {
        let list = "http://x/r.csv\nhttp://x/b\n".as_bytes();
        let lines = Lines::of(list).reserving(["r.csv".to_owned()]);
        let items: Result<Vec<_>, _> = lines.collect();
        assert_eq!(format!("{:?}", items.unwrap()), "[r.2.csv, b]");
    }
}
