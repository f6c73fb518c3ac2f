//! How much of the speed of bare decompression is left for a search: the same files through libdeflate alone, and through a
//! search, in turn.
//!
//! `cargo bench -p findrobots --bench decompress -- FOLDER`, with a folder of gzip files with one member each.

use std::cmp::Reverse;
use std::error::Error;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use findrobots::{Inputs, Robots, Search, Select, Totals};
use harness::{ExecutorKind, Series};
use tokio_util::sync::CancellationToken;

/// How often each contender runs.
const ROUNDS: usize = 15;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().skip(1).find(|word| word != "--bench");
    let Some(folder) = folder else {
        println!("usage: cargo bench -p findrobots --bench decompress -- FOLDER");
        return Ok(());
    };
    let inputs = Inputs::find(&[folder], &Select::new(&[], true)?);
    let mut paths: Vec<_> = inputs
        .files
        .iter()
        .map(|file| file.path().to_owned())
        .collect();
    paths.sort_by_key(|path| Reverse(fs::metadata(path).map_or(0, |metadata| metadata.len())));

    let search = |workers: usize| {
        let series = match NonZeroUsize::new(workers) {
            Some(workers) if workers.get() > 1 => Series::new(ExecutorKind::Threads, Some(workers)),
            _ => Series::new(ExecutorKind::Sequential, None),
        };
        let search = Search::new(Robots::default(), &inputs.files);
        search.run(series, &CancellationToken::new())
    };
    let bytes = Totals::of(&search(2).accounts).decompressed;
    println!(
        "{} files, {} MB decompressed",
        paths.len(),
        bytes / 1_000_000
    );
    println!("| workers | bare, MB/s | search, MB/s | search / bare, median of {ROUNDS} pairs |");
    println!("| ---: | ---: | ---: | ---: |");
    for workers in [1, 2] {
        let mut pairs = Vec::new();
        for round in 0..ROUNDS {
            let bare = || time(|| decompress(&paths, workers));
            let searched = || time(|| search(workers));
            let pair = match round % 2 {
                0 => {
                    let bare = bare();
                    (bare, searched())
                }
                _ => {
                    let searched = searched();
                    (bare(), searched)
                }
            };
            pairs.push(pair);
        }
        let rate = |time: Duration| bytes as f64 / 1e6 / time.as_secs_f64();
        let bare = median(pairs.iter().map(|(bare, _)| rate(*bare)));
        let searched = median(pairs.iter().map(|(_, searched)| rate(*searched)));
        let ratio = median(
            pairs
                .iter()
                .map(|(bare, searched)| bare.as_secs_f64() / searched.as_secs_f64()),
        );
        println!("| {workers} | {bare:.0} | {searched:.0} | {ratio:.2} |");
    }
    Ok(())
}

fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let began = Instant::now();
    black_box(work());
    began.elapsed()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Decompresses all files on this many threads, and does nothing with the text.
fn decompress(paths: &[PathBuf], workers: usize) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let mut decompressor = libdeflater::Decompressor::new();
                let (mut input, mut output) = (Vec::new(), Vec::new());
                while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                    read(path, &mut input).expect("the file was read before");
                    let length = input.last_chunk().map_or(0, |end| u32::from_le_bytes(*end));
                    output.resize(output.len().max(length as usize), 0);
                    let written = decompressor.gzip_decompress(&input, &mut output);
                    black_box(written.expect("one member, which was decompressed before"));
                }
            });
        }
    });
}

fn read(path: &Path, bytes: &mut Vec<u8>) -> std::io::Result<()> {
    use std::io::Read as _;
    bytes.clear();
    fs::File::open(path)?.read_to_end(bytes).map(drop)
}
