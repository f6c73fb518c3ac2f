"""Prints the row of CPython for the table of manager.rs, which runs this script."""

import multiprocessing
import platform
import statistics
import time

ROUNDS = 5
TIMES = 2_000


def echo(requests, replies):
    while True:
        number = requests.get()
        replies.put(number)
        if number == 0:
            return


def fill(queue, count):
    for number in range(count):
        queue.put(number)


def median(operation):
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for n in range(TIMES):
            operation(n)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6 / TIMES


def from_second_process(queue):
    count = ROUNDS * TIMES
    process = multiprocessing.Process(target=fill, args=(queue, count + 1))
    process.start()
    queue.get()
    start = time.perf_counter()
    for _ in range(count):
        queue.get()
    seconds = time.perf_counter() - start
    process.join()
    return seconds * 1e6 / count


def through_second_process(manager):
    requests, replies = manager.Queue(), manager.Queue()
    process = multiprocessing.Process(target=echo, args=(requests, replies))
    process.start()

    def round_trip(n):
        requests.put(n + 1)
        assert replies.get() == n + 1

    micros = median(round_trip)
    requests.put(0)
    process.join()
    return micros


def lock_pair(lock):
    lock.acquire()
    lock.release()


def put_and_get(queue, n):
    queue.put(n)
    queue.get()


if __name__ == "__main__":
    with multiprocessing.Manager() as manager:
        dictionary, numbers = manager.dict(), manager.list()
        lock, queue = manager.Lock(), manager.Queue()
        row = [
            median(lambda n: dictionary.__setitem__("key", n)),
            median(lambda n: dictionary["key"]),
            median(numbers.append),
            median(lambda n: lock_pair(lock)),
            median(lambda n: put_and_get(queue, n)),
            from_second_process(queue),
            through_second_process(manager),
        ]
    cells = " | ".join(f"{micros:.1f}" for micros in row)
    print(f"| CPython {platform.python_version()} | {cells} |", flush=True)
