"""Many readers at once, on connections that they keep, and a ledger of all that they were told.

What holds is decided here over plain values, so that a test can show that it notices.
"""

from __future__ import annotations

import asyncio
import gzip
import math
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import brotli

# Of the demo nation.
_SERVICES = ("pass-renew", "evisa", "util-bill", "id-renew")
_WORDS = ("passport", "%D8%AC%D9%88%D8%A7%D8%B2", "water", "visa+renew", "nafath")
_ENCODINGS = ("br, gzip", "gzip", "")
# Two answers at one moment may know of builds so far apart, and no further.
MOST_APART_S = 2.0
# A request that was on its way when its process was killed.
_IN_FLIGHT_S = 1.5
_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Told:
    """One answer: asked and answered in seconds of one clock, and what the answer said of itself.

    `built_at` is Unix time. `body` is decoded; it is looked at once for each tag.
    """

    connection: int
    asked_at: float
    answered_at: float
    status: int
    encoding: str
    accepted: str
    is_fragment: bool
    etag: str
    built_at: float
    version: str
    body: bytes = b""
    length: int = 0


@dataclass
class Ledger:
    """What was injected, what came back, and what of it may not be."""

    injected: list[str] = field(default_factory=list)
    killed_at: list[float] = field(default_factory=list)
    answers: int = 0
    not_modified: int = 0
    in_flight: int = 0
    asked_again: int = 0
    errors: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    versions: set[str] = field(default_factory=set)
    most_apart_s: float = 0.0
    apart: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    age_at_worst_s: float = 0.0
    greens_at_worst: int = 0
    caught_up_after_s: float | None = None
    lasted_s: float = 0.0
    # How many cores the web processes used, and how many programs waited for one.
    web_cores: float = 0.0
    load: float = 0.0
    _last: dict[int, float] = field(default_factory=dict)
    # What was known when: (answered at, newest build told by then), newest last.
    _known: list[tuple[float, float]] = field(default_factory=list)
    _tags: dict[str, tuple[str, bool, int]] = field(default_factory=dict)

    def take(self, told: Told) -> None:
        """Enter one answer and hold it against all before."""
        self.answers += 1
        self.latencies.append(told.answered_at - told.asked_at)
        self.versions.add(told.version)
        self._monotone(told)
        self._together(told)
        if told.status == 304:
            self.not_modified += 1
        else:
            self._unmixed(told)

    def failed(self, why: str, asked_at: float, failed_at: float) -> None:
        """Enter a request without an answer: forgiven only where a killed process had it."""
        if any(asked_at - 0.05 <= at <= failed_at for at in self.killed_at) or any(
            at <= failed_at <= at + _IN_FLIGHT_S and asked_at <= at + 0.05 for at in self.killed_at
        ):
            self.in_flight += 1
        else:
            self.errors.append(why)

    def _monotone(self, told: Told) -> None:
        before = self._last.get(told.connection, 0.0)
        if told.built_at < before:
            self.back.append(f"connection {told.connection}: {before - told.built_at:.3f} s back")
        self._last[told.connection] = max(before, told.built_at)

    def _together(self, told: Told) -> None:
        # Newest that somebody else had been told before this one asked.
        newest = 0.0
        for at, built_at in reversed(self._known):
            if at <= told.asked_at:
                newest = built_at
                break
        apart = newest - told.built_at
        self.most_apart_s = max(self.most_apart_s, apart)
        if apart > MOST_APART_S:
            self.apart.append(f"{apart:.2f} s behind what another connection had been told")
        if not self._known or told.built_at > self._known[-1][1]:
            self._known.append((told.answered_at, told.built_at))

    def _unmixed(self, told: Told) -> None:
        if told.encoding and told.encoding not in told.accepted:
            self.mixed.append(f"{told.encoding} for somebody who accepts {told.accepted!r}")
        about = (told.encoding, told.is_fragment, told.length)
        seen = self._tags.setdefault(told.etag, about)
        if seen != about:
            self.mixed.append(f"{told.etag} stood for {seen} and for {about}")
        if told.body and (b"<!doctype html>" in told.body) is told.is_fragment:
            self.mixed.append("a fragment where a page was asked for, or the other way round")

    def is_new(self, etag: str) -> bool:
        """Whether the bytes under this tag have not been looked at yet."""
        return etag not in self._tags

    def figures(self) -> dict[str, float | int | None]:
        """Counts, seconds and milliseconds."""
        ordered = sorted(self.latencies)

        def at(share: float) -> float:
            return round(1000 * ordered[math.ceil(share * len(ordered)) - 1], 1) if ordered else 0

        return {
            "answers": self.answers,
            "a second": round(self.answers / self.lasted_s) if self.lasted_s else 0,
            "of them 304": self.not_modified,
            "errors": len(self.errors),
            "asked again": self.asked_again,
            "lost with a killed process": self.in_flight,
            "p50 ms": at(0.5),
            "p99 ms": at(0.99),
            "slowest ms": at(1.0),
            "web cores": round(self.web_cores, 2),
            "load": round(self.load, 1),
            "versions": len(self.versions),
            "most apart s": round(self.most_apart_s, 2),
            "back in time": len(self.back),
            "mixed up": len(self.mixed),
            "age at worst s": round(self.age_at_worst_s),
            "green at worst": self.greens_at_worst,
            "caught up after s": self.caught_up_after_s and round(self.caught_up_after_s, 1),
        }

    def wrong(self, *, fell: bool) -> list[str]:
        """Whatever may not be, as sentences; empty where all held."""
        wrong = [f"failed: {one}" for one in self.errors[:5]]
        wrong += [*self.back[:5], *self.mixed[:5]]
        if not self.answers:
            wrong.append("nobody was answered")
        if fell:
            if self.age_at_worst_s < 60:
                wrong.append(f"the page called itself {self.age_at_worst_s:.0f} s old in the fall")
            if self.greens_at_worst:
                wrong.append(f"{self.greens_at_worst} services were green that nobody had seen")
            if self.caught_up_after_s is None:
                wrong.append("it did not catch up by itself")
        else:
            wrong += self.apart[:5]
            if len(self.versions) < 2:
                wrong.append("no status flipped: nothing was shown")
        return wrong


