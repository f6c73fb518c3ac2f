"""The clients: how each is called, and its version."""

import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

# Each has a timeout of 2 seconds as far as it has one, and makes one attempt as far as it can be told to.
CURL = ["curl", "-sS", "-f", "-L", "--max-time", "2"]
WGET = ["wget", "-q", "-T", "2", "-t", "1"]
WGET2 = ["wget2", "-q", "-T", "2s", "-t", "1", "--no-config"]
# Without an allocation, which would take the whole length that is announced from the disk.
ARIA2C = ["aria2c", "-q", "-t", "2", "--connect-timeout=2", "-m", "1", "--no-conf", "--file-allocation=none"]
PYTHON = ("requests", "httpx", "aiohttp")
CLIENTS = ("curl", "wget", "wget2", "aria2c", *PYTHON, "node", "chromium", "flags")


def program(name):
    path = ROOT / "target" / "debug" / name
    if not path.exists():
        sys.exit(f"{path} is missing: cargo build -p flags -p test-server")
    return str(path)


def version_of(client):
    """Returns the version of an installed client, or None."""
    if client in PYTHON:
        command = [sys.executable, "-c", f"import {client}; print({client}.__version__)"]
    elif client == "flags":
        command = [program("flags"), "--version"]
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


def command(client, scenario, base, folder, etag):
    """Returns the command of a client for a scenario with a server at `base`, or None if it cannot do it.

    Files are those of the folder: `br.gif`, `us.gif` in a pair, and `body`, which is to be uploaded.
    """
    br, us = (f"{base}/flags/{code}/{code}.gif" for code in ("br", "us"))
    to_br, to_us, body = (str(folder / name) for name in ("br.gif", "us.gif", "body"))
    if client == "flags":
        return of_flags(scenario, base, folder)
    if client in (*PYTHON, "node"):
        script = [sys.executable, str(HERE / "download.py"), client]
        if client == "node":
            script = ["node", str(HERE / "download.mjs")]
        arguments = {
            "pair": ["get", br, to_br, us, to_us],
            "resume": ["resume", br, to_br, etag],
            "upload": ["upload", f"{base}/post", to_br, body],
        }
        return script + arguments.get(scenario, ["get", br, to_br])
    return {"curl": of_curl, "wget": of_wget, "wget2": of_wget, "aria2c": of_aria2c}[client](
        client, scenario, base, br, us, to_br, to_us, body
    )


def of_flags(scenario, base, folder):
    if scenario == "upload":
        return None
    codes = ["br", "us", "--max_req", "1"] if scenario == "pair" else ["br"]
    return [program("flags"), "-q", "-s", f"{base}/flags", *codes, "--timeout", "2", "--dest", str(folder)]


def of_curl(_, scenario, base, br, us, to_br, to_us, body):
    return CURL + {
        "pair": ["-o", to_br, br, "-o", to_us, us],
        "resume": ["-C", "-", "-o", to_br, br],
        "upload": ["-H", "content-type: text/plain", "--data-binary", f"@{body}", "-o", to_br, f"{base}/post"],
    }.get(scenario, ["-o", to_br, br])


def of_wget(client, scenario, base, br, us, to_br, to_us, body):
    folder = str(pathlib.Path(to_br).parent)
    return (WGET if client == "wget" else WGET2) + {
        "pair": ["-P", folder, br, us],
        # wget2 continues no file that is named by -O.
        "resume": ["-c", "-P", folder, br],
        "upload": ["--header=content-type: text/plain", f"--post-file={body}", "-O", to_br, f"{base}/post"],
    }.get(scenario, ["-O", to_br, br])


def of_aria2c(_, scenario, base, br, us, to_br, to_us, body):
    to = ["-d", str(pathlib.Path(to_br).parent)]
    return {
        "pair": [*ARIA2C, "--allow-overwrite=true", "-Z", "-j", "1", *to, br, us],
        "resume": [*ARIA2C, "-c", *to, "-o", "br.gif", br],
        "upload": None,
    }.get(scenario, [*ARIA2C, "--allow-overwrite=true", *to, "-o", "br.gif", br])
