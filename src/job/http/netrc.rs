//! Reads a netrc file: a login for each host.
//!
//! None of the crates for it on crates.io is kept up. A file that is not understood is an error, so that a login that is
//! missing does not go unnoticed. Errors name the line and never its text, which may be a password.

use std::fmt;

use reqwest::Url;
use reqwest::header::HeaderValue;

use crate::job::http::login::basic;

/// The logins of a netrc file.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Netrc {
    /// The first of a host counts.
    machines: Vec<(String, Entry)>,
    default: Option<Entry>,
}

/// The `Authorization` header of a host. `None` if its entry has no login.
type Entry = Option<HeaderValue>;

/// The reason why a file is not a netrc file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub(crate) struct NetrcError {
    line: usize,
    reason: &'static str,
}

impl Netrc {
    /// Parses the text of a file.
    ///
    /// Words are separated by spaces or line breaks. One in double quotes may contain these, and `\"`, `\\`, `\n`, `\r` and
    /// `\t`. A `#` in the place of a keyword begins a comment.
    ///
    /// # Errors
    /// [`NetrcError`] if a word is neither a keyword nor the value of one.
    ///
    /// # Source
    /// `netrc(5)` of inetutils, with the quotes and comments of curl.
    pub(crate) fn parse(text: &str) -> Result<Self, NetrcError> {
        let mut words = Words {
            rest: text,
            line: 1,
        };
        let (mut netrc, mut open) = (Self::default(), Open::default());
        while let Some(keyword) = words.keyword()? {
            match keyword.as_str() {
                "machine" => {
                    let host = words.value()?.to_ascii_lowercase();
                    netrc.close(std::mem::replace(&mut open, Open::of(Some(host))), &words)?;
                }
                "default" => netrc.close(std::mem::replace(&mut open, Open::of(None)), &words)?,
                "login" => open.login = Some(words.value()?),
                "password" => open.password = words.value()?,
                "account" => drop(words.value()?),
                "macdef" => words.skip_macro(),
                _ => {
                    return Err(words
                        .wrong("expected machine, default, login, password, account or macdef"));
                }
            }
            if open.place.is_none() && !matches!(keyword.as_str(), "macdef") {
                return Err(words.wrong("a login before the first machine"));
            }
        }
        netrc.close(open, &words)?;
        Ok(netrc)
    }

    /// Returns the `Authorization` header for the host of `url`, if there is one. After a redirect to another origin,
    /// `is_elsewhere`: then the host must be named, because a server must not choose who gets the default login.
    pub(super) fn authorization(&self, url: &Url, is_elsewhere: bool) -> Option<&HeaderValue> {
        let host = url.host_str()?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let of_host = self.machines.iter().find(|(machine, _)| machine == host);
        let entry = of_host.map(|(_, entry)| entry);
        let default = self.default.as_ref().filter(|_| !is_elsewhere);
        entry.or(default)?.as_ref()
    }

    /// Adds an entry that is complete.
    fn close(&mut self, open: Open, words: &Words<'_>) -> Result<(), NetrcError> {
        let header = |login: String| basic(&login, &open.password);
        let entry = open.login.map(header).transpose();
        let entry = entry.map_err(|error| words.wrong(error.reason()))?;
        match open.place {
            None => {}
            Some(Some(host)) => self.machines.push((host, entry)),
            Some(None) => {
                self.default.get_or_insert(entry);
            }
        }
        Ok(())
    }
}

/// Hides the logins.
impl fmt::Debug for Netrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Netrc({} machines)", self.machines.len())
    }
}

/// An entry that is not complete yet.
#[derive(Default)]
struct Open {
    /// `None` before the first entry, and `Some(None)` for that of all other hosts.
    place: Option<Option<String>>,
    login: Option<String>,
    password: String,
}

impl Open {
    fn of(host: Option<String>) -> Self {
        Self {
            place: Some(host),
            ..Self::default()
        }
    }
}

/// The words of a file.
struct Words<'a> {
    rest: &'a str,
    /// The number of the line in which `rest` begins.
    line: usize,
}

