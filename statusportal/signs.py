"""Signs of life of those who work: which workers there are, and when each sweep last ended well.

Each worker writes a mark every few seconds, from the loop in which it takes its tasks. One that
ends takes its mark away; one that was killed leaves an old one, by which it is missed.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, cast

import redis
from celery import Celery
from celery.bootsteps import StartStopStep
from celery.signals import task_prerun, task_success, worker_shutdown
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

WORKERS_KEY = "portal:workers"
ENDED_KEY = "portal:ended"
MARK_EVERY = timedelta(seconds=5)
# Three marks missed.
GONE_AFTER = timedelta(seconds=16)
# Machines come and go: nobody misses one of yesterday.
FORGOTTEN_AFTER = timedelta(days=1)
# The sweeps that guarantee what nudges lose.
SWEEPS = (
    "services.tasks.dispatch_due",
    "incidents.tasks.sweep",
    "maintenance.tasks.sweep",
    "accounts.tasks.chain_audit",
    "statusportal.tasks.publish_snapshot",
    "statusportal.tasks.refresh_figures",
)
_EVERY_S = 1.0
_TIMEOUT_S = 0.5

_client: redis.Redis | None = None
_told_at: dict[str, float] = {}
# Of the one task that this process does now.
_began_at = 0.0


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker by its name (pool@machine), the queues it serves, and when it last gave a sign."""

    name: str
    queues: tuple[str, ...]
    seen_at: datetime

    def is_gone(self, now: datetime) -> bool:
        """Whether it was killed, hangs, or has lost Redis."""
        return now - self.seen_at > GONE_AFTER


@dataclass(frozen=True, slots=True)
class Ended:
    """When a sweep last ended well, and how many seconds it took."""

    at: datetime
    lasted_s: float


@dataclass(frozen=True, slots=True)
class Signs:
    """All workers of the last day by name, and how each sweep last ended well."""

    workers: tuple[Worker, ...]
    ended: Mapping[str, Ended]


def read(*, now: datetime) -> Signs | None:
    """Ask Redis, in one round; None when it does not answer."""
    try:
        pipe = _redis().pipeline(transaction=False)
        pipe.hgetall(WORKERS_KEY)
        pipe.hgetall(ENDED_KEY)
        marks, ended = (cast("Mapping[bytes, bytes]", found) for found in pipe.execute())
    except redis.RedisError:
        logger.warning("Redis gives no signs of life.", exc_info=True)
        return None
    workers = []
    for name, body in sorted(marks.items()):
        mark = json.loads(body)
        worker = Worker(
            name.decode(), tuple(mark["queues"]), datetime.fromtimestamp(mark["at"], UTC)
        )
        if now - worker.seen_at <= FORGOTTEN_AFTER:
            workers.append(worker)
    return Signs(
        workers=tuple(workers),
        ended={name.decode(): _ended(body) for name, body in sorted(ended.items())},
    )


def _ended(body: bytes) -> Ended:
    found = json.loads(body)
    return Ended(datetime.fromtimestamp(found["at"], UTC), found["lasted_s"])


# --- what workers write -------------------------------------------------------------------------


def follow_workers(app: Celery) -> None:
    """In the workers, and in nobody else: nothing below is sent elsewhere."""
    app.steps["consumer"].add(GivesSigns)
    worker_shutdown.connect(_end, dispatch_uid="a worker ends")
    task_prerun.connect(begin, dispatch_uid="a task has begun")
    task_success.connect(note, dispatch_uid="a sweep has ended")


class GivesSigns(StartStopStep):
    """A part of the worker's consumer: begun anew with each connection to the broker, because what
    the loop was to do later is forgotten with the one before."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, parent: Any) -> None:
        """Mark now, and every few seconds from the loop that takes tasks."""
        queues = sorted(parent.app.amqp.queues.consume_from)

        def again() -> None:
            mark(parent.hostname, queues)

        again()
        parent.timer.call_repeatedly(MARK_EVERY.total_seconds(), again)

    def stop(self, parent: Any) -> None:
        """The loop has forgotten it by then."""


def mark(name: str, queues: list[str]) -> None:
    """Write down that the worker `name` lives; without Redis it has other worries."""
    body = json.dumps({"at": time.time(), "queues": queues})
    try:
        _redis().hset(WORKERS_KEY, name, body)
    except redis.RedisError:
        logger.debug("The mark was not written.", exc_info=True)


def _end(sender: Any = None, **_: Any) -> None:
    try:
        _redis().hdel(WORKERS_KEY, sender.hostname)
    except redis.RedisError:
        logger.debug("The mark was not taken away.", exc_info=True)


def begin(**_: Any) -> None:
    """A task begins in this process."""
    global _began_at
    _began_at = monotonic()


def note(sender: Any = None, **_: Any) -> None:
    """A task has ended well: of sweeps that is written down, once a second each."""
    name = getattr(sender, "name", "")
    if name not in SWEEPS:
        return
    ended_at = monotonic()
    if ended_at - _told_at.get(name, float("-inf")) < _EVERY_S:
        return
    _told_at[name] = ended_at
    body = json.dumps({"at": time.time(), "lasted_s": round(ended_at - _began_at, 3)})
    try:
        _redis().hset(ENDED_KEY, name, body)
    except redis.RedisError:
        logger.debug("The end of %s was not written down.", name, exc_info=True)


def _redis() -> redis.Redis:
    global _client
    if _client is None:
        _client = redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            # Its own default is to try thrice, with pauses.
            retry=Retry(NoBackoff(), 0),
        )
    return _client


def forget_connection() -> None:
    """After a fork: the socket is the parent's."""
    global _client
    _client = None
