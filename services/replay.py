"""Folding stored observations gives the stored states: the proof, and what keeps it possible.

Before a day of observations is dropped, it is folded onto the state before it (ReplayBase), so
that the kept ones always have a state to start from.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

from services.models import Check, CheckState, ReplayBase
from services.status.health import CheckHealth, Outcome
from services.status.machine import (
    GAP_INTERVALS,
    Policy,
    Seen,
    State,
    advance,
    pack_run,
    unpack_run,
)
from services.status.observation import Observation, Reason

# Whoever folds a day away holds it alone, whoever replays shares it: the base and the kept
# observations must belong together.
_LOCK = 7_301_003
_ROWS_AT_ONCE = 2_000
_CHECKS_AT_ONCE = 500
# A place's day is at most some ten thousand observations.
_PLACES_AT_ONCE = 20

# (check id, location id)
Place = tuple[int, int]
# A stored observation: check id, location id, due_at, started_at, outcome, reason.
Row = tuple[int, int, datetime, datetime, int, int]


def pack(state: State) -> dict[str, Any]:
    """`state` as JSON-able values; instants in ISO 8601."""
    return {
        "health": int(state.health),
        "since": _text(state.since),
        "reason": None if state.reason is None else int(state.reason),
        "last_due_at": _text(state.last_due_at),
        "last_started_at": _text(state.last_started_at),
        "run": pack_run(state.run),
    }


def unpack(packed: dict[str, Any]) -> State:
    """The state that `pack` packed; raises KeyError or ValueError on anything else."""
    return State(
        health=CheckHealth(packed["health"]),
        since=_instant(packed["since"]),
        reason=None if packed["reason"] is None else Reason(packed["reason"]),
        last_due_at=_instant(packed["last_due_at"]),
        last_started_at=_instant(packed["last_started_at"]),
        run=unpack_run(packed["run"]),
    )


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def fold(state: State, rows: Iterable[Row], policy: Policy) -> State:
    """The state after the observations in `rows`, by their due instants (rules 1 to 4).

    What `advance` gives for one after the other. But almost every answer of a day is like the
    ones before it, and moves nothing on but the instants: those are taken in one stride, or
    folding away a day of ten thousand checks would take its machine a tenth of an hour.
    """
    widest = GAP_INTERVALS * policy.interval
    kept = max(policy.worsen_after, policy.improve_after)
    stride: deque[Row] = deque(maxlen=kept)
    usual = _usual(state, kept)
    due_at, seen_at = state.last_due_at, state.last_started_at
    for row in rows:
        if (
            usual == (row[4], row[5])
            and due_at is not None
            and seen_at is not None
            and due_at < row[2]
            and seen_at <= row[3] <= seen_at + widest
        ):
            stride.append(row)
            due_at, seen_at = row[2], row[3]
            continue
        state, _changes = advance(_strode(state, stride, kept), _observation(row), policy)
        stride.clear()
        usual = _usual(state, kept)
        due_at, seen_at = state.last_due_at, state.last_started_at
    return _strode(state, stride, kept)


def _usual(state: State, kept: int) -> tuple[int, int] | None:
    """The (outcome, reason) of which one more answer confirms nothing and explains nothing."""
    answers = {(int(seen.outcome), int(seen.reason)) for seen in state.run}
    if len(state.run) < kept or len(answers) > 1 or state.reason is None:
        return None
    return answers.pop() if answers == {(int(state.health), int(state.reason))} else None


def _strode(state: State, stride: Sequence[Row], kept: int) -> State:
    """`state` after the usual answers of `stride`, of which it holds the last `kept`."""
    if not stride:
        return state
    seen = (Seen(Outcome(row[4]), row[3], Reason(row[5])) for row in stride)
    return replace(
        state,
        run=(*state.run, *seen)[-kept:],
        last_due_at=stride[-1][2],
        last_started_at=stride[-1][3],
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """A stored state that its observations do not give."""

    check_id: int
    location: str  # code
    field: str  # of services.status.machine.State
    stored: Any
    replayed: Any
    # By which the observations were folded: when it was changed lately, it may be the cause.
    interval: timedelta


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many states were replayed, and where they differ."""

    states: int
    differences: tuple[Difference, ...]


def replay(*, check_id: int | None = None, fix: bool = False) -> Replayed:
    """Fold the kept observations onto their base and compare with the stored states (rules 1-4).

    `check_id` narrows it to one check. `fix` stores the replayed states. Observations are folded
    by the interval that their check has now. That only matters to gaps: after an interval was
    changed, an old gap may be judged otherwise than it was when it happened (rule 2).
    """
    ids = Check.objects.order_by("id").values_list("id", flat=True)
    if check_id is not None:
        ids = ids.filter(id=check_id)
    states = 0
    differences: list[Difference] = []
    for part in _parts(list(ids)):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_LOCK])
            replayed = _replayed(part, fix=fix)
        states += replayed.states
        differences += replayed.differences
    return Replayed(states, tuple(differences))


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + _CHECKS_AT_ONCE] for start in range(0, len(ids), _CHECKS_AT_ONCE))


