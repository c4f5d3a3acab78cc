"""Recording what a shard saw: the ladder from the first bad answer to the row of a change."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections

from services import partitions, recording
from services.models import Check, CheckState, Observation, ObservationHour, StatusChange
from services.status.health import CheckHealth, Outcome
from services.status.machine import Policy, State, advance
from services.status.observation import Observation as Seen
from services.status.observation import Reason, Timings
from tests.factories import make_channel, make_check, make_location, make_service

START = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
INTERVAL = timedelta(seconds=60)


def seen(
    check: Check, turn: int, outcome: Outcome = Outcome.OK, *, reason: Reason | None = None
) -> Seen:
    """The observation of the check's `turn`-th turn, begun a second after it was due."""
    due_at = START + turn * INTERVAL
    words = {Outcome.OK: Reason.OK, Outcome.SLOW: Reason.SLOW, Outcome.BAD: Reason.SERVER_ERROR}
    return Seen(
        check_id=check.pk,
        location_id=make_location().pk,
        due_at=due_at,
        started_at=due_at + timedelta(seconds=1),
        outcome=outcome,
        reason=reason or words.get(outcome, Reason.PROBER_ERROR),
        timings=Timings(dns_ms=1, connect_ms=2, first_byte_ms=20, total_ms=25),
    )


@pytest.fixture
def check(db: None) -> Check:
    return make_check(interval_seconds=60, timeout_seconds=10)


def state_of(check: Check) -> tuple[CheckHealth, datetime | None]:
    row = CheckState.objects.get(check_ref=check)
    return CheckHealth(row.health), row.since


def everything() -> list[object]:
    """Every row that recording writes, comparable from one run to another."""
    return [
        list(CheckState.objects.order_by("check_ref_id").values_list("health", "since", "run")),
        list(Observation.objects.order_by("check_id", "due_at").values_list("due_at", "outcome")),
        list(StatusChange.objects.order_by("at").values_list("from_health", "to_health", "at")),
        list(ObservationHour.objects.order_by("hour_at").values_list("ok_count", "bad_count")),
    ]


def test_an_outage_climbs_the_ladder_and_down_again(check: Check) -> None:
    recording.record(observations=[seen(check, 0)])
    assert state_of(check) == (CheckHealth.UNKNOWN, None)

    recording.record(observations=[seen(check, 1)])
    assert state_of(check) == (CheckHealth.OK, START + timedelta(seconds=1))

    for turn in (2, 3):
        recorded = recording.record(observations=[seen(check, turn, Outcome.BAD)])
        assert recorded == recording.Recorded(stored=1, dropped=0, changes=0)
    recorded = recording.record(observations=[seen(check, 4, Outcome.BAD)])
    assert recorded == recording.Recorded(stored=1, dropped=0, changes=1)
    # Rule 3: it began with the first bad answer of the run, not with the third.
    assert state_of(check) == (CheckHealth.BAD, START + 2 * INTERVAL + timedelta(seconds=1))

    recording.record(observations=[seen(check, 5)])
    assert state_of(check)[0] is CheckHealth.BAD
    recording.record(observations=[seen(check, 6)])
    assert state_of(check) == (CheckHealth.OK, START + 5 * INTERVAL + timedelta(seconds=1))

    changes = StatusChange.objects.order_by("at").values_list("from_health", "to_health", "reason")
    assert list(changes) == [
        (CheckHealth.UNKNOWN, CheckHealth.OK, Reason.OK),
        (CheckHealth.OK, CheckHealth.BAD, Reason.SERVER_ERROR),
        (CheckHealth.BAD, CheckHealth.OK, Reason.OK),
    ]


def test_one_bad_answer_leaves_no_change(check: Check) -> None:
    recording.record(observations=[seen(check, turn) for turn in range(3)])
    before = StatusChange.objects.count()

    recording.record(observations=[seen(check, 3, Outcome.BAD)])
    recording.record(observations=[seen(check, 4)])

    assert StatusChange.objects.count() == before
    assert state_of(check)[0] is CheckHealth.OK


def test_observations_are_stored_as_they_were_seen(check: Check) -> None:
    observation = seen(check, 0, Outcome.BAD, reason=Reason.REFUSED)
    recording.record(observations=[observation])

    row = Observation.objects.get()
    assert (row.check_id, row.location_id) == (check.pk, make_location().pk)
    assert (row.due_at, row.started_at) == (observation.due_at, observation.started_at)
    assert (row.outcome, row.reason) == (Outcome.BAD, Reason.REFUSED)
    # -1: the phase was not reached.
    assert (row.dns_ms, row.connect_ms, row.tls_ms) == (1, 2, -1)
    assert (row.first_byte_ms, row.total_ms) == (20, 25)


def test_an_hour_counts_each_outcome_and_times_only_answers(check: Check) -> None:
    outcomes = [Outcome.OK, Outcome.OK, Outcome.SLOW, Outcome.BAD, Outcome.PROBER_FAULT]
    recording.record(observations=[seen(check, n, o) for n, o in enumerate(outcomes[:2])])
    recording.record(observations=[seen(check, n + 2, o) for n, o in enumerate(outcomes[2:])])

    hour = ObservationHour.objects.get()
    assert hour.hour_at == START
    assert (hour.ok_count, hour.slow_count, hour.bad_count, hour.fault_count) == (2, 1, 1, 1)
    assert (hour.total_ms_sum, hour.total_ms_max) == (75, 25)


