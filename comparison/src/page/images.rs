//! The images that a page shows beside the names of tasks. Each different image is one class of the style sheet.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use crate::text::plural;

/// GIF images by name of task. A missing image is not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    noun: &'static str,
    by_name: BTreeMap<String, Vec<u8>>,
}

impl Images {
    /// Creates an empty collection. `noun` names what the images show, in the singular, such as `flag`.
    ///
    /// ```
    /// let mut flags = comparison::Images::new("flag");
    /// flags.insert("BR", b"GIF89a...".to_vec());
    /// ```
    pub fn new(noun: &'static str) -> Self {
        Self {
            noun,
            by_name: BTreeMap::new(),
        }
    }

    /// Adds or replaces the image of a task. `bytes` is a GIF file.
    ///
    /// ```
    /// let mut images = comparison::Images::default();
    /// images.insert("BR", b"GIF89a...".to_vec());
    /// ```
    pub fn insert(&mut self, name: &str, bytes: Vec<u8>) {
        self.by_name.insert(name.to_owned(), bytes);
    }

    /// Returns each different image with the names of the tasks that have it.
    fn distinct(&self) -> BTreeMap<&[u8], Vec<&str>> {
        let mut distinct = BTreeMap::<_, Vec<_>>::new();
        for (name, bytes) in &self.by_name {
            let names = distinct.entry(bytes.as_slice()).or_default();
            names.push(name.as_str());
        }
        distinct
    }
}

impl Default for Images {
    fn default() -> Self {
        Self::new("image")
    }
}

/// The images of a page as classes of its style sheet. Each different image is embedded once.
#[derive(Debug)]
pub(super) struct Embedded {
    noun: &'static str,
    /// The number of the image by name of task.
    by_name: BTreeMap<String, usize>,
    /// The rules for the style sheet.
    pub(super) style: String,
    /// Whether the images were left out because they exceed `MAX_BYTES`.
    left_out: bool,
}

/// The largest total size of the images of a page in bytes, before base64 encoding.
const MAX_BYTES: usize = 300_000;

impl Embedded {
    pub(super) fn new(images: &Images) -> Self {
        let distinct = images.distinct();
        let left_out = distinct.keys().map(|bytes| bytes.len()).sum::<usize>() > MAX_BYTES;
        let mut embedded = Self {
            noun: images.noun,
            by_name: BTreeMap::new(),
            style: String::new(),
            left_out,
        };
        for (i, (bytes, names)) in distinct.into_iter().filter(|_| !left_out).enumerate() {
            let data = STANDARD.encode(bytes);
            embedded.style +=
                &format!(".f{i} {{ background-image: url(data:image/gif;base64,{data}); }}\n");
            let names = names.into_iter().map(|name| (name.to_owned(), i));
            embedded.by_name.extend(names);
        }
        embedded
    }

    /// Returns the element for the image of a task, if it has one. The script finds it by its `id`.
    pub(super) fn image(&self, name: &str) -> Markup {
        html! {
            @if let Some(i) = self.by_name.get(name) {
                i id={ "image-" (name) } class={ "image f" (i) } role="img" aria-label={ (self.noun) " of " (name) } {}
            }
        }
    }

    /// Says that the images were left out; `None` if they were not.
    pub(super) fn notice(&self) -> Option<String> {
        self.left_out.then(|| {
            format!(
                "The {} are left out: together they are larger than {} kB.",
                plural(self.noun),
                MAX_BYTES / 1000
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_image_is_embedded_once_and_none_if_they_are_too_large() {
        let mut images = Images::new("flag");
        images.insert("BV", vec![1, 2, 3]);
        images.insert("NO", vec![1, 2, 3]);
        images.insert("BR", vec![4]);
        let embedded = Embedded::new(&images);
        assert_eq!(embedded.style.matches("data:image/gif;base64,").count(), 2);
        assert_eq!(embedded.by_name["BV"], embedded.by_name["NO"]);
        images.insert("XX", vec![0; MAX_BYTES - 4]);
        assert_eq!(Embedded::new(&images).notice(), None);
        images.insert("YY", vec![5]);
        let embedded = Embedded::new(&images);
        assert_eq!((embedded.by_name.len(), embedded.style.as_str()), (0, ""));
        assert_eq!(
            embedded.notice().unwrap(),
            "The flags are left out: together they are larger than 300 kB."
        );
    }
}
