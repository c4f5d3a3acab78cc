"""What operators make of a suspicion: on the board, on its page, in the record. Once only."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections

from accounts.models import AUTHORITY_ROLES, Agency, Role, User
from core.audit import AuditEntry
from incidents.models import Entry, Incident
from incidents.refusals import Incomplete, NotAllowed
from reports import operations
from reports.models import Suspicion
from reports.refusals import AlreadySettled
from services.models import Service
from statusportal.ops import suspected
from tests.admin_pages import browser, elements, errors, filled_in, option_texts, page_text, text
from tests.factories import make_agency, make_service, make_user
from tests.reports.systems import make_token
from tests.statusportal.ops.console import BOARD, NEW, looks, make_incident
from tests.statusportal.ops.nation import NOW, publish

pytestmark = pytest.mark.usefixtures("at_one_o_clock")

MINUTE = timedelta(minutes=1)
WORDS = {"text_ar": "الدفع متوقف.", "text_en": "Payments fail."}


@pytest.fixture
def agency(db: None) -> Agency:
    return make_agency(code="MOI", name_en="Interior")


@pytest.fixture
def visa(agency: Agency) -> Service:
    return make_service(slug="visa", name_en="Visa", name_ar="التأشيرة", agency=agency)


def make_suspicion(service: Service, **fields: Any) -> Suspicion:
    """One that was told at 13:00 and is five minutes old, and that waits."""
    number = Suspicion.objects.count()
    defaults: dict[str, Any] = {
        "ref": f"SU-T{number:05}",
        "service": service,
        "agency": service.agency,
        "began_at": NOW - 5 * MINUTE,
        "contact": "Duty engineer, 1700 0000",
        "told_at": NOW,
        "token": make_token(service.agency, now=NOW)[0],
        "idempotency_key": str(number),
        "fingerprint": "f" * 64,
        **WORDS,
    }
    return Suspicion.objects.create(**(defaults | fields))


@pytest.fixture
def suspicion(visa: Service) -> Suspicion:
    return make_suspicion(visa)


@pytest.fixture
def operator(db: None) -> User:
    return make_user(Role.OPERATOR, first_name="Layla")


def path(suspicion: Suspicion, act: str = "") -> str:
    return f"/ops/suspicions/{suspicion.ref}/" + (f"{act}/" if act else "")


def acts() -> list[tuple[str, Any, str]]:
    rows = AuditEntry.objects.filter(subject_kind="reports.suspicion").order_by("id")
    return [(row.act, row.actor, row.reason) for row in rows]


# --- the board ------------------------------------------------------------------------------------


def test_the_board_says_what_an_agency_suspects_and_is_not_calm(suspicion: Suspicion) -> None:
    publish()

    page = looks(BOARD)

    (row,) = elements(page, "li", id=suspicion.ref)
    assert elements(page, "a", href=path(suspicion))
    said = page_text(page)
    assert "Suspected by the agency 1" in said
    assert "SU-T00000 · Interior · since 12:55, told at 13:00 Payments fail." in said
    assert "Nothing is open." not in said
    assert row is not None


def test_what_is_settled_leaves_the_board(suspicion: Suspicion, operator: User) -> None:
    publish()
    operations.set_aside(suspicion_id=suspicion.pk, reason="A drill.", actor=operator, now=NOW)
    said = page_text(looks(BOARD))
    assert "Suspected by the agency" not in said
    assert "Nothing is open." in said


def test_many_are_cut_and_counted(visa: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suspected, "SHOWN", 2)
    for number in range(5):
        make_suspicion(visa, told_at=NOW - number * MINUTE)

    page = looks(BOARD)

    said = page_text(page)
    assert "Suspected by the agency 5" in said
    assert "3 more are in the list" in said
    # Whoever has waited longest stands first.
    shown = [one.get("id") for one in elements(page, "li") if (one.get("id") or "")[:3] == "SU-"]
    assert shown == ["SU-T00004", "SU-T00003"]


def test_people_of_another_agency_see_nothing_of_it(suspicion: Suspicion) -> None:
    stranger = browser(make_user(Role.AGENCY_PUBLISHER, make_agency()))
    assert suspicion.ref not in page_text(stranger.get(BOARD))
    assert stranger.get(path(suspicion)).status_code == 404
    for act in ("link", "set-aside"):
        assert stranger.post(path(suspicion, act), {"reason": "x"}).status_code == 404
    listed = stranger.get("/admin/reports/suspicion/")
    assert suspicion.ref not in page_text(listed)
    assert stranger.get(f"/admin/reports/suspicion/{suspicion.pk}/change/").status_code == 404


SETTLES = {
    Role.AGENCY_STAFF: False,
    Role.AGENCY_PUBLISHER: True,
    Role.CONTACT_CENTRE: False,
    Role.OPERATOR: True,
    Role.SUPERVISOR: True,
    Role.ADMINISTRATOR: True,
    Role.AUDITOR: False,
}


@pytest.mark.parametrize(("role", "may"), SETTLES.items())
def test_who_reads_it_and_who_settles_it(
    suspicion: Suspicion, agency: Agency, role: Role, may: bool
) -> None:
    person = make_user(role, None if role in AUTHORITY_ROLES else agency)
    client = browser(person)

    page = client.get(path(suspicion))
    assert page.status_code == 200
    assert "Duty engineer, 1700 0000" in page_text(page)
    assert bool(elements(page, "form", action=path(suspicion, "set-aside"))) is may
    answer = client.post(path(suspicion, "set-aside"), {"reason": "A drill."})
    assert answer.status_code == (302 if may else 403)
    suspicion.refresh_from_db()
    assert suspicion.is_waiting is not may


# --- linked ---------------------------------------------------------------------------------------


def test_it_is_linked_to_an_incident_whose_log_gets_the_agencys_words(
    suspicion: Suspicion, visa: Service, operator: User
) -> None:
    incident = make_incident(services=(visa,), title_en="Visa is down")
    client = browser(operator)
    page = client.get(path(suspicion))
    assert option_texts(page, "incident") == [
        f"\u2068{incident.ref}\u2069 Investigating · \u2068Visa is down\u2069"
    ]

    answer = client.post(path(suspicion, "link"), {"incident": incident.ref})

    assert answer["Location"] == BOARD
    suspicion.refresh_from_db()
    assert (suspicion.settled, suspicion.incident, suspicion.settled_by) == (
        "linked",
        incident,
        operator,
    )
    entry = Entry.objects.get()
    assert (entry.note, entry.is_public) == ("SU-T00000\nالدفع متوقف.\nPayments fail.", False)
    assert acts() == [("link", operator, "")]
    assert "Belongs to an incident" in page_text(client.get(path(suspicion)))


def test_only_what_can_be_it_is_offered(suspicion: Suspicion, operator: User) -> None:
    def over(ref: str, minutes: int) -> None:
        make_incident(
            ref=ref,
            opened_at=NOW - 60 * MINUTE,
            phase="resolved",
            resolved_at=NOW - minutes * MINUTE,
            resolved_by=operator,
        )

    over("IN-BEFORE", 6)
    over("IN-SINCE", 5)
    make_incident(ref="IN-OPEN")
    make_incident(ref="IN-NOTICE", kind="announcement")

    offered = option_texts(browser(operator).get(path(suspicion)), "incident")

    assert [text.split()[0][1:-1] for text in offered] == ["IN-OPEN", "IN-SINCE"]
    for ref in ("IN-BEFORE", "IN-NOTICE", "IN-NONE"):
        with pytest.raises(Incomplete):
            operations.link(suspicion_id=suspicion.pk, incident_ref=ref, actor=operator, now=NOW)


def test_people_of_the_agency_do_not_write_into_the_log_of_others(
    suspicion: Suspicion, visa: Service, agency: Agency
) -> None:
    publisher = make_user(Role.AGENCY_PUBLISHER, agency)
    theirs = make_incident(services=(make_service(), visa), agency=make_agency())
    with pytest.raises(NotAllowed):
        operations.link(
            suspicion_id=suspicion.pk, incident_ref=theirs.ref, actor=publisher, now=NOW
        )
    suspicion.refresh_from_db()
    assert suspicion.is_waiting
    assert not AuditEntry.objects.filter(act="link").exists()
    # So it is not offered to them in the first place.
    page = browser(publisher).get(path(suspicion))
    assert "No incident is open, and none ended since then." in page_text(page)


# --- set aside ------------------------------------------------------------------------------------


def test_setting_it_aside_takes_a_reason(suspicion: Suspicion, operator: User) -> None:
    client = browser(operator)
    refused = client.post(path(suspicion, "set-aside"), {"reason": " "})
    assert refused.status_code == 422
    assert errors(refused) == ["Say why. It stands in the record."]

    client.post(path(suspicion, "set-aside"), {"reason": "A drill."})

    assert acts() == [("set aside", operator, "A drill.")]
    said = page_text(client.get(path(suspicion)))
    assert "Set aside A drill. Layla · " in said


# --- opened ---------------------------------------------------------------------------------------


def test_an_incident_is_opened_from_it_with_what_is_known(
    suspicion: Suspicion, visa: Service, operator: User
) -> None:
    client = browser(operator)
    (link,) = elements(
        client.get(path(suspicion)), "a", href=f"{NEW}?services={visa.pk}&suspicion=SU-T00000"
    )
    asked = client.get(link.get("href") or "")
    data = filled_in(asked)
    assert data["services"] == [str(visa.pk)]
    assert data["started_at"] == "2026-11-22T12:55"
    assert "Payments fail." in page_text(asked)

    answer = client.post(
        NEW,
        data
        | {
            "title_ar": "توقف الدفع",
            "title_en": "Payments are down",
            "text_ar": "نعلم بالمشكلة، ونعمل على حلها الآن.",
            "text_en": "We know about it and are working on it now.",
            "next_update_by": "2026-11-22T13:30",
            "_publish": "1",
        },
    )

    incident = Incident.objects.get()
    assert answer["Location"] == f"/ops/incidents/{incident.ref}/"
    suspicion.refresh_from_db()
    assert (suspicion.settled, suspicion.incident) == ("opened", incident)
    assert incident.started_at == NOW - 5 * MINUTE
    assert incident.opened_by == operator
    assert acts() == [("open from", operator, "")]
    assert Entry.objects.filter(kind="note").count() == 1


def test_an_incident_that_is_refused_leaves_it_waiting(
    suspicion: Suspicion, operator: User
) -> None:
    client = browser(operator)
    data = filled_in(client.get(f"{NEW}?services={suspicion.service_id}&suspicion={suspicion.ref}"))

    answer = client.post(NEW, data | {"_publish": "1"})

    assert answer.status_code == 422
    # What it came from is not lost with the first mistake.
    assert filled_in(answer)["suspicion"] == suspicion.ref
    assert not Incident.objects.exists()
    suspicion.refresh_from_db()
    assert suspicion.is_waiting


def test_an_incident_about_something_else_is_not_opened_from_it(
    suspicion: Suspicion, operator: User
) -> None:
    other = make_service()
    client = browser(operator)
    data = filled_in(client.get(f"{NEW}?services={other.pk}&suspicion={suspicion.ref}"))

    answer = client.post(NEW, data | {"_publish": "1"})

    assert "\u2068SU-T00000\u2069 is about \u2068Visa\u2069: add it." in errors(answer)


def test_of_another_agencys_suspicion_nothing_is_filled_in(
    suspicion: Suspicion, agency: Agency
) -> None:
    publisher = browser(make_user(Role.AGENCY_PUBLISHER, make_agency()))
    asked = publisher.get(f"{NEW}?suspicion={suspicion.ref}")
    assert filled_in(asked)["suspicion"] == ""
    assert "Payments fail." not in page_text(asked)

    posted = publisher.post(NEW, filled_in(asked) | {"suspicion": suspicion.ref, "_publish": "1"})

    assert "Payments fail." not in page_text(posted)
    assert "Visa" not in page_text(posted)


# --- once -----------------------------------------------------------------------------------------


def test_what_is_settled_stays_so(suspicion: Suspicion, operator: User) -> None:
    operations.set_aside(suspicion_id=suspicion.pk, reason="A drill.", actor=operator, now=NOW)
    other = browser(make_user(Role.SUPERVISOR))

    answer = other.post(path(suspicion, "set-aside"), {"reason": "Mine."}, follow=True)

    assert "\u2068Layla\u2069 was quicker and settled it at 13:00" in page_text(answer)
    assert not elements(answer, "form", action=path(suspicion, "set-aside"))
    assert acts() == [("set aside", operator, "A drill.")]


@pytest.mark.django_db(transaction=True)
def test_of_two_operators_at_once_one_has_it(suspicion: Suspicion) -> None:
    people = [make_user(Role.OPERATOR), make_user(Role.SUPERVISOR)]
    barrier = Barrier(2, timeout=20)

    def settle(person: User) -> Exception | None:
        try:
            connection.ensure_connection()
            barrier.wait()
            operations.set_aside(
                suspicion_id=suspicion.pk, reason="A drill.", actor=person, now=NOW
            )
        except AlreadySettled as quicker:
            return quicker
        finally:
            connections.close_all()
        return None

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(settle, people))

    assert [type(one) for one in sorted(outcomes, key=str)] in (
        [type(None), AlreadySettled],
        [AlreadySettled, type(None)],
    )
    assert AuditEntry.objects.filter(act="set aside").count() == 1


# --- in the admin ---------------------------------------------------------------------------------


def test_the_admin_lists_them_and_writes_nothing(suspicion: Suspicion, agency: Agency) -> None:
    staff = browser(make_user(Role.AGENCY_STAFF, agency))
    listed = staff.get("/admin/reports/suspicion/")
    (table,) = elements(listed, "table", id="result_list")
    assert "SU-T00000VisaInterior2026-11-22 13:00:00Waits for an operator" in text(table)
    change = f"/admin/reports/suspicion/{suspicion.pk}/change/"
    page = staff.get(change)
    assert elements(page, "a", href=path(suspicion))
    assert staff.post(change, {"contact": "x"}).status_code == 403
    assert staff.get("/admin/reports/suspicion/add/").status_code == 403


@pytest.mark.parametrize("suspicions", [1, 3])
def test_a_page_takes_as_many_statements_for_many_as_for_one(
    visa: Service, operator: User, suspicions: int, django_assert_num_queries: Any
) -> None:
    for _number in range(suspicions):
        last = make_suspicion(visa)
        make_incident(services=(visa,))
    client = browser(operator)
    client.get(path(last))
    with django_assert_num_queries(5):
        client.get(path(last))


@pytest.mark.parametrize(
    ("where", "sentence"),
    [("board", "اشتباه من الجهة بوجود عطل"), ("page", "ما تقوله الجهة")],
)
def test_it_is_said_in_arabic(suspicion: Suspicion, where: str, sentence: str) -> None:
    page = looks(BOARD if where == "board" else path(suspicion), language="ar")
    assert sentence in page_text(page)
