"""Who claims what falls due: once, in time, and cut into shards."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections

from services import operations
from services.models import Check
from tests.factories import make_channel, make_check, make_location, make_service

NOW = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)


def due(seconds: float, **fields: Any) -> Check:
    """A check that falls due `seconds` after NOW, every 60 s unless said otherwise."""
    fields = {"interval_seconds": 60} | fields
    return make_check(next_due_at=NOW + timedelta(seconds=seconds), **fields)


def claimed(now: datetime = NOW) -> list[int]:
    return [turn.check_id for shard in operations.dispatch_due(now=now) for turn in shard.turns]


@pytest.fixture(autouse=True)
def _main_location(db: None) -> None:
    make_location()


def test_it_claims_what_falls_due_within_the_next_second_and_nothing_else() -> None:
    late, soon = due(-5), due(0.9)
    due(1.5)
    due(-5, is_enabled=False)
    make_check(next_due_at=None)

    assert sorted(claimed()) == [late.pk, soon.pk]


def test_a_second_tick_finds_nothing_left() -> None:
    check = due(0)

    assert claimed() == [check.pk]
    assert claimed() == []


@pytest.mark.parametrize(
    ("overdue_s", "next_in_s"),
    [(0, 60), (1, 59), (59, 1), (60, 60), (61, 59), (3600, 60), (3601, 59)],
)
def test_the_next_turn_keeps_the_rhythm_and_makes_up_for_nothing(
    overdue_s: int, next_in_s: int
) -> None:
    check = due(-overdue_s)

    claimed()

    check.refresh_from_db()
    assert check.next_due_at == NOW + timedelta(seconds=next_in_s)


def test_a_turn_missed_by_more_than_an_interval_is_due_now() -> None:
    fresh, stale = due(-30), due(-300)

    turns = {
        turn.check_id: turn.due_at
        for shard in operations.dispatch_due(now=NOW)
        for turn in shard.turns
    }

    assert turns == {fresh.pk: NOW - timedelta(seconds=30), stale.pk: NOW}


@pytest.mark.parametrize(
    ("tier", "is_shared", "own", "expected"),
    [
        (1, False, None, 15),
        (3, True, None, 15),
        (2, False, None, 20),
        (1, False, 7, 7),
    ],
)
def test_the_interval_is_the_checks_own_or_follows_tier_and_sharing(
    settings, tier: int, is_shared: bool, own: int | None, expected: int
) -> None:
    settings.CHECK_INTERVAL_URGENT = timedelta(seconds=15)
    settings.CHECK_INTERVAL = timedelta(seconds=20)
    service = make_service(tier=tier, is_shared=is_shared)
    check = make_check(channel=make_channel(service=service), next_due_at=NOW, interval_seconds=own)

    (shard,) = operations.dispatch_due(now=NOW)

    check.refresh_from_db()
    assert check.next_due_at == NOW + timedelta(seconds=expected)
    assert shard.expires_seconds == expected


def test_shards_are_cut_by_location_network_and_size(settings) -> None:
    settings.PROBE_SHARD_SIZE = 2
    make_location(code="north")
    for _number in range(3):
        due(0, network="internet")
    due(0, network="government")

    shards = operations.dispatch_due(now=NOW)

    assert [(s.location, s.network, len(s.turns)) for s in shards] == [
        ("main", "government", 1),
        ("main", "internet", 2),
        ("main", "internet", 1),
        ("north", "government", 1),
        ("north", "internet", 2),
        ("north", "internet", 1),
    ]


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_share_the_work_and_double_none_of_it() -> None:
    make_location()
    checks = [due(0).pk for _number in range(40)]

    def tick(_number: int) -> list[int]:
        try:
            return claimed()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        turns = [check_id for ids in pool.map(tick, range(4)) for check_id in ids]

    assert sorted(turns) == checks
