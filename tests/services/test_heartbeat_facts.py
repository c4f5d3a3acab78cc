"""What the heartbeat probe is told of a check, and rule 6 from the door to the observation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from services import heartbeats, queries, tasks
from services.models import Check, HeartbeatToken, Observation, StatusChange
from services.status.health import Outcome
from services.status.observation import Reason
from tests.factories import make_check, make_location

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def check(db: None) -> Check:
    return make_check(kind="heartbeat", spec={"expect_every_seconds": 60, "grace_seconds": 0})


@pytest.fixture
def token(check: Check) -> str:
    return heartbeats.make_token(check=check, now=NOW)[1]


def facts_of(*checks: Check) -> list[Any]:
    turns = [(check.pk, NOW) for check in checks]
    return [
        target.facts
        for target in queries.targets(location="main", turns=turns, default_timeout_s=3.0)
    ]


@pytest.mark.django_db
def test_a_shard_asks_for_beats_once_and_only_where_somebody_waits_for_them() -> None:
    make_location()
    page, port = make_check(), make_check(kind="tcp", spec={"host": "x.example", "port": 1})
    waiting = [make_check(kind="heartbeat", spec={"expect_every_seconds": 60}) for _ in range(3)]

    with CaptureQueriesContext(connection) as without:
        assert facts_of(page, port) == [{}, {}]
    with CaptureQueriesContext(connection) as with_beats:
        assert (
            facts_of(page, *waiting)[1:]
            == [
                {
                    "last_beat_at": None,
                    "last_beat_failed": False,
                    "expected_since": None,
                    "receiver_up_since": None,
                    "receiver_seen_at": None,
                }
            ]
            * 3
        )
    assert len(with_beats) == len(without) + 1


def test_it_is_told_of_the_last_beat_the_oldest_valid_token_and_the_receiver(
    check: Check, token: str
) -> None:
    make_location()
    heartbeats.make_token(check=check, now=NOW + 5 * SECOND)
    heartbeats.receive(token=token, has_failed=True, now=NOW + 9 * SECOND)
    heartbeats.sign_in(now=NOW)
    heartbeats.sign_in(now=NOW + 15 * SECOND)

    told = {
        "last_beat_at": NOW + 9 * SECOND,
        "last_beat_failed": True,
        "expected_since": NOW,
        "receiver_up_since": NOW,
        "receiver_seen_at": NOW + 15 * SECOND,
    }
    assert facts_of(check) == [told]
    # Nobody waits for a token that was revoked.
    first = HeartbeatToken.objects.get(hint=token[-6:])
    heartbeats.revoke_token(token=first, now=NOW + 16 * SECOND)
    assert facts_of(check) == [told | {"expected_since": NOW + 5 * SECOND}]


@pytest.mark.django_db
def test_rule_6_a_job_falls_silent_and_nobody_is_blamed_while_our_door_was_shut(
    check: Check, token: str, settings: Any
) -> None:
    make_location()
    settings.PROBE_EXTRA_CA = ""

    def turn(seconds: int, *, door_open: bool) -> tuple[Outcome, Reason]:
        at = NOW + seconds * SECOND
        if door_open:
            heartbeats.sign_in(now=at)
        with time_machine.travel(at, tick=True):
            tasks.probe_shard(
                location="main", network="internet", turns=[[check.pk, at.isoformat()]]
            )
        row = Observation.objects.get(check_id=check.pk, due_at=at)
        return Outcome(row.outcome), Reason(row.reason)

    missing = (Outcome.BAD, Reason.HEARTBEAT_MISSING)
    awaiting = (Outcome.PROBER_FAULT, Reason.AWAITING_BEAT)
    # No door yet, then an open door and no call yet, then a call.
    assert turn(0, door_open=False) == (Outcome.PROBER_FAULT, Reason.RECEIVER_DOWN)
    assert turn(10, door_open=True) == awaiting
    heartbeats.receive(token=token, has_failed=False, now=NOW + 20 * SECOND)
    assert turn(40, door_open=True) == (Outcome.OK, Reason.OK)
    assert turn(79, door_open=True) == (Outcome.OK, Reason.OK)
    assert turn(82, door_open=True) == missing
    # The door was shut for a while: silence begins anew when it opens.
    assert turn(200, door_open=False) == (Outcome.PROBER_FAULT, Reason.RECEIVER_DOWN)
    assert turn(210, door_open=True) == awaiting
    assert turn(250, door_open=True) == awaiting
    assert turn(271, door_open=True) == missing
    assert not StatusChange.objects.filter(confirmed_at__lt=NOW + 40 * SECOND).exists()
