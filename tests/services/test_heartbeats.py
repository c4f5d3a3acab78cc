"""The door for heartbeats: who is let in, what a call leaves behind, what our own call is for."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import time_machine
from django.conf import settings as project
from django.db import OperationalError, connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from services import heartbeats, tasks
from services.models import (
    Check,
    Heartbeat,
    HeartbeatReceiver,
    HeartbeatToken,
)
from services.probes.heartbeat import RECEIVER_FRESH
from statusportal.celery import app
from statusportal.logs import LineFormatter
from tests.factories import make_check

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def check(db: None) -> Check:
    return make_check(kind="heartbeat", spec={"expect_every_seconds": 60, "grace_seconds": 0})


@pytest.fixture
def token(check: Check) -> str:
    return heartbeats.make_token(check=check, now=NOW)[1]


@pytest.fixture
def system() -> Client:
    """An agency's system: no cookies, no sign-in, and CSRF checked as for anybody."""
    return Client(enforce_csrf_checks=True)


def call(system: Client, token: str, *, at: datetime = NOW, **more: Any) -> Any:
    with time_machine.travel(at, tick=False):
        return system.post(f"/api/heartbeats/{token}/", **more)


def beats() -> list[tuple[datetime, bool]]:
    return list(Heartbeat.objects.values_list("last_beat_at", "has_failed"))


# --- Tokens -----------------------------------------------------------------------------------


def test_a_token_has_256_random_bits_and_only_its_hash_is_stored(check: Check) -> None:
    row, token = heartbeats.make_token(check=check, now=NOW)

    assert len(token) == 43
    assert row.digest == hashlib.sha256(token.encode()).hexdigest()
    assert row.hint == token[-6:]
    assert heartbeats.make_token(check=check, now=NOW)[1] != token
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM services_heartbeattoken t")
        assert not any(token in stored for (stored,) in cursor.fetchall())


def test_a_check_of_another_kind_gets_no_token(db: None) -> None:
    with pytest.raises(ValueError, match="expects no heartbeats"):
        heartbeats.make_token(check=make_check(), now=NOW)


def test_old_and_new_tokens_are_valid_together_until_one_is_revoked(
    check: Check, token: str, system: Client
) -> None:
    _row, new = heartbeats.make_token(check=check, now=NOW)
    assert call(system, token).status_code == 204
    assert call(system, new, at=NOW + SECOND).status_code == 204

    old = HeartbeatToken.objects.get(hint=token[-6:])
    assert heartbeats.revoke_token(token=old, now=NOW + 2 * SECOND)
    assert not heartbeats.revoke_token(token=old, now=NOW + 3 * SECOND)

    old.refresh_from_db()
    assert old.revoked_at == NOW + 2 * SECOND
    assert call(system, token, at=NOW + 4 * SECOND).status_code == 404
    assert call(system, new, at=NOW + 4 * SECOND).status_code == 204


# --- The door ---------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["/", ""])
def test_a_call_is_written_down_and_answered_with_nothing(
    system: Client, token: str, end: str
) -> None:
    with time_machine.travel(NOW, tick=False):
        answer = system.post(f"/api/heartbeats/{token}{end}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert "Content-Type" not in answer
    assert beats() == [(NOW, False)]
    assert HeartbeatToken.objects.get().last_used_at == NOW


@pytest.mark.parametrize(
    ("call_with", "has_failed"),
    [
        ({}, False),
        ({"query_params": {"status": "ok"}}, False),
        ({"query_params": {"status": "fail"}}, True),
        ({"data": {"status": "fail"}}, True),
        ({"data": {"status": "ok"}}, False),
        (
            {"data": "status=fail&job=1", "content_type": "application/x-www-form-urlencoded"},
            True,
        ),
        ({"data": {"status": "fail"}, "content_type": "application/json"}, True),
        ({"data": {"status": "ok", "rows": 7}, "content_type": "application/json"}, False),
        ({"data": {"rows": 7}, "content_type": "application/json"}, False),
        ({"data": [1, 2], "content_type": "application/json"}, False),
        # Said in two places: the worse counts.
        ({"query_params": {"status": "ok"}, "data": {"status": "fail"}}, True),
        ({"query_params": {"status": "fail"}, "data": {"status": "ok"}}, True),
        # A log is no status.
        ({"data": "status=fail", "content_type": "text/plain"}, False),
        ({"data": b"\xff\x00" * 300, "content_type": "application/octet-stream"}, False),
        # Beyond 1 KB nobody reads.
        (
            {
                "data": "x" * 1024 + "&status=fail",
                "content_type": "application/x-www-form-urlencoded",
            },
            False,
        ),
        (
            {
                "data": "status=fail&log=" + "x" * 100_000,
                "content_type": "application/x-www-form-urlencoded",
            },
            True,
        ),
        (
            {"data": {"status": "fail", "log": "x" * 2000}, "content_type": "application/json"},
            False,
        ),
        (
            {
                "data": {"log": "x" * 2000},
                "query_params": {"status": "fail"},
                "content_type": "application/json",
            },
            True,
        ),
    ],
)
def test_it_says_how_its_job_went(
    system: Client, token: str, call_with: dict[str, Any], has_failed: bool
) -> None:
    assert call(system, token, **call_with).status_code == 204
    assert beats() == [(NOW, has_failed)]


@pytest.mark.parametrize(
    "call_with",
    [
        {"query_params": {"status": "failed"}},
        {"query_params": {"status": ""}},
        {"data": {"status": "FAIL"}},
        {"data": {"status": False}, "content_type": "application/json"},
        {"data": "{", "content_type": "application/json"},
        {"data": "[" * 1000, "content_type": "application/json"},
    ],
)
def test_what_cannot_be_understood_is_never_taken_for_ok(
    system: Client, token: str, call_with: dict[str, Any]
) -> None:
    answer = call(system, token, **call_with)

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert beats() == []


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "options", "patch"])
@pytest.mark.parametrize("path", ["self/", "something/"])
def test_only_post_opens_the_door(db: None, system: Client, method: str, path: str) -> None:
    answer = getattr(system, method)(f"/api/heartbeats/{path}")

    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("wrong", ["x", "self2", "A" * 43, "ت" * 20, "x" * 5000, "%00"])
