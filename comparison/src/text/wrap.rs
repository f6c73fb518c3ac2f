//! Wraps text between words.

/// Returns the text in lines of at most `columns` letters, each ending in a line break. A longer word has a line of its own.
pub(crate) fn wrap_to(columns: usize, text: &str) -> String {
    let mut wrapped = String::new();
    let mut width = 0;
    for word in text.split(' ') {
        let letters = word.chars().count();
        if width > 0 {
            let fits = width + 1 + letters <= columns;
            wrapped.push(if fits { ' ' } else { '\n' });
            width = if fits { width + 1 } else { 0 };
        }
        wrapped += word;
        width += letters;
    }
    wrapped + "\n"
}
