"""Hourly figures of the observations: how long they are kept, and the proof that they are right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from services import partitions
from services.status.health import Outcome

# Deleted in one statement: short enough that nobody who adds to an hour waits for it.
_BATCH = 10_000
COUNTS = ("ok_count", "slow_count", "bad_count", "fault_count", "total_ms_sum", "total_ms_max")

_DELETE = """
DELETE FROM services_observationhour
WHERE ctid = ANY(ARRAY(SELECT ctid FROM services_observationhour WHERE hour_at < %s LIMIT %s))
"""


def delete_before(instant: datetime) -> int:
    """Delete the hours that began before `instant`, batch by batch; returns how many."""
    deleted = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_DELETE, [instant, _BATCH])
            if not cursor.rowcount:
                return deleted
            deleted += cursor.rowcount


@dataclass(frozen=True, slots=True)
class Difference:
    """An hourly figure that is not what the kept observations add up to; None: there is no row."""

    check_id: int
    location: str  # code
    hour_at: datetime
    field: str
    stored: int | None
    recomputed: int | None


@dataclass(frozen=True, slots=True)
class Compared:
    """How many whole hours were compared, and where they differ."""

    hours: int
    differences: tuple[Difference, ...]


_COUNTED = """
SELECT o.check_id, o.location_id, date_trunc('hour', o.due_at, 'UTC') AS hour_at,
       count(*) FILTER (WHERE o.outcome = %(ok)s)::int AS ok_count,
       count(*) FILTER (WHERE o.outcome = %(slow)s)::int AS slow_count,
       count(*) FILTER (WHERE o.outcome = %(bad)s)::int AS bad_count,
       count(*) FILTER (WHERE o.outcome = %(fault)s)::int AS fault_count,
       COALESCE(sum(GREATEST(o.total_ms, 0))
                FILTER (WHERE o.outcome IN (%(ok)s, %(slow)s)), 0)::bigint AS total_ms_sum,
       COALESCE(max(GREATEST(o.total_ms, 0))
                FILTER (WHERE o.outcome IN (%(ok)s, %(slow)s)), 0)::int AS total_ms_max
FROM services_observation o
WHERE o.due_at >= %(start)s AND o.due_at < %(end)s
GROUP BY 1, 2, 3
"""

# One statement sees one state of both tables, however busy the recording is.
_DIFFERENT = f"""
SELECT COALESCE(h.check_id, c.check_id), COALESCE(h.location_id, c.location_id), l.code,
       COALESCE(h.hour_at, c.hour_at),
       h.ok_count, h.slow_count, h.bad_count, h.fault_count, h.total_ms_sum, h.total_ms_max,
       c.ok_count, c.slow_count, c.bad_count, c.fault_count, c.total_ms_sum, c.total_ms_max
FROM (SELECT * FROM services_observationhour
      WHERE hour_at >= %(start)s AND hour_at < %(end)s) AS h
FULL JOIN ({_COUNTED}) AS c
     ON c.check_id = h.check_id AND c.location_id = h.location_id AND c.hour_at = h.hour_at
LEFT JOIN services_location l ON l.id = COALESCE(h.location_id, c.location_id)
WHERE (h.ok_count, h.slow_count, h.bad_count, h.fault_count, h.total_ms_sum, h.total_ms_max)
      IS DISTINCT FROM
      (c.ok_count, c.slow_count, c.bad_count, c.fault_count, c.total_ms_sum, c.total_ms_max)
ORDER BY 4, 1, 2
"""  # noqa: S608 - both halves are constants

_STORE = f"""
INSERT INTO services_observationhour AS h
    (check_id, location_id, hour_at, ok_count, slow_count, bad_count, fault_count,
     total_ms_sum, total_ms_max)
SELECT c.* FROM ({_COUNTED}) AS c
JOIN unnest(%(checks)s::bigint[], %(locations)s::smallint[], %(hours)s::timestamptz[])
     AS wrong (check_id, location_id, hour_at) USING (check_id, location_id, hour_at)
