"""Where the snapshot waits for readers: Redis, a last-good file, and the memory of each process.

A request never leaves the process: a thread keeps the memory up to date, and falls back to the
file when Redis does not answer, also after a restart of its own (docs/adr/0004).
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic

import msgspec
import redis
from django.conf import settings

from statusportal.public import reader, search
from statusportal.public.said import Said
from statusportal.public.shape import History, Snapshot, Truth
from statusportal.public.shelf import Shelf, write_whole

logger = logging.getLogger(__name__)

_NOW_KEY = "portal:now"
_TRUTH_KEY = "portal:truth"
_HISTORY_KEY = "portal:history"

# How soon a new snapshot is noticed; a look costs one GET of a few kilobytes.
_LOOK_EVERY_S = 0.5
# A frozen Redis must cost the thread, and nobody else, no more than this.
_REDIS_TIMEOUT_S = 1.0
# The file only has to be good after a restart; writing it each second would wear the disk.
_WRITE_EVERY_S = 5.0


class _Present(msgspec.Struct, frozen=True):
    """The small, ever-changing part: which truth, how fresh."""

    version: str
    history_version: str
    built_at: datetime
    observed: dict[int, tuple[datetime | None, ...]]


class _VersionedTruth(msgspec.Struct, frozen=True):
    version: str
    truth: Truth


class _VersionedHistory(msgspec.Struct, frozen=True):
    version: str
    history: History


class _LastGood(msgspec.Struct, frozen=True):
    snapshot: Snapshot
    history_version: str
    history: History


@dataclass(frozen=True, slots=True)
class Published:
    """A snapshot with the history that belongs to it."""

    snapshot: Snapshot
    history: History
    history_version: str


def connect(url: str) -> redis.Redis:
    """A client that gives up quickly; `url` as in REDIS_URL."""
    return redis.Redis.from_url(
        url, socket_timeout=_REDIS_TIMEOUT_S, socket_connect_timeout=_REDIS_TIMEOUT_S
    )


def publish(
    client: redis.Redis, snapshot: Snapshot, history: History | None, history_version: str
) -> None:
    """Hand a snapshot to all readers at once; `history` None leaves the stored one standing."""
    pipe = client.pipeline(transaction=True)
    if client.get(f"{_TRUTH_KEY}:version") != snapshot.version.encode():
        truth = _VersionedTruth(snapshot.version, snapshot.truth)
        pipe.set(_TRUTH_KEY, msgspec.json.encode(truth))
        pipe.set(f"{_TRUTH_KEY}:version", snapshot.version)
    if history is not None:
        pipe.set(_HISTORY_KEY, msgspec.json.encode(_VersionedHistory(history_version, history)))
    present = _Present(snapshot.version, history_version, snapshot.built_at, snapshot.observed)
    pipe.set(_NOW_KEY, msgspec.json.encode(present))
    pipe.execute()


class Store:
    """The memory of one process. Readers call `current`, `said` and `history`; nothing blocks.

    `shelf` has the archived months, which requests read from files of this machine.
    """

    def __init__(self) -> None:
        self.shelf = Shelf()
        self._published: Published | None = None
        self._said: tuple[tuple[str, datetime, datetime], Said] | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._written_at = -_WRITE_EVERY_S
        self._written: tuple[str, str] | None = None
        self._client: redis.Redis | None = None

    def start(self) -> None:
        """Load what there is and keep it up to date; once for each process, after any fork."""
        with self._lock:
            if self._thread is not None:
                return
            self._thread = threading.Thread(target=self._follow, name="snapshot", daemon=True)
        self._load_file()
        self.keep_archive(None)
        self._thread.start()

    def current(self) -> Published | None:
        """What was published last, or None where nothing ever was."""
        return self._published

    def history(self) -> History:
        published = self._published
        return published.history if published else History()

    def said(self, now: datetime) -> Said | None:
        """What the reader says of the present snapshot at `now`, computed once for each step."""
        published = self._published
        if published is None:
            return None
        snapshot = published.snapshot
        key = (snapshot.version, snapshot.built_at, now)
        remembered = self._said
        if remembered is not None and remembered[0] == key:
            return remembered[1]
        said = reader.read(snapshot, now)
        self._said = (key, said)
        return said

    def hold(self, snapshot: Snapshot, history: History | None = None) -> None:
        """Hold this snapshot, as if it had been read: for tests and for publishing to files."""
        self._published = Published(snapshot, history or History(), "held")
        self._prepare()
        self.keep_archive(None)

    def forget(self) -> None:
        """As a process that has never seen a snapshot."""
        self._published = None
        self._said = None
        self.shelf.forget()

    # --- the thread -------------------------------------------------------------------------

    def _follow(self) -> None:
        pause = threading.Event()
        while True:
            try:
                if self.look():
                    self._prepare()
                self.keep_archive(self._client)
            except (redis.RedisError, OSError):
                # Old knowledge with its age is better than none: keep what we hold.
                if self._published is None:
                    self._load_file()
                    self.keep_archive(None)
            except ValueError:
                # A newer release may write what this one cannot read; it will be restarted too.
                logger.exception("The published snapshot cannot be read.")
            pause.wait(_LOOK_EVERY_S)

    def _prepare(self) -> None:
        """What takes too long to be done while somebody waits: the search over new names."""
        published = self._published
        if published is not None:
            search.prepare(published.snapshot.truth, published.snapshot.version)

    def look(self) -> bool:
        """Read Redis once; True when something new was found. Raises redis.RedisError."""
        if self._client is None:
            self._client = connect(settings.REDIS_URL)
        body = self._client.get(_NOW_KEY)
        if body is None:
            return False
        present = msgspec.json.decode(body, type=_Present)
        held = self._published
        if held is not None and held.snapshot.built_at >= present.built_at:
            return False
        if held is not None and held.snapshot.version == present.version:
            truth = held.snapshot.truth
        else:
            found = self._client.get(_TRUTH_KEY)
            if found is None:
                return False
            versioned = msgspec.json.decode(found, type=_VersionedTruth)
            if versioned.version != present.version:
                # Published again between our two reads; the next look finds both new.
                return False
            truth = versioned.truth
        history, history_version = self._read_history(present.history_version)
        snapshot = Snapshot(
            truth=truth,
            built_at=present.built_at,
            observed=present.observed,
            version=present.version,
        )
        self._published = Published(snapshot, history, history_version)
        self._keep_file()
        return True

    def keep_archive(self, client: redis.Redis | None) -> None:
        """Take in the months of the present snapshot that are new. Raises redis.RedisError."""
        published = self._published
        if published is not None and published.snapshot.truth.archive:
            self.shelf.keep(client, published.snapshot.truth.archive)

    def _read_history(self, version: str) -> tuple[History, str]:
        held = self._published
        if held is not None and held.history_version == version:
            return held.history, version
        assert self._client is not None
        body = self._client.get(_HISTORY_KEY)
        if body is None:
            return (held.history, held.history_version) if held else (History(), "")
        versioned = msgspec.json.decode(body, type=_VersionedHistory)
        return versioned.history, versioned.version

    def _load_file(self) -> None:
        try:
            body = Path(settings.LAST_GOOD_FILE).read_bytes()
            last = msgspec.json.decode(body, type=_LastGood)
        except FileNotFoundError:
            return
        except (OSError, ValueError):
            logger.exception("The last-good file cannot be read.")
            return
        self._published = Published(last.snapshot, last.history, last.history_version)
        self._prepare()

    def _keep_file(self) -> None:
        published = self._published
        assert published is not None
        versions = (published.snapshot.version, published.history_version)
        if versions == self._written and monotonic() - self._written_at < _WRITE_EVERY_S:
            return
        body = msgspec.json.encode(
            _LastGood(published.snapshot, published.history_version, published.history)
        )
        try:
            write_whole(Path(settings.LAST_GOOD_FILE), body)
        except OSError:
            # A full disk must not stop the news.
            logger.exception("The last-good file cannot be written.")
        self._written, self._written_at = versions, monotonic()


store = Store()
