"""The six pairs on the executors of CPython and on those of gcd, side by side.

    cargo build --release -p gcd
    python3 gcd/benches/python.py target/release/gcd

Each round measures every executor of both programs once, in rotated order, and the table shows medians. Both programs measure
themselves, from the start of the executor to the last result, as the original program does.
"""

import argparse
import statistics
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

NUMBERS = [
    (1963309, 2265973), (1879675, 2493670), (2030677, 3814172),
    (1551645, 2229620), (1988912, 4736670), (2198964, 7876293),
]
EXECUTORS = {"sequential": None, "threads": ThreadPoolExecutor, "processes": ProcessPoolExecutor}


def gcd(pair):
    """The function of the original program."""
    a, b = pair
    low = min(a, b)
    for i in range(low, 0, -1):
        if a % i == 0 and b % i == 0:
            return i


def repeated(task):
    pair, repeat = task
    for _ in range(repeat):
        result = gcd(pair)
    return result


def in_python(executor, workers, repeat):
    tasks = [(pair, repeat) for pair in NUMBERS]
    start = time.perf_counter()
    if EXECUTORS[executor] is None:
        results = list(map(repeated, tasks))
    else:
        with EXECUTORS[executor](max_workers=workers) as pool:
            results = list(pool.map(repeated, tasks))
            took = time.perf_counter() - start
            return results, took
    return results, time.perf_counter() - start


def in_rust(program, executor, workers, repeat):
    command = [program, "--quiet", "--executor", executor, "-j", str(workers), "--repeat", str(repeat)]
    results, took = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [int(result) for result in results.strip("[]").split(",")], float(took.split()[1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=10)
    args = parser.parse_args()

    runs = [(language, executor) for executor in EXECUTORS for language in ("CPython", "gcd")]
    times = {run: [] for run in runs}
    for _ in range(args.rounds):
        for run in runs:
            language, executor = run
            if language == "CPython":
                results, took = in_python(executor, args.workers, args.repeat)
            else:
                results, took = in_rust(args.program, executor, args.workers, args.repeat)
            assert results == [1, 5, 1, 5, 2, 3], results
            times[run].append(took)
        runs = runs[1:] + runs[:1]

    median = {run: statistics.median(of) for run, of in times.items()}
    print("| executor | CPython, s | speed-up | gcd, s | speed-up | CPython / gcd |")
    print("| --- | --- | --- | --- | --- | --- |")
    for executor in EXECUTORS:
        python, rust = median["CPython", executor], median["gcd", executor]
        print(
            f"| {executor} | {python:.2f} | {median['CPython', 'sequential'] / python:.2f} "
            f"| {rust:.3f} | {median['gcd', 'sequential'] / rust:.2f} | {python / rust:.0f} |"
        )


if __name__ == "__main__":
    main()
