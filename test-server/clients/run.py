#!/usr/bin/env python3
"""Puts HTTP clients before every fault of test-server, and writes docs/clients.md with what their users get.

    cargo build -p flags -p test-server
    test-server/clients/run.py                  # all clients that are installed; about ten minutes
    test-server/clients/run.py --check flags    # one column again: fails where the table differs

Each cell is a run of its own, with a fresh server and a fresh folder. The verdict compares the file with the flag.
"""

import argparse
import concurrent.futures
import json
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import urllib.request

import in_chromium
import scenarios
import table
from commands import CLIENTS, PYTHON, command, program, version_of

# What a client may take, beyond its own timeout of 2 seconds, until it is called hanging, and the most bytes it may write.
LONGEST_SECONDS = 8
LONGEST_FILE = 100 << 20


class Process:
    """A process of test-server with one server on a free port."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([program("test-server"), *arguments], stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.startswith('{"ready":'):
                self.port = json.loads(line)["ready"][0]["port"]
                return
        raise RuntimeError(f"the server has not started: {arguments}")

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class Server:
    """A server with these faults for every request."""

    def __init__(self, words, *options):
        self.processes = [Process("--serve", f"0=100:{words}", *options)]
        if words in scenarios.SLOWED:
            slow = f"100:tcp-bandwidth={scenarios.SLOW}"
            self.processes.append(Process("--tcp", f"0=127.0.0.1:{self.processes[0].port}={slow}"))
        self.port = self.processes[-1].port
        self.base = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.stop()

    def get(self, path):
        """Returns the body and the headers of a response."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.base + path, timeout=10) as response:
            return response.read(), response.headers

    def attempts(self):
        stats = json.loads(self.get("/__stats")[0])
        return stats["codes"].get("br", {"attempts": 0})["attempts"]


def read_flags():
    """Returns the flags that are downloaded, by their codes, and the ETag of the first one."""
    with Server("delay=1ms") as server:
        flags = {code: server.get(f"/__flag/{code}.gif")[0] for code in ("br", "us")}
        return flags, server.get("/__flag/br.gif")[1]["etag"]


def limit_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (LONGEST_FILE, LONGEST_FILE))


class Cell:
    """One client before one fault."""

    def __init__(self, client, words, scenario, flags, etag):
        self.client, self.words, self.scenario, self.flags = client, words, scenario, flags
        self.action = scenario.name.removesuffix("-old")
        self.etag = '"0123456789abcdef"' if scenario is scenarios.RESUME_OLD else etag
        beginning = flags["br"][: scenarios.BEGINNING]
        if scenario is scenarios.RESUME_OLD:
            beginning = bytes(byte ^ 0xFF for byte in beginning)
        self.beginning = beginning
        self.upload = ("0123456789" * scenarios.UPLOADED)[: scenarios.UPLOADED]
        # How many requests for the flag have come in this cell.
        self.attempts = None

    def server(self):
        return Server(self.words, *(["--httpbin"] if self.action == "upload" else []))

    def verdict(self):
        """Returns what the user of the client gets."""
        with self.server() as server:
            result = self.result(server)
            if self.words != "backlog-full":
                self.attempts = server.attempts()
        return result

    def result(self, server):
        if self.action == "again":
            return "; ".join([self.run(server), self.run(server)])
        if self.action == "together":
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                # Which of the two comes first is not known.
                return " & ".join(sorted(pool.map(lambda _: self.run(server), range(2)), reverse=True))
        return self.run(server)

    def run(self, server):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            if self.action == "resume" and self.client != "flags":
                (folder / "br.gif").write_bytes(self.beginning)
            if self.action == "upload":
                (folder / "body").write_text(self.upload)
            arguments = command(self.client, self.action, server.base, folder, self.etag)
            if arguments is None:
                return "none"
            code, complaint = run_command(arguments, folder)
            return self.judge(code, complaint if self.client in (*PYTHON, "node") else [], folder)

    def judge(self, code, complaint, folder):
        files = {file.stem: file for file in folder.rglob("*.gif") if file.is_file()}
        is_full = any(file.stat().st_size >= LONGEST_FILE for file in files.values())
        if code is None or is_full or code == -signal.SIGXFSZ:
            # The runner has ended it, or stopped it from writing: no result of its own.
            return "hang"
        if code != 0:
            return f"error {complaint[0] if complaint else code}"
        wanted = ["br", "us"] if self.action == "pair" else ["br"]
        contents = {code: files[code].read_bytes() if code in files else None for code in wanted}
        if self.client == "flags" and None in contents.values():
            # 404 is an answer of the server: the code is reported as not found, and there is no file.
            return "not found"
        if all(self.is_right(code, content) for code, content in contents.items()):
            return "file"
        return f"**false success**, {sum(len(content or b'') for content in contents.values())} bytes"

    def is_right(self, code, content):
        if self.action != "upload":
            return content == self.flags[code]
        try:
            return json.loads(content)["data"] == self.upload
        except (TypeError, ValueError, KeyError):
            return False


