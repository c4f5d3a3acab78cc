"""The vocabulary: what an observation, a check and a service can be, and which is worse."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum


class Outcome(IntEnum):
    """What one observation says of its target; the numbers are stored."""

    OK = 0
    SLOW = 1
    BAD = 2
    # Ours, not theirs: no socket, an address that the guard refuses, a check nobody can run.
    PROBER_FAULT = 9


class CheckHealth(IntEnum):
    """The confirmed state of a check at one location (rule 2); the numbers are stored."""

    OK = 0
    SLOW = 1
    BAD = 2
    UNKNOWN = 9


class Health(StrEnum):
    """The words for a channel, a service and the portal (docs/truth.md, first lines)."""

    OPERATIONAL = "operational"
    DEGRADED = "degraded"
    MAINTENANCE = "maintenance"
    PARTIAL_OUTAGE = "partial_outage"
    MAJOR_OUTAGE = "major_outage"
    UNKNOWN = "unknown"


# `unknown` yields to anything but `operational`: known trouble is worth more than not knowing,
# not knowing is worth more than a guess that all is well.
_ORDER = (
    Health.OPERATIONAL,
    Health.UNKNOWN,
    Health.DEGRADED,
    Health.MAINTENANCE,
    Health.PARTIAL_OUTAGE,
    Health.MAJOR_OUTAGE,
)
_RANK = {health: rank for rank, health in enumerate(_ORDER)}


def rank(health: Health) -> int:
    """How bad `health` is; larger is worse, and `unknown` stands next to `operational`."""
    return _RANK[health]


def worst(healths: Iterable[Health]) -> Health | None:
    """The worst of `healths`, or None where there is none: an empty set is never green."""
    return max(healths, key=_RANK.__getitem__, default=None)
