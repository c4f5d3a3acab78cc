"""Ninety days as bars: which sign a day gets and how much of its bar it fills. Pure (rule 22)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from statusportal.public.shape import ChannelDays, DayFact, ServiceHistory

_MINUTE, _HOUR = 60, 3600
# From how many seconds on a bar is filled to a quarter more. In proportion to the day an outage
# of an hour would be a line that nobody sees, and a day that was red for a minute would be a lie.
_QUARTERS = (1, _HOUR, 4 * _HOUR, 12 * _HOUR)


class DayKind(StrEnum):
    """What a day's bar stands for; the value is its word in class names."""

    UP = "up"
    DOWN = "down"
    OVERRUN = "overrun"
    DEGRADED = "degraded"
    PLANNED = "planned"
    UNKNOWN = "unknown"


# The worst that happened names the day: unplanned before planned, and silence yields to anything
# but a good day.
_WORST_FIRST = (DayKind.DOWN, DayKind.OVERRUN, DayKind.DEGRADED, DayKind.PLANNED)


@dataclass(frozen=True, slots=True)
class Bar:
    """One day. `quarters` of the bar's height (0 to 4) carry the sign of `kind`."""

    day: date
    kind: DayKind
    quarters: int
    fact: DayFact


def bar(fact: DayFact) -> Bar:
    """The bar of one day.

    A gap of less than a minute is a restart of ours and shows nowhere, as in the sentences.
    """
    for kind in _WORST_FIRST:
        seconds: int = getattr(fact, kind)
        if seconds > 0:
            return Bar(fact.day, kind, _quarters(seconds), fact)
    if fact.unknown >= _MINUTE or not fact.up:
        # Without any known second the whole bar is hollow, however young the day is.
        filled = _quarters(fact.unknown) if fact.up else 4
        return Bar(fact.day, DayKind.UNKNOWN, filled, fact)
    return Bar(fact.day, DayKind.UP, 0, fact)


def bars(days: Iterable[DayFact]) -> tuple[Bar, ...]:
    """One bar a day, in the order of `days`: oldest first."""
    return tuple(bar(fact) for fact in days)


def _quarters(seconds: int) -> int:
    return sum(seconds >= least for least in _QUARTERS)


def day_counts(days: Sequence[Bar]) -> list[tuple[DayKind, int]]:
    """(kind, days of it), good ones first; kinds that never were are left out."""
    counted = Counter(day.kind for day in days)
    return [(kind, counted[kind]) for kind in DayKind if counted[kind]]


def availability(*days: DayFact) -> int | None:
    """The share of up in these days in hundredths of a percent, rounded down (rule 22).

    Planned time and time without information are not in the denominator; None where nothing
    else is left.
    """
    up = sum(fact.up for fact in days)
    known = up + sum(fact.overrun + fact.down for fact in days)
    return up * 10_000 // known if known else None


def channel_days(past: ServiceHistory, channel: ChannelDays) -> tuple[DayFact, ...]:
    """The days of one channel: the service's, but for those that it spent otherwise."""
    own = {fact.day: fact for fact in channel.days}
    return tuple(
        own.get(day.day, day)
        if channel.since is None or day.day >= channel.since
        else _unknown(day)
        for day in past.days
    )


def _unknown(day: DayFact) -> DayFact:
    length = day.up + day.down + day.planned + day.overrun + day.unknown
    return DayFact(day.day, 0, 0, 0, 0, 0, length)


def totals(days: Iterable[DayFact]) -> list[tuple[DayKind, int]]:
    """(kind, seconds) over all days, good ones first; nought is left out.

    Slow or partly working time is part of up; here it stands apart, so that the parts add up
    to the whole.
    """
    facts = list(days)
    spent = {kind: sum(getattr(fact, kind) for fact in facts) for kind in DayKind}
    spent[DayKind.UP] -= spent[DayKind.DEGRADED]
    return [(kind, seconds) for kind, seconds in spent.items() if seconds > 0]
