//! Names with folders, as in the URLs of a list.
//!
//! Each part of such a name is a safe name, so the whole leads nowhere but into folders below the one for downloads. On a
//! site, `/a` and `/a/b` can both be files; on a disk, one name cannot be both a file and a folder. The names of folders are
//! therefore given out like those of files, and the later of the two gets a number.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use reqwest::Url;

use crate::item::hashes::Hashes;
use crate::item::name::{Names, fault, made_safe, of_url};

/// The longest name with its folders, in bytes. Systems allow from 1,024, and the folder for downloads comes before it.
const LONGEST: usize = 800;

/// Returns the name of the file at `url` with its folders: the host, with its port if that is not the usual one, then the
/// parts of the path. Each part is changed until it is safe.
///
/// # Errors
/// If it is too long.
pub(super) fn path_of_url(url: &Url) -> Result<String, &'static str> {
    let host = url.host_str().unwrap_or_default();
    let host = match url.port() {
        Some(port) => format!("{host}_{port}"),
        None => host.to_owned(),
    };
    let mut path = made_safe(&host);
    let (folders, _) = url.path().rsplit_once('/').unwrap_or_default();
    // An empty part is no folder, as for all systems.
    for folder in folders.split('/').filter(|folder| !folder.is_empty()) {
        path.push('/');
        path += &made_safe(&percent_decode_str(folder).decode_utf8_lossy());
        if path.len() > LONGEST {
            break;
        }
    }
    let path = format!("{path}/{}", of_url(url));
    match path.len() > LONGEST {
        true => Err(TOO_LONG),
        false => Ok(path),
    }
}

const TOO_LONG: &str = "the file name with its folders is longer than 800 bytes";

/// Returns why a name with folders is not safe, or `None` if it is.
pub(super) fn fault_of_path(path: &str) -> Option<&'static str> {
    match path.len() > LONGEST {
        true => Some(TOO_LONG),
        false => path.split('/').find_map(fault),
    }
}

/// The folders that a list has used.
#[derive(Debug, Default)]
pub(super) struct Folders {
    /// Those that got the name that was wanted.
    unchanged: Hashes,
    /// For each of the others, the name that it got.
    numbered: HashMap<String, String>,
}

impl Folders {
    /// Returns this name if it is free and its folders are, else with numbers. A folder has the same name for all files.
    pub(super) fn take(&mut self, names: &mut Names, path: String) -> String {
        let Some((folders, name)) = path.rsplit_once('/') else {
            return names.take(path);
        };
        let folders = self.folder(names, folders);
        names.take(format!("{folders}/{name}"))
    }

    fn folder(&mut self, names: &mut Names, wanted: &str) -> String {
        if self.unchanged.contains(wanted) {
            return wanted.to_owned();
        }
        if let Some(given) = self.numbered.get(wanted) {
            return given.clone();
        }
        let path = match wanted.rsplit_once('/') {
            Some((parents, name)) => format!("{}/{name}", self.folder(names, parents)),
            None => wanted.to_owned(),
        };
        let given = names.take(path);
        match given == wanted {
            true => {
                self.unchanged.insert(wanted);
            }
            false => {
                self.numbered.insert(wanted.to_owned(), given.clone());
            }
        }
        given
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;
    use std::path::{Component, Path};

    fn of(url: &str) -> String {
        path_of_url(&Url::parse(url).unwrap()).unwrap()
    }

    #[test]
    fn folders_are_the_host_with_its_port_and_the_parts_of_the_path() {
        for (url, path) in [
            ("http://example.org/a/b.txt?q=1", "example.org/a/b.txt"),
            ("https://me:secret@example.org:443/", "example.org/index"),
            (
                "https://example.org:8443/a//b/",
                "example.org_8443/a/b/index",
            ),
            ("http://[::1]:80/S%C3%A3o/x", "[__1]/São/x"),
            ("http://x/a/../../b", "x/b"),
            ("http://x/%2e%2e/..%2F..%2Fup/b", "x/_.._.._up/b"),
            ("http://x/con/.ssh/a%00./b", "x/_con/_.ssh/a__/b"),
            ("http://x/c:%5Cd/b", "x/c__d/b"),
        ] {
            assert_eq!(of(url), path, "{url}");
        }
        let deep = format!("http://x/{}", "a/".repeat(30_000));
        assert_eq!(path_of_url(&Url::parse(&deep).unwrap()), Err(TOO_LONG));
    }

    #[test]
    fn a_name_in_the_list_may_have_folders_that_are_safe() {
        assert_eq!(fault_of_path("a/São Tomé/b.txt"), None);
        let long = "a/".repeat(400) + "b";
        for path in [
            "", "/a", "a/", "a//b", "../a", "a/./b", "a/.b", "nul/a", "a\\b/c", &long,
        ] {
            assert!(fault_of_path(path).is_some(), "{path}");
        }
    }

    #[test]
    fn a_name_is_either_a_file_or_a_folder_and_the_later_one_gets_a_number() {
        let (mut folders, mut names) = (Folders::default(), Names::default());
        let mut take = |path: &str| folders.take(&mut names, path.to_owned());
        assert_eq!(take("x/a"), "x/a");
        assert_eq!(take("x/a/b.txt"), "x/a.2/b.txt");
        assert_eq!(take("x/a/b.txt"), "x/a.2/b.2.txt");
        assert_eq!(take("x/a"), "x/a.3");
        assert_eq!(take("x/c.d/e"), "x/c.d/e");
        assert_eq!(take("x/c.d"), "x/c.2.d");
        assert_eq!(take("x"), "x.2");
        assert_eq!(take("x/c.d/e/f"), "x/c.d/e.2/f");
    }

    proptest! {
        #[test]
        fn no_path_leads_outside_and_none_is_both_a_file_and_a_folder(
            urls in proptest::collection::vec("http://[ab](:81)?(/([ab.]{1,3}|%2[eEfF]|%5c|\\PC|%00|con)){0,5}/?", 1..30)
        ) {
            let (mut folders, mut names) = (Folders::default(), Names::default());
            let mut files = HashSet::new();
            for url in urls.iter().filter_map(|url| Url::parse(url).ok()) {
                let path = path_of_url(&url).unwrap();
                prop_assert_eq!(fault_of_path(&path), None, "{}", path);
                let path = folders.take(&mut names, path);
                prop_assert_eq!(fault_of_path(&path), None, "{}", path);
                let normal = |part: Component<'_>| matches!(part, Component::Normal(_));
                prop_assert!(Path::new(&path).components().all(normal));
                prop_assert!(files.insert(path));
            }
            for file in &files {
                let mut parents = Path::new(file).ancestors().skip(1);
                prop_assert!(parents.all(|parent| !files.contains(parent.to_str().unwrap())));
            }
        }
    }
}