class Crowd:
    """Readers of the portal at a port of this machine."""

    def __init__(
        self,
        port: int,
        ledger: Ledger,
        *,
        pause_s: float,
        services: Sequence[str] = _SERVICES,
    ) -> None:
        self._port, self._ledger, self._pause_s = port, ledger, pause_s
        self._services = services

    async def run(self, connections: int, until: float) -> None:
        """So many connections, each asking until the moment has come."""
        began_at = time.monotonic()
        await asyncio.gather(*(self._reader(number, until) for number in range(connections)))
        self._ledger.lasted_s = time.monotonic() - began_at

    async def _reader(self, number: int, until: float) -> None:
        seed = random.Random(number)
        tags: dict[tuple[str, str, bool], str] = {}
        # A new connection is somebody new: what one process knew the next may not know yet.
        identity = number
        line: Line | None = None
        await asyncio.sleep(seed.random() * self._pause_s * 2)
        while time.monotonic() < until:
            path, is_fragment, accepted = _question(seed, self._services)
            known = tags.get((path, accepted, is_fragment), "") if seed.random() < 0.3 else ""
            asked_at = time.monotonic()
            for attempt in range(2):
                was_open = line is not None
                try:
                    if line is None:
                        identity += 100_000
                        line = await Line.open(self._port)
                    told = await asyncio.wait_for(
                        line.get(path, accepted, is_fragment, known, identity, self._ledger),
                        _TIMEOUT_S,
                    )
                except (OSError, EOFError, TimeoutError, ValueError) as error:
                    if line is not None:
                        line.close()
                    line = None
                    # A kept connection that has gone is tried once more, as browsers do.
                    if was_open and attempt == 0 and isinstance(error, (EOFError, ConnectionError)):
                        self._ledger.asked_again += 1
                        continue
                    why = f"{path}: {type(error).__name__} {error}"
                    self._ledger.failed(why, asked_at, time.monotonic())
                    break
                if told.status not in {200, 304}:
                    self._ledger.errors.append(f"{path}: {told.status}")
                else:
                    self._ledger.take(told)
                    tags[path, accepted, is_fragment] = told.etag
                break
            await asyncio.sleep(seed.expovariate(1 / self._pause_s) if self._pause_s else 0)
        if line is not None:
            line.close()

    async def age_s(self) -> float:
        """How old the home page says that its knowledge is."""
        body = await self._whole("/en/")
        found = re.search(rb'data-as-of="([^"]+)"', body)
        as_of = (
            datetime.fromisoformat(found[1].decode()) if found else datetime.fromtimestamp(0, UTC)
        )
        return (datetime.now(UTC) - as_of).total_seconds()

    async def greens(self) -> int:
        """How many services the catalogue's first page calls operational."""
        return (await self._whole("/en/services/")).count(b'data-state="operational"')

    async def _whole(self, path: str) -> bytes:
        """A page by itself; asked again where the process that had it was killed."""
        for _ in range(5):
            try:
                line = await Line.open(self._port)
                told = await line.get(path, "", False, "", -1, None)
                line.close()
                return told.body
            except (OSError, EOFError):
                await asyncio.sleep(0.5)
        return b""


