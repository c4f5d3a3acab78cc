"""Planned windows: which times suit, who has to agree, and where one stands. Pure.

What a window does to a status and to figures is services.status.window's (rules 14 to 16).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from maintenance.policy import (
    Calendar,
    Interval,
    Period,
    PeriodKind,
    Policy,
    days_of,
    each_day,
    is_low_use,
    low_use_hours,
    night_of,
    overlap,
)
from maintenance.recurrence import InvalidRule, occurrences
from services.status.window import WindowEffect

__all__ = [
    "Approver",
    "Busy",
    "Calendar",
    "Decision",
    "Due",
    "DueKind",
    "Facts",
    "Fault",
    "FaultCode",
    "Period",
    "PeriodKind",
    "Policy",
    "Relation",
    "Request",
    "Slot",
    "Stage",
    "Verdict",
    "approver_needed",
    "due",
    "lead_time",
    "series_slots",
    "series_verdicts",
    "slots",
    "stage",
    "verdict",
]

# Slots begin on such minutes, and are sought in such steps.
_GRID = timedelta(minutes=15)
_STEP = timedelta(minutes=30)


class Relation(StrEnum):
    """What the service of another window is to those of the one that is asked for."""

    SAME = "same"
    UPSTREAM = "upstream"
    DEPENDANT = "dependant"


@dataclass(frozen=True, slots=True)
class Busy:
    """Another window that is asked for or announced. `service` is for the sentence alone."""

    ref: str
    starts_at: datetime
    ends_at: datetime
    relation: Relation
    service: object = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for. `is_urgent`: one of its services is of tier 1, or shared."""

    starts_at: datetime
    ends_at: datetime
    effect: WindowEffect
    is_urgent: bool = False
    is_emergency: bool = False


class FaultCode(StrEnum):
    """What can be wrong with the times of a window."""

    ENDS_BEFORE_START = "ends_before_start"
    ENDS_IN_PAST = "ends_in_past"
    STARTS_IN_PAST = "starts_in_past"
    SHORT_LEAD = "short_lead"
    OUTSIDE_LOW_USE = "outside_low_use"
    FREEZE = "freeze"
    TOO_LONG = "too_long"
    CLASH = "clash"


_FINAL = frozenset({FaultCode.ENDS_BEFORE_START, FaultCode.ENDS_IN_PAST, FaultCode.STARTS_IN_PAST})
_OF_THE_END = frozenset({FaultCode.ENDS_BEFORE_START, FaultCode.ENDS_IN_PAST, FaultCode.TOO_LONG})


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, with what its sentence needs (maintenance.wording).

    `allowed` is the lead time that is needed or the length that is allowed, `by` by how much it
    is missed.
    """

    code: FaultCode
    allowed: timedelta = timedelta(0)
    by: timedelta = timedelta(0)
    period: Period | None = None
    busy: Busy | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing but other times mends it: no justification, no supervisor."""
        return self.code in _FINAL

    @property
    def field(self) -> str:
        """The column of Window that is to be mended."""
        return "ends_at" if self.code in _OF_THE_END else "starts_at"


