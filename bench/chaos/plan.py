"""What a run will do, from its seed alone: pure, so that a run can be had again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

# Services on which nothing else hangs: their outages are their own.
SLUGS = ("pass-renew", "evisa", "util-bill", "veh-renew", "id-renew")
HOWS = ("error", "refused", "timeout", "text")

# Long enough to be confirmed, opened and told in the worst of circumstances.
SHORTEST_S, LONGEST_S = 45.0, 75.0
PAUSE_S = (4.0, 12.0)
# Let a portal that was hit recover before the end is looked at.
QUIET_S = 8.0


@dataclass(frozen=True, slots=True)
class Breakage:
    """A service that really does not work, in seconds from the start."""

    slug: str
    how: str
    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class Injection:
    """One fault, in seconds from the start."""

    at_s: float
    fault: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Both, each in order of time."""

    breakages: Sequence[Breakage]
    injections: Sequence[Injection]


def draw(seed: int, *, seconds: float, faults: Sequence[str]) -> Plan:
    """A run of so many seconds: every fault once before one comes twice, services in turn.

    Where the time is too short for an outage of SHORTEST_S there is none.
    """
    drawn = random.Random(seed)
    return Plan(_breakages(drawn, seconds), _injections(drawn, seconds, faults))


def _breakages(drawn: random.Random, seconds: float) -> list[Breakage]:
    found: list[Breakage] = []
    # Two rows of outages side by side, each with services of its own.
    for lane in range(2):
        at = 2.0 + 15.0 * lane
        slugs = list(SLUGS[lane::2])
        while at + SHORTEST_S + QUIET_S <= seconds:
            lasting = min(drawn.uniform(SHORTEST_S, LONGEST_S), seconds - QUIET_S - at)
            slug = slugs[len(found) % len(slugs)]
            found.append(Breakage(slug, drawn.choice(HOWS), at, at + lasting))
            at += lasting + drawn.uniform(10.0, 20.0)
    return sorted(found, key=lambda one: one.from_s)


def _injections(drawn: random.Random, seconds: float, faults: Sequence[str]) -> list[Injection]:
    found: list[Injection] = []
    waiting: list[str] = []
    at = drawn.uniform(*PAUSE_S)
    while faults and at <= seconds - QUIET_S:
        if not waiting:
            waiting = drawn.sample(list(faults), len(faults))
        found.append(Injection(at, waiting.pop()))
        at += drawn.uniform(*PAUSE_S)
    return found
