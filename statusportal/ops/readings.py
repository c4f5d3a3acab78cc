"""What /metrics asks of the database and of Redis: few statements, whatever the size of the nation.

A part that does not answer is None: the others are told all the same.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import redis
from django.conf import settings
from django.db import Error, connection, transaction
from django.db.models import Count, F, Max, Min, Q

from accounts.models import GlassBroken
from core.outbox import Event
from incidents.labels import Kind
from incidents.models import Incident
from services.models import Check, Location, ReferenceTarget
from services.tasks import queue_of
from statusportal.error_count import ERRORS_KEY
from statusportal.ops.machines import QUEUES
from statusportal.public import store
from statusportal.ticks import BEAT_KEY

logger = logging.getLogger(__name__)

# Whoever scrapes waits ten seconds, and asks again soon.
_PATIENCE = "SET LOCAL statement_timeout = '4s'"
# Older turns tell of checks that are asked no longer, or of workers that are gone: see the queues.
_LATELY = "15 minutes"


@dataclass(frozen=True, slots=True)
class Lateness:
    """Seconds from due to started, over the newest turn of each check of the last 15 minutes."""

    median: float
    p99: float
    longest: float


@dataclass(frozen=True, slots=True)
class Doubt:
    """Whether a location trusts what it sees of a network (rule 7)."""

    location: str
    network: str
    began_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenIncidents:
    """Incidents of one severity that are not over; `oldest_at` is when the first was opened."""

    severity: str
    is_acknowledged: bool
    count: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class FromDatabase:
    """`due` counts enabled checks whose turn nobody claimed yet, the first of them `due_since`.

    `observations` are those of the present hour of UTC, by outcome; `lateness` is None where
    nothing was probed lately. `events` is the number of the newest one, `events_waiting` how many
    alarms of events nobody has been told of yet.
    """

    checks: int
    due: int
    due_since: datetime | None
    lateness: Lateness | None
    observations: Mapping[str, int]
    doubts: tuple[Doubt, ...]
    incidents: tuple[OpenIncidents, ...]
    events: int
    events_waiting: int
    locations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Queue:
    """Tasks that wait; `oldest_at` is when the first of them was sent, None without any."""

    name: str
    waiting: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class FromRedis:
    """`errors` counts lines of the log from ERROR on, by who wrote them."""

    queues: tuple[Queue, ...]
    beat_at: datetime | None
    errors: Mapping[str, int]


# --- the database -------------------------------------------------------------------------------


def from_database(*, now: datetime) -> FromDatabase | None:
    """Ask the database; None when it does not answer in time. 8 queries."""
    try:
        with transaction.atomic():
            return _asked(now)
    except Error:
        logger.warning("The database gives no figures.", exc_info=True)
        return None


def _asked(now: datetime) -> FromDatabase:
    with connection.cursor() as cursor:
        cursor.execute(_PATIENCE)
        cursor.execute(_LATENESS, [now])
        median, p99, longest = cursor.fetchone()
        hour_at = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        cursor.execute(_OBSERVATIONS, [hour_at])
        counts = cursor.fetchone()
    checks = Check.objects.filter(is_enabled=True).aggregate(
        count=Count("pk"),
        due=Count("pk", filter=Q(next_due_at__lt=now)),
        since=Min("next_due_at", filter=Q(next_due_at__lt=now)),
    )
    locations = list(Location.objects.filter(is_enabled=True).order_by("id").values_list("code"))
    return FromDatabase(
        checks=checks["count"],
        due=checks["due"],
        due_since=checks["since"],
        lateness=None if median is None else Lateness(median, p99, longest),
        observations=dict(zip(("ok", "slow", "bad", "fault"), map(int, counts), strict=True)),
        doubts=_doubts(),
        incidents=_incidents(),
        events=Event.objects.aggregate(newest=Max("pk"))["newest"] or 0,
        events_waiting=GlassBroken.objects.filter(told_at=None).count(),
        locations=tuple(code for (code,) in locations),
    )


_LATENESS = f"""
SELECT extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY late))::float,
       extract(epoch FROM percentile_cont(0.99) WITHIN GROUP (ORDER BY late))::float,
       extract(epoch FROM max(late))::float
FROM (SELECT greatest(last_started_at - last_due_at, interval '0') AS late
      FROM services_checkstate
      WHERE last_due_at > %s - interval '{_LATELY}' AND last_started_at IS NOT NULL) AS turns
"""  # noqa: S608 - a constant of ours
# By the key of each check's hour: months of hours stand in the same table.
_OBSERVATIONS = """
SELECT COALESCE(sum(h.ok_count), 0), COALESCE(sum(h.slow_count), 0),
       COALESCE(sum(h.bad_count), 0), COALESCE(sum(h.fault_count), 0)
FROM services_check c
CROSS JOIN services_location l
JOIN services_observationhour h
     ON h.check_id = c.id AND h.location_id = l.id AND h.hour_at = %s
"""


def _doubts() -> tuple[Doubt, ...]:
    """Of every network that a location has references in."""
    rows = (
        ReferenceTarget.objects.filter(is_enabled=True, location__is_enabled=True)
        .values("location__code", "network")
        .annotate(
            began_at=Max(
                "location__doubts__began_at",
                filter=Q(
                    location__doubts__ended_at=None,
                    location__doubts__network=F("network"),
                ),
            )
        )
        .order_by("location__code", "network")
    )
    return tuple(Doubt(row["location__code"], row["network"], row["began_at"]) for row in rows)


def _incidents() -> tuple[OpenIncidents, ...]:
    """Announcements and clarifications do not count (rule 18)."""
    rows = (
        Incident.objects.filter(kind=Kind.INCIDENT, resolved_at=None)
        .values("severity", is_acknowledged=Q(acknowledged_at__isnull=False))
        .annotate(count=Count("pk"), oldest_at=Min("opened_at"))
        .order_by("severity", "is_acknowledged")
    )
    return tuple(OpenIncidents(**row) for row in rows)


# --- Redis --------------------------------------------------------------------------------------

_client: redis.Redis | None = None


def from_redis(*, locations: Iterable[str]) -> FromRedis | None:
    """Ask Redis, in one round; None when it does not answer.

    `locations` are the codes of those that have a queue of their own.
    """
    global _client
    if _client is None:
        _client = store.connect(settings.REDIS_URL)
    names = list(dict.fromkeys((*QUEUES, *map(queue_of, locations))))
    try:
        pipe = _client.pipeline(transaction=False)
        for name in names:
            pipe.llen(name)
            # Tasks are put in on the left and taken out on the right.
            pipe.lindex(name, -1)
        pipe.get(BEAT_KEY)
        pipe.hgetall(ERRORS_KEY)
        *waiting, beat_at, errors = pipe.execute()
    except redis.RedisError:
        logger.warning("Redis gives no figures.", exc_info=True)
        return None
    return FromRedis(
        queues=tuple(
            Queue(name, length, _sent_at(oldest))
            for name, length, oldest in zip(names, waiting[::2], waiting[1::2], strict=True)
        ),
        beat_at=None if beat_at is None else datetime.fromtimestamp(float(beat_at), UTC),
        errors={
            name.decode(): int(count)
            for name, count in sorted(cast("Mapping[bytes, bytes]", errors).items())
        },
    )


def _sent_at(message: bytes | None) -> datetime | None:
    """When a task was sent, by its own header; None where it has none."""
    if message is None:
        return None
    try:
        return datetime.fromtimestamp(json.loads(message)["headers"]["sent_at"], UTC)
    except (KeyError, TypeError, ValueError):
        return None