def test_an_unknown_token_is_a_problem_in_the_callers_language(
    db: None, system: Client, wrong: str
) -> None:
    answer = call(system, wrong, headers={"accept-language": "en"})

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert json.loads(answer.content) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no such token, or it was revoked.",
    }


def test_known_or_not_it_costs_one_statement_and_leaves_no_cookie(
    system: Client, token: str
) -> None:
    for knocked in (token, "unknown"):
        with CaptureQueriesContext(
            connection,
        ) as statements:
            answer = call(system, knocked)
        assert len(statements) == 1
        assert not answer.cookies
        assert answer["Cache-Control"] == "no-store"


def test_no_token_gets_into_the_log(
    system: Client, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    def no_database(*_: object) -> None:
        raise OperationalError(f"the database is gone, and {token} with it")

    HeartbeatToken.objects.update(revoked_at=NOW)
    call(system, token)
    call(system, token, query_params={"status": "odd"})
    with connection.execute_wrapper(no_database):
        call(system, token)

    # A line for each request, and one for what failed; they name no token.
    assert [record.levelno for record in caplog.records] == [
        logging.INFO,
        logging.INFO,
        logging.ERROR,
        logging.INFO,
    ]
    # As they are written (statusportal.logs).
    lines = [LineFormatter().format(record) for record in caplog.records]
    assert [line for line in lines if token in line] == []


@pytest.mark.parametrize("path", ["self/", "any/"])
def test_without_a_database_it_asks_to_be_called_again(system: Client, path: str) -> None:
    # No database at all: pytest lets nobody near it here.
    def no_database(*_: object) -> None:
        raise OperationalError("connection refused")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "cursor", no_database)
        answer = system.post(
            f"/api/heartbeats/{path}",
            headers={heartbeats.DOOR_HEADER: heartbeats.own_pass(datetime.now(UTC))},
        )

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert json.loads(answer.content)["title"] == "Service Unavailable"


# --- How often, and by which clock ------------------------------------------------------------


def test_a_token_writes_once_a_second_and_every_call_is_thanked_for(
    system: Client, token: str
) -> None:
    half = SECOND / 2
    answers = [call(system, token, at=NOW + number * half) for number in range(5)]

    assert [answer.status_code for answer in answers] == [204] * 5
    assert beats() == [(NOW + 2 * SECOND, False)]
    call(system, token, at=NOW + 2.5 * SECOND)
    assert beats() == [(NOW + 2 * SECOND, False)]


def test_a_failure_told_in_the_same_second_is_not_swallowed(system: Client, token: str) -> None:
    call(system, token)
    call(system, token, at=NOW + SECOND / 10, query_params={"status": "fail"})
    assert beats() == [(NOW + SECOND / 10, True)]

    # Nor is the second try, which went well.
    call(system, token, at=NOW + SECOND / 5)
    assert beats() == [(NOW + SECOND / 5, False)]


def test_a_late_write_does_not_undo_a_newer_one(system: Client, check: Check, token: str) -> None:
    _row, other = heartbeats.make_token(check=check, now=NOW)
    call(system, token, at=NOW + 5 * SECOND, query_params={"status": "fail"})
    call(system, other, at=NOW + 4 * SECOND)
    assert beats() == [(NOW + 5 * SECOND, True)]


