"""Errors in the log are counted, also those that happened while Redis was silent."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import redis
from django.conf import settings

from statusportal import error_count
from statusportal.error_count import ERRORS_KEY, CountErrors
from statusportal.public import store


@pytest.fixture
def client() -> Any:
    found = store.connect(settings.REDIS_URL)
    found.delete(ERRORS_KEY)
    yield found
    found.delete(ERRORS_KEY)


def line(name: str) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, __file__, 1, "It failed.", None, None)


def test_errors_are_counted_by_package_and_foreign_names_together(client: redis.Redis) -> None:
    handler = CountErrors()
    for name in ("services.recording", "services.tasks", "django.request", "some.library", "x"):
        handler.handle(line(name))

    assert client.hgetall(ERRORS_KEY) == {b"services": b"2", b"django": b"1", b"other": b"2"}


def test_what_redis_did_not_hear_is_told_later_and_nobody_waits_for_it_twice(
    client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = CountErrors()
    tried = []

    def refuse(*_: Any, **__: Any) -> None:
        tried.append(1)
        raise redis.ConnectionError

    monkeypatch.setattr(error_count, "monotonic", lambda: 100.0)
    with monkeypatch.context() as silent:
        silent.setattr(redis.Redis, "pipeline", refuse)
        for _ in range(3):
            handler.handle(line("core"))
    monkeypatch.setattr(error_count, "monotonic", lambda: 110.0)
    handler.handle(line("core"))

    assert tried == [1]
    assert client.hgetall(ERRORS_KEY) == {b"core": b"4"}
