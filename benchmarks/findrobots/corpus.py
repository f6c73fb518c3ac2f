"""Makes the logs that findrobots and its competitors are measured with.

    corpus.py --kind common --out DIR                        24 files of different sizes, 488 MB of text
    corpus.py --kind combined --out DIR --scale 0.1          the same kind of folder, a tenth of its size
    corpus.py --one FILE --size 10GB [--bgzf | --plain]      one file, by default a single gzip member
    corpus.py --one FILE --from DIR [--bgzf | --plain]       one file with the text of all logs in DIR
    corpus.py --tiny 100000 --out DIR                        a folder of tiny files

The same options give the same bytes, as long as zlib is the same. The hosts that a program must find are in `hosts.txt`
beside the logs, or in FILE.hosts. No more than 64 segments of a large file are ever in memory.
"""

import argparse
import gzip
import itertools
import random
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import lines
from packing import FORMATS

# The size of the text of 24 files, in lines.
LINES = {"common": 4_820_000, "combined": 2_170_000}
FILES = 24
# Pieces that a large file repeats. Together they are 64 MB of common lines.
CYCLE = 64
UNITS = {"kB": 10**3, "MB": 10**6, "GB": 10**9}


def size_in_bytes(word):
    for unit, factor in UNITS.items():
        if word.endswith(unit):
            return int(float(word.removesuffix(unit)) * factor)
    raise argparse.ArgumentTypeError(f"'{word}' is not a size: use a number with kB, MB or GB, such as 10GB")


def hosts_of(path):
    """Returns the file with the hosts that a program must find in a folder or a file."""
    return path / "hosts.txt" if path.is_dir() else path.with_name(path.name + ".hosts")


def write_hosts(path, hosts):
    path.write_text("".join(f"{host}\n" for host in sorted(hosts)), "ascii")


