//! What gzip files may contain.

use super::{Case, check, check_each};
use crate::support::hit;
use crate::support::log::misses;
use crate::support::pack::{BGZF_END, bgzf, bgzf_blocks, deflate, gzip, gzip_after, trailer};

const TRUNCATED: &str = "the file is truncated";
const CHECKSUM: &str = "wrong checksum: some of its lines, which were used, may be wrong";

#[test]
fn members_and_what_is_between_them() {
    let (a, b, c) = (gzip(&hit("a")), gzip(&hit("b")), gzip(&hit("c")));
    let (half, rest) = (hit("halves")[..20].to_vec(), hit("halves")[20..].to_vec());
    let zeros = &[0; 600][..];
    let ignored = |offset| format!("ignored what follows the last gzip member, at byte {offset}");
    let ab = [&a[..], &b].concat();
    check(&[
        Case::whole("one.log.gz", &a[..], &["a"]),
        Case::whole("three.log.gz", [&a[..], &b, &c].concat(), &["a", "b", "c"]),
        Case::whole(
            "line-in-two.log.gz",
            [gzip(&half), gzip(&rest)].concat(),
            &["halves"],
        ),
        Case::whole(
            "line-in-three.log.gz",
            [gzip(&half), gzip(b""), gzip(&rest)].concat(),
            &["halves"],
        ),
        Case::whole(
            "empty-members.log.gz",
            [gzip(b""), gzip(b""), a.clone(), gzip(b"")].concat(),
            &["a"],
        ),
        Case::whole("zeros-after.log.gz", [&a[..], zeros].concat(), &["a"]),
        Case::whole(
            "zeros-between.log.gz",
            [&a[..], zeros, &b, b"\0", &c].concat(),
            &["a", "b", "c"],
        ),
        Case::whole(
            "300-kb-of-zeros.log.gz",
            [&a[..], &vec![0; 300_000], &b].concat(),
            &["a", "b"],
        ),
        Case::whole(
            "garbage-after.log.gz",
            [&ab[..], b"garbage"].concat(),
            &["a", "b"],
        )
        .warning(ignored(ab.len())),
        Case::whole(
            "zeros-and-garbage.log.gz",
            [&ab[..], zeros, b"garbage\0"].concat(),
            &["a", "b"],
        )
        .warning(ignored(ab.len() + zeros.len())),
        Case::whole(
            "one-byte-after.log.gz",
            [&ab[..], b"\n"].concat(),
            &["a", "b"],
        )
        .warning(ignored(ab.len())),
        Case::whole(
            "plain-text-after.log.gz",
            [&ab[..], &hit("not")].concat(),
            &["a", "b"],
        )
        .warning(ignored(ab.len())),
    ]);
}

#[test]
fn headers_with_optional_parts() {
    let with = |flags: u8, parts: &[u8]| {
        let fixed = [0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 2, 3];
        gzip_after(&[&fixed[..], parts].concat(), &hit("h"), 6)
    };
    let long_name = [&[b'n'; 70_000][..], b"\0"].concat();
    let long_extra = [&[0xff; 2][..], &[b'e'; 0xffff]].concat();
    check(&[
        Case::whole("text.log.gz", with(1, b""), &["h"]),
        Case::whole("checksum.log.gz", gzip_with_header_checksum(), &["h"]),
        Case::whole("extra.log.gz", with(4, b"\x05\0extra"), &["h"]),
        Case::whole("empty-extra.log.gz", with(4, b"\0\0"), &["h"]),
        Case::whole("long-extra.log.gz", with(4, &long_extra), &["h"]),
        Case::whole("name.log.gz", with(8, b"access.log\0"), &["h"]),
        Case::whole("long-name.log.gz", with(8, &long_name), &["h"]),
        Case::whole("comment.log.gz", with(16, b"comment\0"), &["h"]),
        Case::whole(
            "all.log.gz",
            with(4 | 8 | 16, b"\x02\0xxname\0comment\0"),
            &["h"],
        ),
        Case::whole("reserved.log.gz", with(32, b""), &[]).error("the gzip header is corrupt", 10),
        Case::whole(
            "endless-name.log.gz",
            b"\x1f\x8b\x08\x08\0\0\0\0\0\0name",
            &[],
        )
        .error(TRUNCATED, 14),
    ]);
}