class Approver(StrEnum):
    """Who has to agree; never whoever asked (maintenance.operations)."""

    PUBLISHER = "publisher"
    SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the policy says of a request. Emergency work is flagged, and counted apart."""

    faults: tuple[Fault, ...]
    is_emergency: bool = False

    @property
    def is_fine(self) -> bool:
        """Within the policy."""
        return not self.faults

    @property
    def is_final(self) -> bool:
        """Whether it cannot be asked for at all."""
        return any(fault.is_final for fault in self.faults)

    @property
    def needs_justification(self) -> bool:
        """Whether it must be said in writing why it cannot be otherwise."""
        return bool(self.faults) or self.is_emergency


def verdict(
    request: Request,
    policy: Policy,
    calendar: Calendar,
    now: datetime,
    busy: Iterable[Busy] = (),
) -> Verdict:
    """Weigh `request` as if it were announced at `now`; it is weighed again at its approval.

    `busy` are windows on the same services, what they need and what needs them. Emergency work
    keeps neither lead time nor hours, and may have begun already: it covers nothing before its
    approval (rule 15).
    """
    starts_at, ends_at = request.starts_at, request.ends_at
    if ends_at <= starts_at:
        # Nothing else can be said of a span that does not exist.
        return Verdict((Fault(FaultCode.ENDS_BEFORE_START),), request.is_emergency)
    faults: list[Fault] = []
    if ends_at <= now:
        faults.append(Fault(FaultCode.ENDS_IN_PAST))
    elif starts_at < now and not request.is_emergency:
        faults.append(Fault(FaultCode.STARTS_IN_PAST))
    lead = lead_time(request, policy)
    if now <= starts_at < now + lead:
        faults.append(Fault(FaultCode.SHORT_LEAD, allowed=lead, by=now + lead - starts_at))
    if _keeps_hours(request) and not is_low_use(starts_at, ends_at, policy, calendar):
        faults.append(Fault(FaultCode.OUTSIDE_LOW_USE))
    faults += [
        Fault(FaultCode.FREEZE, period=period)
        for period in calendar.of_kind(PeriodKind.FREEZE)
        if overlap((starts_at, ends_at), days_of(period, policy.zone))
    ]
    if ends_at - starts_at > policy.longest and request.effect is not WindowEffect.NONE:
        over = ends_at - starts_at - policy.longest
        faults.append(Fault(FaultCode.TOO_LONG, allowed=policy.longest, by=over))
    faults += [
        Fault(FaultCode.CLASH, busy=other)
        for other in sorted(busy, key=lambda other: (other.starts_at, other.ref))
        if overlap((starts_at, ends_at), (other.starts_at, other.ends_at))
    ]
    return Verdict(tuple(faults), request.is_emergency)


def lead_time(request: Request, policy: Policy) -> timedelta:
    """How long before its start the window has to be announced."""
    if request.is_emergency or request.effect is WindowEffect.NONE:
        return timedelta(0)
    return policy.lead_urgent if request.is_urgent else policy.lead


def approver_needed(request: Request, said: Verdict) -> Approver:
    """Who has to agree: a publisher of the agency within the policy, below tier 1; else the
    authority's supervisor."""
    inside = said.is_fine and not request.is_emergency and not request.is_urgent
    return Approver.PUBLISHER if inside else Approver.SUPERVISOR


def _keeps_hours(request: Request) -> bool:
    # Work that nobody notices disturbs nobody at noon.
    return request.effect is not WindowEffect.NONE and not request.is_emergency


# --- slots --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Slot:
    """Times that would be fine."""

    starts_at: datetime
    ends_at: datetime


def slots(
    duration: timedelta,
    request: Request,
    policy: Policy,
    calendar: Calendar,
    now: datetime,
    busy: Sequence[Busy] = (),
    *,
    count: int = 3,
    search: timedelta = timedelta(days=60),
) -> list[Slot]:
    """The next `count` slots of `duration` within the policy, one a night; fewer where `search`
    holds no more. Only the services' part of `request` is looked at, not its times."""
    earliest = now + lead_time(request, policy)
    found: list[Slot] = []
    for opens, closes in _nights(earliest, earliest + search, duration, request, policy, calendar):
        for starts_at in _starts(opens, closes, duration, policy):
            tried = replace(request, starts_at=starts_at, ends_at=starts_at + duration)
            if not verdict(tried, policy, calendar, now, busy).faults:
                found.append(Slot(tried.starts_at, tried.ends_at))
                break
        if len(found) == count:
            break
    return found


def series_verdicts(
    spans: Iterable[Interval],
    request: Request,
    policy: Policy,
    calendar: Calendar,
    now: datetime,
    busy: Sequence[Busy] = (),
) -> Iterator[Verdict]:
    """What the policy says of each window of a series; of `request` only its services' part."""
    for starts_at, ends_at in spans:
        one = replace(request, starts_at=starts_at, ends_at=ends_at)
        yield verdict(one, policy, calendar, now, busy)


def series_slots(
    duration: timedelta,
    request: Request,
    policy: Policy,
    calendar: Calendar,
    now: datetime,
    busy: Sequence[Busy],
    rule_at: Callable[[datetime], str],
    *,
    count: int = 3,
    search: timedelta = timedelta(days=60),
) -> list[Slot]:
    """The next `count` slots from which every window of a series is within the policy.

    `rule_at` gives the rule of a series that begins at an instant. Nights on which it cannot begin
    are left out.
    """
    found: list[Slot] = []
    every = slots(duration, request, policy, calendar, now, busy, count=search.days, search=search)
    for slot in every:
        try:
            spans = occurrences(rule_at(slot.starts_at), slot.starts_at, duration, policy.zone)
        except InvalidRule:
            continue
        if all(
            said.is_fine for said in series_verdicts(spans, request, policy, calendar, now, busy)
        ):
            found.append(slot)
        if len(found) == count:
            break
    return found


def _nights(
    since: datetime,
    until: datetime,
    duration: timedelta,
    request: Request,
    policy: Policy,
    calendar: Calendar,
) -> Iterable[Interval]:
    if _keeps_hours(request):
        return low_use_hours(since, until, policy, calendar)
    # Any night does, and may be as long as the work.
    first = since.astimezone(policy.zone).date()
    nights = (
        night_of(day, policy.low_use, policy.zone)
        for day in each_day(first, until.astimezone(policy.zone).date())
    )
    return [
        (opens, max(closes, opens + duration + policy.reserve))
        for opens, closes in nights
        if opens >= since
    ]


