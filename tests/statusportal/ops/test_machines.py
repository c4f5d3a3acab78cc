"""Whether the portal itself lives: what is said when a part of it is silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import redis

from statusportal.ops import machines
from statusportal.ops.machines import Fault, Pulse, Trouble, troubles
from tests.statusportal.ops.nation import NOW

SECOND = timedelta(seconds=1)
WELL = Pulse(
    built_at=NOW - SECOND,
    answered_at=NOW - 2 * SECOND,
    fresh_for=timedelta(seconds=190),
    late=0,
    late_since=None,
    queues={"control": 2, "probes": 0, "deliveries": 59},
)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, []),
        ({"queues": None}, [Trouble(Fault.QUEUE_UNREACHABLE)]),
        ({"built_at": None}, [Trouble(Fault.NOTHING_PUBLISHED)]),
        ({"built_at": NOW - 15 * SECOND, "answered_at": NOW - 20 * SECOND}, []),
        (
            {"built_at": NOW - 16 * SECOND},
            [Trouble(Fault.SNAPSHOT_OLD, since=NOW - 16 * SECOND)],
        ),
        (
            {"late": 3, "late_since": NOW - 30 * SECOND},
            [Trouble(Fault.CHECKS_LATE, since=NOW - 30 * SECOND, count=3)],
        ),
        ({"answered_at": NOW - 191 * SECOND}, []),
        (
            {"answered_at": NOW - 192 * SECOND},
            [Trouble(Fault.NO_ANSWERS, since=NOW - 192 * SECOND)],
        ),
        ({"answered_at": None}, [Trouble(Fault.NO_ANSWERS)]),
        ({"answered_at": None, "fresh_for": None}, []),
        (
            {"queues": {"control": 0, "probes": 60, "deliveries": 0}},
            [Trouble(Fault.QUEUE_LONG, count=60, pool="probes")],
        ),
    ],
)
def test_silence_is_said_as_what_it_is(found: dict[str, Any], said: list[Trouble]) -> None:
    assert troubles(replace(WELL, **found), NOW) == said


def test_of_what_came_after_an_old_snapshot_nothing_is_claimed() -> None:
    old = replace(
        WELL, built_at=NOW - timedelta(hours=1), answered_at=NOW - timedelta(hours=1, seconds=2)
    )

    assert [one.fault for one in troubles(old, NOW)] == [Fault.SNAPSHOT_OLD]


@pytest.mark.django_db
def test_a_queue_that_does_not_answer_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machines, "_client", redis.Redis(port=1, socket_connect_timeout=0.1))

    assert machines.pulse(None, NOW).queues is None
