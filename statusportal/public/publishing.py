"""Building and handing out the snapshot, by one process at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from zlib import crc32
from zoneinfo import ZoneInfo

import redis
from django.conf import settings
from django.db import connection, transaction

from services import past
from statusportal.public import history, snapshot, store
from statusportal.public.history import StoredDay
from statusportal.public.shape import History, Snapshot

# One builder at a time, or an older snapshot could overwrite a newer one.
_LOCK = 7_301_002

# A nation's bars take seconds to read: where something changes all the time, not each time.
_HISTORY_EVERY = timedelta(seconds=10)
# Which history readers have: when it was read, and its version. In Redis, beside the history
# itself: publishers take turns, and Redis may come back empty.
_HISTORY_KEY = "portal:history:published"


def publish_snapshot(*, now: datetime) -> bool:
    """Build the snapshot and publish it; False when another process is at it already.

    The history is read again only when the stored figures, the day or the services are others.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            (ours,) = cursor.fetchone()
        if not ours:
            return False
        # Before the lock goes: whoever comes next reads and publishes what is newer.
        _publish(snapshot.build(now=now), now)
    return True


def _publish(built: Snapshot, now: datetime) -> None:
    client = _client()
    services = [service.id for service in built.truth.services]
    version = _version(services, now)
    held = client.get(_HISTORY_KEY)
    text = held.decode() if isinstance(held, bytes) else ""
    published_at, _space, published = text.partition(" ")
    # A figure may wait for a few seconds; a new day or a new service may not.
    waits = (
        version.partition(":")[2] == published.partition(":")[2]
        and now - datetime.fromisoformat(published_at) < _HISTORY_EVERY
    )
    if version == published or waits:
        store.publish(client, built, None, published)
        return
    store.publish(client, built, _history(built, services, now), version)
    client.set(_HISTORY_KEY, f"{now.isoformat()} {version}")


def _version(services: Sequence[str], now: datetime) -> str:
    """The same in every process: the stored figures, then the day and which services there are."""
    today = now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    return f"{past.figures_version()}:{today}:{crc32(' '.join(services).encode()):x}"


def _history(built: Snapshot, services: Sequence[str], now: datetime) -> History:
    zone = ZoneInfo(settings.TIME_ZONE)
    first = now.astimezone(zone).date() - timedelta(days=history.DAYS - 1)
    stored: dict[str, list[StoredDay]] = defaultdict(list)
    for public_id, *figures in past.shown_days(first):
        stored[public_id].append(StoredDay(*figures))
    return history.assemble(services, stored, now=now, zone=zone, is_demo=built.truth.is_demo)


_connection: redis.Redis | None = None


def _client() -> redis.Redis:
    global _connection
    if _connection is None:
        _connection = store.connect(settings.REDIS_URL)
    return _connection
