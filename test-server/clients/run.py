#!/usr/bin/env python3
"""Puts HTTP clients before every fault of test-server, and writes docs/clients.md with what their users get.

    cargo build -p flags -p test-server
    test-server/clients/run.py                  # all clients that are installed; about ten minutes
    test-server/clients/run.py --check flags    # one column again: fails where the table differs

Each cell is a run of its own, with a fresh server and a fresh folder. The verdict compares the file with the flag.
"""

import argparse
import concurrent.futures
import datetime
import hashlib
import json
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TABLE = ROOT / "docs" / "clients.md"
sys.path.insert(0, str(ROOT / ".ci"))

# What a client may take, beyond its own timeout of 2 seconds, until it is called hanging, and the most bytes it may write.
LONGEST_SECONDS = 8
LONGEST_FILE = 100 << 20

# Faults that need an argument or another one beside them, or whose default is too large for so many runs.
ARGUMENTS = {
    "delay": "delay=100ms",
    "hold": "hold=1",
    "transient": "close+transient=1",
    "seq": "seq(503,ok)",
    "limit": "limit=1/h",
    "connections": "connections=1",
    "status": "status=503",
    "retry-after": "status=503+retry-after=1s",
    "reason": 'status=503+reason="x"',
    "read-slowly": "read-slowly=1000",
    "content-type": 'content-type="text/html"',
    "content-encoding": 'content-encoding="gzip"',
    "huge": "huge=1000000",
    "slow-head": "slow-head=5ms",
    "bandwidth": "bandwidth=10000",
    # At the default rate it depends on the machine whether a client that reads on ever looks at the clock.
    "endless-1xx": "endless-1xx=100000",
    "stale": "stale=1",
}

# Only the content tells that something is wrong: no client can know without knowing what it downloads.
UNDETECTABLE = {
    *["empty", "html", "gif-cut", "gif-trailing", "corrupt", "huge", "wrong-charset", "truncate-unframed"],
    *["length-short", "gzip-bomb"],
}


def python_client(library):
    def command(url, path):
        return [sys.executable, str(HERE / "download.py"), library, url, path]

    return command


# The command of each client. Retries are off where they can be.
COMMANDS = {
    "curl": lambda url, path: ["curl", "-sS", "-f", "-L", "--max-time", "2", "-o", path, url],
    "wget": lambda url, path: ["wget", "-q", "-T", "2", "-t", "1", "-O", path, url],
    "wget2": lambda url, path: ["wget2", "-q", "-T", "2s", "-t", "1", "--no-config", "-O", path, url],
    "aria2c": lambda url, path: [
        *["aria2c", "-q", "-t", "2", "--connect-timeout=2", "-m", "1", "--no-conf", "--allow-overwrite=true"],
        *["-d", str(pathlib.Path(path).parent), "-o", pathlib.Path(path).name, url],
    ],
    "requests": python_client("requests"),
    "httpx": python_client("httpx"),
    "aiohttp": python_client("aiohttp"),
    "node": lambda url, path: ["node", str(HERE / "download.mjs"), url, path],
    "chromium": None,
    "flags": None,
}


def version_of(client):
    """Returns the version of an installed client, or None."""
    if client in ("requests", "httpx", "aiohttp"):
        command = [sys.executable, "-c", f"import {client}; print({client}.__version__)"]
    elif client == "flags":
        command = [str(program("flags")), "--version"]
    else:
        command = [client, "--version"]
    if client == "chromium" and not shutil.which("chromedriver"):
        return None
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except OSError:
        return None
    if run.returncode != 0:
        return None
    words = run.stdout.replace("v", " ", 1).split() if client == "node" else run.stdout.split()
    return next((word for word in words if word[0].isdigit()), None)


def program(name):
    path = ROOT / "target" / "debug" / name
    if not path.exists():
        sys.exit(f"{path} is missing: cargo build -p flags -p test-server")
    return path


