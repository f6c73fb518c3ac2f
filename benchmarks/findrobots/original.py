"""Prints the hosts that requested /robots.txt, like the programs that findrobots is modelled on.

    original.py sequential|threads|processes LOGDIR

The programs are in the Python Cookbook, 3rd edition, recipe 12.8. What they do is kept: text in ASCII, one task per
file with the default number of workers, hosts in any order, and an exception for a line of fewer than seven fields or
with a byte outside ASCII.
"""

import glob
import gzip
import io
import sys
from concurrent import futures

PATH_FIELD = 6


def find_robots(filename):
    """Returns the hosts that requested robots.txt in one log."""
    robots = set()
    with gzip.open(filename) as log:
        for line in io.TextIOWrapper(log, encoding="ascii"):
            fields = line.split()
            if fields[PATH_FIELD] == "/robots.txt":
                robots.add(fields[0])
    return robots


def find_all_robots(logdir, mapping):
    """Returns the hosts of all logs in a folder. `mapping` applies a function to each name, like `map`."""
    robots = set()
    for found in mapping(find_robots, glob.glob(logdir + "/*.log.gz")):
        robots.update(found)
    return robots


def main(executor, logdir):
    if executor == "sequential":
        return find_all_robots(logdir, map)
    pools = {"threads": futures.ThreadPoolExecutor, "processes": futures.ProcessPoolExecutor}
    with pools[executor]() as pool:
        return find_all_robots(logdir, pool.map)


if __name__ == "__main__":
    for host in main(*sys.argv[1:]):
        print(host)
