"""`POST /api/v1/suspicions/`: told once, recorded, shown to operators, and never published."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, local
from typing import Any

import pytest
from django.db import connections

from accounts.models import Agency, ApiToken
from core import audit, outbox
from core.audit import AuditEntry
from core.outbox import Event
from incidents import sweeping
from incidents.models import Incident
from reports import operations, suspected
from reports.models import Suspicion
from services.models import Service
from statusportal.public import snapshot
from tests.factories import make_agency, make_location, make_service
from tests.reports.systems import NOW, System, make_token, problem
from tests.statusportal.ops.console import make_incident

PATH = "/api/v1/suspicions/"
SOUND: dict[str, Any] = {
    "service": "visa",
    "since": "2026-11-22T11:55:00+03:00",
    "text": {"ar": "الدفع متوقف.", "en": "Payments fail."},
    "contact": "Duty engineer, 1700 0000",
}


@pytest.fixture
def agency(db: None) -> Agency:
    return make_agency(code="MOI")


@pytest.fixture
def visa(agency: Agency) -> Service:
    return make_service(slug="visa", agency=agency)


@pytest.fixture
def system(agency: Agency, visa: Service) -> System:
    return System(make_token(agency)[1])


def tell(system: System, document: Any = None, *, key: str = "one") -> Any:
    return system.post(
        PATH, SOUND if document is None else document, headers={"Idempotency-Key": key}
    )


def test_what_a_system_tells_is_kept_and_given_back(system: System, visa: Service) -> None:
    answer = tell(system)

    row = Suspicion.objects.get()
    assert answer.status_code == 201
    assert answer["Location"] == f"{PATH}{row.ref}/"
    assert json.loads(answer.content) == {
        "ref": row.ref,
        "service": "visa",
        "since": "2026-11-22T08:55:00Z",
        "text": {"ar": "الدفع متوقف.", "en": "Payments fail."},
        "contact": "Duty engineer, 1700 0000",
        "told_at": "2026-11-22T09:00:00Z",
        "state": "waiting",
        "settled_at": None,
        "incident": None,
        "reason": None,
    }
    assert system.get(answer["Location"]).content == answer.content
    assert (row.service, row.agency, row.told_at) == (visa, visa.agency, NOW)


def test_it_publishes_nothing_measures_nothing_and_opens_nothing(system: System) -> None:
    make_location()
    before = snapshot.build(now=NOW)

    tell(system)
    sweeping.sweep(now=NOW)

    after = snapshot.build(now=NOW)
    assert after == before
    assert not Incident.objects.exists()
    assert [event.kind for event in Event.objects.all()] == ["suspicion.told"]


def test_the_record_names_the_token_and_what_it_said(system: System) -> None:
    answer = json.loads(tell(system).content)

    entry = AuditEntry.objects.get(act="suspect")
    token = Suspicion.objects.get().token
    assert entry.actor is None
    assert entry.actor_name == f"token gsp_{token.public_id} (Nightly batch)"
    assert (entry.subject_kind, entry.subject_name) == ("reports.suspicion", answer["ref"])
    assert (entry.agency_code, entry.address, entry.at) == ("MOI", "127.0.0.1", NOW)
    assert entry.after == {
        "service": "visa",
        "began_at": "2026-11-22T08:55:00+00:00",
        "text_ar": "الدفع متوقف.",
        "text_en": "Payments fail.",
        "token": f"gsp_{token.public_id}",
    }


@pytest.mark.parametrize("broken", ["audit", "outbox"])
def test_what_cannot_be_recorded_was_not_told(
    system: System, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def full(**_named: Any) -> None:
        raise RuntimeError("no room")

    if broken == "audit":
        monkeypatch.setattr(audit, "record", full)
    else:
        monkeypatch.setattr(outbox, "append", full)
    with pytest.raises(RuntimeError, match="no room"):
        tell(system)

    assert not Suspicion.objects.exists()
    assert not AuditEntry.objects.filter(act="suspect").exists()


# --- once -----------------------------------------------------------------------------------------


def test_the_same_key_is_the_same_suspicion_however_often_it_comes(system: System) -> None:
    first, again = tell(system), tell(system)
    turned = tell(system, dict(reversed(list(SOUND.items()))), key='"one"')

    assert first.status_code == again.status_code == turned.status_code == 201
    assert first.content == again.content == turned.content
    assert Suspicion.objects.count() == 1
    assert AuditEntry.objects.filter(act="suspect").count() == 1
    assert Event.objects.count() == 1


def test_another_key_is_another_suspicion_and_keys_of_others_do_not_matter(
    system: System, agency: Agency
) -> None:
    refs = {json.loads(tell(system, key=key).content)["ref"] for key in ("one", "two")}
    other = System(make_token(agency)[1])
    refs.add(json.loads(tell(other, key="one").content)["ref"])
    assert len(refs) == 3


def test_one_key_with_two_documents_is_refused(system: System) -> None:
    tell(system)

    answer = problem(tell(system, SOUND | {"contact": "Somebody else"}))

    assert answer["type"] == "tag:localhost,2026:problem:key-used-otherwise"
    assert answer["status"] == 422
    assert answer["errors"] == [
        {
            "field": "Idempotency-Key",
            "detail": "It stands for another suspicion.",
            "mend": "Draw a new one for a new suspicion.",
        }
    ]
    assert Suspicion.objects.get().contact == "Duty engineer, 1700 0000"


@pytest.mark.parametrize("key", ["", "two words", "x" * 129])
def test_without_a_key_nothing_is_told(system: System, key: str) -> None:
    answer = problem(tell(system, key=key))
    assert answer["status"] == 400
    assert [wrong["field"] for wrong in answer["errors"]] == ["Idempotency-Key"]
    assert not Suspicion.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_four_calls_at_once_with_one_key_one_is_written(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, _text = make_token(Agency.objects.get(code="MOI"))
    told = suspected.read(SOUND, now=NOW)
    barrier, seen = Barrier(4, timeout=20), local()
    look = operations._with_key

    def looked(by: ApiToken, key: str) -> Suspicion | None:
        found = look(by, key)
        if not hasattr(seen, "before"):
            # Nobody writes before all have seen that there is none.
            seen.before = found
            barrier.wait()
        return found

    monkeypatch.setattr(operations, "_with_key", looked)

    def call(_turn: int) -> tuple[str, bool]:
        try:
            made = operations.tell(told=told, key="one", fingerprint="f" * 64, by=token, now=NOW)
            return made.ref, seen.before is None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(call, range(4)))

    ref = Suspicion.objects.get().ref
    assert answers == [(ref, True)] * 4
    assert AuditEntry.objects.filter(act="suspect").count() == 1
    assert Event.objects.count() == 1


# --- what is refused ------------------------------------------------------------------------------


def test_another_agencys_service_is_not_there(system: System) -> None:
    make_service(slug="theirs")
    theirs = tell(system, SOUND | {"service": "theirs"}, key="a")
    nowhere = tell(system, SOUND | {"service": "nowhere"}, key="b")

    assert theirs.status_code == nowhere.status_code == 404
    assert theirs.content == nowhere.content
    assert not Suspicion.objects.exists()


@pytest.mark.parametrize("visibility", ["public", "agencies", "hidden"])
def test_a_service_that_is_not_public_is_told_of_too(
    system: System, visa: Service, visibility: str
) -> None:
    Service.objects.update(visibility=visibility)
    assert tell(system).status_code == 201


def test_a_document_that_is_none_names_what_is_wrong_in_both_languages(system: System) -> None:
    document = SOUND | {"since": "yesterday"}
    english = problem(tell(system, document))
    system.language = "ar"
    arabic = problem(tell(system, document))

    assert english["status"] == arabic["status"] == 422
    assert english["type"] == arabic["type"]
    assert english["errors"][0]["detail"] == "It is no instant with its offset from UTC."
    assert arabic["errors"][0] == {
        "field": "since",
        "detail": "ليست لحظة محددة مع فارقها عن التوقيت العالمي (UTC).",
        "mend": "اكتبها بهذه الصيغة: 2026-11-22T09:30:00+03:00 (RFC 3339).",
    }
    assert not Suspicion.objects.exists()


# --- followed -------------------------------------------------------------------------------------


def test_another_agencys_suspicion_is_not_there(system: System) -> None:
    tell(system)
    ref = Suspicion.objects.get().ref
    other = System(make_token()[1])
    answer = other.get(f"{PATH}{ref}/")
    assert answer.status_code == 404
    assert answer.content == other.get(f"{PATH}SU-NONE22/").content


def test_an_incident_of_others_is_named_once_everybody_may_read_of_it(
    system: System, visa: Service
) -> None:
    answer = tell(system)
    own, theirs = make_incident(services=(visa,)), make_incident()

    def named(incident: Incident) -> Any:
        Suspicion.objects.update(settled="linked", settled_at=NOW, incident=incident)
        return json.loads(system.get(answer["Location"]).content)["incident"]

    assert named(own) == own.ref
    assert named(theirs) is None
    Incident.objects.filter(pk=theirs.pk).update(first_notice_at=NOW)
    assert named(theirs) == theirs.ref
