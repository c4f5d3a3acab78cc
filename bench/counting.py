"""What was handed out and what expired, counted by the workers themselves: `celery worker -I` this.

Kept in Redis by the minute in which a turn was due. The observations stand in the database.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import redis
from celery.signals import before_task_publish, task_postrun, task_prerun, task_revoked
from django.conf import settings

_SHARD = "services.tasks.probe_shard"
DUE, EXPIRED, CPU = "bench:due", "bench:expired", "bench:cpu"
# Of this process: when the task that runs now had used how much of it.
_began_s = 0.0


def client() -> redis.Redis:
    """The Redis of the portal under measure."""
    return redis.Redis.from_url(settings.REDIS_URL)


def counted(key: str) -> dict[str, int]:
    """Minute (as in `due_at`, to the minute) → turns."""
    found: dict[Any, Any] = client().hgetall(key)
    return {minute.decode(): int(n) for minute, n in found.items()}


def cpu_s(*tasks: str) -> float:
    """Seconds of CPU that tasks of these names have used so far, in whatever process."""
    return sum(float(said) for said in client().hmget(CPU, list(tasks)) if said is not None)


def _count(key: str, turns: list[list[Any]]) -> None:
    minutes = Counter(due_at[:16] for _check_id, due_at in turns)
    pipe = client().pipeline()
    for minute, number in minutes.items():
        pipe.hincrby(key, minute, number)
    pipe.execute()


@before_task_publish.connect
def _handed_out(sender: str | None = None, body: Any = None, **_: Any) -> None:
    if sender == _SHARD:
        _arguments, keywords, _options = body
        _count(DUE, keywords["turns"])


@task_revoked.connect
def _gone(request: Any = None, expired: bool = False, **_: Any) -> None:
    if expired and request is not None and request.name == _SHARD:
        _count(EXPIRED, request.kwargs["turns"])


@task_prerun.connect
def _begins(**_: Any) -> None:
    global _began_s
    _began_s = time.process_time()


@task_postrun.connect
def _ends(task: Any = None, **_: Any) -> None:
    client().hincrbyfloat(CPU, task.name, time.process_time() - _began_s)
