//! Damaged gzip files, and files that are not gzip.

use super::{Case, check};
use crate::support::log::misses;
use crate::support::pack::{gzip, gzip_after};
use crate::support::{hit, hits};

const TRUNCATED: &str = "the file is truncated";
const CHECKSUM: &str = "wrong checksum: some of its lines, which were used, may be wrong";

/// Returns a member whose trailer has one byte changed.
fn with_trailer_byte(text: &[u8], from_end: usize) -> Vec<u8> {
    let mut member = gzip(text);
    let length = member.len();
    member[length - from_end] ^= 0x40;
    member
}

#[test]
fn damaged_files_keep_the_lines_before_the_damage() {
    let text = [hits(&["a", "b"]), misses(3000), hit("z")].concat();
    let all = gzip(&text);
    let stored = gzip_after(b"\x1f\x8b\x08\0\0\0\0\0\0\xff", &text, 0);
    let length = all.len();
    let cut = |at: usize| all[..at].to_vec();
    let mut in_second = [gzip(&hit("a")), gzip(&hit("b"))].concat();
    in_second.truncate(in_second.len() - 10);
    let last_line = hit("a").len() + hit("b").len() + 5;
    check(&[
        Case::whole("empty.log.gz", b"", &[]),
        Case::whole("cut-in-trailer.log.gz", cut(length - 1), &["a", "b", "z"])
            .error(TRUNCATED, length - 1),
        Case::whole("without-trailer.log.gz", cut(length - 8), &["a", "b", "z"])
            .error(TRUNCATED, length - 8),
        Case::whole("cut-in-header.log.gz", cut(9), &[]).error(TRUNCATED, 9),
        Case::whole("only-a-header.log.gz", cut(10), &[]).error(TRUNCATED, 10),
        // A stored block of five bytes of header holds the first three lines, the last of them in part.
        Case::whole("cut-in-line.log.gz", &stored[..10 + last_line], &["a", "b"])
            .error(TRUNCATED, 10 + last_line),
        Case::whole(
            "cut-before-line-feed.log.gz",
            &stored[..10 + last_line - 1],
            &["a"],
        )
        .error(TRUNCATED, 9 + last_line),
        Case::whole("second-cut.log.gz", &in_second[..], &["a"]).error(TRUNCATED, in_second.len()),
        Case::whole(
            "wrong-checksum.log.gz",
            with_trailer_byte(&text, 8),
            &["a", "b", "z"],
        )
        .error(CHECKSUM, length),
        Case::whole(
            "wrong-length.log.gz",
            with_trailer_byte(&text, 4),
            &["a", "b", "z"],
        )
        .error(CHECKSUM, length),
        Case::whole(
            "length-too-large.log.gz",
            with_trailer_byte(&text, 1),
            &["a", "b", "z"],
        )
        .error(CHECKSUM, length),
        Case::whole(
            "after-wrong-checksum.log.gz",
            [with_trailer_byte(&text, 8), gzip(&hit("y"))].concat(),
            &["a", "b", "y", "z"],
        )
        .error(CHECKSUM, length),
        Case::whole(
            "corrupt-at-once.log.gz",
            b"\x1f\x8b\x08\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            &[],
        )
        .error("the compressed data is corrupt", 11),
    ]);
}

#[test]
fn files_that_are_not_gzip() {
    let unknown = "not gzip, zstd, bzip2 or xz, and not text";
    let method_7 = gzip_after(b"\x1f\x8b\x07\0\0\0\0\0\0\xff", &hit("h"), 6);
    check(&[
        Case::whole("plain.log.gz", hits(&["a", "b"]), &["a", "b"]),
        Case::whole("plain.log", hit("h"), &["h"]),
        Case::whole("no-suffix", hit("h"), &["h"]),
        Case::whole("gzip-without-suffix", gzip(&hit("h")), &["h"]),
        Case::whole("tar.log.gz", b"tar\0\0\0ustar", &[]).error(unknown, 0),
        // Without the suffix it is text, with a line of NULs.
        Case::whole(
            "tar.log",
            [b"tar\0\0\0ustar\n", &hit("h")[..]].concat(),
            &["h"],
        ),
        Case::whole("method-7.log.gz", method_7, &[]).error("the gzip header is corrupt", 10),
        Case::whole("compress.log.gz", b"\x1f\x9d\x90\0\0\0", &[]).error(unknown, 0),
        Case::whole(
            "first-byte-wrong.log.gz",
            [b"\x1e", &gzip(&hit("h"))[1..]].concat(),
            &[],
        )
        .error(unknown, 0),
        Case::whole("one-byte.log.gz", b"\x1f", &[]).error(TRUNCATED, 1),
    ]);
}
