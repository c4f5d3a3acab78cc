"""Building and handing out the snapshot, by one process at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zlib import crc32
from zoneinfo import ZoneInfo

import redis
from django.conf import settings
from django.db import connection, transaction

from services import queries
from statusportal.public import history, snapshot, store
from statusportal.public.history import StoredDay
from statusportal.public.shape import History, Snapshot

# One builder at a time, or an older snapshot could overwrite a newer one.
_LOCK = 7_301_002

# The version of the history that this process read last.
_read: str | None = None


def publish_snapshot(*, now: datetime) -> bool:
    """Build the snapshot and publish it; False when another process is at it already.

    The history is read again only when the stored figures, the day or the services are others.
    """
    global _read
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            (ours,) = cursor.fetchone()
        if not ours:
            return False
        built = snapshot.build(now=now)
        today = now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
        services = [service.id for service in built.truth.services]
        version = _version(services, today)
        past = _history(built, services, now) if version != _read else None
        # Before the lock goes: whoever comes next reads and publishes what is newer.
        store.publish(_client(), built, past, version)
        _read = version
    return True


def _version(services: Sequence[str], today: date) -> str:
    """The same in every process, so that two that take turns do not publish one history twice."""
    return f"{queries.figures_version()}:{today}:{crc32(' '.join(services).encode()):x}"


def _history(built: Snapshot, services: Sequence[str], now: datetime) -> History:
    zone = ZoneInfo(settings.TIME_ZONE)
    first = now.astimezone(zone).date() - timedelta(days=history.DAYS - 1)
    stored: dict[str, list[StoredDay]] = defaultdict(list)
    for public_id, *figures in queries.shown_days(first):
        stored[public_id].append(StoredDay(*figures))
    return history.assemble(services, stored, now=now, zone=zone, is_demo=built.truth.is_demo)


_connection: redis.Redis | None = None


def _client() -> redis.Redis:
    global _connection
    if _connection is None:
        _connection = store.connect(settings.REDIS_URL)
    return _connection
