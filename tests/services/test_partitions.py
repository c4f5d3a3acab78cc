"""Days of observations: made ahead, dropped behind, and never in the way of those who record."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection, connections, transaction

from services import hours, partitions, recording, replay, tasks
from services.models import Check, Observation, ObservationHour, ReplayBase
from services.status.health import Outcome
from services.status.observation import Observation as Seen
from services.status.observation import Reason
from tests.factories import make_check, make_location

NOW = datetime(2026, 11, 10, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def seen(check: Check, due_at: datetime) -> Seen:
    return Seen(check.pk, make_location().pk, due_at, due_at, Outcome.OK, Reason.OK)


@pytest.mark.django_db
def test_days_ahead_are_made_and_those_past_keeping_are_dropped() -> None:
    check = make_check()
    recording.record(observations=[seen(check, NOW - age * DAY) for age in (9, 8, 7, 1)])

    made, dropped = partitions.keep(now=NOW, kept_days=7)

    assert made == [f"services_observation_202611{day}" for day in ("10", "11", "12", "13")]
    assert dropped == ["services_observation_20261101", "services_observation_20261102"]
    assert list(Observation.objects.order_by("due_at").values_list("due_at", flat=True)) == [
        NOW - 7 * DAY,
        NOW - DAY,
    ]
    assert partitions.oldest_day() == date(2026, 11, 3)
    assert partitions.keep(now=NOW, kept_days=7) == ([], [])


@pytest.mark.django_db
def test_the_index_of_a_day_leaves_no_room_that_nothing_would_ever_use() -> None:
    (name,) = partitions.ensure([NOW.date()])

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.reloptions FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
            " WHERE x.indrelid = %s::regclass",
            [name],
        )
        assert cursor.fetchall() == [(["fillfactor=100"],)]


@pytest.mark.django_db
def test_a_day_is_dropped_together_with_folding_it_or_not_at_all(monkeypatch) -> None:
    check = make_check()
    recording.record(observations=[seen(check, NOW - 9 * DAY)])

    def fail(_batch: object, _policies: object) -> int:
        raise RuntimeError("in the middle")

    with monkeypatch.context() as broken, pytest.raises(RuntimeError), transaction.atomic():
        broken.setattr(replay, "_move_bases", fail)
        partitions.keep(now=NOW, kept_days=7)
    assert Observation.objects.count() == 1
    assert not ReplayBase.objects.exists()

    partitions.keep(now=NOW, kept_days=7)
    assert not Observation.objects.exists()
    assert ReplayBase.objects.get().check_ref_id == check.pk


@pytest.mark.django_db
def test_where_there_are_no_partitions_there_is_no_oldest_day() -> None:
    partitions.drop_before(date(2100, 1, 1))
    assert partitions.oldest_day() is None


@pytest.mark.django_db(transaction=True)
def test_whoever_needs_a_day_that_is_there_does_not_wait_for_a_drop() -> None:
    partitions.ensure([NOW.date()])

    def need() -> list[str]:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = '5s'")
            return partitions.ensure([NOW.date()])
        finally:
            connections.close_all()

    with transaction.atomic(), connection.cursor() as cursor, ThreadPoolExecutor(1) as pool:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [partitions._LOCK])
        assert pool.submit(need).result(timeout=10) == []


@pytest.mark.django_db
def test_hours_are_deleted_in_batches_after_90_days_and_not_before(monkeypatch) -> None:
    monkeypatch.setattr(hours, "_BATCH", 2)
    kept = [NOW - 90 * DAY, NOW - 89 * DAY, NOW]
    old = [NOW - 90 * DAY - timedelta(hours=age) for age in range(1, 6)]
    for hour_at in kept + old:
        ObservationHour.objects.create(check_id=1, location_id=1, hour_at=hour_at)

    with time_machine.travel(NOW, tick=False):
        tasks.keep_partitions()

    left = ObservationHour.objects.order_by("hour_at").values_list("hour_at", flat=True)
    assert list(left) == kept
