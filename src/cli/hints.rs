//! Suggestions for words that are almost right: what a usage error adds to its message.
//!
//! A far-fetched suggestion is worse than none, so each rule here needs a reason to believe that this word was meant.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use crate::country::{CountryCode, Selection};
use crate::server::BaseUrl;
use crate::strategy::Strategy;
use test_server::Label;

/// The countries whose names the list of iso3166 abbreviates to `US` and `UK`.
const MORE_NAMES: [(&str, &str); 5] = [
    ("america", "US"),
    ("unitedstates", "US"),
    ("unitedstatesofamerica", "US"),
    ("greatbritain", "GB"),
    ("unitedkingdom", "GB"),
];

/// The fewest letters of a country's name that select it if no other name starts with them.
const SHORTEST_NAME: usize = 4;

/// The fewest letters of an option or of a value that are compared with the valid ones.
const SHORTEST_WORD: usize = 3;

/// The fewest letters that two words start with if one is meant by the other, as in `threads` and `threadpool`.
const SAME_START: usize = 5;

/// Returns what to do instead, for a word that is not a country code.
pub(super) fn country(word: &str) -> Option<String> {
    let parts: Vec<_> = word.split(',').filter(|part| !part.is_empty()).collect();
    if word.contains(',') && !parts.is_empty() && Selection::Words(&parts).codes().is_ok() {
        let separate = parts.join(" ").to_lowercase();
        return Some(format!("separate codes with spaces, as in {separate}"));
    }
    let code = code_of_country(word)?;
    Some(format!("did you mean {}?", code.lower()))
}

/// Returns the code of the country with this name or this code of three letters.
fn code_of_country(word: &str) -> Option<CountryCode> {
    let word = letters(word);
    let listed = || iso3166::LIST.iter().map(|country| country.data());
    let names = || {
        let listed = listed().map(|country| (letters(country.name), country.alpha2));
        listed.chain(MORE_NAMES.map(|(name, code)| (name.to_owned(), code)))
    };
    let by_code = listed().find(|country| country.alpha3.eq_ignore_ascii_case(&word));
    let exact = by_code.map(|country| country.alpha2).or_else(|| {
        let exact = names().find(|(name, _)| *name == word);
        exact.map(|(_, code)| code)
    });
    let start = names().filter(|(name, _)| word.len() >= SHORTEST_NAME && name.starts_with(&word));
    let started: BTreeSet<_> = start.map(|(_, code)| code).collect();
    let only = started.first().filter(|_| started.len() == 1).copied();
    CountryCode::new(exact.or(only)?)
}

/// Returns the letters of a name in lower case, without spaces and signs.
fn letters(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphabetic());
    letters.flat_map(char::to_lowercase).collect()
}

/// Returns the URL or the label that was meant by a word that is neither.
pub(super) fn server(word: &str) -> Option<String> {
    if let Some(url) = url_of_address(word) {
        return Some(url);
    }
    let labels = Label::ALL.map(Label::name).into_iter().chain(["REMOTE"]);
    closest(&word.to_uppercase(), labels).map(str::to_owned)
}

/// Returns the URL for an address without `http://`, such as `localhost:9000`. Without a path, it gets the usual one.
fn url_of_address(word: &str) -> Option<String> {
    // A user's name and password would be printed.
    if word.contains(['@', '?', '#']) || word.contains("://") {
        return None;
    }
    let word = word.trim_end_matches('/');
    let (address, path) = word.split_once('/').unwrap_or((word, "flags"));
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (address, None),
    };
    let is_host = host.parse::<Ipv4Addr>().is_ok()
        || host.starts_with('[')
        || host.starts_with(|c: char| c.is_ascii_alphanumeric())
            && host
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
    let is_port = port.is_some_and(|port| port.parse::<u16>().is_ok());
    // A word without a port may be a misspelt label.
    let is_address = is_port || port.is_none() && (host.contains('.') || host == "localhost");
    let url = format!("http://{address}/{path}");
    (is_host && is_address && BaseUrl::parse(&url).is_ok()).then_some(url)
}

