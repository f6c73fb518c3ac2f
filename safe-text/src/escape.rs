//! Text from outside: server names, causes of errors, file names, lines of logs.
//!
//! A control character can clear a screen or ring a bell. A format character can reverse the order of the letters after
//! it (U+202E), so that a name reads as another one, or it has no width and hides a difference. A line or paragraph
//! separator can start a line of its own. All of these are escaped; letters of all scripts stay.

use std::path::Path;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// Returns the text with its control and format characters and its line separators escaped.
///
/// ```
/// assert_eq!(safe_text::visible("br\u{1b}[2J\n"), r"br\u{1b}[2J\n");
/// assert_eq!(safe_text::visible("Drapeau é \u{202e}fig.rb"), r"Drapeau é \u{202e}fig.rb");
/// ```
pub fn visible(text: &str) -> String {
    let mut visible = String::new();
    for c in text.chars() {
        match is_hidden(c) {
            true => visible.extend(c.escape_default()),
            false => visible.push(c),
        }
    }
    visible
}

/// Returns the path as [`visible`] shows it. Bytes that are not valid Unicode become replacement characters.
pub fn shown_path(path: &Path) -> String {
    visible(&path.display().to_string())
}

/// Returns the beginning of the text as [`visible`] shows it, in at most `limit` characters. The last one is `…` if
/// something is missing.
///
/// ```
/// assert_eq!(safe_text::visible_start("no such host", 12), "no such host");
/// assert_eq!(safe_text::visible_start("no such host", 8), "no such…");
/// ```
pub fn visible_start(text: &str, limit: usize) -> String {
    let mut start = String::new();
    let mut letters = 0;
    // The place where the text is cut if it does not fit: never in the middle of an escape.
    let mut cut = 0;
    for c in text.chars() {
        let shown = match is_hidden(c) {
            true => c.escape_default().to_string(),
            false => c.to_string(),
        };
        letters += shown.chars().count();
        if letters > limit {
            start.truncate(cut);
            start.push('…');
            break;
        }
        start += &shown;
        if letters < limit {
            cut = start.len();
        }
    }
    start
}

/// Returns JSON text with the same meaning, in which those characters are escaped as JSON does it. Line breaks between values
/// stay.
///
/// ```
/// assert_eq!(safe_text::visible_json("[\n\"\u{202e}\u{e0041}\"]"), "[\n\"\\u202e\\udb40\\udc41\"]");
/// ```
pub fn visible_json(json: &str) -> String {
    let mut visible = String::with_capacity(json.len());
    for c in json.chars() {
        match is_hidden(c) && c != '\n' {
            // Only a string can contain it, because everything else in JSON is visible ASCII.
            true => visible.extend(
                c.encode_utf16(&mut [0; 2])
                    .iter()
                    .map(|unit| format!("\\u{unit:04x}")),
            ),
            false => visible.push(c),
        }
    }
    visible
}

/// Returns whether a character is not seen itself but changes how other text is shown: control and format characters,
/// and the separators of lines and paragraphs.
pub fn is_hidden(c: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator};

    // Nearly all text is ASCII, for which no table is needed.
    match c.is_ascii() {
        true => c.is_ascii_control(),
        false => matches!(
            c.general_category(),
            Control | Format | LineSeparator | ParagraphSeparator
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_characters_and_line_separators_are_escaped() {
        for c in [
            '\u{ad}',
            '\u{200b}',
            '\u{200e}',
            '\u{202a}',
            '\u{202e}',
            '\u{2028}',
            '\u{2029}',
            '\u{2066}',
            '\u{2069}',
            '\u{feff}',
            '\u{e0041}',
            '\u{9b}',
            '\u{7f}',
        ] {
            let escaped = c.escape_default().to_string();
            assert_eq!(visible(&format!("a{c}b")), format!("a{escaped}b"));
        }
    }

    #[test]
    fn letters_marks_and_symbols_stay() {
        for text in [
            "Drapeau é",
            "e\u{301}",
            "علم",
            "旗",
            "🇧🇷",
            "a b\u{a0}c",
            "\\n\"'",
        ] {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn the_start_has_at_most_the_limit_and_no_cut_escape() {
        let text = "ab\u{202e}cd";
        assert_eq!(visible_start(text, 12), "ab\\u{202e}cd");
        assert_eq!(visible_start(text, 11), "ab\\u{202e}…");
        for limit in 3..=10 {
            assert_eq!(visible_start(text, limit), "ab…", "{limit}");
        }
        for limit in 1..20 {
            assert!(visible_start(text, limit).chars().count() <= limit);
            assert!(visible_start(&"é".repeat(30), limit).chars().count() == limit);
        }
    }
}
