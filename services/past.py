"""What daily figures are made of and kept in: read in a number of statements that does not grow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Min, Q

from services.models import (
    Channel,
    ChannelFigure,
    Check,
    CheckState,
    DailyFigure,
    Edge,
    Location,
    Service,
    StatusChange,
)


@dataclass(frozen=True, slots=True)
class MeasuredCheck:
    """What the past needs of one enabled check."""

    id: int
    channel_id: int
    is_essential: bool
    interval: timedelta
    timeout: timedelta
    # The start of the last observation at each location, by its id.
    seen: Mapping[int, datetime]


def channels_of_services() -> dict[int, list[int]]:
    """The ids of every service's channels, in order; a service without channels is there too."""
    found: dict[int, list[int]] = {
        pk: [] for pk in Service.objects.order_by("id").values_list("id", flat=True)
    }
    for pk, service_id in Channel.objects.order_by("id").values_list("id", "service_id"):
        if service_id in found:
            found[service_id].append(pk)
    return found


def measured_checks() -> list[MeasuredCheck]:
    """Every enabled check with its last observations: 2 statements, and no model is built."""
    seen: dict[int, dict[int, datetime]] = defaultdict(dict)
    for check_id, location_id, seen_at in CheckState.objects.values_list(
        "check_ref_id", "location_id", "last_started_at"
    ):
        if seen_at is not None:
            seen[check_id][location_id] = seen_at
    rows = (
        Check.objects.filter(is_enabled=True)
        .order_by("id")
        .values_list(
            "id",
            "channel_id",
            "is_essential",
            "interval_seconds",
            "timeout_seconds",
            "channel__service__tier",
            "channel__service__is_shared",
        )
    )
    result = []
    for pk, channel_id, is_essential, interval_s, timeout_s, tier, is_shared in rows:
        # As Check.interval() and Check.timeout(), for ten thousands of rows.
        usual = (
            settings.CHECK_INTERVAL_URGENT if tier == 1 or is_shared else settings.CHECK_INTERVAL
        )
        result.append(
            MeasuredCheck(
                id=pk,
                channel_id=channel_id,
                is_essential=is_essential,
                interval=timedelta(seconds=interval_s) if interval_s else usual,
                timeout=timedelta(seconds=timeout_s) if timeout_s else settings.CHECK_TIMEOUT,
                seen=seen.get(pk, {}),
            )
        )
    return result


def edges_by_id() -> list[tuple[int, int, str, int | None]]:
    """Every dependency as (upstream, dependant, kind, channel)."""
    return list(
        Edge.objects.order_by("id").values_list("upstream_id", "dependant_id", "kind", "channel_id")
    )


def location_ids() -> tuple[int, ...]:
    """The vantage points in use, in a fixed order."""
    return tuple(
        Location.objects.filter(is_enabled=True).order_by("id").values_list("id", flat=True)
    )


def changes_between(
    start: datetime, end: datetime, *, up_to_id: int, checks: Sequence[int] | None = None
) -> list[tuple[Any, ...]]:
    """Changes that began within [start, end), no newer than `up_to_id`; None is every check.

    (check, location, from_health, to_health, at, confirmed_at, reason), in order of time.
    """
    rows = StatusChange.objects.filter(at__gte=start, at__lt=end, id__lte=up_to_id)
    if checks is not None:
        rows = rows.filter(check_ref_id__in=checks)
    return list(
        rows.order_by("at", "confirmed_at", "id").values_list(
            "check_ref_id",
            "location_id",
            "from_health",
            "to_health",
            "at",
            "confirmed_at",
            "reason",
        )
    )


_STANDING = """
SELECT place.check_id, place.location_id, newest.to_health
FROM (SELECT c.id AS check_id, l.id AS location_id
      FROM services_check c CROSS JOIN services_location l
      WHERE c.is_enabled AND l.is_enabled
        AND (%(checks)s::bigint[] IS NULL OR c.id = ANY(%(checks)s::bigint[]))) AS place
-- One look into the index for each place: the table of changes is kept for ever.
CROSS JOIN LATERAL (
    SELECT s.to_health FROM services_statuschange s
    WHERE s.check_id = place.check_id AND s.location_id = place.location_id
      AND s.at < %(instant)s AND s.id <= %(up_to)s
    ORDER BY s.at DESC, s.confirmed_at DESC, s.id DESC LIMIT 1) AS newest
"""


def standing_before(
    instant: datetime, *, up_to_id: int, checks: Sequence[int] | None = None
) -> dict[tuple[int, int], int]:
    """What each check was before `instant`, by (check, location); None is every check."""
    with connection.cursor() as cursor:
        cursor.execute(
            _STANDING,
            {
                "checks": None if checks is None else list(checks),
                "instant": instant,
                "up_to": up_to_id,
            },
        )
        return {(check_id, location): health for check_id, location, health in cursor.fetchall()}


def first_changes(
    *, after_id: int, up_to_id: int, services: Sequence[int] | None = None
) -> dict[int, datetime]:
    """When the earliest change of each service began, of those with after_id < id <= up_to_id."""
    rows = StatusChange.objects.filter(id__gt=after_id, id__lte=up_to_id)
    if services is not None:
        rows = rows.filter(service_id__in=services)
    return dict(rows.values_list("service_id").annotate(first_at=Min("at")).order_by("service_id"))


