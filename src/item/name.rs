//! Names of files that a list may ask for.
//!
//! A list and its servers are strangers: a name must never lead outside the folder, hide what it says, mean a device, or
//! be too long for a disk. A name in the list is accepted as it is or not at all; one that is made from a URL is changed
//! until it is safe.

use percent_encoding::percent_decode_str;
use reqwest::Url;
use safe_text::is_hidden;

use crate::item::hashes::Hashes;

/// The longest name, in bytes. Most file systems allow 255, and a temporary name is longer than that of its file.
const LONGEST: usize = 200;

/// The longest suffix that is kept when a name is cut, in bytes, with its dot.
const LONGEST_SUFFIX: usize = 16;

/// The name of a file whose URL has none.
const INDEX: &str = "index";

/// The character in place of those that are not allowed.
const REPLACEMENT: char = '_';

/// Characters that separate folders, or that Windows does not allow in names.
const SPECIAL: [char; 9] = ['/', '\\', ':', '*', '?', '"', '<', '>', '|'];

/// Names that mean devices on Windows, with any suffix. COM and LPT are followed by a digit, which may be superscript.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
const NUMBERED_DEVICES: [&str; 2] = ["com", "lpt"];

/// Returns why a name is not safe, or `None` if it is.
pub(super) fn fault(name: &str) -> Option<&'static str> {
    let last = name.chars().next_back();
    if name.is_empty() {
        Some("the file name is empty")
    } else if name.len() > LONGEST {
        Some("the file name is longer than 200 bytes")
    } else if name.contains(SPECIAL) {
        Some("the file name contains one of / \\ : * ? \" < > |")
    } else if name.contains(is_hidden) {
        Some("the file name contains control characters")
    } else if name.starts_with('.') || matches!(last, Some('.' | ' ')) {
        Some("the file name begins with a dot, or ends with a dot or a space")
    } else if is_device(name) {
        Some("the file name is reserved")
    } else {
        None
    }
}

/// Returns a safe name for the file at `url`: the last part of its path, decoded, with every character replaced that is
/// not allowed; `index` if there is none.
pub(super) fn of_url(url: &Url) -> String {
    let last = url.path().rsplit('/').next().unwrap_or_default();
    made_safe(&percent_decode_str(last).decode_utf8_lossy())
}

/// Returns the name if it is safe, else one that is.
pub(super) fn made_safe(name: &str) -> String {
    let not_allowed = |c: char| is_hidden(c) || SPECIAL.contains(&c);
    let mut safe = name.replace(not_allowed, "_");
    if safe.starts_with('.') {
        safe.insert(0, REPLACEMENT);
    }
    if is_device(&safe) {
        safe.insert(0, REPLACEMENT);
    }
    safe = cut(&safe, "");
    if safe.ends_with(['.', ' ']) {
        safe.pop();
        safe.push(REPLACEMENT);
    }
    match safe.is_empty() {
        true => INDEX.to_owned(),
        false => safe,
    }
}

/// Returns the name with `addition` before its suffix, and with its stem cut if it would be too long. Folders before the name
/// stay as they are.
fn cut(path: &str, addition: &str) -> String {
    let (folders, name) = path.split_at(path.rfind('/').map_or(0, |slash| slash + 1));
    let (stem, suffix) = match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= LONGEST_SUFFIX => name.split_at(dot),
        Some(_) | None => (name, ""),
    };
    let most = LONGEST - addition.len() - suffix.len();
    let stem = &stem[..stem.floor_char_boundary(most)];
    format!("{folders}{stem}{addition}{suffix}")
}

/// Returns whether Windows opens a device instead of a file of this name.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.trim_end().to_ascii_lowercase();
    let numbered = NUMBERED_DEVICES
        .iter()
        .filter_map(|device| stem.strip_prefix(device));
    let is_digit = |c: char| c.is_ascii_digit() || ['¹', '²', '³'].contains(&c);
    let is_number = |number: &str| number.chars().count() == 1 && number.chars().all(is_digit);
    let mut numbers = numbered.map(is_number);
    DEVICES.contains(&stem.as_str()) || numbers.any(|is_device| is_device)
}

/// The names that a list has used. Each is given out once: the second `a.gif` becomes `a.2.gif`.
#[derive(Debug, Default)]
pub(super) struct Names(Hashes);

