"""Django's cache on Redis that goes on without Redis: each process counts for itself meanwhile.

Staff have to get in on the day when Redis is what failed, and signing in counts attempts here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# So long Redis is not asked again: each question to one that hangs costs its whole time-out.
_REST_S = 5.0


class SteadyRedisCache(RedisCache):
    """What Redis does not answer is answered by this process's own memory."""

    # Of the process: Django makes an instance for each thread.
    _away_until = 0.0

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._spare = LocMemCache(f"spare for {server}", {})

    def _ask(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= SteadyRedisCache._away_until:
            try:
                return getattr(super(), name)(*args, **kwargs)
            except (RedisError, OSError) as error:
                SteadyRedisCache._away_until = time.monotonic() + _REST_S
                logger.warning(
                    "Redis does not answer (%s); this process remembers by itself.",
                    type(error).__name__,
                )
        return getattr(self._spare, name)(*args, **kwargs)


def _steady(name: str) -> Callable[..., Any]:
    def method(self: SteadyRedisCache, *args: Any, **kwargs: Any) -> Any:
        return self._ask(name, *args, **kwargs)

    return method


# The others of Django's cache are made of these.
for _name in (
    "add", "get", "set", "touch", "delete", "get_many", "set_many", "delete_many", "has_key",
    "incr", "clear",
):  # fmt: skip
    setattr(SteadyRedisCache, _name, _steady(_name))
