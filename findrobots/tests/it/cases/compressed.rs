//! Other formats than gzip, recognised by their first bytes.

use super::{Case, check};
use crate::support::log::misses;
use crate::support::pack::{bzip2, xz, zstd};
use crate::support::{hit, hits};

#[test]
fn zstd_bzip2_and_xz_are_read_whatever_the_name() {
    let text = [hit("a"), misses(100_000), hit("z")].concat();
    check(&[
        Case::whole("a.log.zst", zstd(&text), &["a", "z"]),
        Case::whole("a.log.bz2", bzip2(&text), &["a", "z"]),
        Case::whole("a.log.xz", xz(&text, 1), &["a", "z"]),
        Case::whole("zstd.log.gz", zstd(&text), &["a", "z"]),
        Case::whole("bzip2.log.gz", bzip2(&text), &["a", "z"]),
        Case::whole("xz.log.gz", xz(&text, 1), &["a", "z"]),
        Case::whole("zstd", zstd(&text), &["a", "z"]),
        Case::whole("bzip2", bzip2(&text), &["a", "z"]),
        Case::whole("xz", xz(&text, 1), &["a", "z"]),
        // The preset with the largest dictionary, which `xz -9` uses.
        Case::whole("preset-9.log.xz", xz(&text, 9), &["a", "z"]),
        Case::whole("none.log.zst", zstd(b""), &[]),
        Case::whole("none.log.bz2", bzip2(b""), &[]),
        Case::whole("none.log.xz", xz(b"", 1), &[]),
        Case::whole("empty.log.zst", b"", &[]),
        Case::whole("plain.log.xz", hits(&["a", "b"]), &["a", "b"]),
    ]);
}

#[test]
fn several_frames_and_streams_are_one_log() {
    let (half, rest) = (hit("halves")[..20].to_vec(), hit("halves")[20..].to_vec());
    let parts = [hit("a"), half, Vec::new(), rest, hit("z")];
    let join =
        |pack: fn(&[u8]) -> Vec<u8>| parts.iter().flat_map(|part| pack(part)).collect::<Vec<_>>();
    let hosts = ["a", "halves", "z"];
    let skippable = b"\x50\x2a\x4d\x18\x04\0\0\0xxxx";
    check(&[
        Case::whole("frames.log.zst", join(zstd), &hosts),
        Case::whole("streams.log.bz2", join(bzip2), &hosts),
        Case::whole("streams.log.xz", join(|part| xz(part, 1)), &hosts),
        Case::whole(
            "padded.log.xz",
            [&xz(&hit("a"), 1)[..], &[0; 8], &xz(&hit("z"), 1)].concat(),
            &["a", "z"],
        ),
        Case::whole(
            "skippable.log.zst",
            [&skippable[..], &zstd(&hit("a")), skippable].concat(),
            &["a"],
        ),
    ]);
}

#[test]
fn damaged_files_of_other_formats_are_errors() {
    let text = [hit("a"), misses(300_000), hit("z")].concat();
    let cut = |mut bytes: Vec<u8>| {
        bytes.truncate(bytes.len() * 9 / 10);
        bytes
    };
    let (zstd, bzip2, xz) = (cut(zstd(&text)), cut(bzip2(&text)), cut(xz(&text, 1)));
    let [of_zstd, of_bzip2, of_xz] = [zstd.len(), bzip2.len(), xz.len()];
    check(&[
        Case::whole("cut.log.zst", zstd, &["a"]).error("the file is truncated", of_zstd),
        // bzip2 decodes blocks of 100 KB as a whole.
        Case::whole("cut.log.bz2", bzip2, &["a"]).error("the file is truncated", of_bzip2),
        Case::whole("cut.log.xz", xz, &["a"]).error("the file is truncated", of_xz),
    ]);
}
