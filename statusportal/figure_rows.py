"""Daily figures as rows: what a day's figures look like stored, and how many rows are written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from string import Template
from typing import TypeVar

from django.db import connection

from services.past import FIGURES
from services.status.uptime import Figures

_ROWS_AT_ONCE = 5_000

T = TypeVar("T")

# Seconds, in the order of FIGURES.
Row = tuple[int, ...]


def row_of(spent: Figures) -> Row:
    """The figures of a day as they are stored."""
    return tuple(int(getattr(spent, name).total_seconds()) for name in FIGURES)


def whole(row: Sequence[int]) -> int:
    """The seconds that a row tells of; what is shown apart is part of `up`."""
    told = dict(zip(FIGURES, row, strict=True))
    return sum(told.values()) - told["partial"] - told["degraded"] - told["limited"]


# The columns stand in the order of FIGURES.
_UPSERT = Template("""
INSERT INTO $table AS f
    ($owner, day, up, partial, degraded, limited, planned, overrun, own, upstream, unknown)
SELECT new.*
FROM unnest(%s::bigint[], %s::date[], %s::int[], %s::int[], %s::int[], %s::int[], %s::int[],
            %s::int[], %s::int[], %s::int[], %s::int[])
     AS new (owner, day, up, partial, degraded, limited, planned, overrun, own, upstream, unknown)
-- What was deleted meanwhile has no figures any more.
JOIN $owners o ON o.id = new.owner
ORDER BY new.owner, new.day
ON CONFLICT ($owner, day) DO UPDATE
SET up = excluded.up, partial = excluded.partial, degraded = excluded.degraded,
    limited = excluded.limited, planned = excluded.planned, overrun = excluded.overrun,
    own = excluded.own, upstream = excluded.upstream, unknown = excluded.unknown
WHERE (f.up, f.partial, f.degraded, f.limited, f.planned, f.overrun, f.own, f.upstream, f.unknown)
      IS DISTINCT FROM
      (excluded.up, excluded.partial, excluded.degraded, excluded.limited, excluded.planned,
       excluded.overrun, excluded.own, excluded.upstream, excluded.unknown)
""")
_OF_SERVICES = _UPSERT.substitute(
    table="services_dailyfigure", owner="service_id", owners="services_service"
)
_OF_CHANNELS = _UPSERT.substitute(
    table="services_channelfigure", owner="channel_id", owners="services_channel"
)
_DROP = """
DELETE FROM services_channelfigure f
USING unnest(%s::bigint[], %s::date[]) AS old (channel_id, day)
WHERE f.channel_id = old.channel_id AND f.day = old.day
"""


def store_services(rows: Mapping[tuple[str, date], Row]) -> int:
    """Write the rows of services that are new or different; how many those were."""
    return _store(
        _OF_SERVICES, [((int(service), day), row) for (service, day), row in rows.items()]
    )


def store_channels(rows: Mapping[tuple[int, date], Row]) -> int:
    """Write the rows of channels that are new or different; how many those were."""
    return _store(_OF_CHANNELS, list(rows.items()))


def drop_channels(days: Collection[tuple[int, date]]) -> int:
    """Drop the rows of these (channel, day): the service's say the same; how many there were."""
    dropped = 0
    with connection.cursor() as cursor:
        for batch in _batches(list(days)):
            cursor.execute(_DROP, [[channel for channel, _ in batch], [day for _, day in batch]])
            dropped += cursor.rowcount
    return dropped


def _store(statement: str, rows: Sequence[tuple[tuple[int, date], Row]]) -> int:
    written = 0
    with connection.cursor() as cursor:
        for batch in _batches(rows):
            cursor.execute(
                statement,
                [
                    [owner for (owner, _day), _row in batch],
                    [day for (_owner, day), _row in batch],
                    *([row[number] for _key, row in batch] for number in range(len(FIGURES))),
                ],
            )
            written += cursor.rowcount
    return written


def _batches(rows: Sequence[T]) -> Iterable[Sequence[T]]:
    return (rows[start : start + _ROWS_AT_ONCE] for start in range(0, len(rows), _ROWS_AT_ONCE))
