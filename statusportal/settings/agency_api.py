"""What agencies' systems may ask of the portal, and how often (docs/agency-api.md)."""

from __future__ import annotations

from typing import Any

from redis.backoff import NoBackoff
from redis.retry import Retry

from core import env
from statusportal.settings.base import CACHES, REDIS_URL

# Calls of one token in a minute, by what they are for.
AGENCY_API_RATES = {
    "heartbeat": env.number("AGENCY_API_RATE_HEARTBEAT", 600, at_least=1),
    "suspect": env.number("AGENCY_API_RATE_SUSPECT", 10, at_least=1),
    "read": env.number("AGENCY_API_RATE_READ", 120, at_least=1),
}
# Connections of its own: a heartbeat waits for Redis no longer than this, and once.
_rates: dict[str, Any] = {
    "BACKEND": "core.steady_cache.SteadyRedisCache",
    "LOCATION": REDIS_URL,
    "OPTIONS": {
        "socket_connect_timeout": 0.3,
        "socket_timeout": 0.3,
        "retry": Retry(NoBackoff(), 0),
    },
}
CACHES["rates"] = _rates
