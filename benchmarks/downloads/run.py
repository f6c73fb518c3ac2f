"""Measures flags beside other downloaders and prints a Markdown table of ratios.

    run.py --flags BINARY [--rounds 15] [--only 194,one] [--peers curl,wget2]

All of them download the same files from the same nginx on this machine, or from test-server beside BINARY if there is no nginx, into a new folder each time. Files and folders are in
memory (/dev/shm). Each round runs every downloader once, in a random order. Builds nothing. Exits with 1 if a downloader of
`flags` saves other files than the server has. README.md describes how to read the table.
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

import downloaders
import site_of_flags
import works


def ratio(mine, base):
    return statistics.median(one.wall / other.wall for one, other in zip(mine, base))


def best_peer(runs, peers):
    return min(peers, key=lambda name: statistics.median(run.wall for run in runs[name]), default=None)


def measure_work(work, all_downloaders, rounds, rng, folder):
    """Returns the runs by downloader, and what is wrong with each, if anything."""
    runs, faults = {name: [] for name in all_downloaders}, {}
    # The first round warms up.
    for number in range(rounds + 1):
        for name in rng.sample(list(all_downloaders), len(all_downloaders)):
            with tempfile.TemporaryDirectory(dir=folder) as dest:
                run = all_downloaders[name](work, Path(dest))
                if saved := work.difference(Path(dest)):
                    faults[name] = saved
            if number:
                runs[name].append(run)
    return runs, faults


def table(runs, faults, peers):
    best = best_peer(runs, [name for name in peers if name not in faults])
    lines = ["| downloader | wall ms | min-max | CPU ms | ratio to the best peer |", "|---|---|---|---|---|"]
    for name, of in runs.items():
        walls = [run.wall * 1000 for run in of]
        cpu = statistics.median(run.cpu for run in of) * 1000
        cell = f"{ratio(of, runs[best]):.2f}" if best else ""
        note = f"{cell} ({faults[name]})" if name in faults else cell
        lines.append(f"| {name} | {statistics.median(walls):.1f} | {min(walls):.1f}-{max(walls):.1f} | {cpu:.1f} | {note} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flags", type=Path, required=True, help="the program to measure")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="words in the names of works, separated by commas")
    parser.add_argument("--peers", default="curl,wget2,aria2c,aiohttp", help="the other downloaders, if they are installed")
    args = parser.parse_args()

    failed = False
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, site_of_flags.serve(args.flags, Path(folder)) as site:
        print(f"{os.cpu_count()} cores, {platform.release()}, load {os.getloadavg()[0]:.1f}; {site.server}; "
              f"{args.rounds} rounds, order from seed {args.seed}\n")
        for work in works.all_works(site):
            if args.only and not any(word in work.name for word in args.only.split(",")):
                continue
            own = downloaders.own(args.flags, site.base)
            peers = downloaders.installed_peers(args.peers.split(","))
            copy = {"cp -r": downloaders.cp} if work.folder else {}
            runs, faults = measure_work(work, own | peers | copy, args.rounds, random.Random(args.seed), folder)
            print(f"### {work.name}\n\n{table(runs, faults, peers)}\n", flush=True)
            failed |= any(name in faults for name in own)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
