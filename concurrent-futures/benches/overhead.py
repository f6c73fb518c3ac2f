"""Prints the rows of CPython for the table of overhead.rs, which runs this script."""

import platform
import statistics
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

TASKS = 10_000
ROUNDS = 5


def task(n):
    return n


def results(executor, tasks):
    for future in [executor.submit(task, n) for n in range(tasks)]:
        future.result()


def over_map(executor, tasks):
    for _ in executor.map(task, range(tasks)):
        pass


def completed(executor, tasks):
    for future in as_completed([executor.submit(task, n) for n in range(tasks)]):
        future.result()


def round_trips(executor, tasks):
    for n in range(tasks):
        executor.submit(task, n).result()


def measure(run, executor, tasks):
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run(executor, tasks)
        times.append(time.perf_counter() - start)
    return f"{statistics.median(times) * 1e6 / tasks:.1f}"


for workers in (1, 2):
    with ThreadPoolExecutor(workers) as executor:
        row = [
            measure(results, executor, TASKS),
            measure(over_map, executor, TASKS),
            "",
            measure(completed, executor, TASKS),
            measure(round_trips, executor, TASKS // 10),
        ]
    version = platform.python_version()
    print(f"| CPython {version} threads, {workers} workers | {' | '.join(row)} |", flush=True)
