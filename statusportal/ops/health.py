"""Every reading of the portal's own health beside its limit: what is fine, what is not.

`gather` asks, `judge` decides and knows no clock. What did not answer is not known, never fine.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import Error, connection, transaction
from django.db.models import Count, Min

from core.audit import AuditEntry, AuditLink
from services import partitions
from statusportal import backup, signs
from statusportal.celery import app
from statusportal.ops import readings
from statusportal.ops.machines import DISPATCH_OVERDUE, QUEUE_LONG, QUEUES
from statusportal.ops.readings import FromDatabase, FromRedis, Lateness
from statusportal.public.health import BUILD_OVERDUE
from statusportal.public.store import store
from statusportal.signs import Signs

# The number of docs/metrics.md for what alarms, and of DESIGN's promises where there is one.
LATE = timedelta(seconds=2)
QUEUE_OLD = timedelta(seconds=15)
BEAT_OVERDUE = timedelta(seconds=10)
BUILD_LONG = timedelta(seconds=5)
UNCHAINED = timedelta(seconds=60)
BACKED_UP = timedelta(hours=26)
DISK_FREE = 0.10
# A sweep comes again after its own time; three missed, and half a minute for those every second.
_SWEEP_SLACK = timedelta(seconds=30)
# An hour of ten thousand checks is more than somebody waits for.
_CHECKS_ASKED = 200
_NOON = 12
_PUBLISH = "statusportal.tasks.publish_snapshot"


class State(StrEnum):
    """What a reading means; `told` is one without a limit."""

    WRONG = "wrong"
    UNKNOWN = "unknown"
    FINE = "fine"
    TOLD = "told"


class Group(StrEnum):
    """Where a reading stands on the page, in its order."""

    CHECKS = "checks"
    QUEUES = "queues"
    DOUBT = "doubt"
    SITE = "site"
    WORKERS = "workers"
    SWEEPS = "sweeps"
    STORAGE = "storage"


class Kind(StrEnum):
    """What is read."""

    DATABASE_SILENT = "database_silent"
    REDIS_SILENT = "redis_silent"
    LATENESS = "lateness"
    LATENESS_HOUR = "lateness_hour"
    DUE = "due"
    QUEUE = "queue"
    DOUBT = "doubt"
    SNAPSHOT_AGE = "snapshot_age"
    SNAPSHOT_BUILD = "snapshot_build"
    BEAT = "beat"
    WORKER = "worker"
    POOL_EMPTY = "pool_empty"
    SWEEP = "sweep"
    EVENTS = "events"
    AUDIT_WAITING = "audit_waiting"
    AUDIT_HEAD = "audit_head"
    BACKUP = "backup"
    PARTITIONS = "partitions"
    DATABASE_SIZE = "database_size"
    DISK = "disk"


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading. `name` is of what there are several of; `age` since it last gave a sign, `at`
    when; `number` counts, `lengths` are measured, `limit` is what they are held against."""

    group: Group
    kind: Kind
    state: State
    name: str = ""
    at: datetime | None = None
    age: timedelta | None = None
    number: float | None = None
    lengths: tuple[timedelta, ...] = ()
    limit: timedelta | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """What else the database says. `missing` are partitions of today and tomorrow."""

    lateness_hour: Lateness | None
    unchained: int
    unchained_since: datetime | None
    head: str
    linked_at: datetime | None
    missing: tuple[str, ...]
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Found:
    """All that was asked; None where nobody answered."""

    built_at: datetime | None
    database: FromDatabase | None
    stored: Stored | None
    redis: FromRedis | None
    signs: Signs | None
    backup: backup.Kept | None
    disk_free: float | None


# --- asking -------------------------------------------------------------------------------------


def gather(now: datetime) -> Found:
    """Ask the database, Redis, the disk and this process. 13 queries."""
    published = store.current()
    database = readings.from_database(now=now)
    return Found(
        built_at=published.snapshot.built_at if published else None,
        database=database,
        stored=_from_database(now) if database is not None else None,
        redis=readings.from_redis(locations=database.locations if database else ()),
        signs=signs.read(now=now),
        backup=backup.last(),
        disk_free=_disk_free(),
    )


_LATENESS_HOUR = """
SELECT extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY late))::float,
       extract(epoch FROM percentile_cont(0.99) WITHIN GROUP (ORDER BY late))::float,
       extract(epoch FROM max(late))::float
FROM (SELECT id FROM services_check WHERE is_enabled ORDER BY md5(id::text) LIMIT %s) AS asked
CROSS JOIN LATERAL (
    SELECT greatest(started_at - due_at, interval '0') AS late
    FROM services_observation o
    WHERE o.check_id = asked.id AND o.due_at > %s AND o.due_at <= %s
) AS turns
"""