def test_what_a_wrong_clock_wrote_gives_way(system: Client, token: str) -> None:
    call(system, token, at=NOW + timedelta(days=1))
    call(system, token)
    assert beats() == [(NOW, False)]


# --- Our own call (rule 6) --------------------------------------------------------------------


def sign_in_at(system: Client, at: datetime, shown: str | None = None) -> int:
    headers = {heartbeats.DOOR_HEADER: heartbeats.own_pass(at) if shown is None else shown}
    status: int = call(system, "self", at=at, headers=headers).status_code
    return status


@pytest.mark.django_db
def test_rule_6_the_receiver_is_up_since_the_first_call_after_a_break(system: Client) -> None:
    def receiver() -> list[tuple[float, float]]:
        return [
            ((row.up_since - NOW) / SECOND, (row.seen_at - NOW) / SECOND)
            for row in HeartbeatReceiver.objects.all()
        ]

    ladder = [
        (0, (0, 0)),
        (15, (0, 15)),
        (60, (0, 60)),  # two calls missed: 45 s is no break yet
        (106, (106, 106)),
        (121, (106, 121)),
        (10_000, (10_000, 10_000)),
        # A clock that was far ahead, put right.
        (500, (500, 500)),
    ]
    for seconds, expected in ladder:
        assert sign_in_at(system, NOW + seconds * SECOND) == 204
        assert receiver() == [expected]


@pytest.mark.django_db
def test_nobody_else_opens_our_own_way_in(system: Client) -> None:
    fresh = heartbeats.own_pass(NOW)
    with override_settings(SECRET_KEY="another-" + "x" * 60):
        foreign = heartbeats.own_pass(NOW)
    stale = heartbeats.own_pass(NOW - 61 * SECOND)
    later = fresh.replace(fresh[:10], str(int(fresh[:10]) + 1))
    for shown in ("", ":", "x", "ت:ت", foreign, stale, later, fresh[:-1]):
        assert sign_in_at(system, NOW, shown) == 404
    assert call(system, "self").status_code == 404
    assert not HeartbeatReceiver.objects.exists()
    assert sign_in_at(system, NOW, fresh) == 204


@given(st.text(max_size=100))
def test_no_text_is_a_pass_by_chance(text: str) -> None:
    assert not heartbeats.is_own_pass(text, NOW)


@pytest.mark.django_db
def test_the_portal_calls_its_own_door_over_the_network(live_server: Any, settings: Any) -> None:
    settings.HEARTBEAT_SELF_URL = live_server.url
    settings.HEARTBEAT_SELF_NETWORKS = ["127.0.0.0/8", "::1/128"]
    # Our own machine is reached by an address, and answers to the public name alone.
    settings.PUBLIC_URL = "https://status.gov.example"
    settings.ALLOWED_HOSTS = ["status.gov.example"]
    # What comes from the proxy is led to https; this call does not come from there.
    settings.SECURE_SSL_REDIRECT = True
    before = datetime.now(UTC)

    tasks.call_own_door()

    assert before <= HeartbeatReceiver.objects.get().seen_at <= datetime.now(UTC)


class _Door(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_response(503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def shut_door() -> Iterator[str]:
    """A proxy that answers for a portal that does not."""
    server = HTTPServer(("127.0.0.1", 0), _Door)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_door_that_is_shut_leaves_no_trace_and_a_line_in_the_log(
    shut_door: str, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.HEARTBEAT_SELF_URL = shut_door
    assert not heartbeats.call_own_door(now=NOW)
    settings.HEARTBEAT_SELF_URL = "http://127.0.0.1:1"
    assert not heartbeats.call_own_door(now=NOW)
    # The guard holds for our own call too.
    settings.HEARTBEAT_SELF_NETWORKS = []
    assert not heartbeats.call_own_door(now=NOW)

    said = [record.getMessage() for record in caplog.records]
    assert said[0] == "Our own door for heartbeats answers 503"
    assert "ConnectionRefused" in said[1]
    assert "AddressRefused" in said[2]
    assert heartbeats.own_pass(NOW).partition(":")[2] not in caplog.text


def test_beat_calls_three_times_before_the_door_counts_as_shut() -> None:
    entry = app.conf.beat_schedule["call our own door"]
    assert entry["task"] == tasks.call_own_door.name
    assert entry["schedule"] * 3 == RECEIVER_FRESH.total_seconds()


# --- Settings -----------------------------------------------------------------------------------


def test_outside_the_demo_our_own_call_may_enter_no_private_network_unasked() -> None:
    # The tests run as the demo does.
    assert project.HEARTBEAT_SELF_URL == "http://127.0.0.1:8000"
    assert project.HEARTBEAT_SELF_NETWORKS == ["127.0.0.0/8"]
