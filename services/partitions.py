"""Day partitions of the observations: made ahead, dropped behind (docs/adr/0003)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from django.db import connection, transaction

from services import replay

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


def oldest_day() -> date | None:
    """The day of the oldest partition, a day of UTC; None where there is none."""
    name = min(existing(), default=None)
    if name is None:
        return None
    return datetime.strptime(name.removeprefix(_PREFIX), "%Y%m%d").replace(tzinfo=UTC).date()


def ensure(days: Iterable[date]) -> list[str]:
    """Make the partitions of `days` that are missing; returns the names of the new ones."""
    wanted = {name_of(day): day for day in days}
    if wanted.keys() <= existing():
        # Whoever records must not wait for somebody who drops an old day.
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        missing = {name: wanted[name] for name in wanted.keys() - existing()}
        for name, day in sorted(missing.items()):
            start = datetime(day.year, day.month, day.day, tzinfo=UTC)
            cursor.execute(
                f"CREATE TABLE {name} PARTITION OF services_observation"
                " FOR VALUES FROM (%s) TO (%s)",
                [start, start + timedelta(days=1)],
            )
            cursor.execute(
                "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = %s::regclass",
                [name],
            )
            for (index,) in cursor.fetchall():
                # Each check only ever adds behind its own last row, and nothing is updated: room
                # left in the pages would never be used.
                cursor.execute(f"ALTER INDEX {index} SET (fillfactor = 100)")
    return sorted(missing)


def drop_before(first_kept: date) -> list[str]:
    """Drop every partition of a day before `first_kept`; returns the names of the dropped.

    Oldest first, each in a transaction of its own, in which its observations are first folded
    onto the states before them, so that `manage.py replay` goes on without it.
    """
    dropped = []
    for name in sorted(name for name in existing() if name < name_of(first_kept)):
        with transaction.atomic(), connection.cursor() as cursor:
            replay.hold_alone()
            if name not in existing():
                # Two that drop at once: the other one was first.
                continue
            replay.fold_away(name)
            # Taken only now: folding a day takes longer than anybody should wait for a new one.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            cursor.execute(f"DROP TABLE {name}")
        dropped.append(name)
    return dropped


def keep(*, now: datetime, kept_days: int) -> tuple[list[str], list[str]]:
    """Partitions for yesterday to `DAYS_AHEAD` days ahead; those older than `kept_days` go."""
    today = now.astimezone(UTC).date()
    made = ensure(today + timedelta(days=offset) for offset in range(-1, DAYS_AHEAD + 1))
    dropped = drop_before(today - timedelta(days=kept_days))
    return made, dropped