def _from_database(now: datetime) -> Stored | None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '4s'")
            cursor.execute(_LATENESS_HOUR, [_CHECKS_ASKED, now - timedelta(hours=1), now])
            median, p99, longest = cursor.fetchone()
            cursor.execute("SELECT pg_database_size(current_database())")
            (size_bytes,) = cursor.fetchone()
            newest = AuditLink.objects.order_by("-position").first()
            entries = AuditEntry.objects.filter(pk__gt=newest.entry_id if newest else 0)
            waiting = entries.aggregate(count=Count("pk"), since=Min("at"))
            missing = set(map(partitions.name_of, days_wanted(now))) - partitions.existing()
    except Error:
        return None
    return Stored(
        lateness_hour=None if median is None else Lateness(median, p99, longest),
        unchained=waiting["count"],
        unchained_since=waiting["since"],
        head=str(newest or ""),
        linked_at=newest.linked_at if newest else None,
        missing=tuple(sorted(missing)),
        size_bytes=size_bytes,
    )


def days_wanted(now: datetime) -> list[date]:
    """The days of UTC that must have a partition at `now`; tomorrow from noon on, because a portal
    that has just been started makes room within the hour."""
    at = now.astimezone(UTC)
    return [at.date() + timedelta(days=n) for n in range(2 if at.hour >= _NOON else 1)]


def _disk_free() -> float | None:
    try:
        usage = shutil.disk_usage(settings.VAR_DIR)
    except OSError:
        return None
    return usage.free / usage.total


# --- deciding -----------------------------------------------------------------------------------


def judge(found: Found, now: datetime) -> list[Reading]:
    """Every reading with its state at `now`, in the order of the page."""
    every = [
        *_checks(found, now),
        *_queues(found, now),
        *_doubts(found),
        *_site(found, now),
        *_workers(found, now),
        *_sweeps(found, now),
        *_storage(found, now),
    ]
    order = list(Group)
    return sorted(every, key=lambda one: order.index(one.group))


def _held(is_fine: bool) -> State:
    return State.FINE if is_fine else State.WRONG


def _checks(found: Found, now: datetime) -> Iterator[Reading]:
    if found.database is None:
        yield Reading(Group.CHECKS, Kind.DATABASE_SILENT, State.UNKNOWN)
        return
    hour = found.stored.lateness_hour if found.stored else None
    for kind, late in (
        (Kind.LATENESS, found.database.lateness),
        (Kind.LATENESS_HOUR, hour),
    ):
        if late is None:
            yield Reading(Group.CHECKS, kind, State.UNKNOWN, limit=LATE)
            continue
        lengths = (timedelta(seconds=late.median), timedelta(seconds=late.p99))
        state = _held(lengths[1] <= LATE)
        yield Reading(Group.CHECKS, kind, state, lengths=lengths, limit=LATE)
    since = found.database.due_since
    age = now - since if since else timedelta(0)
    yield Reading(
        Group.CHECKS,
        Kind.DUE,
        _held(age <= DISPATCH_OVERDUE),
        number=found.database.due,
        age=age,
        limit=DISPATCH_OVERDUE,
    )


def _queues(found: Found, now: datetime) -> Iterator[Reading]:
    if found.redis is None:
        yield Reading(Group.QUEUES, Kind.REDIS_SILENT, State.WRONG)
        return
    for queue in found.redis.queues:
        age = max(now - queue.oldest_at, timedelta(0)) if queue.oldest_at else timedelta(0)
        is_fine = queue.waiting < QUEUE_LONG and age <= QUEUE_OLD
        yield Reading(
            Group.QUEUES,
            Kind.QUEUE,
            _held(is_fine),
            name=queue.name,
            number=queue.waiting,
            age=age,
            limit=QUEUE_OLD,
        )


def _doubts(found: Found) -> Iterator[Reading]:
    for one in found.database.doubts if found.database else ():
        yield Reading(
            Group.DOUBT,
            Kind.DOUBT,
            _held(one.began_at is None),
            name=one.location,
            text=one.network,
            at=one.began_at,
        )