def _replayed(check_ids: Sequence[int], *, fix: bool) -> Replayed:
    rows = CheckState.objects.filter(check_ref_id__in=check_ids).select_related("location")
    rows = rows.order_by("check_ref_id", "location_id")
    if fix:
        rows = rows.select_for_update(of=("self",))
    held = {(row.check_ref_id, row.location_id): row for row in rows}
    result = {place: State() for place in held} | _bases(check_ids)
    policies = _policies(check_ids)
    for place, seen in _observations("services_observation", check_ids):
        row = held.get(place)
        if row is None:
            continue
        # What was stored after we read the state is news to it (rule 4).
        known = (one for one in seen if row.last_due_at and one[2] <= row.last_due_at)
        result[place] = fold(result[place], known, policies[place[0]])
    differences = []
    for place, row in held.items():
        stored, replayed = state_of(row), result[place]
        if stored == replayed:
            continue
        differences += [
            Difference(
                check_id=row.check_ref_id,
                location=row.location.code,
                field=field.name,
                stored=getattr(stored, field.name),
                replayed=getattr(replayed, field.name),
                interval=policies[row.check_ref_id].interval,
            )
            for field in fields(State)
            if getattr(stored, field.name) != getattr(replayed, field.name)
        ]
        if fix:
            _put(row, replayed)
    return Replayed(len(held), tuple(differences))


def state_of(row: CheckState) -> State:
    """A stored state as the rules see it."""
    return State(
        health=CheckHealth(row.health),
        since=row.since,
        reason=None if row.reason is None else Reason(row.reason),
        last_due_at=row.last_due_at,
        last_started_at=row.last_started_at,
        run=unpack_run(row.run),
    )


def _put(row: CheckState, state: State) -> None:
    row.health = int(state.health)
    row.since = state.since
    row.reason = None if state.reason is None else int(state.reason)
    row.last_due_at = state.last_due_at
    row.last_started_at = state.last_started_at
    row.run = pack_run(state.run)
    row.save(update_fields=["health", "since", "reason", "last_due_at", "last_started_at", "run"])


def hold_alone() -> None:
    """Until the transaction ends nobody else replays, or folds a day away."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def fold_away(partition: str) -> int:
    """Fold one day's observations onto the bases; returns how many places it moved on.

    Between `hold_alone` and dropping `partition`, a table of our own naming, in one transaction.
    Nobody can add to the day from here on; the memory stays that of one batch, however large the
    day is.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {partition} IN SHARE MODE")
    policies = _policies(None)
    moved = 0
    batch: list[tuple[Place, list[Row]]] = []
    for place, seen in _observations(partition, None):
        if place[0] not in policies:
            # Its check is gone, and its state with it.
            continue
        batch.append((place, list(seen)))
        if len(batch) >= _PLACES_AT_ONCE:
            moved += _move_bases(batch, policies)
            batch = []
    return moved + _move_bases(batch, policies)


def _move_bases(batch: Sequence[tuple[Place, list[Row]]], policies: dict[int, Policy]) -> int:
    bases = _bases([place[0] for place, _seen in batch])
    places, states = [], []
    for place, seen in batch:
        places.append(place)
        states.append(fold(bases.get(place, State()), seen, policies[place[0]]))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO services_replaybase (check_id, location_id, state)"
            " SELECT * FROM unnest(%s::bigint[], %s::smallint[], %s::jsonb[])"
            " ON CONFLICT (check_id, location_id) DO UPDATE SET state = excluded.state",
            [
                [check_id for check_id, _location_id in places],
                [location_id for _check_id, location_id in places],
                [json.dumps(pack(state)) for state in states],
            ],
        )
    return len(places)


def _bases(check_ids: Sequence[int]) -> dict[Place, State]:
    rows = ReplayBase.objects.filter(check_ref_id__in=set(check_ids))
    return {(row.check_ref_id, row.location_id): unpack(row.state) for row in rows}


def _policies(check_ids: Sequence[int] | None) -> dict[int, Policy]:
    checks = Check.objects.select_related("channel__service").only(
        "interval_seconds",
        "timeout_seconds",
        "channel__service__tier",
        "channel__service__is_shared",
    )
    if check_ids is not None:
        checks = checks.filter(id__in=check_ids)
    return {
        check.pk: Policy(
            interval=check.interval(),
            timeout=check.timeout(),
            fast_interval=settings.CHECK_FAST_INTERVAL,
        )
        for check in checks
    }


def _observations(
    table: str, check_ids: Sequence[int] | None
) -> Iterator[tuple[Place, Iterator[Row]]]:
    """Stored observations by place, each in the order of their due instants.

    Read through a cursor of the database's own: a day may hold millions.
    """
    return groupby(_rows(table, check_ids), key=itemgetter(0, 1))


_OBSERVATIONS = """
SELECT check_id, location_id, due_at, started_at, outcome, reason FROM {}
WHERE %(checks)s::bigint[] IS NULL OR check_id = ANY(%(checks)s::bigint[])
ORDER BY check_id, location_id, due_at
"""


def _rows(table: str, check_ids: Sequence[int] | None) -> Iterator[Row]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            sql.SQL(_OBSERVATIONS).format(sql.Identifier(table)).as_string(),
            {"checks": None if check_ids is None else list(check_ids)},
        )
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from rows


def _observation(row: Row) -> Observation:
    check_id, location_id, due_at, started_at, outcome, reason = row
    return Observation(
        check_id=check_id,
        location_id=location_id,
        due_at=due_at,
        started_at=started_at,
        outcome=Outcome(outcome),
        reason=Reason(reason),
    )