impl Words<'_> {
    /// Returns the next keyword, which comments may precede.
    fn keyword(&mut self) -> Result<Option<String>, NetrcError> {
        loop {
            self.skip_spaces();
            if !self.rest.starts_with('#') {
                break;
            }
            self.advance(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
        match self.rest.is_empty() {
            true => Ok(None),
            false => self.word().map(Some),
        }
    }

    /// Returns the value of a keyword.
    fn value(&mut self) -> Result<String, NetrcError> {
        self.skip_spaces();
        match self.rest.is_empty() {
            true => Err(self.wrong("the file ends before a value")),
            false => self.word(),
        }
    }

    fn word(&mut self) -> Result<String, NetrcError> {
        let Some(quoted) = self.rest.strip_prefix('"') else {
            let end = self.rest.find(char::is_whitespace);
            let (word, _) = self.rest.split_at(end.unwrap_or(self.rest.len()));
            let word = word.to_owned();
            self.advance(word.len());
            return Ok(word);
        };
        let mut word = String::new();
        let mut chars = quoted.char_indices();
        while let Some((at, char)) = chars.next() {
            match char {
                '"' => {
                    self.advance(1 + at + 1);
                    return Ok(word);
                }
                '\\' => word.extend(chars.next().map(|(_, char)| match char {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    other => other,
                })),
                char => word.push(char),
            }
        }
        Err(self.wrong("a quote without its end"))
    }

    /// Skips the name and the commands of a macro, up to an empty line.
    fn skip_macro(&mut self) {
        let end = ["\n\n", "\n\r\n"].map(|blank| self.rest.find(blank));
        let end = end.into_iter().flatten().min();
        self.advance(end.unwrap_or(self.rest.len()));
    }

    fn skip_spaces(&mut self) {
        let spaces = self.rest.len() - self.rest.trim_start().len();
        self.advance(spaces);
    }

    fn advance(&mut self, bytes: usize) {
        let (passed, rest) = self.rest.split_at(bytes);
        self.line += passed.matches('\n').count();
        self.rest = rest;
    }

    fn wrong(&self, reason: &'static str) -> NetrcError {
        NetrcError {
            line: self.line,
            reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Returns the login for a host as text, as in `me:secret`.
    fn login(text: &str, host: &str) -> Option<String> {
        use base64::Engine as _;
        let netrc = Netrc::parse(text).unwrap();
        let url = Url::parse(&format!("https://{host}:8443/")).unwrap();
        let header = netrc.authorization(&url, false)?.to_str().unwrap();
        let encoded = header.strip_prefix("Basic ").unwrap();
        let decoded = base64::engine::general_purpose::STANDARD.decode(encoded);
        Some(String::from_utf8(decoded.unwrap()).unwrap())
    }

    #[test]
    fn each_host_has_its_own_login_and_others_that_of_default() {
        let text = "machine A.example login alice password one\n\
                    machine b.example\n\tlogin bob\n\tpassword two\n\taccount x\n\
                    machine a.example login second password second\n\
                    machine ::1 login six password six\n\
                    machine c.example\n\
                    machine d.example login dora";
        for (host, expected) in [
            ("a.example", Some("alice:one")),
            ("A.EXAMPLE", Some("alice:one")),
            ("b.example", Some("bob:two")),
            ("sub.a.example", None),
            ("c.example", None),
            ("d.example", Some("dora:")),
            ("[::1]", Some("six:six")),
        ] {
            assert_eq!(login(text, host).as_deref(), expected, "{host}");
        }
        let with_default = format!("{text}\ndefault login any password thing");
        let others = ["sub.a.example", "c.example"].map(|host| login(&with_default, host));
        // An entry without a login is one that says so.
        assert_eq!(others, [Some("any:thing".to_owned()), None]);
        assert_eq!(login("", "a.example"), None);
    }

    #[test]
    fn quotes_comments_and_macros_are_understood() {
        for (text, expected) in [
            (
                "# machine h login no password no\nmachine h login me password a#b # end",
                "me:a#b",
            ),
            (
                r#"machine h login "my self" password "a\"b\\c\td""#,
                "my self:a\"b\\c\td",
            ),
            (
                "macdef init\nmachine h login no\n\nmachine h login me password x\n",
                "me:x",
            ),
            (
                "machine h login me password x macdef m\r\nlogin no\r\n\r\nmachine i",
                "me:x",
            ),
            ("machine h login me password machine", "me:machine"),
            ("\r\nmachine\r\nh\r\nlogin\r\nme\r\npassword\r\npä", "me:pä"),
        ] {
            assert_eq!(login(text, "h").as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn an_error_names_the_line_and_not_its_text() {
        for (text, line) in [
            ("machine h login me password secret secret2", 1),
            ("\nlogin secret", 2),
            ("machine h\nlogin", 2),
            ("machine h\n\nlogin \"secret", 3),
            ("machine h\nlogin sec:ret password x", 2),
        ] {
            let error = Netrc::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("line {line}: ")), "{error}");
            assert!(
                !error.contains("secret") && !error.contains("sec:"),
                "{error}"
            );
        }
    }

    proptest! {
        #[test]
        fn the_parser_never_panics_and_prints_no_password(text in "(\\PC|machine |login |password |macdef |\"|\\\\|#|\n)*") {
            if let Ok(netrc) = Netrc::parse(&format!("machine h login me password s3cret\n{text}")) {
                let printed = format!("{netrc:?}");
                prop_assert!(!printed.contains("s3cret"));
            }
        }
    }
}
