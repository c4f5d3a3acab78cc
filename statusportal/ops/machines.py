"""Whether the portal itself is alive: the schedule, the queues, the answers, the snapshot.

Silence is never green: what cannot be asked is said as what it is.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import redis
from django.conf import settings
from django.db.models import Count, Min

from services.models import Check
from statusportal.public import store
from statusportal.public.health import BUILD_OVERDUE
from statusportal.public.shape import Snapshot

logger = logging.getLogger(__name__)

# What falls due is claimed each second; several missed ones mean that nobody claims.
DISPATCH_OVERDUE = timedelta(seconds=10)
# In a pool that lives a task waits for less than a second; the clock puts in a few each second.
QUEUE_LONG = 60
QUEUES = ("control", "probes", "deliveries")


class Fault(StrEnum):
    """What can be wrong with the portal itself; worst first."""

    QUEUE_UNREACHABLE = "queue_unreachable"
    NOTHING_PUBLISHED = "nothing_published"
    SNAPSHOT_OLD = "snapshot_old"
    CHECKS_LATE = "checks_late"
    NO_ANSWERS = "no_answers"
    QUEUE_LONG = "queue_long"


@dataclass(frozen=True, slots=True)
class Pulse:
    """What was found when the machines were asked.

    `answered_at` is the newest answer of any check that the snapshot knows, and `fresh_for` how
    long one holds of the check that is asked most often; None without any check. `late` counts
    checks that are due for longer than DISPATCH_OVERDUE, the first of them since `late_since`.
    `queues` holds the tasks that wait in each pool, None where Redis is silent.
    """

    built_at: datetime | None
    answered_at: datetime | None
    fresh_for: timedelta | None
    late: int
    late_since: datetime | None
    queues: dict[str, int] | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong: since when, or how many, or in which pool."""

    fault: Fault
    since: datetime | None = None
    count: int = 0
    pool: str = ""


def troubles(pulse: Pulse, now: datetime) -> list[Trouble]:
    """What is wrong with the portal itself at `now`, worst first; empty when it lives."""
    found = []
    if pulse.queues is None:
        found.append(Trouble(Fault.QUEUE_UNREACHABLE))
    if pulse.built_at is None:
        found.append(Trouble(Fault.NOTHING_PUBLISHED))
    elif now - pulse.built_at > BUILD_OVERDUE:
        found.append(Trouble(Fault.SNAPSHOT_OLD, since=pulse.built_at))
    if pulse.late:
        found.append(Trouble(Fault.CHECKS_LATE, since=pulse.late_since, count=pulse.late))
    if pulse.fresh_for is not None and pulse.built_at is not None:
        answered_at = pulse.answered_at
        # As of the snapshot: of what came after an old one nothing is known.
        if answered_at is None or pulse.built_at - answered_at > pulse.fresh_for:
            found.append(Trouble(Fault.NO_ANSWERS, since=answered_at))
    for pool, waiting in (pulse.queues or {}).items():
        if waiting >= QUEUE_LONG:
            found.append(Trouble(Fault.QUEUE_LONG, count=waiting, pool=pool))
    return found


def pulse(snapshot: Snapshot | None, now: datetime) -> Pulse:
    """Ask the database for what is late, and Redis for what waits. 1 query."""
    late = Check.objects.filter(is_enabled=True, next_due_at__lt=now - DISPATCH_OVERDUE).aggregate(
        count=Count("pk"), since=Min("next_due_at")
    )
    observed = snapshot.observed.values() if snapshot is not None else ()
    fresh_for = min(
        (
            check.fresh_for
            for service in (snapshot.truth.services if snapshot is not None else ())
            for channel in service.channels
            for check in channel.checks
        ),
        default=None,
    )
    return Pulse(
        built_at=snapshot.built_at if snapshot is not None else None,
        answered_at=max((at for times in observed for at in times if at is not None), default=None),
        fresh_for=None if fresh_for is None else timedelta(seconds=fresh_for),
        late=late["count"],
        late_since=late["since"],
        queues=_queues(),
    )


_client: redis.Redis | None = None


def _queues() -> dict[str, int] | None:
    global _client
    if _client is None:
        _client = store.connect(settings.REDIS_URL)
    try:
        pipe = _client.pipeline(transaction=False)
        for name in QUEUES:
            pipe.llen(name)
        return dict(zip(QUEUES, pipe.execute(), strict=True))
    except redis.RedisError:
        logger.warning("The queue does not answer.", exc_info=True)
        return None
