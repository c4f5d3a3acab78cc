"""The cache goes on without Redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from django.conf import settings
from django.core.cache.backends.redis import RedisCache

from core.steady_cache import SteadyRedisCache


@pytest.fixture(autouse=True)
def _nobody_is_away() -> Iterator[None]:
    SteadyRedisCache._away_until = 0.0
    yield
    SteadyRedisCache._away_until = 0.0


@pytest.fixture
def without(tmp_path: Path) -> Iterator[SteadyRedisCache]:
    cache = SteadyRedisCache(f"unix://{tmp_path}/no.sock", {})
    yield cache
    cache._spare.clear()


def test_without_redis_the_process_remembers_by_itself(without: SteadyRedisCache) -> None:
    assert without.add("a", 1)
    assert not without.add("a", 2)
    assert without.get("a") == 1
    without.set("b", 2)
    assert without.get_many(["a", "b"]) == {"a": 1, "b": 2}
    assert without.incr("a") == 2
    assert without.touch("a", 60)
    assert without.delete("a")
    assert without.get("a", "none") == "none"
    assert without.has_key("b")
    without.clear()
    assert "b" not in without


def test_a_redis_that_does_not_answer_is_left_alone_for_five_seconds(
    without: SteadyRedisCache,
) -> None:
    with (
        patch.object(RedisCache, "get", side_effect=TimeoutError) as asked,
        patch("core.steady_cache.time.monotonic", side_effect=[0.0, 0.0, 4.9, 5.0, 5.0]),
    ):
        for _number in range(3):
            assert without.get("a") is None
    assert asked.call_count == 2


def test_with_redis_it_is_redis() -> None:
    cache = SteadyRedisCache(settings.REDIS_URL, {})
    plain = RedisCache(settings.REDIS_URL, {})
    cache.set("steady", "kept")
    assert plain.get("steady") == "kept"
    cache.delete("steady")
    assert plain.get("steady") is None