/// Returns the name of the strategy that was meant.
pub(super) fn strategy(word: &str) -> Option<String> {
    let word = word.to_lowercase();
    let names = || Strategy::ALL.into_iter().map(Strategy::name);
    let part =
        |name: &&str| name.starts_with(&word) || name.ends_with(&word) || same_start(name, &word);
    let part = names().find(|name| word.len() >= SHORTEST_WORD && part(name));
    part.or_else(|| closest(&word, names())).map(str::to_owned)
}

fn same_start(one: &str, other: &str) -> bool {
    let same = one.chars().zip(other.chars()).take_while(|(a, b)| a == b);
    same.count() >= SAME_START
}

/// Returns the word that differs least from `typed`, if that is by one letter in four at most, and by one in a short
/// word.
pub(super) fn closest<'a>(typed: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if typed.len() < SHORTEST_WORD {
        return None;
    }
    let distance = |word: &&str| strsim::osa_distance(typed, word);
    let closest = words.min_by_key(distance)?;
    (distance(&closest) <= (typed.len() / 4).max(1)).then_some(closest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_separated_by_commas_are_to_be_separated_by_spaces() {
        for (word, separate) in [
            ("br,us", "br us"),
            ("BR,us,", "br us"),
            ("b,c,de", "b c de"),
        ] {
            let expected = format!("separate codes with spaces, as in {separate}");
            assert_eq!(country(word), Some(expected), "{word}");
        }
        for word in [",", "br,usa", "br,1", "br;us"] {
            assert_eq!(country(word), None, "{word}");
        }
    }

    #[test]
    fn countries_are_known_by_name_and_by_three_letters() {
        for (word, code) in [
            ("BRA", "br"),
            ("usa", "us"),
            ("Brazil", "br"),
            ("BRAZIL", "br"),
            ("United States", "us"),
            ("united-kingdom", "gb"),
            ("Great Britain", "gb"),
            ("Niger", "ne"),
            ("Nigeria", "ng"),
            ("Switz", "ch"),
            ("Côte d'Ivoire", "ci"),
        ] {
            assert_eq!(
                country(word),
                Some(format!("did you mean {code}?")),
                "{word}"
            );
        }
        for word in ["xyz", "United", "Congo", "Bra zzz", "abc", "", "1", "--"] {
            assert_eq!(country(word), None, "{word}");
        }
    }

    #[test]
    fn an_address_becomes_a_url() {
        for (word, url) in [
            ("localhost:9000", "http://localhost:9000/flags"),
            ("localhost", "http://localhost/flags"),
            ("127.0.0.1:80/", "http://127.0.0.1:80/flags"),
            ("127.0.0.1", "http://127.0.0.1/flags"),
            ("[::1]:9000", "http://[::1]:9000/flags"),
            ("example.org/data/gifs", "http://example.org/data/gifs"),
            ("server:9000/x", "http://server:9000/x"),
        ] {
            assert_eq!(server(word).as_deref(), Some(url), "{word}");
        }
        assert_eq!(server("LOCL").as_deref(), Some("LOCAL"));
        assert_eq!(server("remot").as_deref(), Some("REMOTE"));
        for word in [
            "BOOK",
            "",
            ":",
            ":80",
            "/flags",
            "me:secret@localhost:9000",
            "localhost:x",
            "localhost:99999",
            "ftp://h",
            "-:1",
            "a b:1",
        ] {
            assert_eq!(server(word), None, "{word}");
        }
    }

    #[test]
    fn strategies_are_known_by_a_part_of_their_names() {
        for (word, name) in [
            ("thread", "threadpool"),
            ("THREADS", "threadpool"),
            ("pool", "threadpool"),
            ("seq", "sequential"),
            ("semaphor", "semaphore"),
            ("semphore", "semaphore"),
        ] {
            assert_eq!(strategy(word).as_deref(), Some(name), "{word}");
        }
        for word in ["fast", "", "s", "async", "process"] {
            assert_eq!(strategy(word), None, "{word}");
        }
    }
}
