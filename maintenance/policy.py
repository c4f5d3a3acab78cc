"""The numbers of the deployment, announced periods, and the hours of low use they leave. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

Hours = tuple[time, time]
Interval = tuple[datetime, datetime]

_DAY = timedelta(days=1)
_NOON = time(12)


@dataclass(frozen=True, slots=True)
class Policy:
    """Every number of the deployment's policy; the defaults are those of docs/windows.md.

    Days of the week count from 0, Monday. Hours are of the deployment's zone; a span that ends
    earlier than it begins ends on the next day.
    """

    zone: ZoneInfo
    weekend: frozenset[int] = frozenset({4, 5})
    low_use: Hours = (time(23), time(5))
    ramadan_peak: Hours = (time(20), time(3))
    lead_urgent: timedelta = timedelta(hours=72)
    lead: timedelta = timedelta(hours=48)
    longest: timedelta = timedelta(hours=24)
    # Left free at the end of a night when a slot is proposed: work takes longer than planned.
    reserve: timedelta = timedelta(minutes=30)
    # Citizens see a window from so long before its start until so long after its completion.
    notice_before: timedelta = timedelta(hours=24)
    notice_after: timedelta = timedelta(hours=2)
    # Subscribers are reminded so long before the start.
    reminders: tuple[timedelta, ...] = (timedelta(hours=24), timedelta(hours=1))
    # So long after its end an open window alarms a supervisor (rule 16).
    overdue_after: timedelta = timedelta(minutes=60)


class PeriodKind(StrEnum):
    """Days that change what a suitable hour is; the words are stored."""

    HOLIDAY = "holiday"
    FREEZE = "freeze"
    RAMADAN = "ramadan"


@dataclass(frozen=True, slots=True)
class Period:
    """Days of the deployment's zone, the last one included. `name` is for the sentence alone."""

    kind: PeriodKind
    first_day: date
    last_day: date
    name: object = ""

    def holds(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day


@dataclass(frozen=True, slots=True)
class Calendar:
    """The announced periods; without any, only the weekend matters."""

    periods: tuple[Period, ...] = ()

    def of_kind(self, kind: PeriodKind) -> Iterator[Period]:
        return (period for period in self.periods if period.kind is kind)


# --- suitable hours -----------------------------------------------------------------------------


def low_use_hours(
    since: datetime, until: datetime, policy: Policy, calendar: Calendar
) -> list[Interval]:
    """The low-use intervals that reach into [since, until), in order, as UTC.

    They are the nights before and of weekend days and holidays, without the busy hours of the
    evenings of Ramadan.
    """
    first = since.astimezone(policy.zone).date() - _DAY
    last = until.astimezone(policy.zone).date()
    peaks = [
        night_of(day, policy.ramadan_peak, policy.zone)
        for day in each_day(first - _DAY, last + _DAY)
        if any(period.holds(day) for period in calendar.of_kind(PeriodKind.RAMADAN))
    ]
    found = []
    for day in each_day(first, last):
        if _is_quiet(day, policy, calendar) or _is_quiet(day + _DAY, policy, calendar):
            night = night_of(day, policy.low_use, policy.zone)
            found += _without(night, peaks)
    return [interval for interval in found if overlap(interval, (since, until))]


def is_low_use(starts_at: datetime, ends_at: datetime, policy: Policy, calendar: Calendar) -> bool:
    """Whether [starts_at, ends_at) lies within one low-use interval."""
    return any(
        opens <= starts_at and ends_at <= closes
        for opens, closes in low_use_hours(starts_at, ends_at, policy, calendar)
    )


def _is_quiet(day: date, policy: Policy, calendar: Calendar) -> bool:
    return day.weekday() in policy.weekend or any(
        period.holds(day) for period in calendar.of_kind(PeriodKind.HOLIDAY)
    )


def night_of(day: date, hours: Hours, zone: ZoneInfo) -> Interval:
    """The night of `day`: hours before noon belong to the evening before them."""
    opens, closes = hours
    opens_on = day + _DAY if opens < _NOON else day
    closes_on = opens_on if opens < closes else opens_on + _DAY
    return (
        datetime.combine(opens_on, opens, zone).astimezone(UTC),
        datetime.combine(closes_on, closes, zone).astimezone(UTC),
    )


def days_of(period: Period, zone: ZoneInfo) -> Interval:
    return (
        datetime.combine(period.first_day, time.min, zone).astimezone(UTC),
        datetime.combine(period.last_day + _DAY, time.min, zone).astimezone(UTC),
    )


def each_day(first: date, last: date) -> Iterator[date]:
    return (first + _DAY * number for number in range((last - first).days + 1))


def _without(interval: Interval, others: Sequence[Interval]) -> list[Interval]:
    left = [interval]
    for opens, closes in others:
        left = [
            part
            for begins, ends in left
            for part in ((begins, min(ends, opens)), (max(begins, closes), ends))
            if part[0] < part[1]
        ]
    return left


def overlap(one: Interval, other: Interval) -> bool:
    # Half-open: work that ends when other work begins does not clash with it.
    return one[0] < other[1] and other[0] < one[1]
