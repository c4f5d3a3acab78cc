"""Recording what a shard saw: everything that an observation changes, in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection, transaction

from core.nudge import nudge
from services import partitions
from services.measurement import Observation as ObservationRow
from services.measurement import StatusChange, UnstablePeriod
from services.status.budget import Budget, Wish, granted
from services.status.flapping import (
    Flapping,
    FlapPolicy,
    observe,
    pack_flapping,
    unpack_flapping,
    unstable_until,
)
from services.status.health import CheckHealth, Outcome
from services.status.machine import (
    Change,
    Policy,
    State,
    accepts,
    advance,
    pack_run,
    unpack_run,
    wants_fast,
)
from services.status.observation import Observation, Reason


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a shard's observations."""

    stored: int
    # Duplicates and late arrivals (rule 4), and those of checks that are gone.
    dropped: int
    changes: int


@dataclass(slots=True)
class _Held:
    """A state whose row we hold locked, with what its check says."""

    row_id: int
    check_id: int
    location_id: int
    channel_id: int
    service_id: int
    policy: Policy
    state: State
    flapping: Flapping
    certificate_days: int | None
    host: str
    is_fast: bool
    touched: bool = False


_MAKE_STATES = """
INSERT INTO services_checkstate (check_id, location_id, health, run, flapping)
SELECT c.id, given.location_id, %s, '[]'::jsonb, '{}'::jsonb
FROM unnest(%s::bigint[], %s::smallint[]) AS given (check_id, location_id)
JOIN services_check c ON c.id = given.check_id
-- Nearly always they are there: what is proposed in vain would use up a number each time.
WHERE NOT EXISTS (SELECT FROM services_checkstate st
                  WHERE st.check_id = given.check_id AND st.location_id = given.location_id)
ON CONFLICT (check_id, location_id) DO NOTHING
"""

_HOLD_STATES = """
SELECT st.id, st.check_id, st.location_id, st.health, st.since, st.reason, st.last_due_at,
       st.last_started_at, st.run::text, st.flapping::text, st.certificate_days, ch.id, s.id,
       c.host, c.is_fast,
       COALESCE(c.interval_seconds,
                CASE WHEN s.tier = 1 OR s.is_shared THEN %s ELSE %s END),
       COALESCE(c.timeout_seconds, %s)
FROM services_checkstate st
JOIN services_check c ON c.id = st.check_id
JOIN services_channel ch ON ch.id = c.channel_id
JOIN services_service s ON s.id = ch.service_id
WHERE st.check_id = ANY(%s::bigint[])
-- Said twice: else all checks of the nation are read for each shard.
AND c.id = ANY(%s::bigint[])
-- Always in this order, so that two shards that share checks wait for each other in peace.
ORDER BY st.check_id, st.location_id
FOR UPDATE OF st
"""

_WRITE_STATES = """
UPDATE services_checkstate st
SET health = new.health, since = new.since, reason = new.reason, last_due_at = new.last_due_at,
    last_started_at = new.last_started_at, run = new.run, flapping = new.flapping,
    unstable_until = new.unstable_until, certificate_days = new.certificate_days
FROM jsonb_to_recordset(%s::jsonb)
     AS new (id bigint, health smallint, since timestamptz, reason smallint,
             last_due_at timestamptz, last_started_at timestamptz, run jsonb, flapping jsonb,
             unstable_until timestamptz, certificate_days smallint)
WHERE st.id = new.id
"""

_ADD_HOURS = """
INSERT INTO services_observationhour AS h
    (check_id, location_id, hour_at, ok_count, slow_count, bad_count, fault_count,
     total_ms_sum, total_ms_max)
SELECT * FROM jsonb_to_recordset(%s::jsonb)
    AS new (c bigint, l smallint, at timestamptz, ok int, slow int, bad int, fault int,
            ms_sum bigint, ms_max int)
ORDER BY 1, 2, 3
ON CONFLICT (check_id, location_id, hour_at) DO UPDATE SET
    ok_count = h.ok_count + excluded.ok_count,
    slow_count = h.slow_count + excluded.slow_count,
    bad_count = h.bad_count + excluded.bad_count,
    fault_count = h.fault_count + excluded.fault_count,
    total_ms_sum = h.total_ms_sum + excluded.total_ms_sum,
    total_ms_max = GREATEST(h.total_ms_max, excluded.total_ms_max)
"""

