"""The board: what it shows, to whom, in which order, and what it costs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Role
from core import outbox
from core.arabic import isolate
from incidents.models import Incident
from services.models import Check, ProberDoubt
from services.status.health import Health
from statusportal.ops import board as boards
from statusportal.public.store import store
from tests.admin_pages import browser, elements, page_text
from tests.factories import make_agency, make_location, make_service, make_user
from tests.maintenance.rows import make_announced
from tests.statusportal.ops.console import (
    BOARD,
    HANDOVER,
    LIST,
    NEW,
    desk,
    looks,
    make_incident,
    make_text,
)
from tests.statusportal.ops.nation import NOW, make_measured, play, publish

MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.usefixtures("at_one_o_clock")


def rows(response: Any) -> list[str]:
    """The references of the incidents on the board, in their order."""
    return [element.get("id") or "" for element in elements(response, "li") if _is_row(element)]


def _is_row(element: Any) -> bool:
    return element.get("data-row") is not None


# --- who may look -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [BOARD, LIST, HANDOVER])
@pytest.mark.parametrize("role", list(Role))
def test_staff_who_see_incidents_may_look(role: Role, path: str) -> None:
    assert browser(make_user(role)).get(path).status_code == 200


@pytest.mark.parametrize("path", [BOARD, LIST, HANDOVER, NEW])
def test_staff_without_a_role_are_refused(path: str) -> None:
    assert browser(make_user()).get(path).status_code == 403


@pytest.mark.parametrize("path", [BOARD, LIST, HANDOVER, NEW])
def test_whoever_is_not_staff_is_sent_to_sign_in(path: str) -> None:
    response = Client().get(path)

    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next={path}"


def test_a_part_of_a_page_sends_the_whole_page_to_sign_in() -> None:
    response = Client().get(BOARD, headers={"HX-Request": "true"})

    assert response.status_code == 204
    assert response["HX-Redirect"] == f"/accounts/login/?next={BOARD}"


def test_people_of_an_agency_see_their_own_incidents_alone() -> None:
    agency = make_agency()
    own = make_incident(agency=agency)
    make_incident()
    shared = make_incident(services=(make_service(agency=agency), make_service()))

    page = looks(BOARD, make_user(Role.AGENCY_STAFF, agency))

    assert set(rows(page)) == {own.ref, shared.ref}
    assert "Shared services" not in page_text(page)


# --- what it shows ------------------------------------------------------------------------------


def test_a_quiet_night_is_said_to_be_quiet() -> None:
    publish()

    text = page_text(looks(BOARD))

    assert "Nothing is open." in text
    assert "Checks run on time, the queues are short, the public site is fresh." in text


def test_unacknowledged_ones_stand_first_then_the_worst_then_the_oldest() -> None:
    person = make_user(Role.OPERATOR)
    seen: dict[str, Any] = {"acknowledged_at": NOW, "acknowledged_by": person}
    make_incident(ref="IN-SEEN1", severity="P1", **seen)
    make_incident(ref="IN-P3NEW", severity="P3")
    make_incident(ref="IN-P1NEW", severity="P1")
    make_incident(ref="IN-P3OLD", severity="P3", opened_at=NOW - 50 * MINUTE)
    make_incident(ref="IN-SEEN2", severity="P2", **seen)

    page = looks(BOARD, person)

    assert rows(page) == ["IN-P1NEW", "IN-P3OLD", "IN-P3NEW", "IN-SEEN1", "IN-SEEN2"]


def test_a_row_says_what_where_since_when_and_what_the_public_reads() -> None:
    agency = make_agency(name_en="Civil registry")
    services = tuple(
        make_service(slug=f"s-{n}", agency=agency, name_en=f"Service {n}") for n in range(5)
    )
    incident = make_incident(services=services, severity="P2", phase="fixing")
    make_text(incident, plain_en="We are fixing it.\n\nMore follows.")

    text = page_text(looks(BOARD))

    assert "P2 Fixing" in text
    assert f"{incident.ref} · open for 5 minutes · Civil registry" in text
    assert "Service 0, Service 1, Service 2 and 2 more services" in text
    assert "We are fixing it." in text
    assert "More follows." not in text


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (MINUTE, "Acknowledge due in 9 minutes"),
        (9 * MINUTE, "Acknowledge due in 1 minute"),
        (10 * MINUTE, "Acknowledge overdue for less than a minute"),
        (25 * MINUTE, "First notice overdue for 5 minutes"),
    ],
)
def test_the_clocks_count_down_and_go_over(age: timedelta, said: str) -> None:
    make_incident(severity="P1", opened_at=NOW - age)

    assert said in page_text(looks(BOARD))


def test_texts_that_wait_are_for_somebody_else_to_read() -> None:
    author = make_user(Role.OPERATOR, username="sara")
    incident = make_incident()
    make_text(incident, state="waiting", author=author)

    assert "Read and approve" in page_text(looks(BOARD))
    own = page_text(looks(BOARD, author))
    assert "Texts that wait for a second person" in own
    assert "Read and approve" not in own


@pytest.mark.parametrize(
    ("starts", "ends", "said"),
    [
        (-60, 60, "Under way"),
        (-60, -10, "Running over"),
        (60, 120, "begins in 1 hour"),
    ],
)
def test_planned_work_stands_by_the_clock(starts: int, ends: int, said: str) -> None:
    make_announced(
        services=(make_service(name_en="ID renewal"),),
        starts_at=NOW + starts * MINUTE,
        ends_at=NOW + ends * MINUTE,
    )

    text = page_text(looks(BOARD))

    assert said in text
    assert "ID renewal" in text


def test_shared_services_stand_with_their_state_also_where_they_are_not_public() -> None:
    login = make_service(slug="login", name_en="Login", is_shared=True, visibility="hidden")
    play(make_measured(login), "oobbb")
    publish()

    (row,) = boards.shared(_snapshot(), NOW)

    assert (row.slug, row.health, row.is_public) == ("login", Health.MAJOR_OUTAGE, False)
    assert "Login Outage" in page_text(looks(BOARD))


def _snapshot() -> Any:
    published = store.current()
    assert published is not None
    return published.snapshot


def test_doubt_and_late_workers_are_said() -> None:
    check = make_measured(make_service())
    play(check, "ooo")
    publish(age=timedelta(seconds=30))
    Check.objects.filter(pk=check.pk).update(next_due_at=NOW - MINUTE)
    ProberDoubt.objects.create(location=make_location(), network="internet", began_at=NOW)

    text = page_text(looks(BOARD))

    assert "1 check has been due since 12:59 on Sunday 22 November 2026" in text
    assert "The public site has not been renewed since 12:59" in text
    assert "Main location, Internet: doubted since 13:00" in text
    assert "Nothing is open." not in text


def test_closing_reports_that_are_owed_and_clocks_that_ran_out_are_listed() -> None:
    done = make_incident(
        title_en="Login was down", phase="resolved", severity="P1", resolved_at=NOW - MINUTE
    )
    outbox.append(
        kind="incident.overdue",
        key="incident.overdue:IN-LATE22:acknowledge:20261122T090000Z",
        at=NOW - 3 * MINUTE,
        payload={
            "ref": done.ref,
            "severity": "P1",
            "agency": "",
            "title_ar": "تعطّل الدخول",
            "title_en": "Login was down",
            "clock": "acknowledge",
        },
    )

    text = page_text(looks(BOARD))

    assert "Closing reports that are owed Login was down due in" in text
    assert "P1 Acknowledge · 12:57 on Sunday 22 November 2026" in text


def test_the_part_that_renews_itself_is_the_same_as_in_the_page() -> None:
    incident = make_incident()
    client = browser(make_user(Role.OPERATOR))

    part = client.get(BOARD, headers={"HX-Request": "true"})

    assert b"<html" not in part.content
    assert f'id="{incident.ref}"'.encode() in part.content
    assert "HX-Request" in part["Vary"]
    assert "no-store" in part["Cache-Control"]


# --- one tap ------------------------------------------------------------------------------------


def test_acknowledging_takes_one_post_and_leads_back_to_the_row() -> None:
    incident = make_incident()
    person = make_user(Role.OPERATOR, username="sara")
    client = browser(person)

    response = client.post(desk(incident, "acknowledge"), {"back": BOARD})

    incident.refresh_from_db()
    assert response["Location"] == f"{BOARD}#open-{incident.ref}"
    assert incident.acknowledged_by == person
    text = page_text(client.get(BOARD))
    assert f"You have acknowledged {isolate(incident.ref)}." in text
    assert "sara acknowledged it at 13:00" in text


def test_the_second_of_two_is_told_who_was_quicker_and_nothing_breaks() -> None:
    incident = make_incident()
    browser(make_user(Role.OPERATOR, username="sara")).post(desk(incident, "acknowledge"))
    second = browser(make_user(Role.OPERATOR))

    response = second.post(desk(incident, "acknowledge"), {"back": BOARD}, follow=True)

    assert response.status_code == 200
    assert f"{isolate('sara')} was quicker and acknowledged it at 13:00" in page_text(response)


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", ""])
def test_the_way_back_never_leads_elsewhere(back: str) -> None:
    incident = make_incident()

    response = browser(make_user(Role.OPERATOR)).post(desk(incident, "acknowledge"), {"back": back})

    assert response["Location"] == desk(incident)


@pytest.mark.parametrize(("role", "status"), [(Role.AUDITOR, 403), (Role.AGENCY_PUBLISHER, 404)])
def test_whoever_may_not_acknowledge_changes_nothing(role: Role, status: int) -> None:
    incident = make_incident()

    response = browser(make_user(role)).post(desk(incident, "acknowledge"))

    assert response.status_code == status
    assert Incident.objects.get().acknowledged_at is None


# --- what it costs ------------------------------------------------------------------------------


@pytest.mark.parametrize("incidents", [1, 3, 500])
def test_the_board_takes_as_many_statements_for_many_incidents_as_for_one(
    incidents: int, django_assert_num_queries: Any
) -> None:
    agency = make_agency()
    service = make_service(agency=agency)
    for _unused in range(incidents):
        make_text(make_incident(agency=agency, services=(service,)))
    make_announced(services=(service,), starts_at=NOW - MINUTE, ends_at=NOW + MINUTE)
    publish()
    client = browser(make_user(Role.OPERATOR))

    # Session, person, roles; calendar; incidents with services, channels, declarations, overrides,
    # newest texts, waiting texts; reports; windows with services and channels; escalations;
    # doubts; late checks.
    with django_assert_num_queries(19):
        assert client.get(BOARD).status_code == 200
