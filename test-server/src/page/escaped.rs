//! Text that stays text in HTML.

use std::fmt::{self, Formatter};

/// A text as HTML shows it, between tags and in quotes.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for piece in self.0.split_inclusive(['&', '<', '>', '"', '\'']) {
            let last = piece.chars().next_back();
            let reference = match last {
                Some('&') => "&amp;",
                Some('<') => "&lt;",
                Some('>') => "&gt;",
                Some('"') => "&quot;",
                Some('\'') => "&#39;",
                _ => {
                    f.write_str(piece)?;
                    continue;
                }
            };
            f.write_str(&piece[..piece.len() - 1])?;
            f.write_str(reference)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_html_is_escaped() {
        let escaped = |text| Escaped(text).to_string();
        assert_eq!(
            escaped("<a b='c' d=\"e\">&é"),
            "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;é"
        );
        assert_eq!(escaped("plain"), "plain");
        assert_eq!(escaped(""), "");
    }
}