_SHARE_FAST_TURNS = """
UPDATE services_check c
SET is_fast = new.is_fast,
    next_due_at = CASE WHEN new.is_fast AND c.is_enabled
                       THEN LEAST(c.next_due_at, new.due_at) ELSE c.next_due_at END
FROM (SELECT c2.id, given.is_fast, given.due_at
      FROM unnest(%s::bigint[], %s::boolean[], %s::timestamptz[]) AS given (id, is_fast, due_at)
      JOIN services_check c2 ON c2.id = given.id
      ORDER BY c2.id FOR UPDATE OF c2) AS new
WHERE c.id = new.id
"""


def record(*, observations: Sequence[Observation]) -> Recorded:
    """Store what a shard saw and everything that follows from it, in one transaction.

    Under the row lock of its state each observation is either dropped (rule 4) or moves the state
    on (rules 1 to 3), is stored, and is counted in its hour. A confirmed change becomes a
    StatusChange row. A check that needs a closer look is brought forward (rule 5).

    Delivering the same observations again, at any later time, changes nothing.
    """
    if not observations:
        return Recorded(0, 0, 0)
    _make_missing_partitions(observations)
    with transaction.atomic(), connection.cursor() as cursor:
        held = _hold_states(cursor, observations)
        accepted: list[Observation] = []
        changes: list[tuple[_Held, Change]] = []
        policy = _flap_policy()
        periods: list[_Turned] = []
        for observation in sorted(observations, key=lambda seen: seen.due_at):
            owner = held.get((observation.check_id, observation.location_id))
            if owner is None or not accepts(owner.state, observation.due_at):
                continue
            owner.state, confirmed = advance(owner.state, observation, owner.policy)
            periods += _flap(owner, observation, policy)
            owner.touched = True
            if observation.certificate_days is not None:
                owner.certificate_days = observation.certificate_days
            accepted.append(observation)
            changes.extend((owner, change) for change in confirmed)
        if accepted:
            _write_states(cursor, [owner for owner in held.values() if owner.touched])
            copy_observations(cursor, accepted)
            add_to_hours(cursor, accepted)
            _write_changes(changes)
            _write_unstable_periods(periods)
            _share_fast_turns(cursor, held, accepted)
        if changes or periods:
            nudge("status changed")
    return Recorded(len(accepted), len(observations) - len(accepted), len(changes))


# The partitions that this process has seen: asked again only when a new day appears.
_known_partitions: set[str] = set()


def _make_missing_partitions(observations: Iterable[Observation]) -> None:
    """One row without a partition would make COPY reject the whole shard."""
    days = {observation.due_at.astimezone(UTC).date() for observation in observations}
    if any(partitions.name_of(day) not in _known_partitions for day in days):
        partitions.ensure(days)
        _known_partitions.clear()
        _known_partitions.update(partitions.existing())


def _hold_states(cursor: Any, observations: Sequence[Observation]) -> dict[tuple[int, int], _Held]:
    pairs = sorted({(seen.check_id, seen.location_id) for seen in observations})
    check_ids = _numbers(check_id for check_id, _location_id in pairs)
    cursor.execute(
        _MAKE_STATES,
        [
            CheckHealth.UNKNOWN.value,
            check_ids,
            _numbers(location_id for _check_id, location_id in pairs),
        ],
    )
    cursor.execute(
        _HOLD_STATES,
        [
            settings.CHECK_INTERVAL_URGENT.total_seconds(),
            settings.CHECK_INTERVAL.total_seconds(),
            settings.CHECK_TIMEOUT.total_seconds(),
            check_ids,
            check_ids,
        ],
    )
    wanted = set(pairs)
    held = {}
    for row in cursor.fetchall():
        row_id, check_id, location_id, health, since, reason = row[:6]
        last_due_at, last_started_at, run, flapping, certificate_days = row[6:11]
        channel_id, service_id, host, is_fast, interval_s, timeout_s = row[11:]
        if (check_id, location_id) not in wanted:
            continue
        held[check_id, location_id] = _Held(
            row_id=row_id,
            check_id=check_id,
            location_id=location_id,
            channel_id=channel_id,
            service_id=service_id,
            policy=Policy(
                interval=timedelta(seconds=float(interval_s)),
                timeout=timedelta(seconds=float(timeout_s)),
                fast_interval=settings.CHECK_FAST_INTERVAL,
            ),
            state=State(
                health=CheckHealth(health),
                since=since,
                reason=None if reason is None else Reason(reason),
                last_due_at=last_due_at,
                last_started_at=last_started_at,
                run=unpack_run(msgspec.json.decode(run)),
            ),
            flapping=unpack_flapping(msgspec.json.decode(flapping)),
            certificate_days=certificate_days,
            host=host,
            is_fast=is_fast,
        )
    return held