def faults():
    """Returns the name of each fault with its words in a plan."""
    listing = subprocess.run([program("test-server"), "--list-faults"], capture_output=True, text=True, check=True)
    names = [line.split()[0].replace("(", "=").replace("[", "=").split("=")[0] for line in listing.stdout.splitlines()]
    # Those of TLS need a client that trusts the server, and those of TCP a proxy.
    plain = [name for name in names if not name.startswith(("tls-", "tcp-")) or name == "tls-alert"]
    return {name: ARGUMENTS.get(name, name) for name in plain}


class Server:
    """A server on a free port with this fault for every request."""

    def __init__(self, words):
        command = [program("test-server"), "--serve", f"0=100:{words}"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.startswith('{"ready":'):
                self.port = json.loads(line)["ready"][0]["port"]
                return
        raise RuntimeError(f"the server has not started: {words}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def limit_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (LONGEST_FILE, LONGEST_FILE))


def run_command(client, port, folder):
    """Runs a client and returns its exit code (None if it hangs), the first word of its complaint, and its file."""
    path = folder / "br.gif"
    if client == "flags":
        command = [str(program("flags")), "-q", "-s", f"http://127.0.0.1:{port}/flags", "br", "--timeout", "2"]
        command += ["--dest", str(folder)]
    else:
        command = COMMANDS[client](f"http://127.0.0.1:{port}/flags/br/br.gif", str(path))
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, errors="replace", preexec_fn=limit_files, cwd=folder,
    )
    try:
        _, complaint = process.communicate(timeout=LONGEST_SECONDS)
        code = process.returncode
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        code, complaint = None, ""
    files = [file for file in folder.rglob("*") if file.is_file()]
    whole = [file for file in files if file.name == "br.gif"]
    return code, complaint.split()[-1:] if client in ("requests", "httpx", "aiohttp", "node") else [], whole


def verdict(client, words, flag):
    """Returns what the user of a client gets of a fault."""
    with Server(words) as server, tempfile.TemporaryDirectory() as folder:
        code, complaint, files = run_command(client, server.port, pathlib.Path(folder))
        content = files[0].read_bytes() if files and files[0].stat().st_size < LONGEST_FILE else None
    if code is None or (content is None and files):
        return "hang"
    if code != 0:
        return f"error {complaint[0] if complaint else code}"
    if content == flag:
        return "file"
    if client == "flags" and content is None:
        # 404 is an answer of the server: the code is reported as not found, and there is no file.
        return "not found"
    return f"**false success**, {len(content or b'')} bytes"


# Runs in the page of the server itself, so that no rule about other sites applies. Reads at most 100 MB.
IN_PAGE = """
return (async () => {
  try {
    const response = await fetch("/flags/br/br.gif", {signal: AbortSignal.timeout(2000)});
    if (!response.ok) return ["error", String(response.status)];
    const pieces = [];
    let length = 0;
    if (response.body) {
      const reader = response.body.getReader();
      for (;;) {
        const {done, value} = await reader.read();
        if (done) break;
        pieces.push(value);
        length += value.length;
        if (length > 100e6) return ["hang"];
      }
    }
    const digest = await crypto.subtle.digest("SHA-256", await new Blob(pieces).arrayBuffer());
    const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return ["file", hex, length];
  } catch (error) {
    return ["error", error.name];
  }
})()
"""


def in_chromium(words, flag, browser):
    with Server(words) as server:
        if words == "backlog-full":
            return "not run: its page cannot be opened"
        browser.open(f"http://localhost:{server.port}/")
        kind, *rest = browser.run(IN_PAGE)
    if kind != "file":
        return " ".join([kind, *rest])
    digest, length = rest
    return "file" if digest == hashlib.sha256(flag).hexdigest() else f"**false success**, {length} bytes"


def column(client, flag):
    """Returns the verdict of a client for each fault."""
    cells = faults()
    if client != "chromium":
        # Most of the time they wait.
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            verdicts = pool.map(lambda words: verdict(client, words, flag), cells.values())
            return dict(zip(cells, verdicts))
    from webdriver import Browser

    browser = Browser()
    try:
        return {name: in_chromium(words, flag, browser) for name, words in cells.items()}
    finally:
        browser.close()


def read_flag():
    with Server("delay=1ms") as server:
        url = f"http://127.0.0.1:{server.port}/__flag/br.gif"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return opener.open(url, timeout=10).read()


HEAD = """\
# Clients and faults

What a user of each client gets of each fault of [test-server](../test-server): `file` is the whole flag, `error` an exit
code other than 0 or an exception, `hang` no end within {seconds} seconds or {megabytes} MB, and **false success** an exit
code of 0, or no exception, with another file or none. -25 is the signal for a file above {megabytes} MB. Each client has a
timeout of 2 seconds, as far as it has one: some count it from the last byte. wget, wget2, aria2c and flags are told to
make one attempt, as curl does by itself. The server answers every request with the fault in the first column. The
faults of TLS and of TCP, which need another server, are not in the table.

Written on {date} by `test-server/clients/run.py`, which runs each cell with a server of its own. CI runs the column of
flags again and fails where it differs.

Of a fault with the mark † only the content tells: no client can know without knowing what it downloads. flags knows
that a flag is a GIF, so only `corrupt` is left, because a GIF has no checksum. In lists (`--input`), where a file may be
anything, it cannot tell either.

"""


def write(columns, versions):
    names = list(columns)
    lines = [HEAD.format(seconds=LONGEST_SECONDS, megabytes=LONGEST_FILE >> 20, date=datetime.date.today())]
    lines.append("| fault | " + " | ".join(f"{name} {versions[name]}" for name in names) + " |\n")
    lines.append("| --- |" + " --- |" * len(names) + "\n")
    for fault, words in faults().items():
        mark = " †" if fault in UNDETECTABLE else ""
        words = words.replace("|", "\\|")
        cells = " | ".join(columns[name][fault] for name in names)
        lines.append(f"| `{words}`{mark} | {cells} |\n")
    lines.append("\n## False successes\n\n")
    lines.append("Of the faults without the mark:\n\n| client | false successes | hangs |\n| --- | --- | --- |\n")
    for name in names:
        told = [cell for fault, cell in columns[name].items() if fault not in UNDETECTABLE]
        false = sum("false success" in cell for cell in told)
        lines.append(f"| {name} | {false} | {sum(cell == 'hang' for cell in told)} |\n")
    TABLE.write_text("".join(lines))


def written(client):
    """Returns the column of a client in the table."""
    rows = [line[2:-3].split(" | ") for line in TABLE.read_text().splitlines(True) if line.startswith("| ")]
    rows = rows[: rows.index(["client", "false successes", "hangs"])]
    head, *body = [row for row in rows if row[0] != "---"]
    at = next(i for i, name in enumerate(head) if name.split()[0] == client)
    return {row[0].split("`")[1].replace("\\|", "|"): row[at] for row in body}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", metavar="CLIENT", choices=COMMANDS, help="run one column again and compare it")
    args = parser.parse_args()
    flag = read_flag()
    if args.check:
        now = column(args.check, flag)
        table = written(args.check)
        words = faults()
        wrong = [
            f"{words[name]}: {now[name]}, but docs/clients.md says {table.get(words[name])}"
            for name in now
            if now[name] != table.get(words[name])
        ]
        for line in wrong:
            print(line, file=sys.stderr)
        sys.exit(1 if wrong or len(table) != len(now) else 0)
    versions = {client: version for client in COMMANDS if (version := version_of(client))}
    columns = {}
    for client in versions:
        print(client, versions[client], flush=True)
        columns[client] = column(client, flag)
    write(columns, versions)
    flags = columns.get("flags", {}).items()
    # A GIF with another colour is a GIF all the same.
    false = [fault for fault, cell in flags if "false success" in cell and fault != "corrupt"]
    if false:
        sys.exit(f"flags has false successes: {false}")


if __name__ == "__main__":
    main()
