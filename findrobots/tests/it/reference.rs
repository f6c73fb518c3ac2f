//! The meaning of the program, written a second time: slow, straightforward, and sharing nothing with it.
//!
//! It decompresses with `flate2` alone, byte by byte, into one piece of memory, and splits every line.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::bufread::GzDecoder;

/// Hosts with their numbers of requests.
pub(crate) type Hosts = BTreeMap<Vec<u8>, u64>;

/// Longer lines are skipped.
const MAX_LINE: usize = 16 * 1024 * 1024;

/// The text of a file, as far as it can be read.
#[derive(Debug, Default)]
pub(crate) struct Text {
    /// The bytes; a line that is cut by damage is not among them.
    pub(crate) bytes: Vec<u8>,
    /// Whether all of the file was read, and has the right checksums.
    pub(crate) is_whole: bool,
    /// Whether something other than zeros follows the last member.
    pub(crate) has_garbage: bool,
}

impl Text {
    /// Removes the line that has no end.
    fn cut(&mut self) {
        let end = self.bytes.iter().rposition(|byte| *byte == b'\n');
        self.bytes.truncate(end.map_or(0, |end| end + 1));
    }
}

/// Returns the text of a gzip file.
pub(crate) fn text_of_gzip(file: &[u8]) -> Text {
    let mut text = Text {
        is_whole: true,
        ..Text::default()
    };
    let mut rest = file;
    loop {
        let mut decoder = GzDecoder::new(rest);
        let read = read_bytes(&mut decoder, &mut text.bytes);
        let has_header = decoder.header().is_some();
        rest = decoder.into_inner();
        if let Err(message) = read {
            text.is_whole = false;
            // With a wrong checksum all bytes are there, and the next member follows.
            if !(has_header && message.contains("checksum")) {
                text.cut();
                return text;
            }
        }
        let Some(zeros) = rest.iter().position(|byte| *byte != 0) else {
            return text;
        };
        rest = &rest[zeros..];
        if !(rest.starts_with(&[0x1f, 0x8b]) || rest == [0x1f]) {
            // With another member after it, it is not garbage but a member that is lost.
            text.has_garbage = !rest.windows(3).any(|bytes| bytes == b"\x1f\x8b\x08");
            if !text.has_garbage {
                text.is_whole = false;
                text.cut();
            }
            return text;
        }
    }
}

/// Reads one byte after the other, so that none is lost before an error.
fn read_bytes(input: &mut impl Read, bytes: &mut Vec<u8>) -> Result<(), String> {
    let mut byte = [0];
    loop {
        match input.read(&mut byte) {
            Ok(0) => return Ok(()),
            Ok(_) => bytes.extend(byte),
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Returns the hosts that requested `/robots.txt`.
pub(crate) fn hosts_of(text: &[u8]) -> Hosts {
    let mut hosts = Hosts::new();
    for line in text.split(|byte| *byte == b'\n') {
        if line.len() > MAX_LINE {
            continue;
        }
        let fields = line.split(|byte| b" \t\x0b\x0c\r\x1c\x1d\x1e\x1f".contains(byte));
        let fields: Vec<_> = fields.filter(|field| !field.is_empty()).collect();
        if fields.get(6) == Some(&&b"/robots.txt"[..]) {
            *hosts.entry(fields[0].to_vec()).or_default() += 1;
        }
    }
    hosts
}

/// Adds hosts to others.
pub(crate) fn add(total: &mut Hosts, hosts: Hosts) {
    for (host, requests) in hosts {
        *total.entry(host).or_default() += requests;
    }
}

/// Returns the hosts as the program prints them with `--count`.
pub(crate) fn counted(hosts: &Hosts) -> Vec<u8> {
    let mut sorted: Vec<_> = hosts.iter().collect();
    // Stable: hosts with the same number of requests stay sorted.
    sorted.sort_by_key(|(_, requests)| u64::MAX - **requests);
    let mut lines = Vec::new();
    for (host, requests) in sorted {
        lines.extend(format!("{requests} ").into_bytes());
        lines.extend(host);
        lines.push(b'\n');
    }
    lines
}

#[test]
fn the_reference_reads_members_padding_and_damage() {
    use crate::support::pack::gzip;

    let (one, two) = (gzip(b"one\ntwo"), gzip(b"\nthree"));
    let both = [&one[..], b"\0\0", &two].concat();
    let text = text_of_gzip(&both);
    assert_eq!(
        (&text.bytes[..], text.is_whole),
        (&b"one\ntwo\nthree"[..], true)
    );
    let cut = text_of_gzip(&both[..both.len() - 1]);
    assert_eq!((&cut.bytes[..], cut.is_whole), (&b"one\ntwo\n"[..], false));
    let garbage = text_of_gzip(&[&one[..], b"x"].concat());
    assert!(garbage.is_whole && garbage.has_garbage);
    let mut wrong = both.clone();
    wrong[one.len() - 8] ^= 1;
    let wrong = text_of_gzip(&wrong);
    assert_eq!(
        (&wrong.bytes[..], wrong.is_whole),
        (&b"one\ntwo\nthree"[..], false)
    );
    assert_eq!(hosts_of(b"a 1 2 3 4 5 /robots.txt\r\n\n1 2\n").len(), 1);
}