def _numbers(values: Iterable[int]) -> str:
    """An array for PostgreSQL, as text: psycopg writes its arrays number by number."""
    return f"{{{','.join(map(str, values))}}}"


def _as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows for jsonb_to_recordset: one text is handed over sooner than ten arrays."""
    return msgspec.json.encode(rows).decode()


def _write_states(cursor: Any, held: Sequence[_Held]) -> None:
    policy = _flap_policy()
    rows = [
        {
            "id": owner.row_id,
            "health": int(owner.state.health),
            "since": owner.state.since,
            "reason": None if owner.state.reason is None else int(owner.state.reason),
            "last_due_at": owner.state.last_due_at,
            "last_started_at": owner.state.last_started_at,
            "run": pack_run(owner.state.run),
            "flapping": pack_flapping(owner.flapping),
            "unstable_until": unstable_until(owner.flapping, policy),
            "certificate_days": owner.certificate_days,
        }
        for owner in held
    ]
    cursor.execute(_WRITE_STATES, [_as_json(rows)])


def copy_observations(cursor: Any, accepted: Sequence[Observation]) -> None:
    """Keep them as they are, in the partitions of their days, which are there."""
    columns = ObservationRow.COLUMNS
    names = ", ".join(name for name, _type in columns)
    with cursor.copy(f"COPY services_observation ({names}) FROM STDIN (FORMAT BINARY)") as copy:
        # Binary COPY takes the bytes as they are: without the types an int would travel as text.
        copy.set_types([kind for _name, kind in columns])
        for seen in accepted:
            timings = seen.timings
            copy.write_row(
                (
                    seen.check_id,
                    seen.due_at,
                    seen.started_at,
                    seen.location_id,
                    int(seen.outcome),
                    int(seen.reason),
                    _stored_ms(timings.dns_ms),
                    _stored_ms(timings.connect_ms),
                    _stored_ms(timings.tls_ms),
                    _stored_ms(timings.first_byte_ms),
                    _stored_ms(timings.total_ms),
                )
            )


def _stored_ms(milliseconds: int | None) -> int:
    """-1 for a phase that was not reached; a smallint holds 32 s, more than any timeout."""
    return -1 if milliseconds is None else min(milliseconds, 32_767)


def add_to_hours(cursor: Any, accepted: Sequence[Observation]) -> None:
    """Count them in their hours."""
    # Per (check, location, hour): ok, slow, bad, fault, sum and maximum of the total time.
    hours: dict[tuple[int, int, datetime], list[int]] = defaultdict(lambda: [0] * 6)
    column = {Outcome.OK: 0, Outcome.SLOW: 1, Outcome.BAD: 2, Outcome.PROBER_FAULT: 3}
    for seen in accepted:
        hour_at = seen.due_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        sums = hours[seen.check_id, seen.location_id, hour_at]
        sums[column[seen.outcome]] += 1
        if seen.outcome in {Outcome.OK, Outcome.SLOW}:
            total_ms = seen.timings.total_ms or 0
            sums[4] += total_ms
            sums[5] = max(sums[5], total_ms)
    names = ("c", "l", "at", "ok", "slow", "bad", "fault", "ms_sum", "ms_max")
    rows = [dict(zip(names, (*key, *sums), strict=True)) for key, sums in hours.items()]
    cursor.execute(_ADD_HOURS, [_as_json(rows)])


def _write_changes(changes: Iterable[tuple[_Held, Change]]) -> None:
    StatusChange.objects.bulk_create(
        StatusChange(
            service_id=owner.service_id,
            channel_id=owner.channel_id,
            check_ref_id=owner.check_id,
            location_id=owner.location_id,
            from_health=int(change.from_health),
            to_health=int(change.to_health),
            at=change.at,
            confirmed_at=change.confirmed_at,
            reason=None if change.reason is None else int(change.reason),
        )
        for owner, change in changes
    )


@dataclass(frozen=True, slots=True)
class _Turned:
    """A check that became unstable at an instant, or had been quiet for long enough at one."""

    owner: _Held
    at: datetime
    unstable: bool


def _flap_policy() -> FlapPolicy:
    return FlapPolicy(window=settings.FLAPPING_WINDOW, quiet=settings.FLAPPING_QUIET)


def _flap(owner: _Held, observation: Observation, policy: FlapPolicy) -> list[_Turned]:
    """Let rule 11 look at one accepted observation; what began or ended by it."""
    before = owner.flapping
    owner.flapping = observe(before, observation.outcome, observation.started_at, policy)
    turned = []
    quiet_at = unstable_until(before, policy)
    if quiet_at is not None and observation.started_at >= quiet_at:
        turned.append(_Turned(owner, quiet_at, unstable=False))
        if owner.flapping.unstable_since == before.unstable_since:
            # Said once: nothing of it is left to end a second time.
            owner.flapping = replace(owner.flapping, unstable_since=None)
    since = owner.flapping.unstable_since
    if since is not None and since != before.unstable_since:
        turned.append(_Turned(owner, since, unstable=True))
    return turned


def _write_unstable_periods(turned: Iterable[_Turned]) -> None:
    for turn in turned:
        place = {"check_ref_id": turn.owner.check_id, "location_id": turn.owner.location_id}
        if turn.unstable:
            UnstablePeriod.objects.create(**place, began_at=turn.at)
        else:
            UnstablePeriod.objects.filter(**place, ended_at=None).update(ended_at=turn.at)


def _share_fast_turns(
    cursor: Any, held: dict[tuple[int, int], _Held], accepted: Sequence[Observation]
) -> None:
    """Bring forward those who need a closer look, within the budget (rule 5)."""
    sooner: dict[int, datetime] = {}
    owners: dict[int, _Held] = {}
    for seen in accepted:
        owner = held[seen.check_id, seen.location_id]
        owners[seen.check_id] = owner
        ended_at = seen.started_at + timedelta(milliseconds=seen.timings.total_ms or 0)
        if wants_fast(owner.state, owner.policy, ended_at):
            due_at = ended_at + owner.policy.fast_interval
            sooner[seen.check_id] = min(due_at, sooner.get(seen.check_id, due_at))
    had_turn = {check_id for check_id, owner in owners.items() if owner.is_fast}
    if not sooner and not had_turn:
        return
    cursor.execute(
        "SELECT host, count(*) FROM services_check WHERE is_fast AND id <> ALL(%s) GROUP BY host",
        [list(owners)],
    )
    others_at = dict(cursor.fetchall())
    fast = granted(
        [Wish(check_id, owners[check_id].host, check_id in had_turn) for check_id in sooner],
        _fast_budget(),
        others=sum(others_at.values()),
        others_at=others_at,
    )
    cursor.execute(
        _SHARE_FAST_TURNS,
        [
            sorted(fast | had_turn),
            [check_id in fast for check_id in sorted(fast | had_turn)],
            [sooner.get(check_id) for check_id in sorted(fast | had_turn)],
        ],
    )


def _fast_budget() -> Budget:
    """A share of the capacity, in checks that are fast at once.

    One of them takes a turn each fast interval, so that many of a minute's turns are its own.
    """
    turns_a_minute = settings.PROBE_CAPACITY_PER_MINUTE * settings.FAST_SHARE_PERCENT // 100
    of_one = max(1, int(timedelta(minutes=1) / settings.CHECK_FAST_INTERVAL))
    return Budget(total=max(1, turns_a_minute // of_one), per_host=settings.FAST_PER_HOST)
