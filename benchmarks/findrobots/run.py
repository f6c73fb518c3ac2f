"""Measures findrobots beside its competitors and prints Markdown tables.

    run.py --findrobots BINARY --corpus DIR      all contenders on a folder made by corpus.py, and the goals
    run.py --findrobots BINARY --one FILE        one file: one thread against two
    run.py --findrobots BINARY --scale 10GB      the cost per MB of one file, from 1 MB to this size

Builds nothing. Exits with 1 if a contender fails or gives another answer. README.md describes the contenders.
"""

import argparse
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import contenders
import corpus
import goals
import lines
import rounds
from packing import FORMATS

CPUS = len(os.sched_getaffinity(0))
# Small files take a few milliseconds, so they run more often.
SMALL, MORE_ROUNDS = 100_000_000, 10


def text_mb(paths):
    """Returns the size of the text of some files, compressed or not, in MB."""
    size = 0
    # One zcat for many files, but not so many that their names exceed the longest command line.
    for start in range(0, len(paths), 1_000):
        with subprocess.Popen(["zcat", "-f", *paths[start:start + 1_000]], stdout=subprocess.PIPE) as zcat:
            while piece := zcat.stdout.read(1 << 20):
                size += len(piece)
    return size / 1e6


def heading(what, args):
    load = os.getloadavg()[0]
    print(f"{what}; rounds: {args.rounds}, in an order from seed {args.seed}; {CPUS} cores, load {load:.1f} before "
          f"the first; Python {platform.python_version()}\n", flush=True)


def finish(results):
    """Reports the faults on standard error. Returns 0 if there are none, otherwise 1."""
    faults = [f"{name}: {result.fault}" for name, result in results.items() if result.fault]
    print("\n".join(f"*** Error: {fault}" for fault in faults), end="\n" if faults else "", file=sys.stderr)
    return 1 if faults else 0


def run_folder(args):
    logs = sorted(args.corpus.glob("*.log.gz"))
    rows = [
        *contenders.findrobots(args.findrobots, args.corpus, CPUS),
        *contenders.originals(args.corpus),
        *contenders.peers(args.corpus, CPUS),
        *([] if args.no_duckdb else contenders.duckdb(args.corpus, CPUS)),
        *contenders.bare(args.corpus, CPUS),
    ]
    if args.only:
        rows = [row for row in rows if any(word.strip() in row.name for word in args.only.split(","))]
    size = text_mb(logs)
    heading(f"{args.corpus.name}: {len(logs)} files, {size:.1f} MB of text", args)
    results = rounds.run_rounds(rows, args.rounds, random.Random(args.seed), corpus.hosts_of(args.corpus))
    print(rounds.table(results, contenders.threads(CPUS), size))
    print()
    print(goals.table(results, args.findrobots, CPUS))
    return finish(results)


def run_one(args):
    rows = contenders.findrobots(args.findrobots, args.one, CPUS) + contenders.bare_one(args.one)
    size = text_mb([args.one])
    heading(f"{args.one.name}: {size:.1f} MB of text", args)
    results = rounds.run_rounds(rows, args.rounds, random.Random(args.seed), corpus.hosts_of(args.one))
    print(rounds.table(results, contenders.threads(2), size))
    print()
    speed_up = rounds.ratio(results, contenders.threads(1), contenders.threads(2))
    print(f"one thread / two threads: {'not measured' if speed_up is None else f'{speed_up:.2f}'}")
    return finish(results)


def run_scale(args):
    heading(f"one {args.format} file of {args.kind} lines, {contenders.threads(CPUS)}", args)
    start_up, _ = goals.start_up_ms(args.findrobots)
    print(f"| text MB | wall s | ms per MB | without {start_up:.1f} ms of start-up | CPU ms per MB | peak MiB | |")
    print("|---|---|---|---|---|---|---|")
    by_size = {}
    for size in (10**power for power in range(6, 13) if 10**power <= args.scale):
        with tempfile.TemporaryDirectory(dir=args.work) as folder:
            file = Path(folder) / ("one.log" if args.format == "plain" else "one.log.gz")
            size_mb = corpus.one(file, args.kind, args.seed, size, args.format) / 1e6
            rows = contenders.findrobots(args.findrobots, file, CPUS)
            row = [row for row in rows if row.name == contenders.threads(CPUS)]
            count = args.rounds * (MORE_ROUNDS if size < SMALL else 1)
            (result,) = rounds.run_rounds(row, count, random.Random(args.seed), corpus.hosts_of(file)).values()
        wall, cpu = result.wall(), result.cpu()
        costs = [wall * 1000 / size_mb, (wall * 1000 - start_up) / size_mb, cpu * 1000 / size_mb]
        cells = [f"{size_mb:.0f}", f"{wall:.4f}", *[f"{cost:.3f}" for cost in costs], f"{result.peak:.1f}", result.fault]
        print(f"| {' | '.join(cells)} |", flush=True)
        by_size[f"{size_mb:.0f} MB"] = result
    return finish(by_size)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--findrobots", required=True, metavar="BINARY", help="the program, built with --release")
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--corpus", type=Path, metavar="DIR", help="measure all contenders on the logs of a folder")
    mode.add_argument("--one", type=Path, metavar="FILE", help="measure one and two threads on one file")
    mode.add_argument("--scale", type=corpus.size_in_bytes, metavar="SIZE", help="measure files from 1 MB to SIZE")
    parser.add_argument("--rounds", type=int, default=7, help="timed runs of each contender (default: 7)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the order of runs, and of the files of --scale")
    parser.add_argument("--only", metavar="WORDS", help="with --corpus: measure only names with one of these")
    parser.add_argument("--no-duckdb", action="store_true", help="with --corpus: do not install and measure DuckDB")
    parser.add_argument("--kind", choices=lines.KINDS, default="common", help="with --scale: format of the lines")
    parser.add_argument("--format", choices=list(FORMATS), default="gzip", help="with --scale: format of the file")
    parser.add_argument("--work", metavar="DIR", help="with --scale: folder for the files, which are removed afterwards")
    args = parser.parse_args()
    program = shutil.which(args.findrobots)
    if program is None:
        parser.error(f"'{args.findrobots}' is not a program: build it with cargo build --release -p findrobots")
    if not shutil.which("/usr/bin/time"):
        parser.error("GNU time is missing: apt-get install time")
    if args.corpus and not any(args.corpus.glob("*.log.gz")):
        parser.error(f"'{args.corpus}' has no *.log.gz: make them with corpus.py")
    if args.one and not args.one.is_file():
        parser.error(f"'{args.one}' is not a file: make it with corpus.py")
    args.findrobots = os.path.abspath(program)
    if args.corpus:
        sys.exit(run_folder(args))
    sys.exit(run_one(args) if args.one else run_scale(args))


if __name__ == "__main__":
    main()
