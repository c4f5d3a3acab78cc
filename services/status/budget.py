"""Who may look more closely, when not all can (rule 5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wish:
    """A check that asks for the fast interval; `has_turn` when it has one already."""

    check_id: int
    host: str
    has_turn: bool


@dataclass(frozen=True, slots=True)
class Budget:
    """How many checks may be fast at once: in all, and at one host."""

    total: int
    per_host: int


def granted(
    wishes: Iterable[Wish], budget: Budget, *, others: int, others_at: Mapping[str, int]
) -> frozenset[int]:
    """The ids of the checks that get the fast interval (rule 5); the others go at their own.

    `others` counts the checks outside `wishes` that are fast now, `others_at` the same by host.
    Whoever has a turn keeps it before somebody new gets one, so that a confirmation that has
    begun is finished; among equals the smaller id goes first. Checks without a host (nothing goes
    out) are bound by the total only.
    """
    taken, at_host = others, Counter(others_at)
    result = set()
    for wish in sorted(wishes, key=lambda wish: (not wish.has_turn, wish.check_id)):
        if taken >= budget.total or (wish.host and at_host[wish.host] >= budget.per_host):
            continue
        result.add(wish.check_id)
        taken += 1
        at_host[wish.host] += 1
    return frozenset(result)
