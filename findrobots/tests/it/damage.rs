//! Files that are cut, or have one bit changed, at every place: no wrong answer, and the exit code 0 only for the full one.
//!
//! gzip has a checksum for its data, so a changed bit goes unnoticed only in fields of the header that do not matter, such as
//! the time. If the checksum does not match, the lines count all the same, and the file is reported.

use findrobots::{Account, Fate};
use harness::ExecutorKind;

use crate::reference::{Hosts, hosts_of, text_of_gzip};
use crate::support::pack::{BGZF_END, bgzf_blocks, bzip2, gzip, gzip_after, xz, zstd};
use crate::support::{EXECUTORS, Folder, Random, hit, hits, miss, search};

/// Returns a small log of several members, with lines that cross them, and its text.
fn members() -> Vec<u8> {
    let crossing = hit("crossing");
    let with_name = b"\x1f\x8b\x08\x08\0\0\0\0\0\x03name\0";
    [
        gzip(&[&hits(&["a", "b"])[..], &crossing[..30]].concat()),
        gzip(b""),
        gzip_after(
            with_name,
            &[&crossing[30..], &miss("m"), &hit("c")].concat(),
            6,
        ),
        vec![0; 3],
        // Stored, so that a changed bit changes one byte of the text and nothing else.
        gzip_after(b"\x1f\x8b\x08\0\0\0\0\0\0\xff", &hits(&["d", "a"]), 0),
    ]
    .concat()
}

/// Searches one file with the library.
fn search_one(folder: &Folder, name: &str, bytes: &[u8]) -> (Hosts, Account) {
    let path = folder.write(name, bytes);
    let mut found = search(ExecutorKind::Sequential, &[path]);
    (found.hosts, found.accounts.remove(0))
}

#[test]
fn the_lines_before_a_cut_count_wherever_it_is() {
    let folder = Folder::new();
    let all = members();
    for cut in 0..=all.len() {
        let bytes = &all[..cut];
        let (hosts, account) = search_one(&folder, "cut.log.gz", bytes);
        // A file of 0 bytes is an empty log.
        let text = match cut {
            0 => crate::reference::Text {
                is_whole: true,
                ..Default::default()
            },
            _ => text_of_gzip(bytes),
        };
        assert_eq!(hosts, hosts_of(&text.bytes), "{cut}");
        let is_whole = account.fate == Fate::Whole;
        assert_eq!(is_whole, text.is_whole, "{cut}: {account:?}");
        let offsets: Vec<_> = account.damage.iter().map(|damage| damage.offset).collect();
        let expected = if text.is_whole {
            vec![]
        } else {
            vec![cut as u64]
        };
        assert_eq!((offsets, account.garbage), (expected, None), "{cut}");
    }
}

#[test]
fn a_changed_bit_is_noticed_unless_the_answer_is_the_full_one() {
    let folder = Folder::new();
    let all = members();
    let full = hosts_of(&text_of_gzip(&all).bytes);
    let mut unnoticed = 0;
    for place in 0..all.len() {
        for bit in 0..8 {
            let mut bytes = all.clone();
            bytes[place] ^= 1 << bit;
            let (hosts, account) = search_one(&folder, "bit.log.gz", &bytes);
            // Without its first two bytes it is not gzip, and everything is lost.
            let expected = match place {
                0 | 1 => Hosts::new(),
                _ => hosts_of(&text_of_gzip(&bytes).bytes),
            };
            let what = format!("bit {bit} of byte {place}: {account:?}");
            // The flag for a checksum of the header, which is skipped and not verified: two bytes of data are missing.
            let is_header_checksum = bit == 1 && all[..place].ends_with(b"\x1f\x8b\x08");
            if !is_header_checksum {
                assert_is_at_least(&hosts, &expected, &what);
            }
            if account.fate == Fate::Whole {
                assert_eq!(hosts, full, "{what}");
                unnoticed += 1;
            } else {
                let mut offsets = account.damage.iter().map(|damage| damage.offset);
                assert!(offsets.len() > 0, "{what}");
                assert!(offsets.all(|offset| offset <= all.len() as u64), "{what}");
            }
        }
    }
    // Times, levels, systems, a name, the flag for text, and the zeros between members.
    assert!((40..400).contains(&unnoticed), "{unnoticed}");
}