def write_log(path, kind, seed, number, count, visitors):
    """Writes one log of a folder. Returns its hosts and the size of its text."""
    site, rng = lines.Site(seed), random.Random(f"{seed} {kind} {number}")
    log, hosts, size = FORMATS["gzip"](path), set(), 0
    for start in range(0, count, lines.SEGMENT_LINES):
        in_segment = min(lines.SEGMENT_LINES, count - start)
        share = visitors[start * len(visitors) // count:(start + in_segment) * len(visitors) // count]
        times = list(lines.stamps(number, start, in_segment, count))
        text, found = lines.segment(rng, site, kind, times, share)
        log.append(text, log.pack(text))
        hosts |= found
        size += len(text)
    log.close()
    return hosts, size


def folder(out, kind, seed, files, scale):
    """Writes a folder of logs. The largest is several times as long as the smallest, as in real folders."""
    out.mkdir(parents=True, exist_ok=True)
    rng, robots = random.Random(f"{seed} sizes"), lines.Site(seed).robots
    weights = [rng.lognormvariate(0, 0.45) for _ in range(files)]
    counts = [max(1, round(LINES[kind] * scale * weight / sum(weights))) for weight in weights]
    names = [out / f"access-{number:04}.log.gz" for number in range(files)]
    with ProcessPoolExecutor() as pool:
        jobs = [pool.submit(write_log, names[number], kind, seed, number, counts[number], robots[number::files])
                for number in range(files)]
        results = [job.result() for job in jobs]
    hosts = set().union(*(found for found, _ in results))
    write_hosts(hosts_of(out), hosts)
    report(out, sum(size for _, size in results), sum(name.stat().st_size for name in names), len(hosts))


def write_tiny(out, seed, first, count):
    """Writes files of 1 to 10 lines. Returns their hosts."""
    site, rng, hosts = lines.Site(seed), random.Random(f"{seed} tiny {first}"), set()
    for number in range(first, first + count):
        length = rng.randint(1, 10)
        visitors = [site.robots[number // 50 % len(site.robots)]] if number % 50 == 0 else []
        text, found = lines.segment(rng, site, "common", list(lines.stamps(number, 0, length, length)), visitors)
        log = FORMATS["gzip"](out / f"access-{number:06}.log.gz")
        log.append(text, log.pack(text))
        log.close()
        hosts |= found
    return hosts


def tiny(out, seed, count):
    """Writes a folder of tiny logs, in which opening files costs more than reading them."""
    out.mkdir(parents=True, exist_ok=True)
    starts = range(0, count, 5_000)
    with ProcessPoolExecutor() as pool:
        jobs = [pool.submit(write_tiny, out, seed, start, min(5_000, count - start)) for start in starts]
        hosts = set().union(*(job.result() for job in jobs))
    write_hosts(hosts_of(out), hosts)
    print(f"{out}: {count} files, {len(hosts)} hosts")


def pieces(kind, seed):
    """Yields segments without end, each with its hosts, as if from a single log."""
    site, rng = lines.Site(seed), random.Random(f"{seed} {kind} one")
    for number in itertools.count():
        times = list(lines.stamps(0, number * lines.SEGMENT_LINES, lines.SEGMENT_LINES, CYCLE * lines.SEGMENT_LINES))
        yield lines.segment(rng, site, kind, times)


def one(path, kind, seed, size, format):
    """Writes one file with `size` bytes of text, rounded up to whole segments. Returns the size of its text.

    After 64 segments they come again in the same order.
    """
    log, hosts, cycle, written = FORMATS[format](path), set(), [], 0
    source = pieces(kind, seed)
    for number in itertools.count():
        if written >= size:
            break
        if number < CYCLE:
            text, found = next(source)
            cycle.append((text, log.pack(text)))
            hosts |= found
        text, packed = cycle[number % CYCLE]
        log.append(text, packed)
        written += len(text)
    log.close()
    write_hosts(hosts_of(path), hosts)
    return written


def one_from(path, folder, format):
    """Writes one file with the text of all logs in a folder, by name. Returns the size of its text."""
    log, written = FORMATS[format](path), 0
    for source in sorted(folder.glob("*.log.gz")):
        with gzip.open(source) as text:
            while piece := text.read(1 << 20):
                log.append(piece, log.pack(piece))
                written += len(piece)
    log.close()
    hosts_of(path).write_bytes(hosts_of(folder).read_bytes())
    return written


def report(path, size, packed, hosts):
    ratio = size / packed
    print(f"{path}: {size / 1e6:.1f} MB of text, {packed / 1e6:.1f} MB on disk, ratio {ratio:.2f}, {hosts} hosts")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", type=Path, metavar="DIR", help="make a folder of logs")
    what.add_argument("--one", type=Path, metavar="FILE", help="make one file")
    parser.add_argument("--kind", choices=lines.KINDS, default="common", help="format of the lines (default: common)")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other lines (default: 1)")
    parser.add_argument("--files", type=int, default=FILES, help="number of files in the folder (default: 24)")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the folder relative to the full one (default: 1)")
    parser.add_argument("--tiny", type=int, metavar="N", help="make N files of 1 to 10 lines in the folder")
    parser.add_argument("--size", type=size_in_bytes, default="1GB", help="size of the text of the one file (default: 1GB)")
    parser.add_argument("--from", type=Path, dest="source", metavar="DIR", help="take the text of the one file from DIR")
    parser.add_argument("--bgzf", action="store_const", const="bgzf", dest="format", help="write BGZF, like bgzip")
    parser.add_argument("--plain", action="store_const", const="plain", dest="format", help="write plain text")
    args = parser.parse_args()
    format = args.format or "gzip"
    if args.one:
        size = (one_from(args.one, args.source, format) if args.source
                else one(args.one, args.kind, args.seed, args.size, format))
        report(args.one, size, args.one.stat().st_size, len(hosts_of(args.one).read_text("ascii").split()))
    elif args.tiny:
        tiny(args.out, args.seed, args.tiny)
    else:
        folder(args.out, args.kind, args.seed, args.files, args.scale)


if __name__ == "__main__":
    main()
