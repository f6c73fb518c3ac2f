//! What a list says about a file before it is downloaded: its size and its checksum.

use std::fmt;

/// What is known of a file before it is downloaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Expected {
    /// The SHA-256 of its bytes.
    pub sha256: Option<Checksum>,
    /// The number of its bytes.
    pub size: Option<u64>,
}

/// A SHA-256. `Display` prints it as 64 hexadecimal digits in lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Checksum(pub [u8; 32]);

impl Expected {
    /// Returns whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Checksum {
    /// Parses 64 hexadecimal digits, in any case. Returns `None` for another text.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        // Checked here, because the parser of numbers accepts a sign.
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_64_hexadecimal_digits_in_any_case() {
        let lower = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let sum = Checksum::parse(lower).unwrap();
        assert_eq!(Checksum::parse(&lower.to_uppercase()), Some(sum));
        assert_eq!((sum.0[0], sum.to_string().as_str()), (0xe3, lower));
        let signs = "+f".repeat(32);
        let wide = "é".repeat(32);
        for bad in ["", &lower[1..], &format!("{lower}0"), &signs, &wide] {
            assert_eq!(Checksum::parse(bad), None, "{bad}");
        }
    }
}
