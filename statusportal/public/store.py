"""Where the snapshot waits for readers: Redis, a last-good file, and the memory of each process.

A request never leaves the process: a thread keeps the memory up to date, and falls back to the
file when Redis does not answer, also after a restart of its own (docs/adr/0004).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import cast

import msgspec
import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from statusportal.public import reader, search
from statusportal.public.said import Said
from statusportal.public.shape import History, Snapshot
from statusportal.public.shelf import Shelf
from statusportal.public.store_files import LastGood
from statusportal.public.store_parts import (
    Handed,
    Present,
    Published,
    RawVersionedHistory,
    VersionedHistory,
    VersionedTruth,
    is_newer,
    present_of,
    snapshot_of,
)
from statusportal.public.turns import Showing, Turn, Waiting, next_turn, queued

logger = logging.getLogger(__name__)

_NOW_KEY = "portal:now"
_MARK_KEY = "portal:now:built_at"
_TRUTH_KEY = "portal:truth"
_HISTORY_KEY = "portal:history"
# Which truth was handed on last, and when it and those of the last seconds before it were.
_HANDED_KEY = "portal:now:handed"

# How soon a new snapshot is noticed; a look costs one GET of a few bytes.
_LOOK_EVERY_S = 0.25
# What is said may be so old, counted from its step; then nobody waits for the thread any more.
OLDEST_SAID = timedelta(seconds=10)
# Who did not look for so long is behind the others anyhow.
_HANDED_LATELY = timedelta(seconds=10)
# So long a mark that has not moved is believed: a publisher of an older release moves none.
_BELIEVED_S = 2.0
# A frozen Redis must cost the thread, and nobody else, no more than this.
_REDIS_TIMEOUT_S = 1.0
# So long a start waits for Redis; where even its name is not found, that lasts longer than asking.
_ASKED_FIRST_S = 1.5


# What is shown next, and whether there is time for another of its pages.
Prepare = Callable[[Showing, Callable[[], bool]], None]


def connect(url: str) -> redis.Redis:
    """A client that asks once, and gives up within a second; `url` as in REDIS_URL."""
    return redis.Redis.from_url(
        url,
        socket_timeout=_REDIS_TIMEOUT_S,
        socket_connect_timeout=_REDIS_TIMEOUT_S,
        # Said outright: made in another way, a client of this library asks eleven times.
        retry=Retry(NoBackoff(), 0),
    )


def publish(
    client: redis.Redis,
    snapshot: Snapshot,
    history: History | None,
    history_version: str,
    *,
    at: datetime | None = None,
) -> None:
    """Hand a snapshot to all readers at once; `history` None leaves the stored one standing.

    `at` is this moment, where building it has taken its time.
    """
    pipe = client.pipeline(transaction=True)
    handed = _handed(client, snapshot.version, at or snapshot.built_at)
    pipe.set(_HANDED_KEY, msgspec.json.encode((snapshot.version, handed)))
    if client.get(f"{_TRUTH_KEY}:version") != snapshot.version.encode():
        truth = VersionedTruth(snapshot.version, snapshot.truth)
        pipe.set(_TRUTH_KEY, msgspec.json.encode(truth))
        pipe.set(f"{_TRUTH_KEY}:version", snapshot.version)
    if history is not None:
        pipe.set(_HISTORY_KEY, msgspec.json.encode(VersionedHistory(history_version, history)))
    pipe.set(_NOW_KEY, msgspec.json.encode(present_of(snapshot, history_version, handed)))
    # Which one it is, in a few bytes: every process looks several times a second.
    pipe.set(_MARK_KEY, snapshot.built_at.isoformat())
    pipe.execute()


def _handed(client: redis.Redis, version: str, at: datetime) -> tuple[Handed, ...]:
    held = cast("bytes | None", client.get(_HANDED_KEY))
    before: tuple[Handed, ...] = ()
    last = ""
    with suppress(msgspec.MsgspecError):
        last, before = msgspec.json.decode(held or b"", type=tuple[str, tuple[Handed, ...]])
    # Of a clock that was set back nothing is left that lies ahead.
    lately = (one for one in before if at - _HANDED_LATELY <= one.at < at)
    return (*lately, Handed(at, version != last))


def publish_history(client: redis.Redis, history: History, version: str) -> None:
    """Put another history under the snapshot that stands; readers see it with the next one."""
    client.set(_HISTORY_KEY, msgspec.json.encode(VersionedHistory(version, history)))
    with client.pipeline(transaction=True) as pipe, suppress(redis.WatchError):
        # Whoever publishes meanwhile is told by the next.
        pipe.watch(_NOW_KEY)  # type: ignore[no-untyped-call]
        body = cast("bytes | None", pipe.get(_NOW_KEY))
        if body is not None:
            present = msgspec.json.decode(body, type=Present)
            pipe.multi()
            present = msgspec.structs.replace(present, history_version=version)
            pipe.set(_NOW_KEY, msgspec.json.encode(present))
            pipe.execute()


class Store:
    """The memory of one process. Readers call `current`, `said` and `history`; nothing blocks.

    `shelf` has the archived months, which requests read from files of this machine.
    """

    def __init__(self) -> None:
        self.shelf = Shelf()
        self._reader = reader.Reader()
        # All replaced whole: threads never see halves. Unix time until which `showing` stands
        # without a second look.
        self.showing: Showing | None = None
        self.stands_until = 0.0
        # What is shown next, in the order of its time.
        self._coming: tuple[Turn, ...] = ()
        # The newest that was found, and what of it the thread has not read yet.
        self._found: Published | None = None
        self._waiting: tuple[Waiting, ...] = ()
        self._taken_in: Published | None = None
        self._clock: Callable[[], datetime] | None = None
        self._pinned = _Pinned()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._turning = threading.Lock()
        self._mark: bytes | None = None
        self._looked_at = 0.0
        self._last_good = LastGood()
        # When it was last read, and how long that took.
        self._read_at, self._cost_s = 0.0, 0.0
        self._client: redis.Redis | None = None
        # Redis has said something, or it is certain that it will not.
        self._answered = threading.Event()

    def start(self, clock: Callable[[], datetime], prepare: Prepare | None = None) -> None:
        """Load what there is and keep it up to date; once for each process, after any fork.

        `prepare` is given what comes next before anybody is told of it.
        """
        with self._lock:
            if self._thread is not None:
                return
            self._clock = clock
            # The others may know more than the file; Redis has a second to say so.
            first = threading.Thread(
                target=self._look_first, args=(clock(),), name="first look", daemon=True
            )
            self._thread = threading.Thread(
                target=self._follow, args=(clock, prepare, first), name="snapshot", daemon=True
            )
        self._load_file()
        first.start()
        if self._answered.wait(_ASKED_FIRST_S):
            # However long it takes to read: who restarts must not begin with the past.
            first.join()
        self._read_next(clock())
        self._thread.start()

    def current(self) -> Published | None:
        """What was published last, or None where nothing ever was."""
        pinned = self._pinned.showing
        if pinned is not None:
            return pinned.published
        showing = self._turn_over() if self._clock is not None else None
        return showing.published if showing is not None else self._found

    def history(self) -> History:
        published = self.current()
        return published.history if published else History()

    def said(self, now: datetime) -> Said | None:
        """What the reader says of the present snapshot at `now`, computed once for each step."""
        if self._pinned.showing is not None:
            return self._pinned.showing.said
        showing = self.showing_at(now)
        return showing.said if showing is not None else None

    def showing_at(self, now: datetime) -> Showing | None:
        """What is said at `now`, a step of the reader, or not long ago while the thread follows."""
        found = self._found
        if found is None:
            return None
        showing = self._turn_over()
        if self._stands(showing, found, now):
            return showing
        with self._reading:
            showing = self.showing
            if not self._stands(showing, found, now):
                showing = Showing(found, self._reader.read(found.snapshot, now))
                self._show(showing)
        return showing

    def _stands(self, showing: Showing | None, found: Published, now: datetime) -> bool:
        if showing is None:
            return False
        if self._clock is not None:
            # A step ahead of `now` where it was asked just before its time.
            return -reader.STEP <= now - showing.said.now <= OLDEST_SAID
        return showing.said.now == now and showing.published is found

    def _turn_over(self) -> Showing | None:
        """What is shown now: what comes next as soon as its time has come."""
        coming = self._coming
        if coming and self._clock is not None and self._clock() >= coming[0].begins_at:
            with self._turning:
                # Another request may have been faster, and the thread faster still.
                now = self._clock()
                due = [turn.showing for turn in self._coming if turn.begins_at <= now]
                if due:
                    self._coming = self._coming[len(due) :]
                    self._show(due[-1])
        return self.showing

    def _show(self, showing: Showing) -> None:
        good_for = OLDEST_SAID if self._clock is not None else reader.STEP
        until = (showing.said.now + good_for).timestamp()
        coming = self._coming
        self.showing = showing
        self.stands_until = min(until, coming[0].begins_at.timestamp()) if coming else until

    @contextmanager
    def pinned(self, showing: Showing) -> Iterator[None]:
        """This thread is told `showing` and nothing else, whatever comes meanwhile."""
        before = self._pinned.showing
        self._pinned.showing = showing
        try:
            yield
        finally:
            self._pinned.showing = before

    def hold(self, snapshot: Snapshot, history: History | None = None) -> None:
        """Hold this snapshot, as if it had been read: for tests and for publishing to files."""
        self._found = Published(snapshot, history or History(), "held")
        self.showing = None
        self.stands_until = 0.0
        self._prepare()
        self.keep_archive(None)

    def load(self) -> None:
        """Read what was published last, once: for commands. The file where Redis is silent."""
        try:
            self.look()
        except (redis.RedisError, OSError, ValueError):
            logger.warning("Redis does not answer; the last-good file is read.")
        if self._found is None:
            self._load_file()
        self._prepare()
        try:
            self.keep_archive(self._client)
        except redis.RedisError:
            self.keep_archive(None)

    def forget(self) -> None:
        """As a process that has never seen a snapshot."""
        self._found = None
        self.showing = None
        self.stands_until = 0.0
        self.shelf.forget()

    # --- the thread -------------------------------------------------------------------------

    def _follow(
        self, clock: Callable[[], datetime], prepare: Prepare | None, first: threading.Thread
    ) -> None:
        pause = threading.Event()
        # Two that look at once would each take the other's answers.
        first.join()
        while True:
            prepared = False
            try:
                self._look_if_it_answers(clock())
                self._read_next(clock())
                prepared = prepare is not None and self._prepare_next(clock, prepare)
            except Exception:
                # Requests read for themselves then, and fail where people see it.
                logger.exception("What is published cannot be prepared.")
            if not prepared:
                pause.wait(_LOOK_EVERY_S)

    def _look_first(self, now: datetime) -> None:
        try:
            self._look_if_it_answers(now)
        finally:
            self._answered.set()

    def _look_if_it_answers(self, now: datetime) -> None:
        try:
            if self.look(now):
                self._prepare()
            self.keep_archive(self._client)
        except (redis.RedisError, OSError):
            # Old knowledge with its age is better than none: keep what we hold.
            if self._found is None:
                self._load_file()
            self._keep_file(now, at_once=True)
            self.keep_archive(None)
        except ValueError:
            # A newer release may write what this one cannot read; it will be restarted too.
            logger.exception("The published snapshot cannot be read.")

    def _read_next(self, now: datetime) -> None:
        """Read what is to be shown next, if there is anything, and let it wait for its time."""
        coming, shown = self._coming, self.showing
        latest = coming[-1].showing if coming else shown
        self._take_in(latest, now)
        turn = next_turn(latest, self._waiting, now)
        began_at = monotonic()
        # A large nation takes long to read: half of the process is left to requests.
        if turn is None or began_at - self._read_at < self._cost_s:
            return
        said = self._reader.read(turn.published.snapshot, reader.step(turn.begins_at))
        showing = Showing(turn.published, said)
        self._waiting = tuple(one for one in self._waiting if one.begins_at > turn.begins_at)
        if latest is None:
            self._show(showing)
            return
        with self._turning:
            if self.showing is not shown and all(self.showing is not one.showing for one in coming):
                # We took too long, and a request read for itself: that is newer.
                return
            sooner = [one for one in self._coming if one.begins_at < turn.begins_at]
            self._coming = (*sooner, Turn(turn.begins_at, showing))
            self.stands_until = min(self.stands_until, self._coming[0].begins_at.timestamp())
        self._read_at = monotonic()
        self._cost_s = self._read_at - began_at

    def _take_in(self, latest: Showing | None, now: datetime) -> None:
        """Let what was found wait for its time; what it overtakes is not told any more."""
        found = self._found
        if found is None or found is self._taken_in:
            return
        before = latest.published if latest is not None else None
        if self._waiting:
            before = self._waiting[-1].published
        told = queued(found, before, now)
        sooner = [one for one in self._waiting if one.begins_at < told.begins_at]
        self._waiting = (*sooner, told)
        self._taken_in = found

    def _prepare_next(self, clock: Callable[[], datetime], prepare: Prepare) -> bool:
        """Prepare what is shown next, if that is not done, until its time has come.

        Then it is told, ready or not: no process may contradict another for seconds.
        """
        turn = next((turn for turn in self._coming if not turn.is_prepared), None)
        if turn is None:
            return False
        turn.is_prepared = True
        looked_at = monotonic()

        def go_on() -> bool:
            nonlocal looked_at
            if monotonic() - looked_at > _LOOK_EVERY_S:
                looked_at = monotonic()
                self._look_if_it_answers(clock())
                self._read_next(clock())
            # It may have been overtaken by news.
            return turn in self._coming and clock() < turn.begins_at

        prepare(turn.showing, go_on)
        return True

    def _prepare(self) -> None:
        """What takes too long to be done while somebody waits: the search over new names."""
        published = self._found
        if published is not None:
            search.prepare(published.snapshot.truth, published.snapshot.version)

    def look(self, now: datetime | None = None) -> bool:
        """Read Redis once; True when something new was found. Raises redis.RedisError.

        `now` tells a snapshot from the future, which gives way to any other.
        """
        if self._client is None:
            self._client = connect(settings.REDIS_URL)
        mark = cast("bytes | None", self._client.get(_MARK_KEY))
        self._answered.set()
        is_known = mark is not None and mark == self._mark
        if is_known and monotonic() - self._looked_at < _BELIEVED_S:
            return False
        self._looked_at = monotonic()
        body = self._client.get(_NOW_KEY)
        if body is None:
            return False
        self._mark = None
        present = msgspec.json.decode(body, type=Present)
        held = self._found
        if held is not None and not is_newer(held.snapshot.built_at, present.built_at, now):
            # A mark is remembered only where nothing has to be asked for again.
            self._mark = mark if held.snapshot.built_at == present.built_at else None
            return False
        if held is not None and held.snapshot.version == present.version:
            truth = held.snapshot.truth
        else:
            found = self._client.get(_TRUTH_KEY)
            if found is None:
                return False
            versioned = msgspec.json.decode(found, type=VersionedTruth)
            if versioned.version != present.version:
                # Published again between our two reads; the next look finds both new.
                return False
            truth = versioned.truth
        history, history_version = self._read_history(present.history_version)
        self._found = Published(
            snapshot_of(present, truth), history, history_version, present.handed
        )
        self._mark = mark
        self._keep_file(now)
        return True

    def keep_archive(self, client: redis.Redis | None) -> None:
        """Take in the months of the present snapshot that are new. Raises redis.RedisError."""
        published = self._found
        if published is not None and published.snapshot.truth.archive:
            self.shelf.keep(client, published.snapshot.truth.archive)

    def _read_history(self, version: str) -> tuple[History, str]:
        held = self._found
        if held is not None and held.history_version == version:
            return held.history, version
        assert self._client is not None
        body = self._client.get(_HISTORY_KEY)
        if body is None:
            return (held.history, held.history_version) if held else (History(), "")
        versioned = msgspec.json.decode(body, type=RawVersionedHistory)
        return versioned.history.read(), versioned.version

    def _load_file(self) -> None:
        self._found = self._last_good.read() or self._found
        self._prepare()

    def _keep_file(self, now: datetime | None, *, at_once: bool = False) -> None:
        if self._found is not None:
            self._last_good.keep(self._found, now=now, at_once=at_once)


class _Pinned(threading.local):
    showing: Showing | None = None


store = Store()
