"""Many checks, several vantage points, workers on several machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.db import connections

from services import operations, recording, tasks
from services.catalogue import spread
from services.models import Check, CheckState, Location, StatusChange
from services.status.health import CheckHealth, Health, Outcome
from services.status.observation import Observation, Reason
from statusportal.public import reader, snapshot
from tests.factories import make_channel, make_check, make_location, make_service

NOW = datetime(2026, 11, 10, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


# An import numbers channels and checks apart, or by turns.
@pytest.mark.parametrize("step", [1, 2, 3, 7, 10])
def test_ten_thousand_checks_of_a_minute_do_not_start_in_one_second(step: int) -> None:
    ids = range(40_001, 40_001 + 10_000 * step, step)

    starts = Counter(int(60 * spread(check_id)) for check_id in ids)

    assert len(starts) == 60
    # 167 would be perfectly even.
    assert max(starts.values()) <= 175


@pytest.mark.django_db
def test_after_an_hour_without_anybody_the_turns_are_spread_as_before() -> None:
    make_location()
    channel = make_channel()
    made = Check.objects.bulk_create(
        Check(channel=channel, interval_seconds=60, next_due_at=NOW + n * timedelta(seconds=0.2))
        for n in range(300)
    )

    shards = operations.dispatch_due(now=NOW + timedelta(hours=1))

    assert sum(len(shard.turns) for shard in shards) == len(made)
    next_turns = [check.next_due_at for check in Check.objects.all() if check.next_due_at]
    assert set(Counter(at.second for at in next_turns).values()) == {5}
    assert min(next_turns) > NOW + timedelta(hours=1)
    assert max(next_turns) <= NOW + timedelta(hours=1) + MINUTE


@pytest.mark.django_db
def test_each_vantage_point_gets_its_turns_in_a_queue_of_its_own(monkeypatch) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(tasks.probe_shard, "apply_async", lambda **given: sent.append(given))
    make_location()
    make_location(code="north")
    make_location(code="closed", is_enabled=False)
    check = make_check(next_due_at=NOW, interval_seconds=60)

    with time_machine.travel(NOW, tick=False):
        tasks.dispatch_due()

    turns = [[check.pk, NOW.isoformat()]]
    assert [(one["queue"], one["expires"], one["kwargs"]) for one in sent] == [
        ("probes", 60.0, {"location": "main", "network": "internet", "turns": turns}),
        ("probes.north", 60.0, {"location": "north", "network": "internet", "turns": turns}),
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("bad_places", "health"),
    [
        (1, Health.OPERATIONAL),
        (2, Health.MAJOR_OUTAGE),
        (3, Health.MAJOR_OUTAGE),
    ],
)
def test_machines_at_three_places_that_write_at_once_are_heard_by_majority(
    bad_places: int, health: Health
) -> None:
    places = [make_location(code=code) for code in ("main", "north", "south")]
    service = make_service(slug="passport")
    checks = [
        make_check(channel=make_channel(service=service, kind=kind), interval_seconds=60)
        for kind in ("web", "app")
    ]

    def machine(place: Location, outcome: Outcome) -> None:
        try:
            for minute in range(4):
                recording.record(
                    observations=[
                        _seen(check, place, NOW + minute * MINUTE, outcome) for check in checks
                    ]
                )
        finally:
            connections.close_all()

    outcomes = [Outcome.BAD] * bad_places + [Outcome.OK] * (3 - bad_places)
    _at_once([partial(machine, *one) for one in zip(places, outcomes, strict=True)])

    now = NOW + 3 * MINUTE
    said = reader.read(snapshot.build(now=now), now)
    assert said.services["passport"].health is health
    assert CheckState.objects.filter(health=CheckHealth.BAD).count() == 2 * bad_places
    # One for each check and place, whoever wrote at the same moment.
    assert StatusChange.objects.count() == 6


def _seen(check: Check, place: Location, due_at: datetime, outcome: Outcome) -> Observation:
    reason = Reason.OK if outcome is Outcome.OK else Reason.REFUSED
    return Observation(check.pk, place.pk, due_at, due_at, outcome, reason)


def _at_once(machines: list[Callable[[], None]]) -> None:
    with ThreadPoolExecutor(len(machines)) as pool:
        for ended in [pool.submit(machine) for machine in machines]:
            ended.result()