def _starts(
    opens: datetime, closes: datetime, duration: timedelta, policy: Policy
) -> Iterator[datetime]:
    """Starts within one night, the best first: deep in it, yet with some reserve at its end."""
    latest = closes - duration
    best = latest - policy.reserve
    best -= timedelta(seconds=best.timestamp() % _GRID.total_seconds())
    if best >= opens:
        yield best
        earlier = best - _STEP
        while earlier >= opens:
            yield earlier
            earlier -= _STEP
    for start in (latest, opens):
        if opens <= start <= latest:
            yield start


# --- where a window stands ----------------------------------------------------------------------


class Decision(StrEnum):
    """Where a window stands by what people did; the words are stored (maintenance.labels.State)."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    CANCELLED = "cancelled"
    POSTPONED = "postponed"
    COMPLETED = "completed"


class Stage(StrEnum):
    """Where a window stands by what people did and by the clock together."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ANNOUNCED = "announced"
    UPCOMING = "upcoming"  # its notice time is reached: banners show it
    IN_PROGRESS = "in_progress"
    EXTENDED = "extended"  # past the end announced before its start, with a later one promised
    RUNNING_OVER = "running_over"  # past every end that was promised
    COMPLETED_RECENTLY = "completed_recently"
    OVER = "over"
    CANCELLED = "cancelled"
    POSTPONED = "postponed"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a window's stage depends on. `ends_at` is the end that is promised now,
    `announced_end_at` the last one that was announced before the start (rule 16)."""

    state: str
    starts_at: datetime
    ends_at: datetime
    announced_end_at: datetime | None = None
    approved_at: datetime | None = None
    completed_at: datetime | None = None


def stage(facts: Facts, policy: Policy, now: datetime) -> Stage:
    """Where a window stands at `now` (rules 15, 16 and 20): no worker is needed for it to begin.

    An approved window never ends by itself.
    """
    match Decision(facts.state):
        case Decision.APPROVED:
            return _announced_stage(facts, policy, now)
        case Decision.COMPLETED:
            done_at = facts.completed_at or facts.ends_at
            recent = now < done_at + policy.notice_after
            return Stage.COMPLETED_RECENTLY if recent else Stage.OVER
        case state:
            # Drafts, submitted, returned, called off: the clock changes nothing.
            return Stage(state.value)


def _announced_stage(facts: Facts, policy: Policy, now: datetime) -> Stage:
    if now < facts.starts_at - policy.notice_before:
        return Stage.ANNOUNCED
    if now < facts.starts_at:
        return Stage.UPCOMING
    if now >= facts.ends_at:
        return Stage.RUNNING_OVER
    if now >= (facts.announced_end_at or facts.ends_at):
        return Stage.EXTENDED
    return Stage.IN_PROGRESS


class DueKind(StrEnum):
    """What the clock alone makes happen; the words are kinds of Events."""

    DUE_SOON = "window.due_soon"
    STARTED = "window.started"
    RUNNING_OVER = "window.running_over"
    OVERDUE = "window.overdue"


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that came due at `at`. `occasion` tells it from others of its kind."""

    kind: DueKind
    at: datetime
    occasion: str = ""


def due(facts: Facts, policy: Policy, now: datetime) -> list[Due]:
    """What is due of an approved window at `now`, oldest first; the same again at every call.

    A reminder is left out when the announcement itself came later than it, and only the last one
    that is due is told. What is moved or extended is due again at its new time.
    """
    if Decision(facts.state) is not Decision.APPROVED or facts.approved_at is None:
        return []
    if now < facts.starts_at:
        reminders = [
            Due(DueKind.DUE_SOON, at, f"{int(before.total_seconds() // 60)}m:{_stamp(facts)}")
            for before in sorted(policy.reminders, reverse=True)
            if facts.approved_at <= (at := facts.starts_at - before) <= now
        ]
        return reminders[-1:]
    found = [Due(DueKind.STARTED, max(facts.starts_at, facts.approved_at))]
    ended = facts.ends_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    if now >= facts.ends_at:
        found.append(Due(DueKind.RUNNING_OVER, facts.ends_at, ended))
    if now >= (overdue_at := facts.ends_at + policy.overdue_after):
        found.append(Due(DueKind.OVERDUE, overdue_at, ended))
    return found


def _stamp(facts: Facts) -> str:
    return facts.starts_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
