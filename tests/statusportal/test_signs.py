"""Signs of life: workers give them, and whoever was killed is missed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import redis
import time_machine
from django.conf import settings as loaded
from redis.backoff import NoBackoff
from redis.retry import Retry

from statusportal import signs
from statusportal.celery import app
from statusportal.public import store
from statusportal.signs import Ended, Worker

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[redis.Redis]:
    found = store.connect(loaded.REDIS_URL)
    found.delete(signs.WORKERS_KEY, signs.ENDED_KEY)
    monkeypatch.setattr(signs, "_client", None)
    monkeypatch.setattr(signs, "_told_at", {})
    yield found
    found.delete(signs.WORKERS_KEY, signs.ENDED_KEY)


def worker(name: str) -> Any:
    """What Celery hands over when a worker is ready, with the timer's callbacks in a list."""
    repeated: list[tuple[float, Callable[[], None]]] = []
    return SimpleNamespace(
        hostname=name,
        repeated=repeated,
        app=SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from={"probes"}))),
        timer=SimpleNamespace(call_repeatedly=lambda *given: repeated.append(given)),
    )


def test_a_worker_gives_a_sign_every_five_seconds_and_takes_it_away_when_it_ends() -> None:
    ready = worker("probes@one")
    with time_machine.travel(NOW, tick=False):
        signs.GivesSigns(ready).start(ready)
    ((every, again),) = ready.repeated
    assert every == 5.0
    found = signs.read(now=NOW)
    assert found is not None
    assert found.workers == (Worker("probes@one", ("probes",), NOW),)

    with time_machine.travel(NOW + 5 * SECOND, tick=False):
        again()
    found = signs.read(now=NOW)
    assert found is not None
    assert found.workers[0].seen_at == NOW + 5 * SECOND

    signs._end(sender=SimpleNamespace(hostname="probes@one"))
    found = signs.read(now=NOW)
    assert found is not None
    assert found.workers == ()


@pytest.mark.parametrize(
    ("age", "is_gone"), [(0 * SECOND, False), (16 * SECOND, False), (17 * SECOND, True)]
)
def test_one_that_was_killed_is_missed_after_three_marks(age: timedelta, is_gone: bool) -> None:
    assert Worker("control@two", ("control",), NOW - age).is_gone(NOW) is is_gone


def test_nobody_misses_a_machine_of_yesterday() -> None:
    with time_machine.travel(NOW, tick=False):
        signs.mark("probes@old", ["probes"])
    found = signs.read(now=NOW + timedelta(days=1, seconds=1))
    assert found is not None
    assert found.workers == ()


def test_only_sweeps_that_ended_well_are_noted_and_once_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sweep, other = (SimpleNamespace(name=name) for name in ("incidents.tasks.sweep", "some.task"))
    clock = iter([100.0, 100.25, 100.75])
    monkeypatch.setattr(signs, "monotonic", lambda: next(clock))
    signs.begin()
    with time_machine.travel(NOW, tick=False):
        signs.note(sender=sweep)
        signs.note(sender=other)
    with time_machine.travel(NOW + SECOND / 2, tick=False):
        signs.note(sender=sweep)
    found = signs.read(now=NOW)
    assert found is not None
    assert found.ended == {"incidents.tasks.sweep": Ended(NOW, 0.25)}


def test_without_redis_nothing_is_known_and_nobody_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signs, "_client", redis.Redis(port=1, retry=Retry(NoBackoff(), 0)))
    signs.mark("probes@one", ["probes"])
    signs.note(sender=SimpleNamespace(name="incidents.tasks.sweep"))
    signs._end(sender=SimpleNamespace(hostname="probes@one"))
    assert signs.read(now=NOW) is None


def test_every_sweep_is_one_that_beat_sends() -> None:
    assert set(signs.SWEEPS) <= {entry["task"] for entry in app.conf.beat_schedule.values()}