def _question(seed: random.Random, services: Sequence[str]) -> tuple[str, bool, str]:
    language = seed.choice(("ar", "ar", "en"))
    path = seed.choice(
        (
            f"/{language}/",
            f"/{language}/services/{seed.choice(services)}/",
            f"/{language}/services/?q={seed.choice(_WORDS)}&utm_source=x{seed.randrange(99)}",
        )
    )
    return path, seed.random() < 0.3, seed.choice(_ENCODINGS)


class Line:
    """One kept connection, HTTP/1.1."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> Line:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        return cls(reader, writer)

    def close(self) -> None:
        self._writer.close()

    async def get(
        self,
        path: str,
        accepted: str,
        is_fragment: bool,
        known: str,
        connection: int,
        ledger: Ledger | None,
    ) -> Told:
        """Ask and read the whole answer. Raises OSError, EOFError where the other end has gone."""
        lines = [f"GET {path} HTTP/1.1", "Host: localhost"]
        lines += [f"Accept-Encoding: {accepted}"] if accepted else []
        lines += ["HX-Request: true"] if is_fragment else []
        lines += [f"If-None-Match: {known}"] if known else []
        asked_at = time.monotonic()
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        await self._writer.drain()
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split()[1])
        fields = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        length = int(fields.get("content-length", "0")) if status != 304 else 0
        body = await self._reader.readexactly(length)
        etag, encoding = fields.get("etag", ""), fields.get("content-encoding", "")
        answered_at = time.monotonic()
        if ledger is not None and not ledger.is_new(etag):
            body = b""
        built_at = fields.get("snapshot-built-at", "")
        return Told(
            connection=connection,
            asked_at=asked_at,
            answered_at=answered_at,
            status=status,
            encoding=encoding,
            accepted=accepted,
            is_fragment=is_fragment,
            etag=etag,
            built_at=datetime.fromisoformat(built_at.upper()).timestamp() if built_at else 0.0,
            version=fields.get("snapshot-version", ""),
            body=_plain(body, encoding),
            length=length,
        )


def _plain(body: bytes, encoding: str) -> bytes:
    if body and encoding == "br":
        return bytes(brotli.decompress(body))
    return gzip.decompress(body) if body and encoding == "gzip" else body
