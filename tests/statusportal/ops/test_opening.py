"""Opening by hand: the choice of services, the reach before publishing, the first text."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Role
from incidents.models import Incident
from services.models import Service
from tests.admin_pages import browser, elements, errors, option_texts, page_text
from tests.factories import make_agency, make_channel, make_edge, make_service, make_user
from tests.statusportal.ops.console import NEW
from tests.statusportal.ops.nation import NOW

PICKER = "/ops/incidents/new/services/"

pytestmark = pytest.mark.usefixtures("at_one_o_clock")


@pytest.fixture
def login() -> Service:
    """A login of two channels that two services of other agencies need."""
    service = make_service(
        slug="login", name_ar="الدخول الموحد", name_en="Single login", is_shared=True, tier=1
    )
    make_channel(service=service, kind="web")
    make_channel(service=service, kind="app")
    for _unused in range(2):
        dependant = make_service()
        make_channel(service=dependant)
        make_edge(upstream=service, dependant=dependant)
    return service


def operator() -> Client:
    return browser(make_user(Role.OPERATOR))


def typed(service: Service, **fields: Any) -> dict[str, Any]:
    """A whole form that can be published."""
    return {
        "kind": "incident",
        "services": [service.pk],
        "declared": "degraded",
        "title_ar": "بطء في الدخول",
        "title_en": "The login is slow",
        "text_ar": "نعمل على إصلاحه.",
        "text_en": "We are mending it.",
        "next_update_by": "2026-11-22T14:00",
        **fields,
    }


def test_it_is_opened_acknowledged_and_told_at_once(login: Service) -> None:
    person = make_user(Role.OPERATOR)

    response = browser(person).post(NEW, typed(login, _publish="1"))

    incident = Incident.objects.get()
    assert response["Location"] == f"/ops/incidents/{incident.ref}/"
    assert (incident.acknowledged_by, incident.agency) == (person, login.agency)
    (text,) = incident.updates.all()
    # Own words on a P1 wait for a second person.
    assert (text.state, text.next_update_by) == ("waiting", NOW + timedelta(hours=1))
    assert [row.service for row in incident.services.all()] == [login]


def test_what_it_reaches_is_said_before_it_is_published(login: Service) -> None:
    page = page_text(operator().post(NEW, {"kind": "incident", "add": login.pk}))

    assert "Single login" in page
    assert "What it reaches: 3 services of 3 agencies, over 4 channels" in page
    assert not Incident.objects.exists()


def test_working_on_the_choice_complains_of_nothing_that_is_still_missing(login: Service) -> None:
    response = operator().post(NEW, {"kind": "incident", "find": "login", "_find": "1"})

    assert response.status_code == 200
    assert errors(response) == []


@pytest.mark.parametrize("q", ["الدخول", "دخول موحد", "single", "LOGIN"])
def test_services_are_found_by_any_spelling(login: Service, q: str) -> None:
    response = operator().post(PICKER, {"find": q})

    assert "1 service found" in page_text(response)
    assert [button.get("value") for button in elements(response, "button", name="add")] == [
        str(login.pk)
    ]


def test_what_is_ticked_stays_ticked_whatever_is_searched_for(login: Service) -> None:
    app = login.channels.get(kind="app")

    response = operator().post(
        PICKER, {"services": [login.pk], "channels": [app.pk], "find": "nothing like it"}
    )

    boxes = elements(response, "input", type="checkbox")
    ticked = [
        (box.get("name"), box.get("value")) for box in boxes if box.get("checked") is not None
    ]
    assert ticked == [("services", str(login.pk)), ("channels", str(app.pk))]
    assert "No service found" in page_text(response)


def test_an_agency_opens_for_its_own_services_alone(login: Service) -> None:
    agency = make_agency(name_en="Own agency")
    own = make_service(agency=agency, name_en="Own login")
    client = browser(make_user(Role.AGENCY_PUBLISHER, agency))

    found = client.post(PICKER, {"find": "login", "services": [login.pk]})
    assert [button.get("value") for button in elements(found, "button", name="add")] == [
        str(own.pk)
    ]
    assert "Single login" not in page_text(found)
    assert option_texts(client.get(NEW), "agency") == ["That of the services", "Own agency"]
    client.post(NEW, typed(login, _publish="1"))
    assert not Incident.objects.exists()


@pytest.mark.parametrize("role", [Role.CONTACT_CENTRE, Role.AUDITOR, Role.AGENCY_STAFF])
def test_whoever_may_not_run_incidents_opens_none(role: Role) -> None:
    assert browser(make_user(role)).get(NEW).status_code == 403


def test_the_template_fills_in_title_and_texts(login: Service) -> None:
    response = operator().post(
        NEW, {"kind": "incident", "services": [login.pk], "template": "slow", "_fill": "1"}
    )

    (title,) = elements(response, "input", name="title_en")
    (text,) = elements(response, "textarea", name="text_en")
    assert title.get("value") == "Slow or unsteady: Single login"
    assert (text.text or "").strip().startswith("{service} has been slow or unsteady since")


def test_the_preview_shows_the_text_of_what_is_not_there_yet(login: Service) -> None:
    response = operator().post(
        NEW, typed(login, text_ar="بطء في {service}.", text_en="{service} is slow.", _look="1")
    )

    assert "Single login is slow." in page_text(response)
    assert not Incident.objects.exists()


def test_every_gap_is_named_at_its_field_and_nothing_typed_is_lost(login: Service) -> None:
    response = operator().post(NEW, typed(login, title_ar="", _publish="1"))

    assert response.status_code == 422
    assert errors(response) == ["Write the title in Arabic."]
    (title,) = elements(response, "input", name="title_en")
    assert title.get("value") == "The login is slow"
    assert elements(response, "input", name="services", value=str(login.pk), checked="")


def test_an_incident_needs_a_service_and_a_clarification_none() -> None:
    without = {
        "title_ar": "توضيح",
        "title_en": "Clarification",
        "text_ar": "الغرامات لم تُلغَ.",
        "text_en": "Fines are not waived.",
        "_publish": "1",
    }
    client = operator()

    refused = client.post(NEW, without | {"kind": "incident", "next_update_by": "2026-11-22T14:00"})
    assert "Choose at least one service." in errors(refused)
    client.post(NEW, without | {"kind": "clarification"})

    assert Incident.objects.get().kind == "clarification"
