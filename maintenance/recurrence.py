"""Windows that repeat by one rule (RFC 5545, RRULE). Pure."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

# More than a year of weeks: whoever needs more asks again next year.
MOST_OCCURRENCES = 60
HORIZON = timedelta(days=2 * 366)

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = "|".join(_DAYS)
_OF_MONTH = r"-?(?:[1-9]|[12]\d|3[01])"
_MONTH = r"(?:[1-9]|1[0-2])"
# Parts that can only repeat whole days: windows do not come by the hour.
_PARTS = {
    "FREQ": r"DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": r"[1-9]\d{0,2}",
    "COUNT": r"[1-9]\d{0,3}",
    "UNTIL": r"\d{8}(T\d{6}Z?)?",
    "BYDAY": rf"([+-]?[1-5])?({_DAY})(,([+-]?[1-5])?({_DAY}))*",
    "BYMONTHDAY": rf"{_OF_MONTH}(,{_OF_MONTH})*",
    "BYMONTH": rf"{_MONTH}(,{_MONTH})*",
    "BYSETPOS": rf"{_OF_MONTH}(,{_OF_MONTH})*",
    "WKST": _DAY,
}
_ENDS = frozenset({"COUNT", "UNTIL"})


class RuleFault(StrEnum):
    """What can be wrong with a rule."""

    UNREADABLE = "unreadable"
    UNKNOWN_PART = "unknown_part"
    BAD_PART = "bad_part"
    TOO_MANY = "too_many"
    NOT_ITS_OWN_START = "not_its_own_start"
    NEVER_AGAIN = "never_again"
    OVERLAP = "overlap"


class InvalidRule(ValueError):
    """A rule that gives no sound list of windows. `part` is what of it is wrong, as typed."""

    def __init__(self, fault: RuleFault, part: str = "") -> None:
        self.fault = fault
        self.part = part
        super().__init__(f"{fault.value}: {part}" if part else fault.value)


def occurrences(
    rule: str,
    starts_at: datetime,
    duration: timedelta,
    zone: ZoneInfo,
    *,
    until: datetime | None = None,
    limit: int = MOST_OCCURRENCES,
) -> list[tuple[datetime, datetime]]:
    """Every (start, end) of `rule`, in UTC and in order, the first being `starts_at` itself.

    The clock on the wall repeats: 01:00 stays 01:00 where the zone changes its offset, while each
    lasts exactly `duration` (RFC 5545, 3.8.5.3). A time that a change of clocks leaves out is
    read with the offset before it; a day that a zone leaves out has no window. A rule without COUNT
    and UNTIL ends at `until`, at the latest two years after its start.

    Raises InvalidRule: unreadable, beyond `limit`, not beginning at `starts_at`, without any
    second occurrence, or with occurrences that overlap.
    """
    parts = _parts(rule)
    local = starts_at.astimezone(zone).replace(tzinfo=None)
    if not _may_begin(parts, local):
        raise InvalidRule(RuleFault.NOT_ITS_OWN_START)
    last = min(filter(None, [local + HORIZON, _until(parts, zone), _local(until, zone)]))
    most = min(int(parts.get("COUNT", limit + 1)), limit + 1)
    found: list[tuple[datetime, datetime]] = []
    for wall in islice(_built(parts, local).replace(until=last), most):
        start = wall.replace(tzinfo=zone).astimezone(UTC)
        if found and start <= found[-1][0]:
            continue
        found.append((start, start + duration))
    if not found or found[0][0] != starts_at:
        raise InvalidRule(RuleFault.NOT_ITS_OWN_START)
    if len(found) > limit:
        raise InvalidRule(RuleFault.TOO_MANY, str(limit))
    if len(found) == 1:
        raise InvalidRule(RuleFault.NEVER_AGAIN)
    if any(one[1] > other[0] for one, other in pairwise(found)):
        raise InvalidRule(RuleFault.OVERLAP)
    return found


def _parts(rule: str) -> dict[str, str]:
    """The parts of `rule` by name, each read."""
    text = rule.strip().upper().removeprefix("RRULE:")
    parts: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not equals or name in parts:
            raise InvalidRule(RuleFault.UNREADABLE, part)
        if name not in _PARTS:
            raise InvalidRule(RuleFault.UNKNOWN_PART, name)
        if not re.fullmatch(_PARTS[name], value, re.ASCII):
            raise InvalidRule(RuleFault.BAD_PART, part)
        parts[name] = value
    if "FREQ" not in parts:
        raise InvalidRule(RuleFault.UNREADABLE, rule.strip())
    if parts["FREQ"] in {"DAILY", "WEEKLY"}:
        # Only a month or a year has a first Friday (RFC 5545, 3.3.10).
        for name in ("BYDAY", "BYSETPOS"):
            if re.search(r"\d", parts.get(name, "")):
                raise InvalidRule(RuleFault.BAD_PART, f"{name}={parts[name]}")
    return parts


def _may_begin(parts: dict[str, str], local: datetime) -> bool:
    """Whether the day of the start is one that `parts` name, as far as one day tells.

    Asked first, because dateutil looks for a first day through eight thousand years.
    """
    days = {part[-2:] for part in _listed(parts, "BYDAY")}
    of_month = {int(part) for part in _listed(parts, "BYMONTHDAY")}
    months = {int(part) for part in _listed(parts, "BYMONTH")}
    last = monthrange(local.year, local.month)[1]
    return (
        (not days or _DAYS[local.weekday()] in days)
        and (not of_month or bool({local.day, local.day - last - 1} & of_month))
        and (not months or local.month in months)
    )


def _listed(parts: dict[str, str], name: str) -> list[str]:
    return parts[name].split(",") if name in parts else []


def _built(parts: dict[str, str], local: datetime) -> rrule:
    # Counted and ended by ourselves: a rule that never comes true has to stop at the horizon.
    kept = ";".join(f"{name}={value}" for name, value in parts.items() if name not in _ENDS)
    try:
        built = rrulestr(kept, dtstart=local)
    except (ValueError, TypeError) as error:
        raise InvalidRule(RuleFault.UNREADABLE, kept) from error
    assert isinstance(built, rrule)
    return built


def _until(parts: dict[str, str], zone: ZoneInfo) -> datetime | None:
    text = parts.get("UNTIL")
    if text is None:
        return None
    try:
        if text.endswith("Z"):
            ends = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            return _local(ends, zone)
        if "T" in text:
            return datetime.strptime(text, "%Y%m%dT%H%M%S")  # noqa: DTZ007 - of the wall
        # A mere day: its windows belong to the series.
        return datetime.strptime(text + "235959", "%Y%m%d%H%M%S")  # noqa: DTZ007 - of the wall
    except ValueError as error:
        raise InvalidRule(RuleFault.BAD_PART, f"UNTIL={text}") from error


def _local(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if at is None else at.astimezone(zone).replace(tzinfo=None)