def _site(found: Found, now: datetime) -> Iterator[Reading]:
    built_at = found.built_at
    age = max(now - built_at, timedelta(0)) if built_at else None
    yield Reading(
        Group.SITE,
        Kind.SNAPSHOT_AGE,
        _held(age is not None and age <= BUILD_OVERDUE),
        age=age,
        limit=BUILD_OVERDUE,
    )
    ended = found.signs.ended.get(_PUBLISH) if found.signs else None
    lasted = timedelta(seconds=ended.lasted_s) if ended else None
    yield Reading(
        Group.SITE,
        Kind.SNAPSHOT_BUILD,
        State.UNKNOWN if lasted is None else _held(lasted <= BUILD_LONG),
        lengths=(lasted,) if lasted is not None else (),
        limit=BUILD_LONG,
    )
    if found.database is not None:
        events = found.database.events
        yield Reading(Group.SITE, Kind.EVENTS, State.TOLD, number=events)


def _workers(found: Found, now: datetime) -> Iterator[Reading]:
    beat_at = found.redis.beat_at if found.redis else None
    age = max(now - beat_at, timedelta(0)) if beat_at else None
    silent = State.UNKNOWN if found.redis is None else State.WRONG
    yield Reading(
        Group.WORKERS,
        Kind.BEAT,
        silent if age is None else _held(age <= BEAT_OVERDUE),
        age=age,
        limit=BEAT_OVERDUE,
    )
    if found.signs is None:
        yield Reading(Group.WORKERS, Kind.REDIS_SILENT, State.UNKNOWN)
        return
    served: set[str] = set()
    for worker in found.signs.workers:
        is_gone = worker.is_gone(now)
        if not is_gone:
            served.update(worker.queues)
        yield Reading(
            Group.WORKERS,
            Kind.WORKER,
            _held(not is_gone),
            name=worker.name,
            at=worker.seen_at if is_gone else None,
            age=max(now - worker.seen_at, timedelta(0)),
            limit=signs.GONE_AFTER,
        )
    wanted = [queue.name for queue in found.redis.queues] if found.redis else list(QUEUES)
    for name in wanted:
        if name not in served:
            yield Reading(Group.WORKERS, Kind.POOL_EMPTY, State.WRONG, name=name)


def _sweeps(found: Found, now: datetime) -> Iterator[Reading]:
    schedules = {entry["task"]: entry["schedule"] for entry in app.conf.beat_schedule.values()}
    if found.signs is None:
        yield Reading(Group.SWEEPS, Kind.REDIS_SILENT, State.UNKNOWN)
        return
    for name in signs.SWEEPS:
        limit = 3 * timedelta(seconds=schedules[name]) + _SWEEP_SLACK
        ended = found.signs.ended.get(name)
        age = max(now - ended.at, timedelta(0)) if ended else None
        yield Reading(
            Group.SWEEPS,
            Kind.SWEEP,
            _held(age is not None and age <= limit),
            name=name,
            age=age,
            lengths=(timedelta(seconds=ended.lasted_s),) if ended else (),
            limit=limit,
        )


def _storage(found: Found, now: datetime) -> Iterator[Reading]:
    stored = found.stored
    if stored is None:
        yield Reading(Group.STORAGE, Kind.DATABASE_SILENT, State.UNKNOWN)
    else:
        since = stored.unchained_since
        age = max(now - since, timedelta(0)) if since else timedelta(0)
        yield Reading(
            Group.STORAGE,
            Kind.AUDIT_WAITING,
            _held(age <= UNCHAINED),
            number=stored.unchained,
            age=age,
            limit=UNCHAINED,
        )
        if stored.head:
            yield Reading(
                Group.STORAGE, Kind.AUDIT_HEAD, State.TOLD, text=stored.head, at=stored.linked_at
            )
        missing = " ".join(stored.missing)
        state = _held(not missing)
        yield Reading(Group.STORAGE, Kind.PARTITIONS, state, text=missing)
    kept = found.backup
    yield Reading(
        Group.STORAGE,
        Kind.BACKUP,
        _held(kept is not None and now - kept.at <= BACKED_UP),
        at=kept.at if kept else None,
        number=kept.bytes if kept else None,
        limit=BACKED_UP,
    )
    if stored is not None:
        yield Reading(Group.STORAGE, Kind.DATABASE_SIZE, State.TOLD, number=stored.size_bytes)
    free = found.disk_free
    yield Reading(
        Group.STORAGE,
        Kind.DISK,
        State.UNKNOWN if free is None else _held(free >= DISK_FREE),
        number=free,
    )
