"""nginx on loopback for a measurement or a test: without root, in a folder of its own.

What starts it ends it. Its output, errors too, goes to `nginx.log` of that folder.
"""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from statusportal.embedded.folders import unprivileged_account
from statusportal.embedded.processes import die_with_parent

# Debian keeps it where an ordinary user does not look.
_MORE_FOLDERS = "/usr/sbin:/usr/local/sbin"
_GRACE_S = 10

_STATIC = """
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/client_body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    default_type "text/html; charset=utf-8";
    sendfile on;
    # Nobody is sent away in the middle of a turn.
    keepalive_requests 100000000;
    server {{
        listen {address};
        root {folder}/files;
        location / {{
            {compressed};
            try_files /page.html =404;
        }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running nginx: its main process, its port on 127.0.0.1, its folder."""

    process: subprocess.Popen[bytes]
    port: int
    folder: Path


def program() -> str | None:
    """Where nginx is on this machine; None where it is not."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:{_MORE_FOLDERS}")


@contextmanager
def own_folder() -> Iterator[Path]:
    """A folder that belongs to whom nginx runs as, and is gone afterwards.

    Not below pytest's own, which is closed to others: where root runs this, nginx has another user.
    """
    with tempfile.TemporaryDirectory(prefix="portal-nginx-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        _hand_over(folder)
        yield folder


@contextmanager
def running(configuration: str, folder: Path) -> Iterator[Nginx]:
    """nginx with this configuration, in which `{address}` stands for where it listens.

    It is there to be asked at once: the socket is open before nginx is, so nobody else can take
    the port, and who asks too early waits in the kernel.
    """
    nginx = program()
    if nginx is None:
        raise FileNotFoundError("No nginx on this machine.")
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", 0))
        listening.listen(512)
        port = listening.getsockname()[1]
        file = folder / "nginx.conf"
        file.write_text(configuration.replace("{address}", f"127.0.0.1:{port}"), encoding="utf-8")
        account = unprivileged_account()
        with (folder / "nginx.log").open("ab") as log:
            # It opens /dev/stderr by name, as itself.
            _hand_over(folder / "nginx.log")
            process = subprocess.Popen(
                [nginx, "-e", "stderr", "-c", str(file), "-g", "daemon off;"],
                cwd=folder,
                # By this it is told of sockets that are open already.
                env=os.environ | {"NGINX": f"{listening.fileno()};"},
                pass_fds=[listening.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                # Safe here: it only calls a C function that was looked up before the fork.
                preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509
            )
    try:
        yield Nginx(process, port, folder)
    finally:
        process.terminate()
        try:
            process.wait(timeout=_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def static(content: bytes) -> Iterator[Nginx]:
    """One worker that answers every address with a file, these gzip-compressed bytes.

    By `gzip_static` where that was built in, else the bytes as they are, under the same header.
    """
    with own_folder() as folder:
        files = folder / "files"
        files.mkdir()
        page, packed = files / "page.html", files / "page.html.gz"
        if _has_gzip_static():
            compressed = "gzip_static on"
            page.write_bytes(gzip.decompress(content))
            packed.write_bytes(content)
        else:
            compressed = "add_header Content-Encoding gzip"
            page.write_bytes(content)
        # Names are put in by hand: `{address}` is for `running`.
        text = _STATIC.format(folder=folder, compressed=compressed, address="{address}")
        with running(text, folder) as nginx:
            yield nginx


def _has_gzip_static() -> bool:
    done = subprocess.run(
        [program() or "nginx", "-V"], capture_output=True, text=True, check=True, timeout=10
    )
    return "http_gzip_static_module" in done.stderr


def _hand_over(path: Path) -> None:
    account = unprivileged_account()
    if account is not None:
        os.chown(path, account.uid, account.gid)
