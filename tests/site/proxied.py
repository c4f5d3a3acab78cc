"""The proxy of the compose file as it runs on this machine, and what stands behind it in tests."""

from __future__ import annotations

import http.client
import os
import re
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from shutil import copyfile
from socketserver import ThreadingUnixStreamServer
from typing import Any

from bench import nginx
from statusportal.public.pages import CACHE_CONTROL

ROOT = Path(__file__).parents[2]
CONFIGURATION = (ROOT / "docker" / "nginx.conf").read_text(encoding="utf-8")
PATIENCE_S = 60.0
# Of the head of a copy, since nginx 1.11.10: the version of the format, and until when it is new.
_COPY = struct.Struct("@lq")
_COPY_FORMAT = 5


def on_this_machine(folder: Path, **more: str) -> str:
    """The repository's own configuration with what differs between a container and a machine.

    `{address}` stands for where it listens; the portal is at `folder/portal.sock`. `more` is
    replaced too. Each has to be there, or a test would run something else than it says.
    """
    text = CONFIGURATION
    pages = folder / "pages"
    for there, here in (
        # Known since nginx 1.27.3; a container's name moves, this one does not.
        (r"^ *resolver 127\.0\.0\.11 [^;]+;$", ""),
        (r"\bserver web:8000 resolve ", f"server unix:{folder}/portal.sock "),
        (r"\blisten 8080 ", "listen {address} "),
        # On a machine of many cores each test would start as many.
        (r"\bworker_processes auto;", "worker_processes 1;"),
        (r" /etc/nginx/pages;", f" {pages};"),
        (r" /var/cache/nginx/portal ", f" {folder}/copies "),
        (r"\bpid /tmp/nginx\.pid;", f"pid {folder}/nginx.pid;"),
        *((re.escape(one), other) for one, other in more.items()),
    ):
        text, times = re.subn(there, here, text, flags=re.MULTILINE)
        assert times >= 1, there
    text, times = re.subn(r"_temp_path /tmp/", f"_temp_path {folder}/", text)
    assert times == text.count("_temp_path ") == 5
    left = [path for path in ("/tmp/", "/var/") if path in text.replace(str(folder), "")]
    assert left == []
    pages.mkdir()
    copyfile(ROOT / "docker" / "unavailable.html", pages / "unavailable.html")
    return text


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader was sent; names of headers in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def copy(self) -> str | None:
        """What the proxy says of its copy: MISS, HIT, STALE, …; None where it looks for none."""
        return self.headers.get("x-cache")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A running proxy."""

    port: int
    folder: Path

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Ask it; `accept_encoding` is sent as Accept-Encoding, and nothing else is sent."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in ({"host": "localhost"} | headers).items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            answer = connection.getresponse()
            heads = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, heads, answer.read())
        finally:
            connection.close()

    def age(self, seconds: int) -> None:
        """Make every copy so much older, which is quicker than waiting."""
        # The reader has the answer a moment before its copy has its name.
        until(lambda: not any("." in path.name for path in self._copies()))
        copies = self._copies()
        assert copies
        for path in copies:
            with path.open("r+b") as file:
                version, valid_until = _COPY.unpack(file.read(_COPY.size))
                assert version == _COPY_FORMAT
                file.seek(0)
                file.write(_COPY.pack(version, valid_until - seconds))

    def _copies(self) -> list[Path]:
        return list(self.folder.glob("copies/*/*/*"))


@contextmanager
def proxy(folder: Path, **more: str) -> Iterator[Proxy]:
    """The proxy in front of what listens, or does not, at `folder/portal.sock`."""
    with nginx.running(on_this_machine(folder, **more), folder) as running:
        yield Proxy(running.port, folder)


def until(holds: Callable[[], bool]) -> None:
    """Wait for what is on its way."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@dataclass
class StandIn:
    """In the portal's place: answers every address with a page that says who asks for what.

    It counts its answers, so that no two are the same, and can go and come back.
    """

    folder: Path
    headers: dict[str, str] = field(
        default_factory=lambda: {
            "Cache-Control": CACHE_CONTROL,
            "Vary": "Accept-Encoding, HX-Request",
        }
    )
    status: int = 200
    asked: list[str] = field(default_factory=list)
    # While it is cleared, who asks waits.
    answers: threading.Event = field(default_factory=threading.Event)
    _server: ThreadingUnixStreamServer | None = None
    _thread: threading.Thread | None = None

    def come(self) -> None:
        path = self.folder / "portal.sock"
        path.unlink(missing_ok=True)
        self.answers.set()
        self._server = _Server(str(path), _handler(self))
        # The proxy may run as another user.
        path.chmod(0o777)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def go(self) -> None:
        if self._server is None or self._thread is None:
            return
        self.answers.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = None

    def page(self, method: str, path: str, headers: Any) -> bytes:
        self.asked.append(f"{method} {path}")
        words = ("Accept-Encoding", "HX-Request", "Accept-Language", "Cookie", "Authorization")
        said = [f"{name}={headers.get(name, '')}" for name in words]
        return f"{len(self.asked)} {path} {' '.join(said)}".encode()


class _Server(ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked did not wait for the answer: nothing to be said."""


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = stand_in.page(self.command, self.path, self.headers)
            stand_in.answers.wait(PATIENCE_S)
            self.send_response(stand_in.status)
            for name, value in stand_in.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def environment(folder: Path) -> dict[str, str]:
    """For a web process that has its last-good file and nothing else in the world."""
    return {
        **os.environ,
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "REDIS_URL": f"unix://{folder}/no-redis.sock",
        "LAST_GOOD_FILE": str(folder / "last-good" / "snapshot.json"),
        "PUBLIC_URL": "http://localhost",
    }
