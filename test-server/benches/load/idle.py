"""Prints the resident memory of a server per idle connection.

Opens 10,000 connections that each get one response and stay open.

Usage: idle.py PORT PID
"""

import resource
import socket
import sys
import time

CONNECTIONS = 10_000


def resident_kb(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


port, pid = int(sys.argv[1]), sys.argv[2]
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
before = resident_kb(pid)
clients = []
for _ in range(CONNECTIONS):
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(b"GET /flags/br/br.gif HTTP/1.1\r\nhost: localhost\r\n\r\n")
    clients.append(client)
for client in clients:
    client.recv(65536)
time.sleep(1)
print(f"port {port}: {(resident_kb(pid) - before) / CONNECTIONS:.1f} kB per idle connection")