def run_command(arguments, folder):
    """Runs a client and returns its exit code (None if it hangs) and the last word of its complaint."""
    process = subprocess.Popen(
        arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, errors="replace", preexec_fn=limit_files, cwd=folder,
    )
    try:
        _, complaint = process.communicate(timeout=LONGEST_SECONDS)
        return process.returncode, complaint.split()[-1:]
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None, []


class ChromiumCell(Cell):
    def __init__(self, browser, *rest):
        super().__init__("chromium", *rest)
        self.browser = browser

    def result(self, server):
        if self.words == "backlog-full":
            return "not run: its page cannot be opened"
        results = in_chromium.run(
            self.browser, server.port, self.action, self.etag, self.beginning, self.upload
        )
        contents = [self.flags["br"], self.flags["us" if self.action == "pair" else "br"]]
        verdicts = [in_chromium.verdict(*pair) for pair in zip(results, contents)]
        if self.action == "pair":
            return "file" if verdicts == ["file", "file"] else "; ".join(verdicts)
        if self.action == "together":
            return " & ".join(sorted(verdicts, reverse=True))
        return "; ".join(verdicts)


def rows():
    listing = subprocess.run([program("test-server"), "--list-faults"], capture_output=True, text=True, check=True)
    lines = listing.stdout.splitlines()
    return scenarios.rows([line.split()[0].replace("(", "=").replace("[", "=").split("=")[0] for line in lines])


def column(client, flags, etag):
    """Returns the verdict of a client for each fault, and how many attempts it made at `close`."""
    if client != "chromium":
        cells = {name: Cell(client, *row, flags, etag) for name, row in rows().items()}
        # Most of the time they wait.
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            verdicts = dict(zip(cells, pool.map(Cell.verdict, cells.values())))
        return confirmed(client, cells, verdicts), cells["close"].attempts
    browser = in_chromium.start()
    try:
        cells = {name: ChromiumCell(browser, *row, flags, etag) for name, row in rows().items()}
        verdicts = {name: cell.verdict() for name, cell in cells.items()}
        return confirmed(client, cells, verdicts), cells["close"].attempts
    finally:
        browser.close()


def confirmed(client, cells, verdicts):
    """Runs the cells again that differ from the table, alone: on a busy machine, a client may be later than its timeout.

    The result that comes twice counts.
    """
    known = table.written(client)
    for name, cell in cells.items():
        results = [verdicts[name]]
        while results[0] != known.get(cell.words) and len(results) < 3 and len(set(results)) == len(results):
            results.append(cell.verdict())
        verdicts[name] = max(results, key=results.count)
    return verdicts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", metavar="CLIENT", choices=CLIENTS, help="run one column again and compare it")
    args = parser.parse_args()
    flags, etag = read_flags()
    if args.check:
        now, _ = column(args.check, flags, etag)
        differences = table.differences(args.check, now, rows())
        for line in differences:
            print(line, file=sys.stderr)
        sys.exit(1 if differences else 0)
    versions = {client: version for client in CLIENTS if (version := version_of(client))}
    columns, attempts = {}, {}
    for client in versions:
        print(client, versions[client], flush=True)
        columns[client], attempts[client] = column(client, flags, etag)
    table.write(columns, versions, attempts, rows(), LONGEST_SECONDS, LONGEST_FILE >> 20)
    # A GIF with another colour is a GIF all the same.
    cells = columns.get("flags", {}).items()
    false = [fault for fault, cell in cells if "false success" in cell and fault != "corrupt"]
    if false:
        sys.exit(f"flags has false successes: {false}")


if __name__ == "__main__":
    main()
