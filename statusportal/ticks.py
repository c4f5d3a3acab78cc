"""Marks of time on what Celery sends: when each task was sent, and when beat last sent one.

For those who watch the portal (docs/metrics.md): a queue's length alone does not say whether
anybody works on it, and nothing else tells that beat is gone before checks are late.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import redis
from celery.signals import beat_init, before_task_publish
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

# Seconds since 1970, as text.
BEAT_KEY = "portal:beat"
# Beat sends several tasks in the same second.
_EVERY_S = 1.0
_TIMEOUT_S = 0.5

_client: redis.Redis | None = None
_told_at = float("-inf")


@before_task_publish.connect(dispatch_uid="when a task was sent")
def stamp(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """Give the task a header `sent_at`, in seconds since 1970."""
    if headers is not None:
        headers["sent_at"] = time.time()


@beat_init.connect(dispatch_uid="beat tells that it lives")
def follow_beat(**_: Any) -> None:
    """In beat's own process, and in no other, each task that is sent is a sign of life."""
    before_task_publish.connect(tick, dispatch_uid="beat lives")


def tick(**_: Any) -> None:
    """Write down that beat lives; Redis gone: beat itself says so."""
    global _client, _told_at
    if time.monotonic() - _told_at < _EVERY_S:
        return
    _told_at = time.monotonic()
    try:
        if _client is None:
            _client = redis.Redis.from_url(
                settings.REDIS_URL,
                socket_timeout=_TIMEOUT_S,
                socket_connect_timeout=_TIMEOUT_S,
                # Its own default is to try thrice, with pauses.
                retry=Retry(NoBackoff(), 0),
            )
        _client.set(BEAT_KEY, str(time.time()))
    except redis.RedisError:
        logger.debug("The tick was not written down.", exc_info=True)
