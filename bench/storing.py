"""What 10,000 observations cost to write, to keep and to drop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

from django.db import connection, transaction

from bench.clock import best_s
from bench.table import Row
from services import partitions, recording, replay
from services.models import Check, Location
from services.status.health import Outcome
from services.status.observation import Observation, Reason, Timings

_SHARD = 200
# A tenth of what a day of 10,000 checks a minute leaves: a thousand checks for all of the day,
# because how well an index fills depends on how often each check comes.
_CHECKS, _MINUTES = 1_000, 1_440
_ROWS = _CHECKS * _MINUTES


def measure(*, now: datetime) -> Iterator[Row]:
    """Writing with roll-up, bytes of a raw observation with its indexes, dropping a day."""
    partitions.keep(now=now, kept_days=30)
    ids = list(Check.objects.order_by("id").values_list("id", flat=True))
    place = Location.objects.order_by("id").values_list("id", flat=True)[0]
    # Ahead of what the checks were seen at, a minute each.
    minutes = (_minute(ids, place, now + number * timedelta(minutes=1)) for number in count(2))
    writing = best_s(lambda: _write(next(minutes)), times=4)
    wall = best_s(lambda: _record(next(minutes)), times=4)
    per_shard = wall / -(-len(ids) // _SHARD)
    yield Row(
        f"write and roll up {len(ids):,} observations",
        400,
        writing * 1000,
        "ms",
        note=f"COPY, hours and a commit for each shard of {_SHARD}; all of `record`, with states"
        f" read and written under their locks and the verdicts between: {wall * 1000:,.0f} ms,"
        f" {per_shard * 1000:.1f} ms a shard",
    )
    day = now.astimezone(UTC).date() - timedelta(days=9)
    partitions.ensure([day])
    name = partitions.name_of(day)
    _fill(datetime(day.year, day.month, day.day, tzinfo=UTC), place)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size(%s::regclass)", [name])
        (size,) = cursor.fetchone()
    yield Row("bytes of a raw observation, indexes included", 110, size / _ROWS, "B", exact=True)
    with transaction.atomic():
        folding = best_s(lambda: replay.fold_away(name), times=1)
    # Its files go with the commit, which belongs to what is measured.
    with connection.cursor() as cursor:
        dropping = best_s(lambda: cursor.execute(f"DROP TABLE {name}"), times=1)
    yield Row(
        "dropping a day",
        1.0,
        dropping,
        "s",
        note=f"of {_ROWS:,} observations; folding them onto the states before, which holds up"
        f" nobody, took {folding:.1f} s",
    )


def _minute(ids: Sequence[int], place: int, due_at: datetime) -> list[Observation]:
    step = timedelta(seconds=60) / len(ids)
    moment = timedelta(milliseconds=40)
    return [
        Observation(
            check_id=check_id,
            location_id=place,
            due_at=due_at + number * step,
            started_at=due_at + number * step + moment,
            outcome=Outcome.OK,
            reason=Reason.OK,
            timings=Timings(2, 5, 11, 30, 48),
            certificate_days=80,
        )
        for number, check_id in enumerate(ids)
    ]


def _write(observations: Sequence[Observation]) -> None:
    """What keeping and counting them costs by itself, as `record` does both."""
    for start in range(0, len(observations), _SHARD):
        shard = observations[start : start + _SHARD]
        with transaction.atomic(), connection.cursor() as cursor:
            recording.copy_observations(cursor, shard)
            recording.add_to_hours(cursor, shard)


def _record(observations: Sequence[Observation]) -> None:
    for start in range(0, len(observations), _SHARD):
        recording.record(observations=observations[start : start + _SHARD])


def _fill(begins_at: datetime, place: int) -> None:
    """Two hours with each statement, in the order in which they fall due."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        for first in range(0, _MINUTES, 120):
            cursor.execute(
                "INSERT INTO services_observation (check_id, location_id, due_at, started_at,"
                " outcome, reason, dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms)"
                " SELECT c, %(place)s, t.at, t.at + interval '40 ms', 0, 0, 2, 5, 11, 30, 48"
                " FROM generate_series(%(first)s, %(first)s + 119) AS minute"
                " CROSS JOIN generate_series(1, %(checks)s) AS c"
                " CROSS JOIN LATERAL (SELECT %(begins_at)s + minute * interval '1 minute'"
                "                            + (c - 1) * interval '60 ms' AS at) AS t"
                " ORDER BY minute, c",
                {"place": place, "first": first, "checks": _CHECKS, "begins_at": begins_at},
            )
        cursor.execute("RESET statement_timeout")
