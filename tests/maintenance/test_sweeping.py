"""What the clock makes happen is told once, however often and however late it is looked at."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.outbox import Event
from maintenance import operations, tasks
from maintenance.sweeping import sweep
from tests.factories import make_user
from tests.maintenance.rows import NOW, at, make_announced, make_window

pytestmark = pytest.mark.django_db


def told() -> list[tuple[str, str]]:
    return [
        (event.kind.removeprefix("window."), f"{event.at + timedelta(hours=3):%d %H:%M}")
        for event in Event.objects.order_by("id")
    ]


def test_a_window_is_told_of_from_its_reminder_to_its_alarm_once_each():
    make_announced()
    minute = at("26 00:00")
    while minute < at("27 07:00"):
        sweep(now=minute)
        sweep(now=minute)
        minute += timedelta(minutes=10)
    assert told() == [
        ("due_soon", "26 00:30"),
        ("due_soon", "26 23:30"),
        ("started", "27 00:30"),
        ("running_over", "27 04:30"),
        ("overdue", "27 05:30"),
    ]


def test_after_a_night_without_workers_everything_that_still_matters_is_told():
    make_announced()
    assert sweep(now=at("27 08:00")) == 3
    assert told() == [
        ("started", "27 00:30"),
        ("running_over", "27 04:30"),
        ("overdue", "27 05:30"),
    ]
    assert sweep(now=at("27 08:01")) == 0


def test_an_extended_window_runs_over_again_and_alarms_again():
    window = make_announced()
    sweep(now=at("27 05:30"))
    supervisor = make_user("supervisor")
    operations.extend(
        window_id=window.pk, ends_at=at("27 07:00"), actor=supervisor, now=at("27 05:45")
    )
    assert sweep(now=at("27 06:59")) == 0
    sweep(now=at("27 08:00"))
    assert [item for item in told() if item[0] in ("running_over", "overdue")] == [
        ("running_over", "27 04:30"),
        ("overdue", "27 05:30"),
        ("running_over", "27 07:00"),
        ("overdue", "27 08:00"),
    ]


@pytest.mark.parametrize("state", ["draft", "submitted", "cancelled", "postponed", "completed"])
def test_nobody_is_told_of_a_window_that_does_not_stand(state):
    make_window(state=state, approved_at=NOW)
    assert sweep(now=at("27 08:00")) == 0


def test_a_turn_without_news_asks_twice_and_locks_nothing():
    make_announced()
    sweep(now=at("27 02:00"))
    with CaptureQueriesContext(connection) as asked:
        sweep(now=at("27 02:01"))
    said = [query["sql"] for query in asked if "SAVEPOINT" not in query["sql"]]
    assert [sql.split()[0] for sql in said] == ["SELECT", "SELECT"]
    assert not any("FOR UPDATE" in sql for sql in said)


def test_an_event_says_what_it_is_about():
    window = make_announced()
    sweep(now=at("27 02:00"))
    payload = Event.objects.get().payload
    assert payload["ref"] == window.ref
    assert payload["services"] == [window.services.get().service.public_id]
    assert payload["effect"] == "stopped"


def test_the_task_reads_the_clock_once_and_sweeps():
    make_announced()
    with time_machine.travel(at("27 00:31"), tick=False):
        tasks.sweep()
    assert told() == [("started", "27 00:30")]
