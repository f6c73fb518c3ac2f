//! Plain text in pieces.

use harness::ExecutorKind;

use super::{MIB, check, check_on};
use crate::reference::{Hosts, hosts_of};
use crate::support::log::misses;
use crate::support::{Folder, Random, hit, miss};

/// Returns text of this many bytes: lines of misses, the last of which is filled up.
fn filler(length: usize) -> Vec<u8> {
    let mut text = misses(length);
    text.truncate(length - 1);
    text.push(b'\n');
    text
}

/// Returns a line of this length with its line feed.
fn long_hit(host: &str, length: usize) -> Vec<u8> {
    let mut line = hit(host);
    line.pop();
    line.resize(length - 1, b'l');
    line.push(b'\n');
    line
}

fn hosts(list: &[&str]) -> Hosts {
    list.iter()
        .map(|host| (host.as_bytes().to_vec(), 1))
        .collect()
}

#[test]
fn random_lines_in_four_pieces() {
    let folder = Folder::new();
    let mut random = Random(1);
    let mut text = Vec::new();
    while text.len() < 50 * MIB {
        let host = format!("host-{}", random.below(3000));
        let mut line = match random.below(3) {
            0 => hit(&host),
            _ => miss(&host),
        };
        if random.below(10) == 0 {
            line.pop();
            line.resize(line.len() + random.below(100_000), b'x');
            line.push(b'\n');
        }
        text.append(&mut line);
    }
    text.pop();
    let path = folder.write("large.log", &text);
    check(&folder, &path, &hosts_of(&text), "", 0);
    check_on(ExecutorKind::Sequential, &path, &hosts_of(&text));
}

#[test]
fn lines_that_begin_or_end_at_the_end_of_a_piece() {
    let folder = Folder::new();
    let line = hit("at-the-end");
    let length = line.len();
    // How many bytes of the line are in the first piece: it ends one byte before the end of the piece, at it, one byte after
    // it, in the middle, or begins one byte before, at, or after it.
    for inside in [length + 1, length, length - 1, length / 2, 1, 0] {
        let before = 16 * MIB - inside;
        let mut text = filler(before);
        text.extend_from_slice(&line);
        text.extend(hit("next"));
        text.extend(filler(MIB));
        text.extend(hit("last"));
        let path = folder.write("boundary.log", &text);
        check(
            &folder,
            &path,
            &hosts(&["at-the-end", "last", "next"]),
            "",
            0,
        );
    }
}

#[test]
fn a_line_that_covers_a_whole_piece() {
    let folder = Folder::new();
    // From the first byte of the second piece to the first byte of the third one: the longest line that is read.
    let longest = [
        filler(16 * MIB),
        long_hit("longest", 16 * MIB + 1),
        hit("next"),
        filler(MIB),
        hit("last"),
    ]
    .concat();
    let path = folder.write("longest.log", longest);
    check(&folder, &path, &hosts(&["last", "longest", "next"]), "", 0);

    let skipped = "*** Warning: too-long.log: skipped 1 line of more than 16 MiB\n";
    for length in [16 * MIB + 2, 40 * MIB] {
        let text = [
            filler(16 * MIB - 5),
            long_hit("too-long", length),
            hit("next"),
            filler(MIB),
            hit("last"),
        ];
        let path = folder.write("too-long.log", text.concat());
        check(&folder, &path, &hosts(&["last", "next"]), skipped, 0);
    }
}

#[test]
fn a_file_without_line_feeds() {
    let folder = Folder::new();
    let mut text = long_hit("only", 40 * MIB);
    text.pop();
    let path = folder.write("none.log", text);
    let skipped = "*** Warning: none.log: skipped 1 line of more than 16 MiB\n";
    check(&folder, &path, &Hosts::new(), skipped, 0);
}

#[test]
fn the_last_line_has_no_line_feed() {
    let folder = Folder::new();
    let last = hit("last");
    // The last line begins in the first piece and ends the file; or it is all of the second piece.
    for inside in [10, 0] {
        let text = [filler(16 * MIB - inside), last[..last.len() - 1].to_vec()].concat();
        let path = folder.write("last.log", text);
        check(&folder, &path, &hosts(&["last"]), "", 0);
    }
}
