"""A server on a free port of this machine, which serves the flags from a folder: nginx, or test-server where that is missing."""

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

CONFIG = """
daemon off;
worker_processes auto;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    sendfile on;
    keepalive_requests 100000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    types {{ image/gif gif; }}
    server {{ listen 127.0.0.1:{port} backlog=4096; root {folder}/root; }}
    {secure}
}}
"""


SECURE = """
    server {{
        listen 127.0.0.1:{port} ssl http2 backlog=4096;
        root {folder}/root;
        ssl_certificate {folder}/certificate.pem;
        ssl_certificate_key {folder}/key.pem;
    }}
"""


@dataclass
class Files:
    folder: Path
    # The content of each file by name.
    files: dict


@dataclass
class Site:
    base: str
    # The content of each flag by file name.
    files: dict
    server: str
    root: Path
    # The same over TLS, with HTTP/1.1 and HTTP/2, and the file of its certificate.
    secure_base: str = ""
    certificate: str = ""

    def with_copies(self, number):
        """Adds a folder `many` with this many copies of the flags, and returns its files."""
        folder, flags = self.root / "many", list(self.files.values())
        folder.mkdir()
        files = {f"{i:05}.gif": flags[i % len(flags)] for i in range(number)}
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return Files(folder, files)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def make_certificate(folder):
    """Makes a certificate for this machine that is signed by itself."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-addext", "basicConstraints=critical,CA:FALSE",
                    "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"], check=True, capture_output=True)


@contextlib.contextmanager
def serve(flags, folder, tls=False):
    """Serves the flags that the program itself brings, until the block ends. With `tls`, over TLS as well, which needs nginx."""
    saved = folder / "saved"
    subprocess.run([flags, "-q", "-a", "--dest", saved], check=True, stdout=subprocess.DEVNULL)
    files = {path.name: path.read_bytes() for path in saved.iterdir()}
    for name, content in files.items():
        place = folder / "root" / "flags" / name.removesuffix(".gif")
        place.mkdir(parents=True)
        (place / name).write_bytes(content)
    port, secure_port = free_port(), free_port()
    test_server = flags.with_name("test-server")
    if nginx := shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin"):
        version = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=True).stderr.split()[-1]
        command = with_nginx(nginx, folder, port, secure_port if tls else None)
    elif tls or not test_server.exists():
        sys.exit("*** Error: nginx is not installed")
    else:
        version = "test-server"
        command = [test_server, "--serve", str(port), "--root", folder / "root"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            wait_for(port)
            yield Site(f"http://127.0.0.1:{port}", files, version, folder / "root", f"https://127.0.0.1:{secure_port}",
                       str(folder / "certificate.pem"))
        finally:
            server.terminate()


def with_nginx(nginx, folder, port, secure_port):
    """Returns the command that starts nginx."""
    secure = ""
    if secure_port:
        make_certificate(folder)
        secure = SECURE.format(folder=folder, port=secure_port)
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, port=port, secure=secure))
    # Its workers run as another user, who must be able to read the files.
    folder.chmod(0o755)
    return [nginx, "-c", config, "-e", folder / "error.log"]


def wait_for(port):
    for _ in range(500):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    sys.exit("*** Error: the server does not listen")
