"""The clocks of an incident: nobody is left without news (docs/clocks.md). Pure.

A clock that is about to run out is told to the operators, one that ran out to the escalation
list. What the public is told needs no worker (rule 20): see update_overdue_since.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from incidents.office import (
    Allowance,
    NoOfficeHours,
    OfficeHours,
    add,
    read_allowance,
    worked_between,
)
from incidents.severity import Severity

# One for each of P1 to P4; None where that severity has no such clock.
Row = tuple[Allowance | None, Allowance | None, Allowance | None, Allowance | None]
_PLACE = {severity: place for place, severity in enumerate(Severity)}


def read_row(text: str) -> Row:
    """Four allowances as settings write them, for P1 to P4, "-" for none: 20m 60m 4oh -.

    Raises ValueError with what is wrong.
    """
    words = text.split()
    if len(words) != len(Severity):
        raise ValueError(f"{text!r} must be four lengths of time, for P1 to P4, or - for none")
    p1, p2, p3, p4 = (None if word == "-" else read_allowance(word) for word in words)
    return p1, p2, p3, p4


_ACKNOWLEDGE = read_row("10m 20m 2oh 1d")
_FIRST_NOTICE = read_row("20m 60m 4oh -")
_UPDATE = read_row("60m 2h 1d -")
_REPORT = read_row("3d 5d 10d -")
_EARLY_UPDATE, _EARLY_FOR = read_allowance("30m"), read_allowance("2h")


@dataclass(frozen=True, slots=True)
class Policy:
    """Every number of the clocks; the defaults are those of docs/clocks.md."""

    acknowledge: Row = _ACKNOWLEDGE
    first_notice: Row = _FIRST_NOTICE
    update: Row = _UPDATE
    report: Row = _REPORT
    # P1 in its first hours, when most people look.
    early_update: Allowance = _EARLY_UPDATE
    early_for: Allowance = _EARLY_FOR
    # Warned when one part of so many is left, but never with less than this to write in, unless
    # that were more than half; on the wall never so early that it is forgotten again.
    warn_part: int = 6
    warn_least: timedelta = timedelta(minutes=10)
    warn_most: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """What the clocks of one incident depend on.

    `is_incident` is false for announcements and clarifications. `confirmed_at` is when the outage
    was confirmed, or when the window or upstream that covered it no longer did; None where people
    opened it. `reopened_at` is the last time; `acknowledged_at` and `resolved_at` are of the life
    since then. `promised_next_at` is by when the last public update promised the next one.
    """

    severity: Severity
    opened_at: datetime
    is_incident: bool = True
    confirmed_at: datetime | None = None
    reopened_at: datetime | None = None
    acknowledged_at: datetime | None = None
    first_notice_at: datetime | None = None
    last_notice_at: datetime | None = None
    promised_next_at: datetime | None = None
    resolved_at: datetime | None = None
    report_submitted_at: datetime | None = None

    @property
    def began_at(self) -> datetime:
        """When the clocks began, as far as anybody could have known."""
        return self.reopened_at or self.confirmed_at or self.opened_at


class ClockKind(StrEnum):
    """What is to be done before it runs out."""

    ACKNOWLEDGE = "acknowledge"
    FIRST_NOTICE = "first_notice"
    UPDATE = "update"
    REPORT = "report"


class ClockState(StrEnum):
    """Where a clock stands."""

    RUNNING = "running"
    WARNING = "warning"
    OVERDUE = "overdue"
    MET = "met"
    MET_LATE = "met_late"


@dataclass(frozen=True, slots=True)
class Clock:
    """One run of a clock. It is overdue from `due_at` itself on."""

    kind: ClockKind
    starts_at: datetime
    warns_at: datetime
    due_at: datetime
    met_at: datetime | None = None


def clocks(facts: ClockFacts, policy: Policy, office: OfficeHours) -> list[Clock]:
    """The clocks of an incident, in the order of ClockKind; those that were met stay.

    An unmet clock ends with what it is for: nobody acknowledges or announces what is resolved.
    Each public update begins a new run of the update clock, until the incident is resolved. A
    severity that is raised counts as if it had been so from the start: a P1 that nobody has
    looked at is late, whatever it was called before.
    """
    found = [_acknowledge(facts, policy, office), _first_notice(facts, policy, office)]
    found += [_update(facts, policy, office), _report(facts, policy, office)]
    return [clock for clock in found if clock is not None]


def state(clock: Clock, now: datetime) -> ClockState:
    """Where `clock` stands at `now`."""
    if clock.met_at is not None:
        return ClockState.MET if clock.met_at <= clock.due_at else ClockState.MET_LATE
    if now >= clock.due_at:
        return ClockState.OVERDUE
    return ClockState.WARNING if now >= clock.warns_at else ClockState.RUNNING


def _acknowledge(facts: ClockFacts, policy: Policy, office: OfficeHours) -> Clock | None:
    allowance = _of(policy.acknowledge, facts)
    if allowance is None or _is_past(facts, facts.acknowledged_at):
        return None
    # From when an operator could see it, which may be long after the first bad answer.
    start = facts.reopened_at or facts.opened_at
    return _run(
        ClockKind.ACKNOWLEDGE, start, allowance, policy, office, met_at=facts.acknowledged_at
    )


def _first_notice(facts: ClockFacts, policy: Policy, office: OfficeHours) -> Clock | None:
    allowance = _of(policy.first_notice, facts)
    if allowance is None or _is_past(facts, facts.first_notice_at):
        return None
    start = facts.confirmed_at or facts.opened_at
    return _run(
        ClockKind.FIRST_NOTICE, start, allowance, policy, office, met_at=facts.first_notice_at
    )


def _update(facts: ClockFacts, policy: Policy, office: OfficeHours) -> Clock | None:
    start = facts.last_notice_at
    if start is None or facts.resolved_at is not None:
        # Before the first notice the clock above runs.
        return None
    allowance = _cadence(facts, policy, office)
    clock = _run(ClockKind.UPDATE, start, allowance, policy, office) if allowance else None
    promised_at = _promise(facts)
    if promised_at is None or (clock is not None and clock.due_at <= promised_at):
        return clock
    return _on_the_wall(ClockKind.UPDATE, start, promised_at, policy)


def _report(facts: ClockFacts, policy: Policy, office: OfficeHours) -> Clock | None:
    allowance = _of(policy.report, facts)
    if allowance is None or facts.resolved_at is None:
        return None
    return _run(
        ClockKind.REPORT,
        facts.resolved_at,
        allowance,
        policy,
        office,
        met_at=facts.report_submitted_at,
    )


def _run(
    kind: ClockKind,
    start: datetime,
    allowance: Allowance,
    policy: Policy,
    office: OfficeHours,
    *,
    met_at: datetime | None = None,
) -> Clock:
    start = start.astimezone(UTC)
    due_at = allowance.deadline(start, office)
    if allowance.is_of_office and (warns_at := _office_warning(start, due_at, policy, office)):
        return Clock(kind, start, warns_at, due_at, met_at)
    return _on_the_wall(kind, start, due_at, policy, met_at=met_at)


def _on_the_wall(
    kind: ClockKind,
    start: datetime,
    due_at: datetime,
    policy: Policy,
    *,
    met_at: datetime | None = None,
) -> Clock:
    start, due_at = start.astimezone(UTC), due_at.astimezone(UTC)
    reserve = min(_reserve(due_at - start, policy), policy.warn_most)
    return Clock(kind, start, due_at - reserve, due_at, met_at)


def _office_warning(
    start: datetime, due_at: datetime, policy: Policy, office: OfficeHours
) -> datetime | None:
    """A warning that falls into office hours; None where the calendar has none."""
    try:
        worked = worked_between(start, due_at, office)
        return add(start, worked - _reserve(worked, policy), office) if worked else None
    except NoOfficeHours:
        return None


def _reserve(whole: timedelta, policy: Policy) -> timedelta:
    return max(whole / policy.warn_part, min(policy.warn_least, whole / 2))


def _of(row: Row, facts: ClockFacts) -> Allowance | None:
    return row[_PLACE[facts.severity]] if facts.is_incident else None


def _is_past(facts: ClockFacts, met_at: datetime | None) -> bool:
    return facts.resolved_at is not None and met_at is None


def _cadence(facts: ClockFacts, policy: Policy, office: OfficeHours) -> Allowance | None:
    """The longest silence that is allowed after the last notice."""
    allowance = _of(policy.update, facts)
    if allowance is None or facts.severity != Severity.P1 or facts.last_notice_at is None:
        return allowance
    is_early = facts.last_notice_at < policy.early_for.deadline(facts.began_at, office)
    return policy.early_update if is_early else allowance


def _promise(facts: ClockFacts) -> datetime | None:
    """What was promised and has not come yet; the notice that came instead kept the promise."""
    promised_at, last_at = facts.promised_next_at, facts.last_notice_at
    if promised_at is None or (last_at is not None and promised_at <= last_at):
        return None
    return promised_at


# --- what is due --------------------------------------------------------------------------------


class DueKind(StrEnum):
    """What the clock alone makes happen; the words are kinds of Events."""

    DUE_SOON = "incident.due_soon"  # to the operators
    OVERDUE = "incident.overdue"  # to the escalation list


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that came due at `at`. `occasion` tells this run of the clock from all others."""

    kind: DueKind
    clock: ClockKind
    at: datetime
    occasion: str