impl Names {
    /// Returns this name if it is free, else a numbered one that is: nearly always the one with the smallest number.
    pub(super) fn take(&mut self, name: String) -> String {
        if self.0.insert(&name) {
            return name;
        }
        let numbered = |number: u64| cut(&name, &format!(".{number}"));
        let is_free = |number| !self.0.contains(&numbered(number));
        // The numbers in use are nearly always those from 2 on. Their end is found in a few steps, however many there are:
        // between a number that is in use, or 1, and one that is free.
        let (mut used, mut free) = (1, 2);
        while !is_free(free) {
            (used, free) = (free, 2 * free);
        }
        while free - used > 1 {
            let middle = used + (free - used) / 2;
            match is_free(middle) {
                true => free = middle,
                false => used = middle,
            }
        }
        let name = numbered(free);
        self.0.insert(&name);
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;
    use std::path::{Component, Path};

    fn of(path: &str) -> String {
        of_url(&Url::parse(&format!("http://localhost/{path}")).unwrap())
    }

    #[test]
    fn the_name_is_the_last_part_of_the_path_decoded() {
        for (path, name) in [
            ("a.gif", "a.gif"),
            ("x/y/S%C3%A3o%20Tom%C3%A9.txt?q=1/2#f", "São Tomé.txt"),
            ("", "index"),
            ("x/", "index"),
            ("x/..", "index"),
            ("%2e%2e", "index"),
        ] {
            assert_eq!(of(path), name, "{path}");
        }
    }

    #[test]
    fn unsafe_names_are_changed_until_they_are_safe() {
        for (path, name) in [
            ("..%2F..%2Fetc%2Fpasswd", "_.._.._etc_passwd"),
            ("%2Fetc", "_etc"),
            ("a%5Cb", "a_b"),
            ("a%00b%0A", "a_b_"),
            ("%E2%80%AEfig.txt", "_fig.txt"),
            (".htaccess", "_.htaccess"),
            ("con", "_con"),
            ("LPT1.tar.gz", "_LPT1.tar.gz"),
            ("com10", "com10"),
            ("COM%C2%B9.txt", "_COM¹.txt"),
            ("conin$", "_conin$"),
            ("a.", "a_"),
            ("%20", "_"),
            ("a%FFb", "a\u{fffd}b"),
        ] {
            assert_eq!(of(path), name, "{path}");
        }
    }

    #[test]
    fn long_names_are_cut_before_their_suffix() {
        let long = of(&format!("{}.tar.gif", "é".repeat(4000)));
        assert!(long.len() <= LONGEST && long.ends_with("é.gif"), "{long}");
        let mut names = Names::default();
        let taken: HashSet<_> = (0..12).map(|_| names.take(long.clone())).collect();
        assert_eq!(taken.len(), 12);
        assert!(taken.iter().all(|name| fault(name).is_none()), "{taken:?}");
    }

    #[test]
    fn the_second_file_of_a_name_gets_a_number() {
        let mut names = Names::default();
        let taken = ["a.gif", "a.gif", "a.2.gif", "a.gif", "b", "b", "a.gif"]
            .map(|name| names.take(name.to_owned()));
        let expected = [
            "a.gif",
            "a.2.gif",
            "a.2.2.gif",
            "a.3.gif",
            "b",
            "b.2",
            "a.4.gif",
        ];
        assert_eq!(taken, expected);
    }

    #[test]
    fn each_fault_is_named() {
        let long = "x".repeat(LONGEST + 1);
        for name in [
            "", ".", "..", "../a", "a/b", "a\\b", "a\0", "\u{202e}", ".a", "a ", "nul.gif", &long,
        ] {
            assert!(fault(name).is_some(), "{name:?}");
        }
        assert_eq!(fault("São Tomé (1).txt"), None);
    }

    proptest! {
        #[test]
        fn every_name_is_made_safe_and_safe_names_are_kept(name in "\\PC*|[./\\\\a-c \\x00-\\x1f]{0,12}|.{0,400}") {
            let safe = made_safe(&name);
            prop_assert_eq!(fault(&safe), None, "{}", safe);
            let parts: Vec<_> = Path::new(&safe).components().collect();
            prop_assert!(matches!(parts.as_slice(), [Component::Normal(_)]));
            if fault(&name).is_none() {
                prop_assert_eq!(&safe, &name);
            }
        }

        #[test]
        fn no_name_is_given_out_twice_and_each_is_safe(names in proptest::collection::vec("[ab](\\.2)?(\\.[cd])?|x{199,200}", 0..40)) {
            let mut given = Names::default();
            let taken: Vec<_> = names.into_iter().map(|name| given.take(name)).collect();
            prop_assert!(taken.iter().all(|name| fault(name).is_none()));
            let distinct: HashSet<_> = taken.iter().collect();
            prop_assert_eq!(distinct.len(), taken.len());
        }
    }
}
