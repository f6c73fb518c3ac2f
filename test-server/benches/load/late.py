"""Prints how late the responses to simultaneous requests are, and whose queue makes them late.

Starts a server with a delay, sends it many requests at once, each on a connection of its own, and reads from the kernel when
each response arrived: with this time, the client's own queue does not count. The server's log says how long each request was
in its hands, and the system how long its thread ran, and waited for a core. Prints the quietest and the busiest round. Needs
Linux, and a release build of test-server.

Usage: late.py [CONNECTIONS] [DELAY_MS] [ROUNDS]
"""

import json
import os
import resource
import selectors
import socket
import statistics
import struct
import subprocess
import sys
import time

# The number is the same on all common machines, but Python has no name for it.
SO_TIMESTAMPNS = 35
PROGRAM = os.path.join(os.path.dirname(__file__), "../../../target/release/test-server")


def connect(port):
    client = socket.create_connection(("127.0.0.1", port))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    return client


def arrival(client):
    """Reads a response. Returns when it arrived, in nanoseconds."""
    data, ancillary, _, _ = client.recvmsg(65536, 256)
    assert data.startswith(b"HTTP/1.1 200"), data[:80]
    for _, kind, value in ancillary:
        if kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("qq", value)
            return seconds * 1_000_000_000 + nanoseconds
    raise AssertionError("no time of arrival")


def scheduled(process):
    """Returns for how long the threads of a process have run, and waited for a core, in milliseconds."""
    totals = [0, 0]
    for task in os.listdir(f"/proc/{process}/task"):
        with open(f"/proc/{process}/task/{task}/schedstat") as stat:
            run, waited, _ = stat.read().split()
        totals[0] += int(run) / 1e6
        totals[1] += int(waited) / 1e6
    return totals


def measure(port, process, connections, delay, are_open_before):
    """Returns the lateness of each response when it arrived and when the client had it, and the times of the server."""
    selector = selectors.DefaultSelector()
    clients = [connect(port) for _ in range(connections)] if are_open_before else []
    if are_open_before:
        time.sleep(0.5)
    sent, arrived, read = {}, {}, {}
    before = scheduled(process)
    for n in range(connections):
        if not are_open_before:
            clients.append(connect(port))
        sent[clients[n]] = time.time_ns()
        clients[n].send(b"GET /flags/br/br.gif HTTP/1.1\r\nhost: localhost\r\n\r\n")
    sending = (max(sent.values()) - min(sent.values())) / 1e6
    time.sleep(max(0, delay / 2 - sending) / 1000)
    between = scheduled(process)
    for client in clients:
        selector.register(client, selectors.EVENT_READ)
    while len(read) < connections:
        for key, _ in selector.select():
            client = key.fileobj
            if client not in read:
                arrived[client] = arrival(client)
                read[client] = time.time_ns()
                selector.unregister(client)
    after = scheduled(process)
    for client in clients:
        client.close()
    return {
        "sending": sending,
        "reading": between[0] - before[0],
        "writing": after[0] - between[0],
        "waiting": after[1] - before[1],
        "arrived": [(arrived[client] - sent[client]) / 1e6 - delay for client in clients],
        "read": [(read[client] - sent[client]) / 1e6 - delay for client in clients],
    }


def percentiles(lateness):
    cut = statistics.quantiles(lateness, n=100)
    return f"{cut[49]:.1f} ms in the middle, {cut[98]:.1f} ms at the 99th percentile"


def main():
    connections, delay, rounds = (
        int(given) for given in (sys.argv[1:] + ["1000", "500", "5"][len(sys.argv) - 1 :])
    )
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for are_open_before in (True, False):
        print("connections open before" if are_open_before else "connections opened one after another, each with its request")
        measured = in_rounds(connections, delay, rounds, are_open_before)
        for name, one in (("quietest", measured[0]), ("busiest", measured[-1])):
            print(f"  {name} round: the client takes {one['sending']:.1f} ms to send {connections} requests")
            print(
                f"    the server runs {one['reading']:.1f} ms to read them and {one['writing']:.1f} ms to answer them,"
                f" and waits {one['waiting']:.1f} ms for a core"
            )
            print(f"    when the response arrives: {percentiles(one['arrived'])}")
            print(f"    when the client has it:    {percentiles(one['read'])}")
        logged = in_rounds(connections, delay, rounds, are_open_before, "-v")
        in_server = percentiles(logged[0]["in server"])
        print(f"  late in the hands of a server that writes a log, in its quietest round: {in_server}")


def in_rounds(connections, delay, rounds, are_open_before, *options):
    """Measures a server with these options. Returns the rounds, the quietest first."""
    command = [PROGRAM, *options, "--serve", f"0=100:delay={delay}ms"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    server.stdout.readline()
    port = json.loads(server.stdout.readline())["ready"][0]["port"]
    measured = []
    for _ in range(rounds):
        one = measure(port, server.pid, connections, delay, are_open_before)
        if "-v" in options:
            lines = [server.stderr.readline() for _ in range(connections)]
            one["in server"] = [float(line.split()[6]) - delay for line in lines]
        measured.append(one)
    server.terminate()
    server.wait()
    return sorted(measured, key=lambda one: statistics.median(one["arrived"]))


main()
