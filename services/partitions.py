"""Day partitions of the observations: made ahead, dropped behind (docs/adr/0003)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from django.db import connection, transaction

# Enough for a worker-less week-end: a missing partition costs a lock in the hot path.
DAYS_AHEAD = 3
# One writer at a time makes or drops partitions; any constant of our own will do.
_LOCK = 7_301_001
_PREFIX = "services_observation_"


def name_of(day: date) -> str:
    """The partition that holds observations due on `day`, a day of UTC."""
    return f"{_PREFIX}{day:%Y%m%d}"


def existing() -> set[str]:
    """The names of the partitions that stand in the database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'services_observation'::regclass"
        )
        return {name for (name,) in cursor.fetchall()}


def ensure(days: Iterable[date]) -> list[str]:
    """Make the partitions of `days` that are missing; returns the names of the new ones."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        known = existing()
        missing = {name_of(day): day for day in days if name_of(day) not in known}
        for name, day in sorted(missing.items()):
            start = datetime(day.year, day.month, day.day, tzinfo=UTC)
            cursor.execute(
                f"CREATE TABLE {name} PARTITION OF services_observation"
                " FOR VALUES FROM (%s) TO (%s)",
                [start, start + timedelta(days=1)],
            )
    return sorted(missing)


def drop_before(first_kept: date) -> list[str]:
    """Drop every partition of a day before `first_kept`; returns the names of the dropped."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        old = sorted(name for name in existing() if name < name_of(first_kept))
        for name in old:
            cursor.execute(f"DROP TABLE {name}")
    return old


def keep(*, now: datetime, kept_days: int) -> tuple[list[str], list[str]]:
    """Partitions for yesterday to `DAYS_AHEAD` days ahead; those older than `kept_days` go."""
    today = now.astimezone(UTC).date()
    made = ensure(today + timedelta(days=offset) for offset in range(-1, DAYS_AHEAD + 1))
    dropped = drop_before(today - timedelta(days=kept_days))
    return made, dropped