def due(facts: ClockFacts, policy: Policy, office: OfficeHours, now: datetime) -> list[Due]:
    """What is due of an incident's clocks at `now`; the same again at every call.

    Nobody is warned of what is overdue already. A clock whose deadline moved is due again.
    """
    found = []
    for clock in clocks(facts, policy, office):
        occasion = f"{clock.kind.value}:{clock.due_at:%Y%m%dT%H%M%SZ}"
        match state(clock, now):
            case ClockState.OVERDUE:
                found.append(Due(DueKind.OVERDUE, clock.kind, clock.due_at, occasion))
            case ClockState.WARNING:
                found.append(Due(DueKind.DUE_SOON, clock.kind, clock.warns_at, occasion))
            case _:
                pass
    return found


# --- what the public was told -------------------------------------------------------------------


def next_update_by(facts: ClockFacts, policy: Policy, office: OfficeHours) -> datetime | None:
    """By when citizens may expect news, in UTC: what was promised, else the end of the cadence.

    With `last_notice_at` set to now and no promise it is what a form proposes. None where nothing
    is owed: resolved, or neither promised nor of a severity that has a cadence.
    """
    clock = _update(facts, policy, office)
    if clock is None:
        return None
    promised_at = _promise(facts)
    return clock.due_at if promised_at is None else promised_at.astimezone(UTC)


def update_overdue_since(next_update_at: datetime | None, now: datetime) -> datetime | None:
    """Since when the promised news are missing (rule 20), or None. Takes what next_update_by
    gave when the snapshot was built, so that a page can say it with no worker left."""
    return next_update_at if next_update_at is not None and now >= next_update_at else None