def test_rule_4_the_same_shard_twice_is_as_if_once(check: Check) -> None:
    shard = [seen(check, turn, Outcome.BAD) for turn in range(4)]
    assert recording.record(observations=shard).stored == 4
    once = everything()

    assert recording.record(observations=shard) == recording.Recorded(0, 4, 0)

    assert everything() == once


def test_rule_4_a_late_shard_changes_nothing(check: Check) -> None:
    recording.record(observations=[seen(check, turn) for turn in (0, 1, 3)])
    before = everything()

    late = recording.record(observations=[seen(check, 2, Outcome.BAD)])

    assert late == recording.Recorded(stored=0, dropped=1, changes=0)
    assert everything() == before


def test_any_order_of_delivery_ends_in_the_state_of_the_accepted_ones(check: Check) -> None:
    random_order = random.Random(7)
    outcomes = [random_order.choice(list(Outcome)) for _turn in range(60)]
    delivered = [seen(check, turn, outcome) for turn, outcome in enumerate(outcomes)]
    shards = [delivered[start : start + 3] for start in range(0, 60, 3)]
    jumbled = shards + random_order.sample(shards, 10)
    random_order.shuffle(jumbled)

    for shard in jumbled:
        recording.record(observations=shard)

    accepted = set(Observation.objects.values_list("due_at", flat=True))
    policy = Policy(INTERVAL, timedelta(seconds=10), timedelta(seconds=5))
    expected = State()
    for observation in delivered:
        if observation.due_at in accepted:
            expected, _changes = advance(expected, observation, policy)
    row = CheckState.objects.get()
    assert (row.health, row.since, row.last_due_at) == (
        expected.health,
        expected.since,
        expected.last_due_at,
    )


def test_a_check_that_is_gone_is_dropped_and_the_others_of_its_shard_stand(check: Check) -> None:
    other = make_check(interval_seconds=60)
    gone = seen(other, 0)
    other.delete()

    recorded = recording.record(observations=[gone, seen(check, 0)])

    assert recorded == recording.Recorded(stored=1, dropped=1, changes=0)


def test_rule_5_after_the_first_bad_answer_the_check_is_due_sooner(check: Check) -> None:
    recording.record(observations=[seen(check, 0), seen(check, 1)])
    usual = START + 10 * INTERVAL
    Check.objects.update(next_due_at=usual)

    recording.record(observations=[seen(check, 2)])
    check.refresh_from_db()
    assert check.next_due_at == usual

    recording.record(observations=[seen(check, 3, Outcome.BAD)])
    check.refresh_from_db()
    ended_at = START + 3 * INTERVAL + timedelta(seconds=1, milliseconds=25)
    # The demo's fast interval, counted from the end of the answer.
    assert check.next_due_at == ended_at + timedelta(seconds=5)


def test_a_shard_of_200_takes_as_many_statements_as_a_shard_of_1(
    db: None, django_assert_num_queries
) -> None:
    service = make_service()
    channel = make_channel(service=service)
    checks = [make_check(channel=channel, interval_seconds=60) for _number in range(200)]
    make_location()
    recording.record(observations=[seen(checks[0], 0)])
    one, many = [seen(checks[1], 0)], [seen(check, 0) for check in checks[2:]]
    # Savepoint and its release; states made, held, written; COPY; hours; turns
    # of others counted, turns shared.
    with django_assert_num_queries(9):
        recording.record(observations=one)
    with django_assert_num_queries(9):
        recording.record(observations=many)


@pytest.mark.django_db(transaction=True)
def test_shards_that_share_checks_and_arrive_at_once_lose_and_double_nothing() -> None:
    checks = [make_check(interval_seconds=60) for _number in range(8)]
    location = make_location()
    assert location.pk
    shards: list[Sequence[Seen]] = [
        [seen(check, turn, Outcome.BAD) for check in random.Random(copy).sample(checks, 8)]
        for turn in range(6)
        for copy in range(3)
    ]

    def deliver(shard: Sequence[Seen]) -> int:
        try:
            return recording.record(observations=shard).stored
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        stored = sum(pool.map(deliver, shards))

    # Whoever came late was dropped, and nothing was stored twice.
    rows = Observation.objects.values_list("check_id", "due_at")
    assert stored == rows.count() == len(set(rows))
    assert stored >= len(checks)
    for check in checks:
        changes = StatusChange.objects.filter(check_ref=check)
        assert changes.count() <= 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(bad_count) FROM services_observationhour")
        assert cursor.fetchone() == (stored,)


def test_an_observation_of_a_day_without_partition_gets_one(check: Check) -> None:
    day = START.date()
    assert partitions.name_of(day) not in partitions.existing()

    recording.record(observations=[seen(check, 0)])

    assert partitions.name_of(day) in partitions.existing()
    assert Observation.objects.count() == 1
