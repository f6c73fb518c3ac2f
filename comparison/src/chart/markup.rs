//! Writes elements and escaped text, so that text cannot become markup. The result is valid as HTML and as XML: every
//! element is closed, and every attribute has a value.

use std::fmt::{self, Display, Write as _};

use safe_text::is_hidden;

/// A text with markup under construction, and its open elements.
#[derive(Debug, Default)]
pub(crate) struct Markup {
    text: String,
    open: Vec<&'static str>,
}

/// The attributes of an element. Values are escaped.
pub(crate) type Attributes<'a> = &'a [(&'a str, &'a dyn Display)];

impl Markup {
    /// Writes the start tag of an element.
    pub(crate) fn open(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.start(name, attributes);
        self.text.push('>');
        self.open.push(name);
    }

    /// Writes the end tag of the element that was opened last. Panics if none is open.
    pub(crate) fn close(&mut self) {
        let name = self.open.pop().expect("as many closes as opens");
        let _ = write!(self.text, "</{name}>");
    }

    /// Writes an element without content.
    pub(crate) fn empty_element(&mut self, name: &str, attributes: Attributes<'_>) {
        self.start(name, attributes);
        self.text.push_str("/>");
    }

    /// Writes an element that contains escaped text.
    pub(crate) fn element(&mut self, name: &'static str, attributes: Attributes<'_>, text: &str) {
        self.open(name, attributes);
        escape(text, &mut self.text);
        self.close();
    }

    pub(crate) fn line_break(&mut self) {
        self.text.push('\n');
    }

    pub(crate) fn finish(self) -> String {
        debug_assert!(self.open.is_empty(), "{:?} not closed", self.open);
        self.text
    }

    fn start(&mut self, name: &str, attributes: Attributes<'_>) {
        self.text.push('<');
        self.text.push_str(name);
        for (attribute, value) in attributes {
            let _ = write!(self.text, " {attribute}=\"");
            escape(&value.to_string(), &mut self.text);
            self.text.push('"');
        }
    }
}

/// Elements of pictures.
impl Markup {
    pub(crate) fn path(&mut self, class: &str, d: &str) {
        self.empty_element("path", &[("class", &class), ("d", &d)]);
    }

    /// Writes text on the base line `y`. The class decides whether `x` is its start, middle or end.
    pub(crate) fn label(&mut self, class: &str, (x, y): (f64, f64), text: &str) {
        let place = [
            ("class", &class as _),
            ("x", &Px(x) as _),
            ("y", &Px(y) as _),
        ];
        self.element("text", &place, text);
    }

    /// Writes text that reads from bottom to top; otherwise like [`label`](Self::label).
    pub(crate) fn vertical_label(&mut self, class: &str, (x, y): (f64, f64), text: &str) {
        let turn = format!("translate({} {}) rotate(-90)", Px(x), Px(y));
        self.element("text", &[("class", &class), ("transform", &turn)], text);
    }
}

/// Appends the text, escaped for content and for quoted attributes.
fn escape(text: &str, into: &mut String) {
    for c in text.chars() {
        match c {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&#39;"),
            c => into.push(xml_char(c)),
        }
    }
}

/// Returns the character, or U+FFFD for a character that hides or reorders text, or for a noncharacter.
pub(crate) fn xml_char(c: char) -> char {
    match c {
        '\t' | '\n' => c,
        '\u{FFFE}' | '\u{FFFF}' => char::REPLACEMENT_CHARACTER,
        c if is_hidden(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// A coordinate in pixels, printed with at most two decimals and without trailing zeros.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Px(pub(crate) f64);

impl Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Adding 0 turns -0 into 0.
        let hundredths = (self.0 * 100.0).round() + 0.0;
        write!(f, "{}", hundredths / 100.0)
    }
}

/// A coordinate in pixels that may be drawn `zoom` times as far from the edge. It has enough decimals to be as exact there
/// as a [`Px`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct FinePx {
    pub(crate) value: f64,
    pub(crate) zoom: f64,
}

impl Display for FinePx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = 100.0 * 10_f64.powf(self.zoom.log10().ceil());
        write!(f, "{}", ((self.value * steps).round() + 0.0) / steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_escaped() {
        let mut markup = Markup::default();
        let hostile = "</script><b>&\"'\u{0}\u{1b}<!--";
        markup.element("p", &[("title", &hostile)], hostile);
        let text = markup.finish();
        let tree = roxmltree::Document::parse(&text).unwrap();
        let expected = "</script><b>&\"'\u{FFFD}\u{FFFD}<!--";
        assert_eq!(tree.root_element().text(), Some(expected));
        assert_eq!(tree.root_element().attribute("title"), Some(expected));
    }

    #[test]
    fn coordinates_have_at_most_two_decimals() {
        let of = |number| Px(number).to_string();
        assert_eq!(
            [of(1.0), of(1.005_1), of(-0.001), of(12.5)],
            ["1", "1.01", "0", "12.5"]
        );
        let of = |value, zoom| FinePx { value, zoom }.to_string();
        assert_eq!(
            [of(1.234_56, 1.0), of(1.234_56, 10.0), of(1.234_56, 11.0)],
            ["1.23", "1.235", "1.2346"]
        );
    }
}
