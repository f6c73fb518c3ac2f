//! BGZF in pieces.

use std::sync::LazyLock;

use harness::ExecutorKind;

use super::{MIB, check, check_on};
use crate::reference::{Hosts, hosts_of};
use crate::support::pack::{BGZF_END, bgzf_block, bgzf_blocks, gzip};
use crate::support::{Folder, Random, hit, miss};

/// The data of a block, in bytes.
const BLOCK: usize = 60_000;

/// A log of 20 MiB, in which each request has its own host. It is stored and not compressed, because that is fast.
struct Log {
    text: Vec<u8>,
    blocks: Vec<Vec<u8>>,
    hosts: Hosts,
}

static LOG: LazyLock<Log> = LazyLock::new(|| {
    let text = lines(20 * MIB);
    Log {
        blocks: bgzf_blocks(&text, BLOCK, 0),
        hosts: hosts_of(&text),
        text,
    }
});

/// Returns lines of about this many bytes.
fn lines(bytes: usize) -> Vec<u8> {
    let mut random = Random(7);
    let mut text = Vec::with_capacity(bytes + 600);
    let mut number = 0;
    while text.len() < bytes {
        number += 1;
        let mut line = match number % 4 {
            0 => hit(&format!("host-{number}")),
            _ => miss("m"),
        };
        line.pop();
        line.resize(line.len() + random.below(500), b'x');
        line.push(b'\n');
        text.append(&mut line);
    }
    text
}

impl Log {
    /// Returns the hosts without those whose lines touch these bytes, and without the host of the line after them: the end of
    /// the lost bytes may or may not be the end of a line.
    fn hosts_without(&self, start: usize, end: usize) -> Hosts {
        let end = end.min(self.text.len());
        let before = self.text[..start].iter().rposition(|byte| *byte == b'\n');
        let after = self.text[end..].iter().position(|byte| *byte == b'\n');
        let lost = before.map_or(0, |at| at + 1)..after.map_or(end, |at| end + at + 1);
        let mut hosts = self.hosts.clone();
        for host in hosts_of(&self.text[lost]).keys() {
            hosts.remove(host);
        }
        hosts
    }
}

fn error(cause: &str, offset: usize) -> String {
    format!("*** Error: x.log.gz: {cause} at byte {offset}\n")
}

#[test]
fn pieces_have_every_line_once_whatever_follows_the_blocks() {
    let folder = Folder::new();
    let (blocks, hosts) = (LOG.blocks.concat(), &LOG.hosts);
    let more = [hit("more"), miss("m"), hit("and-more")].concat();
    let mut hosts_and_more = hosts.clone();
    hosts_and_more.extend(hosts_of(&more));
    let garbage = format!(
        "*** Warning: x.log.gz: ignored what follows the last gzip member, at byte {}\n",
        blocks.len()
    );
    for (what, hosts, err) in [
        (BGZF_END.to_vec(), hosts, ""),
        (vec![0; 1000], hosts, ""),
        (b"garbage".to_vec(), hosts, &*garbage),
        (gzip(&more), &hosts_and_more, ""),
        (
            [BGZF_END, &[0; 10], &gzip(b""), &gzip(&more), BGZF_END].concat(),
            &hosts_and_more,
            "",
        ),
    ] {
        let path = folder.write("x.log.gz", [&blocks[..], &what].concat());
        check(&folder, &path, hosts, err, 0);
        check_on(ExecutorKind::Sequential, &path, hosts);
    }
}

#[test]
fn a_line_without_line_feed_at_the_end_of_the_blocks_goes_on_after_them() {
    let folder = Folder::new();
    let crossing = hit("crossing");
    let rest = [&crossing[30..], &hit("next")].concat();
    let all = [
        LOG.blocks.concat(),
        bgzf_block(&crossing[..30], 6),
        vec![0; 50],
        gzip(&rest),
    ];
    let path = folder.write("x.log.gz", all.concat());
    let mut hosts = LOG.hosts.clone();
    hosts.extend(hosts_of(&[crossing, hit("next")].concat()));
    check(&folder, &path, &hosts, "", 0);
}

#[test]
fn plain_members_between_blocks_are_read() {
    let folder = Folder::new();
    let other = hit("other");
    let (before, after) = LOG.blocks.split_at(170);
    // The line that crosses the blocks is cut in two by the other line.
    let line_feed = gzip(b"\n");
    let all = [
        &before.concat(),
        &line_feed,
        &gzip(&other[..40]),
        &gzip(&other[40..]),
        &[0; 5][..],
        &after.concat(),
    ];
    let path = folder.write("x.log.gz", all.concat());
    let mut hosts = LOG.hosts_without(170 * BLOCK, 170 * BLOCK);
    hosts.extend(hosts_of(&other));
    let text = &LOG.text[..170 * BLOCK];
    hosts.extend(hosts_of(
        &text[text.iter().rposition(|byte| *byte == b'\n').unwrap() + 1..],
    ));
    check(&folder, &path, &hosts, "", 0);
}

