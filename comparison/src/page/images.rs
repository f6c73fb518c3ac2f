//! The images that a page shows beside the names of tasks, as classes of a style sheet.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use crate::text::plural;

/// GIF images by the names of tasks. A missing image is not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    noun: &'static str,
    by_name: BTreeMap<String, Vec<u8>>,
}

impl Images {
    /// Returns no images yet; `noun` is what they show, in the singular: `flag`.
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

    /// Adds the GIF file of a task, or replaces it.
    ///
    /// ```
    /// let mut images = comparison::Images::default();
    /// images.insert("BR", b"GIF89a...".to_vec());
    /// ```
    pub fn insert(&mut self, name: &str, bytes: Vec<u8>) {
        self.by_name.insert(name.to_owned(), bytes);
    }

    /// Returns the different images, each with the names that have it.
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

/// Images as classes of a style sheet, each different image once.
#[derive(Debug)]
pub(super) struct Embedded {
    noun: &'static str,
    /// The number of the image of a name.
    by_name: BTreeMap<String, usize>,
    pub(super) style: String,
    /// Whether there were more bytes of images than a page should have.
    left_out: bool,
}

/// The most bytes of all images of a page together, before they are written as text.
const LARGEST: usize = 300_000;

impl Embedded {
    pub(super) fn new(images: &Images) -> Self {
        let distinct = images.distinct();
        let left_out = distinct.keys().map(|bytes| bytes.len()).sum::<usize>() > LARGEST;
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

    /// Returns the image of a task, if it has one. The script finds it by its identifier.
    pub(super) fn image(&self, name: &str) -> Markup {
        html! {
            @if let Some(i) = self.by_name.get(name) {
                i id={ "image-" (name) } class={ "image f" (i) } role="img" aria-label={ (self.noun) " of " (name) } {}
            }
        }
    }

    /// Says that the images are left out, if they are.
    pub(super) fn notice(&self) -> Option<String> {
        self.left_out.then(|| {
            format!(
                "The {} are left out: together they are larger than a page should be.",
                plural(self.noun)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_image_is_embedded_once_and_too_many_not_at_all() {
        let mut images = Images::new("flag");
        images.insert("BV", vec![1, 2, 3]);
        images.insert("NO", vec![1, 2, 3]);
        images.insert("BR", vec![4]);
        let embedded = Embedded::new(&images);
        assert_eq!(embedded.style.matches("data:image/gif;base64,").count(), 2);
        assert_eq!(embedded.by_name["BV"], embedded.by_name["NO"]);
        images.insert("XX", vec![0; LARGEST - 4]);
        assert_eq!(Embedded::new(&images).notice(), None);
        images.insert("YY", vec![5]);
        let embedded = Embedded::new(&images);
        assert_eq!((embedded.by_name.len(), embedded.style.as_str()), (0, ""));
        assert_eq!(
            embedded.notice().unwrap(),
            "The flags are left out: together they are larger than a page should be."
        );
    }
}