/// Asserts that the hosts are those of the reference. One more request may be there: the reference loses the byte before an
/// error, which may be a line feed.
fn assert_is_at_least(hosts: &Hosts, certain: &Hosts, what: &str) {
    for (host, requests) in certain {
        assert!(hosts.get(host) >= Some(requests), "{host:?}, {what}");
    }
    let more = hosts.values().sum::<u64>() - certain.values().sum::<u64>();
    assert!(more <= 1, "{more} more, {what}");
}

#[test]
fn a_changed_bit_in_bgzf_costs_its_block_only() {
    let folder = Folder::new();
    // Each block holds whole lines of its own host.
    let hosts = ["a", "b", "of-the-changed-block", "d", "e"];
    let block = |host: &&str| bgzf_blocks(&hits(&[*host, *host]), 60_000, 6).concat();
    let blocks: Vec<_> = hosts.iter().map(block).collect();
    let all = [blocks.concat(), BGZF_END.to_vec()].concat();
    let (start, end) = (blocks[..2].concat().len(), blocks[..3].concat().len());
    for place in start..end {
        for bit in 0..8 {
            let mut bytes = all.clone();
            bytes[place] ^= 1 << bit;
            let (found, account) = search_one(&folder, "bit.log.gz", &bytes);
            let what = format!("bit {bit} of byte {place}: {account:?}");
            for (host, least) in [("a", 2), ("b", 2), ("d", 1), ("e", 2)] {
                let requests = found.get(host.as_bytes()).copied().unwrap_or_default();
                assert!(
                    (least..=2).contains(&requests),
                    "{host}: {requests}, {what}"
                );
            }
            if account.fate == Fate::Whole {
                assert_eq!(found.len(), 5, "{what}");
                assert!(found.values().all(|requests| *requests == 2), "{what}");
            }
        }
    }
}

#[test]
fn other_formats_cut_anywhere_are_noticed() {
    let folder = Folder::new();
    let text = [hits(&["a", "b"]), miss("m"), hit("c")].concat();
    for (name, all) in [
        ("x.log.zst", zstd(&text)),
        ("x.log.bz2", bzip2(&text)),
        ("x.log.xz", xz(&text, 0)),
    ] {
        let full = hosts_of(&text);
        for cut in 0..=all.len() {
            let (hosts, account) = search_one(&folder, name, &all[..cut]);
            let is_whole = cut == 0 || cut == all.len();
            assert_eq!(
                account.fate == Fate::Whole,
                is_whole,
                "{name} {cut}: {account:?}"
            );
            let is_part = hosts
                .iter()
                .all(|(host, requests)| full.get(host) == Some(requests));
            assert!(is_part, "{name} {cut}: {hosts:?}");
        }
        // Without the bytes that tell the format it may be taken for text.
        let mut random = Random(5);
        for place in 6..all.len() {
            let mut bytes = all.clone();
            bytes[place] ^= 1 << random.below(8);
            let (hosts, account) = search_one(&folder, name, &bytes);
            let is_noticed = account.fate != Fate::Whole;
            assert!(is_noticed || hosts == full, "{name} {place}: {account:?}");
        }
    }
}

#[test]
fn every_damaged_file_has_its_line_on_each_executor() {
    let folder = Folder::new();
    let all = members();
    // The three ends of members and of the file are not damage.
    for cut in 1..all.len() {
        folder.write(format!("logs/{cut:04}.log.gz"), &all[..cut]);
    }
    let mut expected = String::new();
    for cut in 1..all.len() {
        if !text_of_gzip(&all[..cut]).is_whole {
            expected +=
                &format!("*** Error: logs/{cut:04}.log.gz: the file is truncated at byte {cut}\n");
        }
    }
    for executor in EXECUTORS {
        let run = folder.run_on(executor, &["logs"]);
        run.assert(executor, &["a", "b", "c", "crossing", "d"], &expected, 1);
    }
}
