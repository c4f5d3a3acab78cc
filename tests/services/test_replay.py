"""`manage.py replay`: folding the stored observations gives the stored states."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from services import partitions, recording, replay
from services.models import Check, CheckState, ReplayBase
from services.models import Observation as Stored
from services.status.health import CheckHealth, Outcome
from services.status.machine import Policy, Seen, State, advance
from services.status.observation import Observation, Reason
from tests.factories import make_check, make_location

START = datetime(2026, 11, 1, 22, 0, tzinfo=UTC)
INTERVAL = timedelta(minutes=5)
REASONS = {
    Outcome.OK: Reason.OK,
    Outcome.SLOW: Reason.SLOW,
    Outcome.BAD: Reason.SERVER_ERROR,
    Outcome.PROBER_FAULT: Reason.PROBER_DOUBT,
}


def seen(check: Check, turn: int, outcome: Outcome, *, place: int) -> Observation:
    due_at = START + turn * INTERVAL
    return Observation(
        check_id=check.pk,
        location_id=place,
        due_at=due_at,
        started_at=due_at + timedelta(seconds=1),
        outcome=outcome,
        reason=REASONS[outcome],
    )


def two_days(seed: int) -> list[Check]:
    """Two checks at two locations: 44 hours of random answers, faults and gaps from START."""
    dice = random.Random(seed)
    checks = [make_check(interval_seconds=300) for _ in range(2)]
    observations = []
    places = [make_location(code=code).pk for code in ("main", "abroad")]
    outcome, rest = Outcome.OK, 0
    for check in checks:
        for place in places:
            for turn in range(528):
                if rest == 0:
                    outcome, rest = dice.choice(list(Outcome)), dice.randint(1, 9)
                    skipped = dice.random() < 0.2
                rest -= 1
                if not skipped:
                    observations.append(seen(check, turn, outcome, place=place))
    for part in range(0, len(observations), 300):
        recording.record(observations=observations[part : part + 300])
    return checks


def told(**options: object) -> tuple[list[str], int]:
    """The lines it prints and its exit code."""
    out, code = StringIO(), 0
    try:
        call_command("replay", stdout=out, **options)
    except SystemExit as exit_:
        code = int(str(exit_.code))
    return out.getvalue().splitlines(), code


def states() -> list[tuple[object, ...]]:
    return [
        (row.check_ref_id, row.location_id, replay.state_of(row))
        for row in CheckState.objects.order_by("check_ref_id", "location_id")
    ]


@pytest.mark.django_db
def test_stored_observations_give_the_stored_states() -> None:
    two_days(seed=1)
    assert len({state for _check, _location, state in states()}) == 4
    assert told() == (["4 states, 0 differences"], 0)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_they_still_do_after_days_were_dropped(seed: int) -> None:
    two_days(seed=seed)
    before = states()
    first, second = START.date(), START.date() + timedelta(days=1)

    assert partitions.drop_before(second) == [partitions.name_of(first)]
    assert ReplayBase.objects.count() == 4
    assert told() == (["4 states, 0 differences"], 0)

    partitions.drop_before(second + timedelta(days=1))
    assert told() == (["4 states, 0 differences"], 0)

    # With nothing left to fold, the bases are the states.
    partitions.drop_before(second + timedelta(days=2))
    assert not Stored.objects.exists()
    assert [replay.unpack(row.state) for row in ReplayBase.objects.order_by("id")] == [
        replay.state_of(row)
        for base in ReplayBase.objects.order_by("id")
        for row in CheckState.objects.filter(
            check_ref_id=base.check_ref_id, location_id=base.location_id
        )
    ]
    assert told() == (["4 states, 0 differences"], 0)
    assert states() == before


@pytest.mark.django_db
def test_a_state_that_the_observations_do_not_give_is_named_with_its_interval() -> None:
    check, other = two_days(seed=1)
    row = CheckState.objects.get(check_ref=check, location__code="abroad")
    CheckState.objects.filter(pk=row.pk).update(reason=Reason.TLS_EXPIRED, since=START)

    lines, code = told(check=check.pk)

    assert row.since is not None
    assert row.reason is not None
    place, by = f"check {check.pk} at abroad", "(by its present interval, 300 s)"
    since, reason = row.since.isoformat(), Reason(row.reason).name.lower()
    assert lines == [
        f"{place}, since: stored 2026-11-01T22:00:00+00:00, replayed {since} {by}",
        f"{place}, reason: stored tls_expired, replayed {reason} {by}",
        "2 states, 2 differences",
    ]
    assert code == 1
    assert told(check=other.pk) == (["2 states, 0 differences"], 0)


@pytest.mark.django_db
def test_fix_stores_the_state_that_the_observations_give() -> None:
    two_days(seed=2)
    before = states()
    CheckState.objects.update(health=CheckHealth.BAD, since=START, run=[])

    lines, code = told(fix=True)

    assert lines[-1].endswith(", now stored as replayed")
    assert code == 1
    assert states() == before
    assert told()[1] == 0


@pytest.mark.django_db
def test_a_check_that_was_never_seen_has_the_empty_state() -> None:
    CheckState.objects.create(check_ref=make_check(), location=make_location())
    assert told() == (["1 states, 0 differences"], 0)


@pytest.mark.django_db
def test_what_a_deleted_check_left_behind_is_folded_onto_nothing() -> None:
    gone, kept = two_days(seed=1)
    gone.changes.all().delete()
    gone.delete()

    partitions.drop_before(START.date() + timedelta(days=1))

    assert set(ReplayBase.objects.values_list("check_ref_id", flat=True)) == {kept.pk}
    assert told() == (["2 states, 0 differences"], 0)


@pytest.mark.django_db
def test_no_such_check_is_said() -> None:
    with pytest.raises(CommandError, match="There is no check with the id 7"):
        call_command("replay", check=7)


instants = st.datetimes(timezones=st.just(UTC)) | st.none()


@given(
    state=st.builds(
        State,
        health=st.sampled_from(list(CheckHealth)),
        since=instants,
        reason=st.sampled_from([*Reason, None]),
        last_due_at=instants,
        last_started_at=instants,
        run=st.lists(
            st.builds(
                Seen,
                outcome=st.sampled_from(list(Outcome)),
                started_at=st.datetimes(timezones=st.just(UTC)),
                reason=st.sampled_from(list(Reason)),
            ),
            max_size=3,
        ).map(tuple),
    )
)
def test_a_base_unpacks_to_the_state_that_was_packed(state: State) -> None:
    assert replay.unpack(replay.pack(state)) == state


POLICY = Policy(
    interval=timedelta(seconds=60),
    timeout=timedelta(seconds=10),
    fast_interval=timedelta(seconds=10),
)
# Mostly long stretches of one answer, as days are; now and then a gap, or a clock that went back.
answers = st.tuples(
    st.sampled_from(
        [
            (Outcome.OK, Reason.OK),
            (Outcome.SLOW, Reason.SLOW),
            (Outcome.BAD, Reason.SERVER_ERROR),
            (Outcome.BAD, Reason.REFUSED),
            (Outcome.PROBER_FAULT, Reason.PROBER_DOUBT),
        ]
    ),
    st.integers(1, 8),
    st.sampled_from([10, 60, 60, 60, 180, 181, 900]),
    st.sampled_from([0, 0, 1, 45]),
)


@given(stretches=st.lists(answers, max_size=15), cut=st.integers(0, 60))
def test_folding_in_strides_gives_what_one_step_after_the_other_gives(
    stretches: list[tuple[tuple[Outcome, Reason], int, int, int]], cut: int
) -> None:
    due_at = START
    observations = []
    for (outcome, reason), count, step_s, late_s in stretches:
        for number in range(count):
            due_at += timedelta(seconds=step_s)
            # Late at first only: the second of the stretch may start before the one before it.
            started_at = due_at + timedelta(seconds=0 if number else late_s)
            observations.append(Observation(1, 1, due_at, started_at, outcome, reason))
    stepped = State()
    for observation in observations:
        stepped, _changes = advance(stepped, observation, POLICY)
    rows = [
        (1, 1, one.due_at, one.started_at, int(one.outcome), int(one.reason))
        for one in observations
    ]

    assert replay.fold(State(), rows, POLICY) == stepped
    # Also where one day ends and the next begins.
    assert replay.fold(replay.fold(State(), rows[:cut], POLICY), rows[cut:], POLICY) == stepped
