"""Building and handing out the snapshot, by one process at a time."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, time, timedelta
from functools import cache
from time import monotonic
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

import msgspec
import redis
from django.conf import settings
from django.db import connection, transaction

from incidents import queries as incident_queries
from maintenance import queries as window_queries
from services import past
from statusportal.public import history, shelf, snapshot, store
from statusportal.public.history import StoredChannel, StoredDay
from statusportal.public.shape import Archive, ArchivedMonth, History, Snapshot

# One builder at a time, or an older snapshot could overwrite a newer one; and one who reads the
# past, which takes long and must not keep the news waiting.
_LOCK, _PAST_LOCK = 7_301_002, 7_301_003

# While this stands nobody builds: a large nation takes long, and half of a core is enough.
_REST_KEY = "portal:now:rest"
_NEEDS_NO_REST_S = 0.25

# A nation's bars take seconds to read: where something changes all the time, not each time.
_HISTORY_EVERY = timedelta(seconds=10)
# Which history readers have: when it was read, and its version. In Redis, beside the history
# itself: publishers take turns, and Redis may come back empty.
_HISTORY_KEY = "portal:history:published"

# Every closed notice there ever was is counted: cheap, but not for each second.
_MONTHS_EVERY = timedelta(seconds=5)
# When they were counted, and what came out. In Redis, as above.
_MONTHS_KEY = "portal:archive:months"
# Redis may come back empty: years of months are written again, a few with each snapshot.
_MONTHS_AT_ONCE = 3


def publish_in_turn(*, now: datetime) -> bool:
    """As `publish_snapshot`, unless the last one took so long that it is too soon for another."""
    return not _client().exists(_REST_KEY) and publish_snapshot(now=now)


def publish_snapshot(*, now: datetime) -> bool:
    """Build the snapshot and publish it; False when another process is at it already.

    The history is read again only when the stored figures, the day or the services are others, and
    an archived month when something in it is. New figures and months follow the news, by one
    process while others go on with the news.
    """
    client = _client()
    with _alone(_LOCK) as ours:
        if not ours:
            return False
        began_s = monotonic()
        months = _archived_months(client, now)
        built = snapshot.build(now=now, archive=months)
        # Before the lock goes: whoever comes next reads and publishes what is newer.
        _publish(client, built, now, began_s)
        took_s = monotonic() - began_s
        if took_s > _NEEDS_NO_REST_S:
            client.set(_REST_KEY, b"", px=int(took_s * 500))
    with _alone(_PAST_LOCK) as ours:
        if ours:
            _follow_with_history(client, built, now)
            _archive(client, months, now)
    return True


@contextmanager
def _alone(lock: int) -> Iterator[bool]:
    """A transaction in which nobody else has this lock; False where somebody has it."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock])
            (ours,) = cursor.fetchone()
        yield ours


def _publish(client: redis.Redis, built: Snapshot, now: datetime, began_s: float) -> None:
    version, published, _at = _histories(client, built, now)
    if _ground_of(version) == _ground_of(published):
        store.publish(client, built, None, published, at=_later(now, began_s))
        return
    # A new day or a new service comes with its bars, or pages would stand there without.
    past_days = _history(built, now)
    store.publish(client, built, past_days, version, at=_later(now, began_s))
    client.set(_HISTORY_KEY, f"{now.isoformat()} {version}")


def _later(now: datetime, began_s: float) -> datetime:
    return now + timedelta(seconds=monotonic() - began_s)


def _follow_with_history(client: redis.Redis, built: Snapshot, now: datetime) -> None:
    """Figures that have changed, some seconds later; the next snapshot brings them to readers."""
    version, published, at = _histories(client, built, now)
    # Of another day or other services somebody else is the newer one to tell.
    if version == published or _ground_of(version) != _ground_of(published):
        return
    # A clock that was set back must not stop it.
    if at is None or not timedelta() <= now - at < _HISTORY_EVERY:
        store.publish_history(client, _history(built, now), version)
        client.set(_HISTORY_KEY, f"{now.isoformat()} {version}")


def _histories(
    client: redis.Redis, built: Snapshot, now: datetime
) -> tuple[str, str, datetime | None]:
    """The version of the history as it is stored, the one that readers have, and since when."""
    version = _version([service.id for service in built.truth.services], now)
    held = client.get(_HISTORY_KEY)
    at, _space, published = (held.decode() if isinstance(held, bytes) else "").partition(" ")
    return version, published, datetime.fromisoformat(at) if at else None


def _ground_of(version: str) -> str:
    """What of a history's version is not a figure: the day, and which services there are."""
    return version.partition(":")[2]


def _version(services: Sequence[str], now: datetime) -> str:
    """The same in every process: the stored figures, then the day and which services there are."""
    today = now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    return f"{past.figures_version()}:{today}:{crc32(' '.join(services).encode()):x}"


