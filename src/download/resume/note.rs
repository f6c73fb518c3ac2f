//! The note beside the beginning of a large file: what a later run must know to request the rest.

use reqwest::Url;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::download::resume::range::Validator;

/// What the bytes of a partial file are the beginning of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::download) struct Note {
    /// The name of the file, perhaps with folders.
    pub(in crate::download) file: String,
    /// The URL, without a login.
    pub(in crate::download) url: String,
    /// The version of the file at the server.
    pub(in crate::download) validator: Validator,
    /// The length of the whole file, if it is known.
    pub(in crate::download) total: Option<u64>,
    /// The number of bytes that can be relied on; `None` if all can that are there.
    pub(in crate::download) bytes: Option<u64>,
}

impl Note {
    /// Returns the note of a file of this name at `url`, of which no byte is there yet.
    pub(in crate::download) fn new(
        file: &str,
        url: &Url,
        validator: Validator,
        total: Option<u64>,
        is_synced: bool,
    ) -> Self {
        Self {
            file: file.to_owned(),
            url: without_login(url),
            validator,
            total,
            // A crash of the machine may lose any bytes but those that are known to be on the disk.
            bytes: is_synced.then_some(0),
        }
    }

    /// Returns whether this is the note of a file of this name at `url`.
    pub(in crate::download) fn is_of(&self, file: &str, url: &Url) -> bool {
        self.file == file && self.url == without_login(url)
    }

    /// Returns how many of `length` bytes can be relied on and leave something to request: only an answer with a byte in it
    /// shows that the file is still the same.
    pub(in crate::download) fn usable(&self, length: u64) -> u64 {
        // A file that is longer than the whole is none of ours.
        if self.total.is_some_and(|total| length > total) {
            return 0;
        }
        let most = self.total.map_or(u64::MAX, |total| total.saturating_sub(1));
        length.min(self.bytes.unwrap_or(u64::MAX)).min(most)
    }

    /// Reads a note. Returns `None` if it is not one.
    pub(in crate::download) fn parse(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    /// Returns the note as text.
    pub(in crate::download) fn text(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec(self).expect("strings and numbers");
        text.push(b'\n');
        text
    }
}

/// Returns the key of the partial file of a file of this name: the beginning of a checksum, because the name may be too long.
pub(in crate::download) fn key(file: &str) -> u64 {
    let sum: [u8; 32] = Sha256::digest(file).into();
    let first = sum.first_chunk().expect("32 bytes begin with 8");
    u64::from_be_bytes(*first)
}

/// Returns a URL without the name and the password of a user: they do not belong to the file, and must not be on the disk.
fn without_login(url: &Url) -> String {
    let mut url = url.clone();
    // An http URL can always be without.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_belongs_to_one_name_and_one_url_and_has_no_login() {
        let url = Url::parse("http://me:secret@x/a?b").unwrap();
        let validator = Validator::Etag("\"1\"".to_owned());
        let note = Note::new("a", &url, validator, Some(7), false);
        let text = String::from_utf8(note.text()).unwrap();
        let expected = "{\"file\":\"a\",\"url\":\"http://x/a?b\",\"validator\":{\"etag\":\"\\\"1\\\"\"},\"total\":7,\"bytes\":null}\n";
        assert_eq!(text, expected);
        assert_eq!(Note::parse(text.as_bytes()), Some(note.clone()));
        assert!(note.is_of("a", &url) && note.is_of("a", &Url::parse("http://x/a?b").unwrap()));
        assert!(!note.is_of("b", &url) && !note.is_of("a", &Url::parse("http://x/a?c").unwrap()));
        assert_eq!(Note::parse(&text.as_bytes()[..40]), None);
    }

    #[test]
    fn all_bytes_but_the_last_can_be_used_unless_they_must_be_on_the_disk() {
        let url = Url::parse("http://x/").unwrap();
        let note = |total, synced| {
            let validator = Validator::Etag("\"1\"".to_owned());
            Note::new("a", &url, validator, total, synced)
        };
        assert_eq!(note(None, false).usable(5), 5);
        assert_eq!(note(Some(7), false).usable(5), 5);
        assert_eq!(note(Some(7), false).usable(7), 6);
        assert_eq!(note(Some(7), true).usable(5), 0);
        assert_eq!(note(Some(0), false).usable(5), 0);
    }
}
