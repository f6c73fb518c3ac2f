//! The fields of a line: what Python's `str.split` returns, on bytes.

/// Returns whether the byte separates fields: a tab, a line feed, a vertical tab, a form feed, a carriage return, one of the
/// separators 1C to 1F, or a space.
///
/// # Source
/// `str.split` of Python splits ASCII text at these characters. `awk` and most others split at blanks and tabs only.
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | 0x1c..=0x1f | b' ')
}

/// The fields of a line, in order.
#[derive(Debug, Clone)]
pub struct Fields<'l> {
    rest: &'l [u8],
}

/// Returns the fields of a line: the longest runs of bytes that are not [white space](is_space).
///
/// ```
/// let line = b" 1.2.3.4 -\t- [10/Jul/2012:00:18:50 -0500] \"GET /robots.txt HTTP/1.1\" 200 71\r";
/// assert_eq!(findrobots::fields(line).nth(6), Some(&b"/robots.txt"[..]));
/// assert_eq!(findrobots::fields(line).count(), 10);
/// ```
pub fn fields(line: &[u8]) -> Fields<'_> {
    Fields { rest: line }
}

impl<'l> Iterator for Fields<'l> {
    type Item = &'l [u8];

    fn next(&mut self) -> Option<&'l [u8]> {
        let start = self.rest.iter().position(|byte| !is_space(*byte))?;
        let rest = &self.rest[start..];
        let end = rest.iter().position(|byte| is_space(*byte));
        let (field, rest) = rest.split_at(end.unwrap_or(rest.len()));
        self.rest = rest;
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_white_space_of_python_separates_fields_and_nothing_else_does() {
        for byte in 0..=u8::MAX {
            let line = [b'a', byte, b'b'];
            let expected = if b"\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f ".contains(&byte) {
                2
            } else {
                1
            };
            assert_eq!(fields(&line).count(), expected, "{byte:#x}");
        }
    }

    #[test]
    fn a_line_of_white_space_has_no_fields() {
        assert_eq!(fields(b"").next(), None);
        assert_eq!(fields(b" \t\r ").next(), None);
    }
}
