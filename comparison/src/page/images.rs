//! The images that a page shows beside the names of tasks. Each different image is one cell of the sprite and one class
//! of the style sheet.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use super::sprite::{Thumbnail, position, size, sprite};
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
    /// Whether the images were left out because there are more than `MAX_IMAGES`.
    left_out: bool,
}

/// The most different images that a page embeds.
const MAX_IMAGES: usize = 500;

impl Embedded {
    pub(super) fn new(images: &Images) -> Self {
        let distinct = images.distinct();
        let mut embedded = Self {
            noun: images.noun,
            by_name: BTreeMap::new(),
            style: String::new(),
            left_out: distinct.len() > MAX_IMAGES,
        };
        let mut thumbnails = Vec::new();
        for (bytes, names) in distinct.into_iter().filter(|_| !embedded.left_out) {
            if let Some(thumbnail) = Thumbnail::of(bytes) {
                let names = names.into_iter();
                let names = names.map(|name| (name.to_owned(), thumbnails.len()));
                embedded.by_name.extend(names);
                thumbnails.push(thumbnail);
            }
        }
        match sprite(&thumbnails) {
            Some(sprite) => embedded.style = style(&sprite, thumbnails.len()),
            None => embedded.by_name.clear(),
        }
        embedded
    }

    /// Returns the element for the image of a task, if it has one. `shows` says what the image shows.
    pub(super) fn image(&self, name: &str, shows: &str) -> Markup {
        html! {
            @if let Some(i) = self.by_name.get(name) {
                i class={ "image f" (i) } role="img" aria-label={ (self.noun) " of " (shows) } {}
            }
        }
    }

    /// Says that the images were left out; `None` if they were not.
    pub(super) fn notice(&self) -> Option<String> {
        self.left_out.then(|| {
            format!(
                "The {} are left out: there are more than {MAX_IMAGES}.",
                plural(self.noun)
            )
        })
    }
}

/// Returns the rules that show the sprite, and each of its `images` images.
fn style(sprite: &[u8], images: usize) -> String {
    let data = STANDARD.encode(sprite);
    let mut style = format!(
        ".image {{ background-image: url(data:image/gif;base64,{data}); {}; }}\n",
        size(images)
    );
    for i in 0..images {
        style += &format!(".f{i} {{ {}; }}\n", position(i, images));
    }
    style
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sprite::one_colour;

    #[test]
    fn all_images_are_in_one_sprite_and_equal_ones_once() {
        let mut images = Images::new("flag");
        let white = one_colour((3, 2), [255; 3]);
        images.insert("BV", white.clone());
        images.insert("NO", white);
        images.insert("BR", one_colour((3, 2), [0, 128, 0]));
        images.insert("XX", vec![1, 2, 3]);
        let embedded = Embedded::new(&images);
        assert_eq!(embedded.style.matches("data:image/gif;base64,").count(), 1);
        assert_eq!(embedded.by_name["BV"], embedded.by_name["NO"]);
        assert_ne!(embedded.by_name["BV"], embedded.by_name["BR"]);
        assert_eq!(embedded.by_name.len(), 3, "XX is not a GIF");
    }

    #[test]
    fn too_many_images_are_left_out() {
        let mut images = Images::new("flag");
        for i in 0..=500_u16 {
            let [high, low] = i.to_be_bytes();
            images.insert(&i.to_string(), one_colour((1, 1), [high, low, 0]));
        }
        let embedded = Embedded::new(&images);
        assert_eq!((embedded.by_name.len(), embedded.style.as_str()), (0, ""));
        assert_eq!(
            embedded.notice().unwrap(),
            "The flags are left out: there are more than 500."
        );
        images.by_name.remove("0");
        assert_eq!(Embedded::new(&images).notice(), None);
    }
}
