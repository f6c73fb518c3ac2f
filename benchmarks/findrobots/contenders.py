"""The commands that run.py measures.

Each prints hosts, except those that only decompress, which print nothing. A command is a list of arguments; pipelines
run in a shell. Commands that are not installed are left out and reported.
"""

import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
BARE = "bare libdeflate-gunzip"
AWK = """mawk '$7 == "/robots.txt" { print $1 }' | sort -u"""


@dataclass
class Contender:
    """A command with the name of its row. `answers` is whether it prints hosts."""

    name: str
    argv: list
    answers: bool = True


def threads(workers):
    return f"findrobots threads -j {workers}"


def processes(workers):
    return f"findrobots processes -j {workers}"


def findrobots(program, target, cpus):
    """Returns the rows of findrobots: each executor with all cores, then one and two threads."""
    def with_options(name, *options):
        return Contender(name, [program, *options, str(target)])

    return [
        *[with_options(threads(workers), "--executor", "threads", "-j", str(workers)) for workers in sorted({1, 2, cpus})],
        with_options(processes(cpus), "--executor", "processes", "-j", str(cpus)),
        with_options("findrobots sequential", "--executor", "sequential"),
    ]


def originals(folder):
    """Returns the rows of the original programs in Python, with their default number of workers."""
    def original(executor):
        return Contender(f"Python {executor}", [sys.executable, str(HERE / "original.py"), executor, str(folder)])

    return [original(executor) for executor in ("sequential", "threads", "processes")]


def shell(name, command, answers=True):
    return Contender(name, ["sh", "-c", command], answers)


def rg_name(cpus):
    return f"rg -z -j{cpus}, mawk, sort -u"


def peers(folder, cpus):
    """Returns the rows of the usual tools that are installed."""
    logs = shlex.quote(str(folder))
    rg = f"rg -z -j{cpus} -I -N -F -g '*.log.gz' /robots.txt {logs} | {AWK}"
    zgrep = f"zgrep -h -F /robots.txt {logs}/*.log.gz | {AWK}"
    return [
        *([shell(rg_name(cpus), rg)] if installed("rg", "ripgrep") and installed("mawk", "mawk") else []),
        *([shell("zgrep, mawk, sort -u", zgrep)] if installed("zgrep", "gzip") and installed("mawk", "mawk") else []),
    ]


def bare(folder, cpus):
    """Returns the rows that only decompress: one process, then one per core, largest file first."""
    if not installed("libdeflate-gunzip", "libdeflate-tools"):
        return []
    enter = f"cd {shlex.quote(str(folder))} && "
    each = f"ls -S *.log.gz | xargs -d '\\n' -n1 -P{cpus} libdeflate-gunzip -c >/dev/null"
    return [
        shell(BARE, f"{enter}libdeflate-gunzip -c *.log.gz >/dev/null", answers=False),
        shell(bare_name(cpus), enter + each, answers=False),
    ]


def bare_one(file):
    """Returns the row that only decompresses one file, unless it is plain text."""
    if file.suffix != ".gz" or not installed("libdeflate-gunzip", "libdeflate-tools"):
        return []
    return [shell(BARE, f"libdeflate-gunzip -c {shlex.quote(str(file))} >/dev/null", answers=False)]


def bare_name(cpus):
    return f"{BARE}, xargs -P{cpus}"


def installed(tool, package):
    if shutil.which(tool):
        return True
    print(f"left out: {tool} (apt-get install {package})", file=sys.stderr)
    return False


def duckdb(folder, cpus):
    """Returns the row of DuckDB, installed with pip in a folder beside the logs if necessary; no row if pip fails."""
    home = folder / ".duckdb"
    python = home / "bin" / "python"
    try:
        if not (home / "ready").exists():
            subprocess.run([sys.executable, "-m", "venv", home], check=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", "duckdb"], check=True, stdout=sys.stderr)
            (home / "ready").touch()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"left out: DuckDB ({error})", file=sys.stderr)
        return []
    return [Contender(f"DuckDB, {cpus} threads", [str(python), str(HERE / "query.py"), str(cpus), str(folder)])]
