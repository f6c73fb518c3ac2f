"""The goals of findrobots, each beside what was measured.

The bounds come from prototypes measured on two cores. A goal without a measurement, because a contender is missing,
fails or gives another answer, is neither met nor missed.
"""

import gzip
import statistics
import tempfile
from pathlib import Path

from contenders import bare_name, processes, rg_name, threads
from measure import run
from rounds import ratio

LINE = b'192.0.2.1 - - [10/Jul/2012:00:18:50 -0500] "GET /robots.txt HTTP/1.1" 200 71\n'
START_UP_RUNS = 31
MIB_PER_WORKER = 64


def line(text, value, sign, bound):
    """Returns a row: the goal, its bound, what was measured and the verdict."""
    if value is None:
        return f"| {text} | {sign} {bound} | not measured | |"
    met = value >= bound if sign == ">=" else value <= bound
    return f"| {text} | {sign} {bound} | {value:.2f} | {'met' if met else 'MISSED'} |"


def start_up_ms(program):
    """Returns the median milliseconds for one line in one file, and those for a program that does nothing."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "small.log.gz"
        log.write_bytes(gzip.compress(LINE))

        def times(argv):
            return statistics.median(run(argv).wall for _ in range(START_UP_RUNS)) * 1000

        return times([program, str(log)]), times(["true"])


def table(results, program, cpus):
    """Returns a Markdown table of the goals for a folder of logs."""
    base = threads(cpus)
    peak = results[base].peak if base in results else None
    start_up, nothing = start_up_ms(program)
    rows = [
        ("Python processes / findrobots", ratio(results, "Python processes", base), ">=", 6.5),
        (f"rg -z / findrobots, {cpus} cores each", ratio(results, rg_name(cpus), base), ">=", 4.5),
        (f"bare decompression / findrobots, {cpus} cores each", ratio(results, bare_name(cpus), base), ">=", 0.89),
        ("one thread / two threads", ratio(results, threads(1), threads(2)), ">=", 1.7),
        ("processes / threads", ratio(results, processes(cpus), base), "<=", 1.1),
        (f"start-up, ms (`true` takes {nothing:.1f})", start_up, "<=", 3),
        (f"peak memory of {cpus} threads, MiB", peak, "<=", cpus * MIB_PER_WORKER),
    ]
    return "\n".join(["| goal | bound | measured | |", "|---|---|---|---|", *[line(*row) for row in rows]])
