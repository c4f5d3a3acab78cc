"""Time as an office counts it: its hours, its weekend, announced holidays, Ramadan. Pure.

An allowance of time is of the clock, of office hours, or of business days (docs/clocks.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

Hours = tuple[time, time]
# The first and the last day, both included.
Days = tuple[date, date]
Interval = tuple[datetime, datetime]

# Nothing is sought further: a calendar without any office hours must not hold a worker.
HORIZON = timedelta(days=2 * 366)

_DAY = timedelta(days=1)
_NONE = timedelta(0)


class NoOfficeHours(ValueError):
    """The calendar holds less office time than was asked for, as far as is sought."""


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """When the office works. Days of the week count from 0, Monday.

    Hours are of `zone`; such that end earlier than they begin end on the next day, and belong to
    the day on which they begin. A holiday counts more than Ramadan, and Ramadan more than an
    ordinary day. Periods may overlap.
    """

    zone: ZoneInfo
    weekend: frozenset[int] = frozenset({4, 5})
    hours: Hours = (time(7), time(14))
    ramadan_hours: Hours = (time(8), time(14))
    holidays: tuple[Days, ...] = ()
    ramadan: tuple[Days, ...] = ()


def add(start: datetime, worked: timedelta, office: OfficeHours) -> datetime:
    """The first instant, in UTC, at which `worked` of office time has passed since `start`.

    Raises ValueError for a negative time, NoOfficeHours where the calendar ends before it.
    """
    if worked < _NONE:
        raise ValueError("Office time runs forward only.")
    start = start.astimezone(UTC)
    if not worked:
        return start
    left = worked
    for _day, opens, closes in _spans(start, office):
        opens = max(opens, start)
        if opens >= closes:
            continue
        if left <= closes - opens:
            return opens + left
        left -= closes - opens
    raise NoOfficeHours("The calendar holds too few office hours.")


def add_days(start: datetime, days: int, office: OfficeHours) -> datetime:
    """The end, in UTC, of the office hours of the business day number `days` after that of `start`.

    The day of `start` itself never counts, however early it is.
    Raises ValueError for less than one day, NoOfficeHours where the calendar ends before it.
    """
    if days < 1:
        raise ValueError("Business days are counted from one.")
    today = start.astimezone(office.zone).date()
    left = days
    for day, _opens, closes in _spans(start, office):
        left -= day > today
        if not left:
            return closes
    raise NoOfficeHours("The calendar holds too few business days.")


def worked_between(since: datetime, until: datetime, office: OfficeHours) -> timedelta:
    """The office time within [since, until); none where `until` is not later.

    Raises NoOfficeHours where they lie further apart than is sought.
    """
    since, until = since.astimezone(UTC), until.astimezone(UTC)
    if until - since > HORIZON:
        raise NoOfficeHours("The span is longer than any calendar.")
    total = _NONE
    for _day, opens, closes in _spans(since, office):
        if opens >= until:
            break
        total += max(_NONE, min(closes, until) - max(opens, since))
    return total


def _spans(since: datetime, office: OfficeHours) -> Iterator[tuple[date, datetime, datetime]]:
    """(day, opens, closes) of every business day, in UTC, in order and never overlapping.

    From the day before that of `since`, whose hours may last into it, to the horizon.
    """
    day = since.astimezone(office.zone).date() - _DAY
    last = day + HORIZON + 2 * _DAY
    reached = datetime.min.replace(tzinfo=UTC)
    while day <= last:
        if (hours := _hours_of(day, office)) is not None:
            opens, closes = _span(day, hours, office.zone)
            # Long hours may reach into those of the next day, and a day that the zone leaves out
            # is read as the one after it.
            opens = max(opens, reached)
            # A change of clocks may swallow hours whole.
            if opens < closes:
                yield day, opens, closes
                reached = closes
        day += _DAY


def _span(day: date, hours: Hours, zone: ZoneInfo) -> Interval:
    opens, closes = hours
    closes_on = day if opens < closes else day + _DAY
    return (
        datetime.combine(day, opens, zone).astimezone(UTC),
        datetime.combine(closes_on, closes, zone).astimezone(UTC),
    )


def _hours_of(day: date, office: OfficeHours) -> Hours | None:
    if day.weekday() in office.weekend or _within(day, office.holidays):
        return None
    return office.ramadan_hours if _within(day, office.ramadan) else office.hours


def _within(day: date, periods: tuple[Days, ...]) -> bool:
    return any(first <= day <= last for first, last in periods)


# --- allowances ---------------------------------------------------------------------------------


class Unit(StrEnum):
    """What an allowance is counted in; the words are those of the settings."""

    MINUTES = "m"
    HOURS = "h"
    OFFICE_MINUTES = "om"
    OFFICE_HOURS = "oh"
    BUSINESS_DAYS = "d"


_LENGTHS = {
    Unit.MINUTES: timedelta(minutes=1),
    Unit.HOURS: timedelta(hours=1),
    Unit.OFFICE_MINUTES: timedelta(minutes=1),
    Unit.OFFICE_HOURS: timedelta(hours=1),
}
_OF_OFFICE = frozenset({Unit.OFFICE_MINUTES, Unit.OFFICE_HOURS, Unit.BUSINESS_DAYS})
# About a quarter of a year each: well within the horizon, whatever the holidays.
_MOST = {
    Unit.MINUTES: 90 * 24 * 60,
    Unit.HOURS: 90 * 24,
    Unit.OFFICE_MINUTES: 500 * 60,
    Unit.OFFICE_HOURS: 500,
    Unit.BUSINESS_DAYS: 90,
}


@dataclass(frozen=True, slots=True)
class Allowance:
    """So much time, counted in `unit`."""

    number: int
    unit: Unit

    @property
    def is_of_office(self) -> bool:
        """Whether it runs only while the office works."""
        return self.unit in _OF_OFFICE

    def deadline(self, start: datetime, office: OfficeHours) -> datetime:
        """When it has run out, counted from `start`, in UTC.

        A calendar without enough office hours is somebody's mistake: then the clock on the wall
        counts, because it is better to be told too early than never.
        """
        start = start.astimezone(UTC)
        try:
            if self.unit is Unit.BUSINESS_DAYS:
                return add_days(start, self.number, office)
            length = self.number * _LENGTHS[self.unit]
            return add(start, length, office) if self.is_of_office else start + length
        except NoOfficeHours:
            return start + self.number * _LENGTHS.get(self.unit, _DAY)


def read_allowance(text: str) -> Allowance:
    """An allowance as settings write it: 20m, 2h, 90om, 4oh, 3d. Raises ValueError with what is
    wrong, as the end of a sentence."""
    found = re.fullmatch(r"([0-9]{1,6})(m|h|om|oh|d)", text.strip().lower())
    if found is None:
        raise ValueError(f"{text!r} is no length of time, such as 20m, 2h, 4oh or 1d")
    number, unit = int(found[1]), Unit(found[2])
    if not 1 <= number <= _MOST[unit]:
        raise ValueError(f"{text!r} must be from 1{unit} to {_MOST[unit]}{unit}")
    return Allowance(number, unit)