def _history(built: Snapshot, now: datetime) -> History:
    zone = ZoneInfo(settings.TIME_ZONE)
    first = now.astimezone(zone).date() - timedelta(days=history.DAYS - 1)
    stored: dict[str, list[StoredDay]] = defaultdict(list)
    # Most of a million days were spent alike, and are one object.
    alike: dict[tuple[Any, ...], StoredDay] = {}
    for public_id, *figures in past.shown_days(first):
        key = tuple(figures)
        if (day := alike.get(key)) is None:
            day = alike[key] = StoredDay(*figures)
        stored[public_id].append(day)
    apart: dict[int, list[StoredDay]] = defaultdict(list)
    for channel, *figures in past.shown_channel_days(first):
        apart[channel].append(StoredDay(*figures))
    channels: dict[str, list[StoredChannel]] = defaultdict(list)
    for channel, public_id, first_day in past.told_channels():
        channels[public_id].append(StoredChannel(channel, first_day, apart.get(channel, ())))
    return history.assemble(
        [service.id for service in built.truth.services],
        stored,
        now=now,
        zone=zone,
        is_demo=built.truth.is_demo,
        channels=channels,
    )


# --- older months -------------------------------------------------------------------------------


class _Counted(msgspec.Struct, frozen=True):
    at: datetime
    months: tuple[ArchivedMonth, ...]


def _archived_months(client: redis.Redis, now: datetime) -> tuple[ArchivedMonth, ...]:
    """The months that have an archive, oldest first, as the rows had them a few seconds ago."""
    held = client.get(_MONTHS_KEY)
    if isinstance(held, bytes):
        with suppress(msgspec.MsgspecError):
            counted = msgspec.json.decode(held, type=_Counted)
            # A clock that was set back must not stop the counting.
            if timedelta() <= now - counted.at < _MONTHS_EVERY:
                return counted.months
    months = _count(now)
    client.set(_MONTHS_KEY, msgspec.json.encode(_Counted(now, months)))
    return months


def _count(now: datetime) -> tuple[ArchivedMonth, ...]:
    incidents, windows = (
        {month: (count, total) for month, count, total in rows}
        for rows in (
            incident_queries.archived_months(_over_before(now, settings.INCIDENT_KEPT_DAYS)),
            window_queries.archived_months(_over_before(now, settings.MAINTENANCE_KEPT_DAYS)),
        )
    )
    nothing = (0, 0)
    return tuple(
        ArchivedMonth(
            month,
            _month_version(incidents.get(month, nothing), windows.get(month, nothing)),
            incidents=incidents.get(month, nothing)[0],
            windows=windows.get(month, nothing)[0],
        )
        for month in sorted(incidents.keys() | windows.keys())
    )


def _month_version(*sums: tuple[int, int]) -> str:
    """The same for the same rows in every process; another one when facts got new fields."""
    return hashlib.sha256(repr((_shape_of_archives(), sums)).encode()).hexdigest()[:16]


@cache
def _shape_of_archives() -> bytes:
    return msgspec.json.encode(msgspec.json.schema(Archive))


def _archive(client: redis.Redis, months: Sequence[ArchivedMonth], now: datetime) -> None:
    """Write the newest few of the months that do not stand in Redis as they are."""
    there = shelf.versions(client)
    others = [month for month in reversed(months) if there.get(month.month) != month.version]
    version = {month.month: month.version for month in others[:_MONTHS_AT_ONCE]}
    if not version:
        return
    archives = snapshot.archives(
        {month: _span(month) for month in version},
        incidents_before=_over_before(now, settings.INCIDENT_KEPT_DAYS),
        windows_before=_over_before(now, settings.MAINTENANCE_KEPT_DAYS),
    )
    for archive in archives:
        shelf.put(client, archive, version[archive.month])


def _over_before(now: datetime, kept_days: int) -> datetime:
    """What was over before this is archived: a day or two before it leaves the live days.

    So nothing is ever in neither, and a month is written again at midnight, not with each notice.
    """
    zone = ZoneInfo(settings.TIME_ZONE)
    day = now.astimezone(zone).date() - timedelta(days=kept_days - 2)
    return datetime.combine(day, time.min, zone)


def _span(month: str) -> tuple[datetime, datetime]:
    """From when to when a month such as 2026-08 lasts in the zone: half-open."""
    first = date.fromisoformat(f"{month}-01")
    zone = ZoneInfo(settings.TIME_ZONE)
    start, end = (
        datetime.combine(day, time.min, zone)
        for day in (first, (first + timedelta(days=31)).replace(day=1))
    )
    return start, end


# --- Redis --------------------------------------------------------------------------------------

_connection: redis.Redis | None = None


def _client() -> redis.Redis:
    global _connection
    if _connection is None:
        _connection = store.connect(settings.REDIS_URL)
    return _connection
