"""The downloaders, each a function of the work and the folder that runs it to its end."""

import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path

import measure


def own(binary, base):
    """Returns the concurrent strategies of flags."""
    def with_strategy(strategy):
        def download(work, dest):
            server = ["-s", base + work.path] if work.path else []
            return measure.run([str(binary), "-q", "-m", str(work.connections), "--strategy", strategy, "--dest", str(dest),
                                *server, *work.options])
        return download
    return {f"flags, {strategy}": with_strategy(strategy) for strategy in ("semaphore", "threadpool")}


def curl(work, dest):
    # Without --fail, curl saves the pages of missing files.
    lines = [f'url = "{url}"\noutput = "{dest}/{url.rsplit("/", 1)[1]}"\n' for url in work.urls]
    with listed("".join(lines)) as config:
        return measure.run(["curl", "-q", "--silent", "--fail", "--parallel", "--parallel-immediate", "--parallel-max",
                            str(work.connections), "--config", config.name])


def wget2(work, dest):
    with listed("\n".join(work.urls)) as urls:
        return measure.run(["wget2", "--no-config", "--quiet", f"--max-threads={work.connections}", "--tries=1",
                            f"--directory-prefix={dest}", f"--input-file={urls.name}"])


def aria2c(work, dest):
    with listed("\n".join(work.urls)) as urls:
        return measure.run(["aria2c", "--no-conf", "--quiet", f"--max-concurrent-downloads={work.connections}",
                            "--max-connection-per-server=1", "--file-allocation=none", "--max-tries=1", f"--dir={dest}",
                            f"--input-file={urls.name}"])


def cp(work, dest):
    """Copies the files from their folder, without any server."""
    return measure.run(["cp", "-r", f"{work.folder}/.", str(dest)])


def aiohttp(work, dest):
    with listed("\n".join(work.urls)) as urls:
        script = Path(__file__).with_name("with_aiohttp.py")
        return measure.run([sys.executable, str(script), urls.name, str(dest), str(work.connections)])


def installed_peers(names):
    peers = {"curl": ("curl -Z", curl), "wget2": ("wget2", wget2), "aria2c": ("aria2c", aria2c), "aiohttp": ("aiohttp", aiohttp)}
    return dict(peers[name] for name in names if shutil.which(name) or importlib.util.find_spec(name))


def listed(text):
    """Returns a temporary file with this text."""
    file = tempfile.NamedTemporaryFile("w", dir="/dev/shm")
    file.write(text)
    file.flush()
    return file
