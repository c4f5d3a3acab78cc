"""Where archived months stand: in Redis for every machine, and as files beside the last-good one.

Pages read files only. A month's file never changes: a new version is a new file, and then the one
before it goes. What Redis cannot give now is asked for again at the next look (docs/adr/0004).
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import cast

import msgspec
import redis
from django.conf import settings

from statusportal.public.shape import Archive, ArchivedMonth

logger = logging.getLogger(__name__)

# Which month stands in Redis in which version; each month itself stands in a key of its own.
_VERSIONS_KEY = "portal:archive"
# Months that a process keeps decoded, by the size of their files (in memory some 2.4 times as
# much): enough for readers who turn pages, bounded for crawlers.
_BYTES_IN_MEMORY = 8 * 2**20
# A new machine asks for years of months: not all in one look, which the present waits for.
_FETCHED_AT_ONCE = 12
# After a full disk or a spoilt month: not with each look, or the log is full of it too.
_AGAIN_AFTER_S = 30.0


# --- Redis --------------------------------------------------------------------------------------


def put(client: redis.Redis, archive: Archive, version: str) -> None:
    """Hand a month in this version to every machine."""
    pipe = client.pipeline(transaction=True)
    body = msgspec.json.encode(archive)
    pipe.hset(_key(archive.month), mapping={"version": version, "body": body})
    pipe.hset(_VERSIONS_KEY, archive.month, version)
    pipe.execute()


def versions(client: redis.Redis) -> dict[str, str]:
    """Month → the version in which it stands in Redis."""
    found = cast("Mapping[bytes, bytes]", client.hgetall(_VERSIONS_KEY))
    return {month.decode(): version.decode() for month, version in found.items()}


def _key(month: str) -> str:
    return f"{_VERSIONS_KEY}:{month}"


# --- the shelf ----------------------------------------------------------------------------------


class _Named(msgspec.Struct, frozen=True):
    ref: str


class _Refs(msgspec.Struct, frozen=True):
    """An archive of which only the references are decoded."""

    incidents: tuple[_Named, ...] = ()
    windows: tuple[_Named, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """A month that can be read here. `refs` is one text, " IN-… MW-… ", a tenth of a dictionary's
    size: years of them stay in memory."""

    version: str
    refs: str


class Shelf:
    """The archived months that this machine has, as one process knows them."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        # (month, version) → the month and the size of its file; the longest unread first.
        self._read: OrderedDict[tuple[str, str], tuple[Archive, int]] = OrderedDict()
        self._lock = Lock()
        self._again_at = 0.0

    def keep(self, client: redis.Redis | None, months: Iterable[ArchivedMonth]) -> None:
        """Take in what is new of `months`, newest first; without Redis what the files have.

        Raises redis.RedisError; what was taken in until then stays.
        """
        if monotonic() < self._again_at:
            return
        wanted = [month for month in months if self._version(month.month) != month.version]
        missing = [month.month for month in reversed(wanted) if not self._take_file(month)]
        if not missing or client is None:
            return
        there = versions(client)
        # The publisher may be a version ahead of the snapshot that we hold, or behind it.
        new = [month for month in missing if there.get(month) not in {None, self._version(month)}]
        for month in new[:_FETCHED_AT_ONCE]:
            self._fetch(client, month)

    def read(self, month: str) -> Archive | None:
        """The month in the newest version that this machine has; None where it cannot be read."""
        known = self._known.get(month)
        if known is None:
            return None
        key = month, known.version
        with self._lock:
            held = self._read.get(key)
            if held is not None:
                self._read.move_to_end(key)
                return held[0]
        found = _decoded(month, known.version)
        with self._lock:
            if found is None:
                # Gone or spoilt: the next look takes it in anew.
                self._known = {name: one for name, one in self._known.items() if name != month}
                return None
            self._read[key] = found
            # One month is kept however large it is: its pages are asked for together.
            while len(self._read) > 1 and self._bytes_in_memory() > _BYTES_IN_MEMORY:
                self._read.popitem(last=False)
        return found[0]

    def has(self, month: str) -> bool:
        """Whether any version of the month is at hand."""
        return month in self._known

    def month_of(self, ref: str) -> str | None:
        """The month in which this reference stands, among those at hand."""
        wanted = f" {ref} "
        return next((month for month, known in self._known.items() if wanted in known.refs), None)

    def forget(self) -> None:
        """As a process that has looked at nothing yet; the files stay."""
        with self._lock:
            self._known = {}
            self._read.clear()
            self._again_at = 0.0

    def _bytes_in_memory(self) -> int:
        return sum(size for _archive, size in self._read.values())

    # --- one month ------------------------------------------------------------------------------

    def _version(self, month: str) -> str | None:
        known = self._known.get(month)
        return known.version if known else None

    def _take_file(self, wanted: ArchivedMonth) -> bool:
        """Know the month by its file; False where this version of it is not here."""
        for path in _files(wanted.month, wanted.version):
            version = _version_of(path)
            if version == self._version(wanted.month):
                return False
            try:
                self._know(wanted.month, version, path.read_bytes())
            except FileNotFoundError:
                # Never here, or another process of this machine was faster with the next one.
                continue
            except (OSError, ValueError):
                logger.exception("The archive file %s cannot be read.", path.name)
                self._again_at = monotonic() + _AGAIN_AFTER_S
                continue
            return version == wanted.version
        return False

    def _fetch(self, client: redis.Redis, month: str) -> None:
        version, body = cast(
            "tuple[bytes | None, bytes | None]", client.hmget(_key(month), ["version", "body"])
        )
        if version is None or body is None:
            return
        try:
            # What a newer release wrote must not take the place of what this one can read.
            msgspec.json.decode(body, type=Archive)
            put_file(month, version.decode(), body)
            # Last: a page that knows of a month reads its file.
            self._know(month, version.decode(), body)
        except (OSError, ValueError):
            logger.exception("The archived month %s cannot be kept.", month)
            self._again_at = monotonic() + _AGAIN_AFTER_S

    def _know(self, month: str, version: str, body: bytes) -> None:
        refs = msgspec.json.decode(body, type=_Refs)
        text = " ".join(one.ref for one in (*refs.incidents, *refs.windows))
        with self._lock:
            # Replaced, never changed: requests read it at the same time.
            self._known = self._known | {month: _Known(version, f" {text} ")}


# --- files --------------------------------------------------------------------------------------


def put_file(month: str, version: str, body: bytes) -> None:
    """Keep a month in this version, in the place of all others. Raises OSError."""
    path = _path(month, version)
    write_whole(path, body)
    for other in path.parent.glob(f"{month}.*.json"):
        if other != path:
            other.unlink(missing_ok=True)


def _decoded(month: str, version: str) -> tuple[Archive, int] | None:
    """The month with the size of its file, in whichever version is here."""
    for path in _files(month, version):
        try:
            body = path.read_bytes()
            return msgspec.json.decode(body, type=Archive), len(body)
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            logger.exception("The archive file %s cannot be read.", path.name)
    return None


def _files(month: str, version: str) -> list[Path]:
    """Where the month may stand: the file of this version, then whatever else there is of it."""
    exact = _path(month, version)
    return [exact, *(path for path in exact.parent.glob(f"{month}.*.json") if path != exact)]


def _path(month: str, version: str) -> Path:
    return Path(settings.LAST_GOOD_FILE).parent / "archive" / f"{month}.{version}.json"


def _version_of(path: Path) -> str:
    return path.name.split(".")[1]


def write_whole(path: Path, body: bytes) -> None:
    """Replace `path` in one step: whoever reads sees the old bytes or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
