//! Any logs, packed in any way: the library and the program agree with the reference.

use std::path::PathBuf;

use harness::ExecutorKind;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::reference::{Hosts, add, counted, hosts_of};
use crate::support::pack::{BGZF_END, bgzf_blocks, bzip2, gzip_after, xz, zstd};
use crate::support::{EXECUTORS, Folder, hit, miss, search};

/// Compresses text to one frame or stream.
type Pack = fn(&[u8]) -> Vec<u8>;

/// How a log is compressed.
#[derive(Debug, Clone)]
enum Packing {
    Plain,
    /// Members that end at these places, in thousandths of the text, each with its level and the zeros after it.
    Gzip(Vec<(usize, u32, usize)>),
    /// Blocks of this many bytes, and whether the empty last block follows.
    Bgzf(usize, bool),
    /// Like gzip, in another format.
    Other(Pack, Vec<usize>),
}

/// Returns lines of which many are nearly requests for `/robots.txt`.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let host = prop_oneof![Just("a".to_owned()), Just("bb".to_owned()), "[!-~é]{1,12}"];
    let parts = prop_oneof![
        Just("/robots.txt"),
        Just("/robots.txt"),
        Just("/robots.tx"),
        Just("x"),
        Just("\"GET"),
        Just(" "),
        Just(" "),
        Just("\t"),
        Just("\x0b"),
        Just("\x1f"),
        Just("\r"),
        Just("\0"),
        Just("\u{a0}"),
    ];
    let without_line_feed = any::<u8>().prop_map(|byte| if byte == b'\n' { 0xff } else { byte });
    prop_oneof![
        3 => host.prop_map(|host| hit(&host).split_last().unwrap().1.to_vec()),
        2 => Just(miss("m").split_last().unwrap().1.to_vec()),
        2 => vec(parts, 0..24).prop_map(|parts| parts.concat().into_bytes()),
        2 => vec(without_line_feed, 0..60),
        1 => (0..9_usize).prop_map(|fields| "/robots.txt ".repeat(fields).into_bytes()),
    ]
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    (vec(line(), 0..40), any::<bool>()).prop_map(|(lines, ends_with_line_feed)| {
        let mut text = lines.join(&b'\n');
        if ends_with_line_feed {
            text.push(b'\n');
        }
        text
    })
}

fn packing() -> impl Strategy<Value = Packing> {
    let zeros = prop_oneof![3 => Just(0), 1 => 1..2000_usize];
    let member = (0..1001_usize, 0..10_u32, zeros);
    let others: [Pack; 3] = [zstd, bzip2, |part| xz(part, 0)];
    prop_oneof![
        1 => Just(Packing::Plain),
        4 => vec(member, 0..6).prop_map(Packing::Gzip),
        3 => (1..3000_usize, any::<bool>()).prop_map(|(size, ends)| Packing::Bgzf(size, ends)),
        1 => (prop::sample::select(others.to_vec()), vec(0..1001_usize, 0..3))
            .prop_map(|(pack, ends)| Packing::Other(pack, ends)),
    ]
}

impl Packing {
    fn pack(&self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::Plain => text.to_vec(),
            Self::Gzip(members) => {
                let mut file = Vec::new();
                let ends = members.iter().map(|(end, ..)| *end);
                let last = (1000, 6, 0);
                for (part, (_, level, zeros)) in
                    parts(text, ends).zip(members.iter().chain([&last]))
                {
                    file.extend(gzip_after(b"\x1f\x8b\x08\0\0\0\0\0\0\xff", part, *level));
                    file.resize(file.len() + zeros, 0);
                }
                file
            }
            Self::Bgzf(size, ends) => {
                let end = if *ends || text.is_empty() {
                    BGZF_END
                } else {
                    b""
                };
                [&bgzf_blocks(text, *size, 6).concat(), end].concat()
            }
            Self::Other(pack, ends) => {
                let parts = parts(text, ends.iter().copied());
                parts.flat_map(pack).collect()
            }
        }
    }
}

/// Returns the parts of the text that end at these places, in thousandths, in any order; some are empty.
fn parts(text: &[u8], ends: impl Iterator<Item = usize>) -> impl Iterator<Item = &[u8]> {
    let mut ends: Vec<_> = ends.map(|end| text.len() * end / 1000).collect();
    ends.sort_unstable();
    ends.push(text.len());
    let mut start = 0;
    ends.into_iter().map(move |end| {
        let part = &text[start..end];
        start = end;
        part
    })
}

/// Writes the logs, and returns their paths with the expected answer.
fn write(folder: &Folder, logs: &[(Vec<u8>, Packing)]) -> (Vec<PathBuf>, Hosts) {
    let mut hosts = Hosts::new();
    let write = |(index, (text, packing)): (usize, &(Vec<u8>, Packing))| {
        add(&mut hosts, hosts_of(text));
        folder.write(format!("{index}.log"), packing.pack(text))
    };
    let paths = logs.iter().enumerate().map(write).collect();
    (paths, hosts)
}

/// Runs the test for this many lists of logs, the same in every run of the tests.
fn for_any_logs(cases: u32, test: impl Fn(&Folder, &[(Vec<u8>, Packing)])) {
    let config = Config {
        failure_persistence: None,
        ..Config::with_cases(cases)
    };
    let logs = vec((text(), packing()), 1..4);
    let run = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    )
    .run(&logs, |logs| {
        test(&Folder::new(), &logs);
        Ok(())
    });
    if let Err(error) = run {
        panic!("{error}");
    }
}

#[test]
fn the_library_agrees_with_the_reference() {
    for_any_logs(250, |folder, logs| {
        let (paths, hosts) = write(folder, logs);
        let bytes: usize = logs.iter().map(|(text, _)| text.len()).sum();
        for executor in [ExecutorKind::Sequential, ExecutorKind::Threads] {
            let found = search(executor, &paths);
            assert_eq!(found.hosts, hosts, "{executor}");
            for account in &found.accounts {
                assert_eq!(account.fate, findrobots::Fate::Whole, "{account:?}");
                assert_eq!(
                    (account.garbage, account.too_long),
                    (None, 0),
                    "{account:?}"
                );
            }
            let read: u64 = found
                .accounts
                .iter()
                .map(|account| account.decompressed)
                .sum();
            assert_eq!(read, bytes as u64);
        }
    });
}

#[test]
fn the_program_agrees_with_the_reference_on_each_executor() {
    for_any_logs(12, |folder, logs| {
        let (_, hosts) = write(folder, logs);
        for executor in EXECUTORS {
            let run = folder.run_on(executor, &["--count", "--glob", "*.log", "."]);
            assert_eq!(
                run.text(),
                String::from_utf8_lossy(&counted(&hosts)),
                "{executor}"
            );
            assert_eq!((run.exit, &*run.err), (Some(0), ""), "{executor}");
        }
    });
}

#[test]
fn the_program_agrees_with_the_reference_on_standard_input() {
    for_any_logs(12, |folder, logs| {
        let (text, packing) = &logs[0];
        let mut command = folder.command();
        let run =
            crate::support::Run::of(command.args(["-q", "--count", "-"]), &packing.pack(text));
        assert_eq!(
            run.text(),
            String::from_utf8_lossy(&counted(&hosts_of(text)))
        );
        assert_eq!((run.exit, &*run.err), (Some(0), ""));
    });
}
