"""Measures flags with HTTP/2 beside HTTP/1.1 and prints a Markdown table of ratios.

    http2.py --flags BINARY [--rounds 15]

Each round downloads the same files from the same nginx on this machine over HTTP/1.1, over HTTP/1.1 with TLS, and over HTTP/2,
in a random order, each into a new folder. Files and folders are in memory (/dev/shm). Builds nothing. Exits with 1 if a run
saves other files than nginx has.
"""

import argparse
import os
import platform
import random
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import measure
import site_of_flags
import works

STRATEGIES = ("semaphore", "threadpool", "sequential")


def ways(site):
    """Returns the options of each way to the files, by its name. The second is that to which the others are compared."""
    tls = ["--cacert", site.certificate]
    return {
        "HTTP/1.1, no TLS": ["-s", f"{site.base}/flags"],
        "HTTP/1.1, TLS": ["-s", f"{site.secure_base}/flags", *tls],
        "HTTP/2": ["-s", f"{site.secure_base}/flags", *tls, "--http2"],
    }


def rounds_of(flags, work, strategy, site, rounds, rng, folder):
    """Returns the runs by way, and the ways that saved other files than nginx has."""
    runs, wrong = {name: [] for name in ways(site)}, set()
    # The first round warms up.
    for number in range(rounds + 1):
        for name, options in rng.sample(list(ways(site).items()), 3):
            with tempfile.TemporaryDirectory(dir=folder) as dest:
                run = measure.run([str(flags), "-q", "--strategy", strategy, "-m", str(work.connections), "--dest", dest,
                                   *options, *work.options])
                if work.difference(Path(dest)):
                    wrong.add(name)
            if number:
                runs[name].append(run)
    return runs, wrong


def table(runs, wrong):
    base = runs["HTTP/1.1, TLS"]
    lines = ["| way | wall ms | min-max | CPU ms | ratio to HTTP/1.1 with TLS |", "|---|---|---|---|---|"]
    for name, of in runs.items():
        walls = [run.wall * 1000 for run in of]
        cpu = statistics.median(run.cpu for run in of) * 1000
        ratio = statistics.median(one.wall / other.wall for one, other in zip(of, base))
        note = " (wrong files)" * (name in wrong)
        lines.append(f"| {name} | {statistics.median(walls):.1f} | {min(walls):.1f}-{max(walls):.1f} | {cpu:.1f} | {ratio:.2f}{note} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flags", type=Path, required=True, help="the program to measure")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    failed = False
    with (tempfile.TemporaryDirectory(dir="/dev/shm") as folder,
          site_of_flags.serve(args.flags, Path(folder), tls=True) as site):
        print(f"{os.cpu_count()} cores, {platform.release()}, load {os.getloadavg()[0]:.1f}; {site.server}; "
              f"{args.rounds} rounds, order from seed {args.seed}\n")
        work = next(works.all_works(site))
        for strategy in STRATEGIES:
            rng = random.Random(args.seed)
            runs, wrong = rounds_of(args.flags, work, strategy, site, args.rounds, rng, folder)
            print(f"### {work.name}, {strategy}\n\n{table(runs, wrong)}\n", flush=True)
            failed |= bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
