//! Elements and text, written so that text cannot become markup. The result is HTML and XML alike: every element is closed,
//! and every attribute has a value.

use std::fmt::{self, Display, Write as _};

/// A text being made of elements.
#[derive(Debug, Default)]
pub(crate) struct Markup {
    text: String,
    open: Vec<&'static str>,
}

/// The attributes of an element. Values are escaped.
pub(crate) type Attributes<'a> = &'a [(&'a str, &'a dyn Display)];

impl Markup {
    pub(crate) fn open(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.start(name, attributes);
        self.text.push('>');
        self.open.push(name);
    }

    /// Closes the element that was opened last.
    pub(crate) fn close(&mut self) {
        let name = self.open.pop().expect("as many closes as opens");
        let _ = write!(self.text, "</{name}>");
    }

    /// Writes an element without content.
    pub(crate) fn leaf(&mut self, name: &str, attributes: Attributes<'_>) {
        self.start(name, attributes);
        self.text.push_str("/>");
    }

    /// Writes an element that contains a text.
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

/// The elements of pictures.
impl Markup {
    pub(crate) fn path(&mut self, class: &str, d: &str) {
        self.leaf("path", &[("class", &class), ("d", &d)]);
    }

    /// Writes a text on a line at a place; the class says which part of the text is there.
    pub(crate) fn words(&mut self, class: &str, (x, y): (f64, f64), text: &str) {
        let place = [
            ("class", &class as _),
            ("x", &Px(x) as _),
            ("y", &Px(y) as _),
        ];
        self.element("text", &place, text);
    }

    /// Writes the same from bottom to top.
    pub(crate) fn words_upwards(&mut self, class: &str, (x, y): (f64, f64), text: &str) {
        let turn = format!("translate({} {}) rotate(-90)", Px(x), Px(y));
        self.element("text", &[("class", &class), ("transform", &turn)], text);
    }
}

/// Writes text that stays text between tags and between quotes.
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

/// Returns the character, or its replacement if it cannot stand in XML.
pub(crate) fn xml_char(c: char) -> char {
    match c {
        '\t' | '\n' => c,
        '\u{FFFE}' | '\u{FFFF}' => char::REPLACEMENT_CHARACTER,
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// A coordinate: with as many decimals as can be seen, and without zeros at the end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Px(pub(crate) f64);

impl Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not -0 either.
        let hundredths = (self.0 * 100.0).round() + 0.0;
        write!(f, "{}", hundredths / 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_a_text() {
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
    fn coordinates_are_short() {
        let of = |number| Px(number).to_string();
        assert_eq!(
            [of(1.0), of(1.005_1), of(-0.001), of(12.5)],
            ["1", "1.01", "0", "12.5"]
        );
    }
}
