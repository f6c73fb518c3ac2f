"""Prints the rows of CPython for the table of overhead.rs, which runs this script."""

import platform
import statistics
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from multiprocessing.pool import ThreadPool

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


def pool_results(pool, tasks):
    for result in [pool.apply_async(task, (n,)) for n in range(tasks)]:
        result.get()


def pool_map(pool, tasks):
    pool.map(task, range(tasks), chunksize=1)


def pool_map_in_chunks(pool, tasks):
    pool.map(task, range(tasks), chunksize=1000)


def pool_completed(pool, tasks):
    for _ in pool.imap_unordered(task, range(tasks)):
        pass


def pool_round_trips(pool, tasks):
    for n in range(tasks):
        pool.apply(task, (n,))


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

for workers in (1, 2):
    with ThreadPool(workers) as pool:
        row = [
            measure(pool_results, pool, TASKS),
            measure(pool_map, pool, TASKS),
            measure(pool_map_in_chunks, pool, TASKS),
            measure(pool_completed, pool, TASKS),
            measure(pool_round_trips, pool, TASKS // 10),
        ]
    print(f"| CPython {version} ThreadPool, {workers} workers | {' | '.join(row)} |", flush=True)
