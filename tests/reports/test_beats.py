"""Heartbeats by a token of the API: written like every other, and recorded when they change."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import Agency, ApiToken
from core import audit
from core.audit import AuditEntry
from services import queries
from services.models import Check, Heartbeat
from services.probes.heartbeat import judge, parse
from services.status.observation import Reason
from tests.factories import make_agency, make_channel, make_check, make_location, make_service
from tests.reports.systems import NOW, System, make_token, problem

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


@pytest.fixture
def agency() -> Agency:
    return make_agency(code="MOI")


def make_beaten(agency: Agency, **fields: Any) -> Check:
    """A check of this agency that expects a beat every minute."""
    channel = make_channel(service=make_service(agency=agency))
    spec = {"expect_every_seconds": 60, "grace_seconds": 0}
    return make_check(channel=channel, **({"kind": "heartbeat", "spec": spec} | fields))


@pytest.fixture
def check(agency: Agency) -> Check:
    return make_beaten(agency)


@pytest.fixture
def made(agency: Agency) -> tuple[ApiToken, str]:
    return make_token(agency)


@pytest.fixture
def system(made: tuple[ApiToken, str]) -> System:
    return System(made[1])


def path(check: Check) -> str:
    return f"/api/v1/heartbeats/{check.pk}/"


def beats() -> list[tuple[datetime, bool]]:
    return list(Heartbeat.objects.values_list("last_beat_at", "has_failed"))


def entries() -> list[Any]:
    """What the record says of heartbeats: by whom, and what they said."""
    rows = AuditEntry.objects.filter(act="heartbeat").order_by("id")
    return [(row.actor_name, (row.after or {})["status"]) for row in rows]


def test_a_beat_is_written_and_answered_with_nothing(system: System, check: Check) -> None:
    answer = system.post(path(check))

    assert (answer.status_code, answer.content) == (204, b"")
    assert beats() == [(NOW, False)]


@pytest.mark.parametrize(("said", "has_failed"), [("ok", False), ("fail", True)])
def test_a_job_says_how_it_went(system: System, check: Check, said: str, has_failed: bool) -> None:
    assert system.post(path(check), {"status": said}).status_code == 204
    assert beats() == [(NOW, has_failed)]


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        ({"status": "failed"}, ["status"]),
        ({"status": None}, ["status"]),
        ({"status": ["ok"]}, ["status"]),
        ({"status": "ok", "check": 7}, ["check"]),
        ({"status": True, "a": 1, "b": 2}, ["status", "a", "b"]),
    ],
)
def test_a_misspelt_failure_is_never_taken_for_good(
    system: System, check: Check, document: Any, fields: list[str]
) -> None:
    answer = problem(system.post(path(check), document))

    assert answer["status"] == 422
    assert [wrong["field"] for wrong in answer["errors"]] == fields
    assert beats() == []


def test_another_agencys_check_is_not_there(system: System) -> None:
    other = make_beaten(make_agency())
    theirs, nowhere = system.post(path(other)), system.post("/api/v1/heartbeats/999999/")

    assert theirs.status_code == nowhere.status_code == 404
    assert theirs.content == nowhere.content
    assert beats() == []


def test_a_number_that_no_check_can_have_is_none(system: System) -> None:
    assert system.post(f"/api/v1/heartbeats/{10**30}/").status_code == 404


def test_a_check_that_asks_by_itself_expects_none(system: System, agency: Agency) -> None:
    answer = system.post(path(make_beaten(agency, kind="tcp", spec={})))
    assert problem(answer)["type"].endswith(":conflict")


def test_a_loop_writes_once_a_second_but_a_failure_at_once(system: System, check: Check) -> None:
    written = []
    for after, said in ((0.0, "ok"), (0.5, "ok"), (0.6, "fail"), (0.7, "fail"), (1.7, "fail")):
        system.at = NOW + after * SECOND
        system.post(path(check), {"status": said})
        [(at, has_failed)] = beats()
        written.append(((at - NOW).total_seconds(), has_failed))

    assert written == [(0, False), (0, False), (0.6, True), (0.6, True), (1.7, True)]


def test_the_record_names_the_token_when_it_or_its_word_changes(
    system: System, check: Check, made: tuple[ApiToken, str], agency: Agency
) -> None:
    row, other = made[0], make_token(agency, name="Second site")
    for minute, (caller, said) in enumerate(
        [(system, "ok"), (system, "ok"), (system, "fail"), (system, "fail"), (system, "ok")]
    ):
        caller.at = NOW + minute * 60 * SECOND
        caller.post(path(check), {"status": said})
    System(other[1], at=NOW + 600 * SECOND).post(path(check))

    first = f"token gsp_{row.public_id} (Nightly batch)"
    second = f"token gsp_{other[0].public_id} (Second site)"
    assert entries() == [(first, "ok"), (first, "fail"), (first, "ok"), (second, "ok")]
    entry = AuditEntry.objects.filter(act="heartbeat").latest("id")
    assert (entry.actor, entry.agency_code, entry.address) == (None, "MOI", "127.0.0.1")
    assert (entry.subject_kind, entry.subject_id) == ("services.check", str(check.pk))


def test_a_beat_that_cannot_be_recorded_is_not_written_either(
    system: System, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_entry: Any) -> None:
        raise RuntimeError("no room in the record")

    monkeypatch.setattr(audit, "record", full)
    with pytest.raises(RuntimeError, match="no room"):
        system.post(path(check))
    assert beats() == []


def test_from_the_first_beat_on_silence_means_something(system: System, check: Check) -> None:
    make_location()

    def judged(at: datetime) -> Reason:
        (target,) = queries.targets(location="main", turns=[(check.pk, at)], default_timeout_s=10)
        up = {"receiver_up_since": NOW - 3600 * SECOND, "receiver_seen_at": at}
        return judge({**target.facts, **up}, parse(target.spec), at)[1]

    assert judged(NOW) is Reason.AWAITING_BEAT
    system.post(path(check))
    assert judged(NOW + 60 * SECOND) is Reason.OK
    assert judged(NOW + 61 * SECOND) is Reason.HEARTBEAT_MISSING


def test_a_beat_that_only_repeats_the_last_costs_four_statements(
    system: System, check: Check, django_assert_num_queries: Any
) -> None:
    system.post(path(check))
    # The token, the check, the beat and the last entry; and the transaction's two, in a test.
    with django_assert_num_queries(6):
        system.post(path(check))
