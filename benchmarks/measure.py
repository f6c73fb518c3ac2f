"""Runs one command and measures it: wall time, CPU time, peak memory and a checksum of its answer.

Wall and CPU time come from `wait4`, which includes all processes that the command waited for. Peak memory comes from GNU
time in a run of its own: a process started by Python is never reported with less memory than Python itself, because the
kernel counts the moments before exec. It is that of the largest single process; children are not summed.
Knows nothing of findrobots.
"""

import hashlib
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT = dict(os.environ, LC_ALL="C")


@dataclass
class Run:
    """The result of one run. `answer` is the checksum of the sorted distinct lines on standard output."""

    wall: float
    cpu: float
    code: int
    lines: int
    answer: str
    complaint: str


def checksum(lines):
    return hashlib.sha256(b"\n".join(sorted(set(lines)))).hexdigest()


def run(argv):
    """Runs a command to its end, with its output in temporary files."""
    with tempfile.TemporaryDirectory() as folder:
        names = [f"{folder}/out", f"{folder}/err"]
        actions = [(os.POSIX_SPAWN_OPEN, number, name, os.O_CREAT | os.O_WRONLY, 0o600)
                   for number, name in zip((1, 2), names)]
        program = shutil.which(argv[0]) or argv[0]
        start = time.perf_counter()
        pid = os.posix_spawn(program, argv, ENVIRONMENT, file_actions=actions)
        _, status, usage = os.wait4(pid, 0)
        wall = time.perf_counter() - start
        lines = Path(names[0]).read_bytes().split(b"\n")[:-1]
        complaint = Path(names[1]).read_text("utf-8", "replace").strip()
    code = os.waitstatus_to_exitcode(status)
    return Run(wall, usage.ru_utime + usage.ru_stime, code, len(lines), checksum(lines), complaint)


def peak_mib(argv):
    """Returns the peak memory of the largest process of a command in MiB."""
    with tempfile.NamedTemporaryFile("r") as report:
        run(["/usr/bin/time", "--quiet", "--format", "%M", "--output", report.name, *argv])
        return int(report.read().split()[-1]) / 1024
