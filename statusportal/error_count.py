"""How many errors the portal wrote into its logs, by who wrote them (docs/metrics.md).

Each process counts for itself and adds to a common count in Redis. While Redis is silent it keeps
its own, and no log line waits for it more often than every ten seconds.
"""

from __future__ import annotations

import logging
from collections import Counter
from threading import Lock
from time import monotonic

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

ERRORS_KEY = "portal:errors"
# A label of a metric must not grow with what others choose to call their loggers.
_OURS = frozenset(
    {
        "accounts",
        "celery",
        "core",
        "django",
        "incidents",
        "maintenance",
        "notifications",
        "reports",
        "services",
        "statusportal",
    }
)
_AGAIN_AFTER_S = 10.0
_TIMEOUT_S = 0.5


class CountErrors(logging.Handler):
    """A handler of the root logger that counts what it is given and writes nothing."""

    def __init__(self, level: int | str = logging.ERROR) -> None:
        super().__init__(level)
        self._waiting: Counter[str] = Counter()
        self._counting = Lock()
        self._again_at = 0.0
        self._client: redis.Redis | None = None

    def emit(self, record: logging.LogRecord) -> None:
        name = record.name.partition(".")[0]
        with self._counting:
            self._waiting[name if name in _OURS else "other"] += 1
        # redis-py logs nothing, so this cannot come back to itself.
        self.hand_over()

    def hand_over(self) -> None:
        """Add what waits to the common count; without Redis it waits on."""
        with self._counting:
            if not self._waiting or monotonic() < self._again_at:
                return
            waiting, self._waiting = self._waiting, Counter()
            # Nobody else tries while we do.
            self._again_at = monotonic() + _AGAIN_AFTER_S
        try:
            if self._client is None:
                self._client = redis.Redis.from_url(
                    settings.REDIS_URL,
                    socket_timeout=_TIMEOUT_S,
                    socket_connect_timeout=_TIMEOUT_S,
                    # Its own default is to try thrice, with pauses.
                    retry=Retry(NoBackoff(), 0),
                )
            pipe = self._client.pipeline(transaction=True)
            for name, count in waiting.items():
                pipe.hincrby(ERRORS_KEY, name, count)
            pipe.execute()
        except (redis.RedisError, OSError):
            with self._counting:
                self._waiting.update(waiting)
            return
        with self._counting:
            self._again_at = 0.0
