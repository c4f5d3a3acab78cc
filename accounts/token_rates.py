"""How often a token may call: so many calls in each minute, counted for all web processes.

The numbers are told as draft-ietf-httpapi-ratelimit-headers asks, so that programs can slow down
before they are turned away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from django.core.cache import caches

WINDOW_S = 60


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a token's calls under one policy, `resets_s` seconds before it is renewed."""

    policy: str
    limit: int
    used: int
    resets_s: int

    @property
    def is_spent(self) -> bool:
        return self.used > self.limit

    @property
    def headers(self) -> dict[str, str]:
        left = max(0, self.limit - self.used)
        return {
            "RateLimit-Policy": f'"{self.policy}";q={self.limit};w={WINDOW_S}',
            "RateLimit": f'"{self.policy}";r={left};t={self.resets_s}',
        }


def allowance(*, policy: str, limit: int, used: int, now: datetime) -> Allowance:
    """What `used` calls of `limit` leave in the minute of `now`. Pure."""
    second = now.timestamp()
    return Allowance(policy, limit, used, max(1, ceil(WINDOW_S - second % WINDOW_S)))


def count(*, key: str, policy: str, limit: int, now: datetime) -> Allowance:
    """Count one call of `key` under `policy`.

    Without Redis each process counts for itself: a heartbeat that is turned away would become an
    outage that is none, so whoever keeps to the limit is let in on such a day too.
    """
    name = f"token-rate:{policy}:{key}:{int(now.timestamp()) // WINDOW_S}"
    counts = caches["rates"]
    # The first call of a minute makes the counter; it outlives its minute, clocks differ.
    counts.add(name, 0, timeout=2 * WINDOW_S)
    try:
        used = counts.incr(name)
    except ValueError:
        # Redis made room, or went away, between the two.
        used = 1
    return allowance(policy=policy, limit=limit, used=used, now=now)