ON CONFLICT (check_id, location_id, hour_at) DO UPDATE SET
    ok_count = excluded.ok_count, slow_count = excluded.slow_count,
    bad_count = excluded.bad_count, fault_count = excluded.fault_count,
    total_ms_sum = excluded.total_ms_sum, total_ms_max = excluded.total_ms_max
"""  # noqa: S608 - the half that is put in is a constant

_HOLD = """
SELECT 1 FROM services_observationhour
JOIN unnest(%(checks)s::bigint[], %(locations)s::smallint[], %(hours)s::timestamptz[])
     AS wrong (check_id, location_id, hour_at) USING (check_id, location_id, hour_at)
ORDER BY check_id, location_id, hour_at FOR UPDATE OF services_observationhour
"""

_DELETE_UNFOUNDED = """
DELETE FROM services_observationhour h
USING unnest(%(checks)s::bigint[], %(locations)s::smallint[], %(hours)s::timestamptz[])
      AS wrong (check_id, location_id, hour_at)
WHERE h.check_id = wrong.check_id AND h.location_id = wrong.location_id
  AND h.hour_at = wrong.hour_at
  AND NOT EXISTS (SELECT 1 FROM services_observation o
                  WHERE o.check_id = h.check_id AND o.location_id = h.location_id
                    AND o.due_at >= h.hour_at AND o.due_at < h.hour_at + interval '1 hour')
"""


def compare(
    *, start: datetime | None = None, end: datetime, kept_since: datetime, fix: bool = False
) -> Compared:
    """Compare the hours of [start, end) with the observations that are still kept.

    Only whole hours: none that is not over at `end`, none before the oldest kept day and none
    before `kept_since`, where hours are deleted. `fix` stores the recomputed ones.
    """
    oldest = partitions.oldest_day()
    if oldest is None:
        return Compared(0, ())
    oldest_at = datetime(oldest.year, oldest.month, oldest.day, tzinfo=UTC)
    begins = max(oldest_at, kept_since, start or oldest_at)
    first = _hour(begins + timedelta(hours=1) - timedelta(microseconds=1))
    last = _hour(end)
    hours, differences = 0, []
    for since, until in _days(first, last):
        hours += int((until - since) / timedelta(hours=1))
        differences += _compared(since, until, fix=fix)
    return Compared(hours, tuple(differences))


def _hour(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _days(first: datetime, last: datetime) -> Iterator[tuple[datetime, datetime]]:
    """A day at a time: one partition each, and a bound on what is grouped at once."""
    while first < last:
        until = min(first.replace(hour=0) + timedelta(days=1), last)
        yield first, until
        first = until


def _compared(start: datetime, end: datetime, *, fix: bool) -> list[Difference]:
    arguments: dict[str, Any] = {
        "start": start,
        "end": end,
        "ok": int(Outcome.OK),
        "slow": int(Outcome.SLOW),
        "bad": int(Outcome.BAD),
        "fault": int(Outcome.PROBER_FAULT),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_DIFFERENT, arguments)
        rows = cursor.fetchall()
        if fix and rows:
            arguments["checks"] = [row[0] for row in rows]
            arguments["locations"] = [row[1] for row in rows]
            arguments["hours"] = [row[3] for row in rows]
            # Held first, counted then: whoever records into an hour meanwhile adds to our count.
            cursor.execute(_HOLD, arguments)
            cursor.execute(_STORE, arguments)
            cursor.execute(_DELETE_UNFOUNDED, arguments)
    return [difference for row in rows for difference in _differences(row)]


def _differences(row: tuple[Any, ...]) -> Iterator[Difference]:
    check_id, _location_id, code, hour_at = row[:4]
    stored, counted = row[4:10], row[10:16]
    if None in (stored[0], counted[0]):
        # A whole row without its other half: said once, by the number of observations.
        yield Difference(check_id, code, hour_at, "observations", _total(stored), _total(counted))
        return
    for name, was, is_now in zip(COUNTS, stored, counted, strict=True):
        if was != is_now:
            yield Difference(check_id, code, hour_at, name, was, is_now)


def _total(counts: tuple[int | None, ...]) -> int | None:
    return None if counts[0] is None else sum(count or 0 for count in counts[:4])