fn gzip_with_header_checksum() -> Vec<u8> {
    let mut header = b"\x1f\x8b\x08\x02\0\0\0\0\0\xff".to_vec();
    let mut checksum = flate2::Crc::new();
    checksum.update(&header);
    header.extend_from_slice(&checksum.sum().to_le_bytes()[..2]);
    gzip_after(&header, &hit("h"), 6)
}

#[test]
fn blocked_gzip() {
    let text = [hit("a"), misses(200_000), hit("z")].concat();
    let blocks = bgzf_blocks(&text, 5000, 6);
    let file = blocks.concat();
    let cut = file.len() - 3;
    let corrupt = {
        let mut blocks = blocks.clone();
        // A block type that does not exist.
        blocks[7][18] = 0xff;
        blocks.concat()
    };
    let offset = blocks[..7].concat().len() + 19;
    let empty_inside = [&blocks[..3].concat(), BGZF_END, &blocks[3..].concat()].concat();
    let then_gzip = [&file[..], &gzip(&hit("b")), &[0; 99], &gzip(&hit("c"))].concat();
    check(&[
        Case::whole("with-end.log.gz", bgzf(&text, 60_000), &["a", "z"]),
        Case::whole("without-end.log.gz", &file[..], &["a", "z"]),
        Case::whole("only-end.log.gz", BGZF_END, &[]),
        Case::whole("end-inside.log.gz", empty_inside, &["a", "z"]),
        Case::whole("then-gzip.log.gz", then_gzip, &["a", "b", "c", "z"]),
        Case::whole(
            "then-zeros.log.gz",
            [&file[..], &[0; 700]].concat(),
            &["a", "z"],
        ),
        Case::whole("cut.log.gz", &file[..cut], &["a", "z"]).error(TRUNCATED, cut),
        Case::whole("corrupt-block.log.gz", corrupt, &["a", "z"])
            .error("the compressed data is corrupt", offset),
        Case::whole(
            "then-garbage.log.gz",
            [&file[..], b"x"].concat(),
            &["a", "z"],
        )
        .warning(format!(
            "ignored what follows the last gzip member, at byte {}",
            file.len()
        )),
    ]);
}

#[test]
fn members_that_are_much_larger_than_they_look() {
    // 70 MB of the same line take little, but more than the memory for decompressing at once.
    let line = b"h - - [t z] \"GET /index.html HTTP/1.1\" 200 71\n";
    let large = [
        hit("first"),
        line.repeat(70_000_000 / line.len()),
        hit("last"),
    ]
    .concat();
    let member = gzip(&large);
    assert!(member.len() < 1 << 20, "{}", member.len());
    let compressed = deflate(&large, 6);
    let wrong_size = [
        b"\x1f\x8b\x08\0\0\0\0\0\0\xff",
        &compressed[..],
        &trailer(&large)[..4],
        b"\x01\0\0\0",
    ]
    .concat();
    let cut = member.len() - 4;
    check_each(&[
        Case::whole("70-mb.log.gz", &member[..], &["first", "last"]),
        Case::whole(
            "70-mb-and-more.log.gz",
            [&member[..], &gzip(&hit("b"))].concat(),
            &["b", "first", "last"],
        ),
        Case::whole("70-mb-cut.log.gz", &member[..cut], &["first", "last"]).error(TRUNCATED, cut),
        Case::whole("70-mb-wrong-size.log.gz", wrong_size, &["first", "last"])
            .error(CHECKSUM, member.len()),
    ]);
}
