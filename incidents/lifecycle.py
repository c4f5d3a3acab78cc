"""The life of an incident: what may follow what, who has to agree, how long it took. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Phase(StrEnum):
    """How far people are with an incident; the words are stored."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    FIXING = "fixing"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


_ORDER = tuple(Phase)


def may_follow(phase: str, wanted: str) -> bool:
    """Whether a text may take an incident from `phase` to `wanted`.

    Forward by any number of steps, back whenever it turned out otherwise, and to stay is a text
    without news. Out of resolved leads only reopening, and into it only resolving: both are acts
    of their own, with conditions of their own.
    """
    return Phase.RESOLVED not in (Phase(phase), Phase(wanted))


def later_phases(phase: str) -> list[str]:
    """The phases that a text may announce in `phase`, the likeliest first: the next, then on."""
    if Phase(phase) is Phase.RESOLVED:
        return []
    here = _ORDER.index(Phase(phase))
    open_phases = [one for one in _ORDER if one is not Phase.RESOLVED]
    ahead = open_phases[here + 1 :]
    return [one.value for one in (*ahead, _ORDER[here], *reversed(open_phases[:here]))]


# Of these, what is written freely is read by a second person before the country reads it.
_READ_BY_TWO = frozenset({"P1", "P2"})


def needs_second_person(severity: str, *, is_approved_text: bool) -> bool:
    """Whether a text waits for another person.

    Approved templates never do: a first notice has to be out in seconds.
    """
    return severity in _READ_BY_TWO and not is_approved_text


@dataclass(frozen=True, slots=True)
class Times:
    """How long each thing took, None while it has not happened.

    To acknowledging from when an operator could see it, to the first notice from when our checks
    were sure, to restoring and in all from when the trouble began (rule 3).
    """

    acknowledge: timedelta | None
    first_notice: timedelta | None
    restore: timedelta | None
    total: timedelta | None


def times(
    *,
    started_at: datetime,
    confirmed_at: datetime,
    opened_at: datetime,
    acknowledged_at: datetime | None,
    first_notice_at: datetime | None,
    restored_at: datetime | None,
    resolved_at: datetime | None,
) -> Times:
    """The times by which an incident is judged; none is negative."""
    return Times(
        acknowledge=_between(opened_at, acknowledged_at),
        first_notice=_between(confirmed_at, first_notice_at),
        restore=_between(started_at, restored_at),
        total=_between(started_at, resolved_at),
    )


def _between(start: datetime, end: datetime | None) -> timedelta | None:
    return None if end is None else max(end - start, timedelta(0))
