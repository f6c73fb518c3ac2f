//! The page parsed as XML.
//!
//! * `hostile`: hostile text in all outputs
//! * `large`: what a page and a picture draw of very many tasks
//! * `sections`: what a page shows of which comparison
//! * `whole`: the size of a page, its script, and the words of the program

mod hostile;
mod large;
mod sections;
mod whole;

use roxmltree::{Document, Node, ParsingOptions};

/// Parses a page as XML.
fn parse(text: &str) -> Document<'_> {
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).unwrap()
}

fn with_class<'a>(document: &'a Document<'a>, class: &str) -> Vec<Node<'a, 'a>> {
    let has_class = |node: &Node<'_, '_>| {
        let classes = node.attribute("class").unwrap_or_default();
        classes.split(' ').any(|one| one == class)
    };
    document.descendants().filter(has_class).collect()
}

/// Returns the text of an element and of all elements in it.
fn text_of(node: Node<'_, '_>) -> String {
    let texts = node.descendants().filter(Node::is_text);
    texts.filter_map(|node| node.text()).collect()
}