def first_changes_of_channels(channels: Sequence[int], *, up_to_id: int) -> dict[int, datetime]:
    """When the earliest change of each of `channels` began, of those with id <= up_to_id."""
    rows = StatusChange.objects.filter(channel_id__in=channels, id__lte=up_to_id)
    return dict(rows.values_list("channel_id").annotate(first_at=Min("at")).order_by("channel_id"))


def services_changed_since(instant: datetime, *, up_to_id: int) -> list[int]:
    """The services of which a change was confirmed at `instant` or later, or began then."""
    return list(
        StatusChange.objects.filter(
            # Confirmed after it began, so a day's margin finds those that began earlier.
            Q(at__gte=instant) | Q(at__gte=instant - timedelta(days=1), confirmed_at__gte=instant),
            id__lte=up_to_id,
        )
        .order_by("service_id")
        .values_list("service_id", flat=True)
        .distinct()
    )


def first_figure_days() -> dict[int, date]:
    """The first day of each service that has any daily figure."""
    with connection.cursor() as cursor:
        cursor.execute(
            # Not GROUP BY: that would read every day of every service.
            "SELECT s.id, (SELECT min(f.day) FROM services_dailyfigure f WHERE f.service_id = s.id)"
            " FROM services_service s"
        )
        return {pk: day for pk, day in cursor.fetchall() if day is not None}


_TOLD_CHANNELS = """
SELECT c.id, s.public_id, told.day
FROM services_channel c JOIN services_service s ON s.id = c.service_id
-- One look into the index for each channel: its days are kept for ever.
CROSS JOIN LATERAL (SELECT min(f.day) AS day FROM services_channelfigure f
                    WHERE f.channel_id = c.id) AS told
WHERE told.day IS NOT NULL
ORDER BY c.id
"""


def told_channels() -> list[tuple[int, str, date]]:
    """Every channel that has figures of its own: (channel, its service's public id, first day)."""
    with connection.cursor() as cursor:
        cursor.execute(_TOLD_CHANNELS)
        rows: list[tuple[int, str, date]] = cursor.fetchall()
        return rows


FIGURES = (
    "up",
    "partial",
    "degraded",
    "limited",
    "planned",
    "overrun",
    "own",
    "upstream",
    "unknown",
)


def daily_figures(
    first: date, last: date, *, services: Sequence[int] | None = None
) -> dict[tuple[int, date], tuple[int, ...]]:
    """The stored figures of the days from `first` to `last`: (service, day) → as in FIGURES.

    None is every service.
    """
    rows = DailyFigure.objects.filter(day__gte=first, day__lte=last)
    if services is not None:
        rows = rows.filter(service_id__in=services)
    values = rows.values_list("service_id", "day", *FIGURES)
    return {(row[0], row[1]): tuple(row[2:]) for row in values.iterator()}


def channel_figures(
    first: date, last: date, *, channels: Sequence[int] | None = None
) -> dict[tuple[int, date], tuple[int, ...]]:
    """The same of channels, where they have a row: (channel, day) → as in FIGURES.

    None is every channel.
    """
    rows = ChannelFigure.objects.filter(day__gte=first, day__lte=last)
    if channels is not None:
        rows = rows.filter(channel_id__in=channels)
    values = rows.values_list("channel_id", "day", *FIGURES)
    return {(row[0], row[1]): tuple(row[2:]) for row in values.iterator()}


def seconds_covered(day: date) -> int | None:
    """How many seconds of `day` most stored figures tell of; None where there are none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT mode() WITHIN GROUP"
            " (ORDER BY up + planned + overrun + own + upstream + unknown)"
            " FROM services_dailyfigure WHERE day = %s",
            [day],
        )
        row = cursor.fetchone()
        return None if row is None else row[0]


def figures_version() -> str:
    """Changes whenever anything was written to the daily figures, however far back."""
    with connection.cursor() as cursor:
        # Whoever writes figures writes the mark in the same transaction, so the place and the
        # writer of its row tell one writing from the next.
        cursor.execute("SELECT xmin::text || '.' || ctid::text FROM services_figuresmark")
        row = cursor.fetchone()
        return row[0] if row else ""


_ROWS_AT_ONCE = 5_000

_SHOWN_DAYS = """
SELECT s.public_id, f.day, f.up, f.partial + f.degraded + f.limited, f.planned, f.overrun,
       f.own, f.upstream, f.unknown
FROM services_dailyfigure f JOIN services_service s ON s.id = f.service_id
WHERE f.day >= %s
"""


def shown_days(first: date) -> Iterator[tuple[Any, ...]]:
    """The figures from `first` on, by the service's public id, as the public site shows them.

    (public id, day, up, of that degraded, planned, overrun, own, upstream, unknown), in seconds.
    A million rows of a large nation are never held at once.
    """
    with connection.chunked_cursor() as cursor:
        cursor.execute(_SHOWN_DAYS, [first])
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from rows


_SHOWN_CHANNEL_DAYS = """
SELECT f.channel_id, f.day, f.up, f.partial + f.degraded + f.limited, f.planned, f.overrun,
       f.own, f.upstream, f.unknown
FROM services_channelfigure f
WHERE f.day >= %s
"""


def shown_channel_days(first: date) -> list[tuple[Any, ...]]:
    """The same of channels that have a row of their own, by the channel's id."""
    with connection.cursor() as cursor:
        cursor.execute(_SHOWN_CHANNEL_DAYS, [first])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
