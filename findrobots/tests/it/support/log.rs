//! Lines of logs.

/// Returns the line of a request for `/robots.txt`, with its line feed.
pub(crate) fn hit(host: &str) -> Vec<u8> {
    request(host, "GET /robots.txt")
}

/// Returns a line for each of these hosts.
pub(crate) fn hits(hosts: &[&str]) -> Vec<u8> {
    hosts.iter().flat_map(|host| hit(host)).collect()
}

/// Returns the line of a request for another path.
pub(crate) fn miss(host: &str) -> Vec<u8> {
    request(host, "GET /index.html")
}

/// Returns the line of a request, with its method and path.
pub(crate) fn request(host: &str, request: &str) -> Vec<u8> {
    let time = "[10/Jul/2012:00:18:50 -0500]";
    format!("{host} - - {time} \"{request} HTTP/1.1\" 200 71 \"-\" \"agent\"\n").into_bytes()
}

/// Returns lines of misses of about this many bytes in all, each of them different.
pub(crate) fn misses(bytes: usize) -> Vec<u8> {
    let mut lines = Vec::with_capacity(bytes + 200);
    let mut number = 0;
    while lines.len() < bytes {
        lines.extend_from_slice(&miss(&format!("miss-{number}")));
        number += 1;
    }
    lines
}

/// Numbers that look random, the same in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// Returns the next number (xorshift64*).
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Returns a number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() >> 11) as usize % end
    }

    /// Returns bytes that cannot be compressed and contain no line feed.
    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(length);
        for byte in &mut bytes {
            if *byte == b'\n' {
                *byte = b'x';
            }
        }
        bytes
    }
}
