"""The hot page beside the same server's bare app that answers the same bytes, and nginx's file.

The servers run at once, one process each, and are asked turn by turn. What counts is the CPU
that each of them spends on a request: whoever asks needs the other core and would be the limit.
Turns are short, because the machine changes from one moment to the next, and summed up over several
steps of the reader, so that the portal's own thread has its share.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from bench import nginx
from bench.live import _belongs, _cpu_s, _parents
from bench.table import Row
from statusportal.public import reader

_AT_ONCE = 16
_TURN_S = 0.5
_TURNS = 8 * int(reader.STEP.total_seconds())
_CONNECTIONS = 200
_ASKED_S = 5.0


@dataclass(frozen=True, slots=True)
class Server:
    """A granian, or an nginx, with one worker."""

    process: subprocess.Popen[bytes]
    port: int

    def cpu_s(self) -> float:
        parents = _parents()
        return sum(_cpu_s(pid) for pid in parents if _belongs(pid, {self.process.pid}, parents))

    def memory_mb(self) -> float:
        """Resident memory of its largest process."""
        parents = _parents()
        pids = [pid for pid in parents if _belongs(pid, {self.process.pid}, parents)]
        return max(_resident_mb(pid) for pid in pids)


def _resident_mb(pid: int) -> float:
    with suppress(OSError, IndexError, ValueError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024
    return 0.0


@contextmanager
def _server(application: str, port: int, log: Path, **more: str) -> Iterator[Server]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "granian", application, "--interface", "wsgi"),
                *("--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--no-ws"),
                *("--log-level", "warning"),
            ],
            cwd=Path(__file__).resolve().parents[1],
            env=os.environ | more,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Server(process, port)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


def measure(var: Path) -> Iterator[Row]:
    """Hot page, revalidation, many connections, memory; the portal reads what was published."""
    kept = var / "hot-page"
    path = "/ar/"
    with _server("statusportal.wsgi:application", _free_port(), var / "log" / "web.log") as web:
        answer = _first_answer(web, path)
        content = answer.partition(b"\r\n\r\n")[2]
        kept.write_bytes(answer)
        asked = _request(path, web.port)
        with ExitStack() as stack:
            bare = stack.enter_context(
                _server(
                    "bench.bare:application",
                    _free_port(),
                    var / "log" / "bare.log",
                    BENCH_ANSWER=str(kept),
                )
            )
            servers = [web, bare]
            if nginx.program() is not None:
                file = stack.enter_context(nginx.static(content))
                servers.append(Server(file.process, file.port))
                assert _first_answer(servers[-1], path).endswith(content)
            _first_answer(bare, path)
            costs = _costs([Asking(server, path) for server in servers])
        ratio, hot = costs[1] / costs[0], costs[0]
        yield Row(
            "hot page / bare app on the same server",
            0.8,
            ratio,
            "×",
            at_least=True,
            relative=True,
            note=f"{hot * 1e6:.0f} µs of CPU a request, {1 / hot:,.0f} a second and core;"
            f" {len(content) / 1024:.1f} KB compressed; {_beside_a_file(costs)}",
        )
        # One after the other: those who hear 304 ask again at once, and who sends more waits for
        # more, so that with several at a time the two would not be asked alike.
        known, page = _costs(
            [Asking(web, path, knows=True, at_once=1), Asking(web, path, at_once=1)]
        )
        note = f"{known * 1e6:.0f} µs"
        yield Row("304 / hot page", 1.1, known / page, "×", relative=True, note=note)
        p99 = asyncio.run(_many(web.port, asked, len(answer)))
        yield Row(f"hot page, p99 at {_CONNECTIONS} connections", 50, p99 * 1000, "ms")
        for other in ("/en/", "/ar/services/", "/en/services/", "/api/v2/summary.json"):
            _first_answer(web, other)
        for number in range(0, 400, 2):
            _first_answer(web, f"/{'ar' if number % 4 else 'en'}/services/service-{number:05d}/")
        yield Row("memory of a web process", 400, web.memory_mb(), "MB")


def _beside_a_file(costs: list[float]) -> str:
    """What nginx takes for the same bytes out of a pre-compressed file: what no Python can reach,
    and so told without being promised."""
    if len(costs) < 3:
        return "no nginx here to compare with"
    return f"nginx takes {costs[2] * 1e6:.0f} µs for it as a file"


def _request(path: str, port: int, more: str = "") -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAccept-Encoding: gzip\r\n{more}\r\n"
    ).encode()


def _first_answer(server: Server, path: str) -> bytes:
    """The whole answer, once the server is up and has something to say."""
    until = time.monotonic() + 60
    while True:
        try:
            with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
                connection.sendall(_request(path, server.port))
                answer = _read_one(connection)
        except OSError:
            answer = b""
        if answer.startswith(b"HTTP/1.1 200"):
            return answer
        if server.process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{path}: no answer: {answer[:200]!r}")
        time.sleep(0.2)


def _read_one(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return data
        data += part
    head = data.partition(b"\r\n\r\n")[0]
    length = int(_header(head, b"content-length") or 0)
    while len(data) < len(head) + 4 + length:
        part = connection.recv(65536)
        if not part:
            return data
        data += part
    return data


def _header(head: bytes, name: bytes) -> str:
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip().decode()
    return ""


@dataclass(slots=True)
class Asking:
    """Who asks a server for one page, on so many connections, and what that has cost by now.

    Who `knows` the page asks whether it is still the newest, and takes the next one where it is
    not: with the clock some page or other says that something has lasted a minute longer.
    """

    server: Server
    path: str
    knows: bool = False
    at_once: int = _AT_ONCE
    cpu_s: float = 0.0
    told: int = 0
    news: int = 0
    _request: bytes = b""

    def turn(self, seconds: float) -> None:
        """Ask for so long, on connections that are kept."""
        asked = self._request or _request(self.path, self.server.port)
        before, until = self.server.cpu_s(), time.monotonic() + seconds
        connections = [
            socket.create_connection(("127.0.0.1", self.server.port), timeout=30)
            for _n in range(self.at_once)
        ]
        try:
            while time.monotonic() < until:
                for connection in connections:
                    connection.sendall(asked)
                for connection in connections:
                    answer = _read_one(connection)
                    if answer.startswith(b"HTTP/1.1 200"):
                        self.news += 1
                    elif not (self.knows and answer.startswith(b"HTTP/1.1 304")):
                        raise RuntimeError(f"answered {answer[:80]!r}")
                self.told += self.at_once
                if self.knows and answer.startswith(b"HTTP/1.1 200"):
                    tag = _header(answer.partition(b"\r\n\r\n")[0], b"etag")
                    more = f"If-None-Match: {tag}\r\n"
                    asked = self._request = _request(self.path, self.server.port, more)
        finally:
            for connection in connections:
                connection.close()
        self.cpu_s += self.server.cpu_s() - before


def _costs(askers: list[Asking]) -> list[float]:
    """CPU of each server for one request, in seconds, the askers taking turns."""
    for asker in askers:
        # To warm it.
        asker.turn(_TURN_S)
        asker.cpu_s, asker.told, asker.news = 0.0, 0, 0
    for _turn in range(_TURNS):
        for asker in askers:
            asker.turn(_TURN_S)
    for asker in askers:
        if asker.knows and asker.news > asker.told / 100:
            raise RuntimeError(f"another page {asker.news} of {asker.told} times")
    return [asker.cpu_s / asker.told for asker in askers]


async def _many(port: int, asked: bytes, size: int) -> float:
    """The 99th percentile of the time that one of many connections waits for its answer."""
    waits: list[float] = []
    until = time.monotonic() + _ASKED_S

    async def reader() -> None:
        incoming, outgoing = await asyncio.open_connection("127.0.0.1", port)
        while time.monotonic() < until:
            began = time.monotonic()
            outgoing.write(asked)
            head = await incoming.readuntil(b"\r\n\r\n")
            await incoming.readexactly(int(_header(head, b"content-length") or 0))
            waits.append(time.monotonic() - began)
            # As many as a rush has, and no more than one process of one machine can ask.
            await asyncio.sleep(0.1)
        outgoing.close()

    await asyncio.gather(*(reader() for _n in range(_CONNECTIONS)))
    assert size
    return quantiles(waits, n=100)[-1]
