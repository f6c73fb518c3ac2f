"""Prints how late the responses to simultaneous requests are, and whose queue makes them late.

Starts a server with a delay, sends it many requests at once, each on a connection of its own, and reads from the kernel when
each response arrived: with this time, the client's own queue does not count. The server's log says how long each request was
in its hands. Needs Linux, and a release build of test-server.

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


def measure(port, connections, are_open_before):
    """Returns when each request was sent, when its response arrived, and when the client had it."""
    selector = selectors.DefaultSelector()
    clients = [connect(port) for _ in range(connections)] if are_open_before else []
    if are_open_before:
        time.sleep(0.5)
    sent, arrived, read = {}, {}, {}
    for n in range(connections):
        if not are_open_before:
            clients.append(connect(port))
        sent[clients[n]] = time.time_ns()
        clients[n].send(b"GET /flags/br/br.gif HTTP/1.1\r\nhost: localhost\r\n\r\n")
    for client in clients:
        selector.register(client, selectors.EVENT_READ)
    while len(read) < connections:
        for key, _ in selector.select():
            client = key.fileobj
            if client not in read:
                arrived[client] = arrival(client)
                read[client] = time.time_ns()
                selector.unregister(client)
    for client in clients:
        client.close()
    first, last = min(sent.values()), max(sent.values())
    return [(sent[client], arrived[client], read[client]) for client in clients], (last - first) / 1e6


def percentiles(values):
    cut = statistics.quantiles(values, n=100)
    return f"{cut[49]:5.1f} ms in the middle, {cut[98]:5.1f} ms at the 99th percentile"


def main():
    connections, delay, rounds = (
        int(given) for given in (sys.argv[1:] + ["1000", "500", "5"][len(sys.argv) - 1 :])
    )
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for are_open_before in (True, False):
        log = subprocess.PIPE
        command = [PROGRAM, "-v", "--serve", f"0=100:delay={delay}ms"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        server.stdout.readline()
        port = json.loads(server.stdout.readline())["ready"][0]["port"]
        times, spans = [], []
        for _ in range(rounds):
            one, span = measure(port, connections, are_open_before)
            times += one
            spans.append(span)
        server.terminate()
        lines = server.stderr.read().splitlines()
        in_server = [float(line.split()[6]) - delay for line in lines]
        print("connections open before" if are_open_before else "connections opened at once")
        print(f"  the client takes {statistics.median(spans):.1f} ms to send {connections} requests")
        print(f"  in the hands of the server:  {percentiles(in_server)}")
        print(f"  until the response arrives:  {percentiles([(a - s) / 1e6 - delay for s, a, _ in times])}")
        print(f"  until the client has it:     {percentiles([(r - s) / 1e6 - delay for s, _, r in times])}")


main()
