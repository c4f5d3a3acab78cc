"""What began in one month, for the archive of the feeds: what is standing and what is archived."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from statusportal.public import archive, incident_lists, incident_notice, window_archive
from statusportal.public.incident_lists import IncidentShown
from statusportal.public.said import Said
from statusportal.public.window_lists import WindowShown, asked_month

Found = tuple[list[IncidentShown], list[WindowShown]]


def month_of(at: datetime, zone: ZoneInfo) -> date:
    """The first day of the month of an instant."""
    return at.astimezone(zone).date().replace(day=1)


def known(
    notices: Iterable[IncidentShown], windows: Iterable[WindowShown], zone: ZoneInfo
) -> set[date]:
    """The months in which anything began that anybody may read of, whatever it concerns."""
    archived = (asked_month(one.month) for one in archive.months())
    return {
        *(first for first in archived if first is not None),
        *(month_of(one.fact.started_at, zone) for one in notices),
        *(month_of(one.said.fact.starts_at, zone) for one in windows),
    }


def begun(
    said: Said,
    first: date,
    notices: Iterable[IncidentShown],
    windows: Iterable[WindowShown],
    zone: ZoneInfo,
) -> Found | None:
    """All that began in the month from `first` on, with what is standing among `notices` and
    `windows`; None where a part of it cannot be read now."""
    read = archive.month(f"{first:%Y-%m}")
    older_windows, are_all = window_archive.around(said, first)
    if read is None or not are_all:
        return None
    truth = incident_notice.truth()
    told = [incident_lists.archived(said, fact, truth) for fact in read.incidents]
    older = incident_lists.shown(said, [one for one in told if one is not None], truth)
    return (
        [one for one in (*notices, *older) if month_of(one.fact.started_at, zone) == first],
        [
            one
            for one in (*windows, *older_windows)
            if month_of(one.said.fact.starts_at, zone) == first
        ],
    )