#[test]
fn lines_longer_than_pieces() {
    let folder = Folder::new();
    let long = |host: &str, length: usize| {
        let mut line = hit(host);
        line.pop();
        line.extend(Random(3).bytes(length - line.len()));
        line.push(b'\n');
        line
    };
    let text = |length| {
        [
            lines(5 * MIB),
            long("long", length),
            hit("next"),
            lines(MIB),
        ]
        .concat()
    };
    let (longest, too_long) = (text(16 * MIB), text(16 * MIB + 1));
    let path = folder.write("x.log.gz", bgzf_blocks(&longest, BLOCK, 0).concat());
    assert!(hosts_of(&longest).contains_key(&b"long"[..]));
    check(&folder, &path, &hosts_of(&longest), "", 0);
    let path = folder.write("x.log.gz", bgzf_blocks(&too_long, BLOCK, 0).concat());
    assert!(!hosts_of(&too_long).contains_key(&b"long"[..]));
    let skipped = "*** Warning: x.log.gz: skipped 1 line of more than 16 MiB\n";
    check(&folder, &path, &hosts_of(&too_long), skipped, 0);
}

#[test]
fn a_damaged_block_costs_its_lines_only() {
    let folder = Folder::new();
    let corrupt = "the compressed data is corrupt";
    // In the middle; the last of the first piece; the first of the second piece; the first and the last of all.
    let first_piece = (4 * MIB).div_ceil(LOG.blocks[0].len());
    for damaged in [150, first_piece - 1, first_piece, 0, LOG.blocks.len() - 1] {
        let mut blocks = LOG.blocks.clone();
        // A block type that does not exist.
        blocks[damaged][18] = 0xff;
        let place = blocks[..damaged].concat().len() + 19;
        let path = folder.write("x.log.gz", blocks.concat());
        let hosts = LOG.hosts_without(damaged * BLOCK, (damaged + 1) * BLOCK);
        check(&folder, &path, &hosts, &error(corrupt, place), 1);
    }
}

#[test]
fn a_block_with_a_damaged_header_costs_its_lines_only() {
    let folder = Folder::new();
    let (damaged, place) = (150, LOG.blocks[..150].concat().len());
    let without = LOG.hosts_without(damaged * BLOCK, (damaged + 1) * BLOCK);
    let header = error("the gzip header is corrupt", place + 10);
    // The magic and the method. With a wrong mark or a wrong size of the block, it is a member that can be read.
    for (byte, hosts, err) in [
        (0, &without, &*header),
        (1, &without, &header),
        (2, &without, &header),
        (12, &LOG.hosts, ""),
        (16, &LOG.hosts, ""),
        (17, &LOG.hosts, ""),
    ] {
        let mut blocks = LOG.blocks.clone();
        blocks[damaged][byte] ^= 0x10;
        let path = folder.write("x.log.gz", blocks.concat());
        check(&folder, &path, hosts, err, err.len().min(1) as i32);
    }
}

#[test]
fn a_wrong_checksum_costs_nothing_and_is_an_error() {
    let folder = Folder::new();
    let mut blocks = LOG.blocks.clone();
    let length = blocks[99].len();
    blocks[99][length - 6] ^= 1;
    let place = blocks[..100].concat().len();
    let path = folder.write("x.log.gz", blocks.concat());
    let cause = "wrong checksum: some of its lines, which were used, may be wrong";
    check(&folder, &path, &LOG.hosts, &error(cause, place), 1);
}

#[test]
fn a_file_cut_in_its_last_block_keeps_the_lines_before_the_cut() {
    let folder = Folder::new();
    let last = bgzf_block(&[hit("last"), hit("very-last")].concat(), 0);
    let all = [LOG.blocks.concat(), last.clone()].concat();
    // In the trailer; in the last line; in the header; in the magic.
    for (cut, more) in [
        (1, &["last", "very-last"][..]),
        (9, &["last"]),
        (last.len() - 17, &[]),
        (last.len() - 1, &[]),
    ] {
        let all = &all[..all.len() - cut];
        let path = folder.write("x.log.gz", all);
        let mut hosts = LOG.hosts.clone();
        hosts.extend(more.iter().map(|host| (host.as_bytes().to_vec(), 1)));
        let err = error("the file is truncated", all.len());
        check(&folder, &path, &hosts, &err, 1);
    }
}
