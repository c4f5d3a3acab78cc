"""Acknowledging and writing from the admin: the operations decide, nothing typed is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import AUTHORITY_ROLES, Role
from core.audit import AuditEntry
from core.outbox import Event
from incidents.models import Update
from incidents.texts import TEMPLATES, Template
from tests.admin_pages import browser, elements, errors, filled_in, page_text, text
from tests.factories import make_agency, make_service, make_user
from tests.incidents.admin_rows import LIST, NOW, act, make_incident, make_text, page

pytestmark = pytest.mark.django_db

HOLDING = TEMPLATES[Template.HOLDING]
OWN_WORDS = {
    "text_ar": "لا تعمل الخدمة في التطبيق، ويعمل الموقع.",
    "text_en": "The service does not work in the app; the web site works.",
}


@pytest.fixture(autouse=True)
def _monday_at_three():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ours():
    return make_agency(code="OURS", name_en="Our ministry")


@pytest.fixture
def renewal(ours):
    return make_service(slug="renewal", name_en="ID renewal", name_ar="تجديد الهوية", agency=ours)


@pytest.fixture
def operator():
    return make_user(Role.OPERATOR, username="sara")


def colleague(role: Role, agency: Any) -> Any:
    return make_user(role, None if role in AUTHORITY_ROLES else agency)


def typed(client: Any, incident: Any, **fields: Any) -> dict[str, Any]:
    """The form as it is offered, with own words and a promise in it."""
    offered = filled_in(client.get(act(incident, "write")))
    return offered | OWN_WORDS | {"next_update_by": "2026-11-23T16:00"} | fields


def buttons(response: Any) -> list[str]:
    return [
        text(item)
        for listed in elements(response, "ul", **{"class": "window-acts"})
        for item in listed
    ]


# --- acknowledging ------------------------------------------------------------------------------


def test_one_press_acknowledges_and_the_page_says_who_has_it(renewal, operator):
    incident = make_incident(renewal)
    client = browser(operator)
    assert "Acknowledge" in buttons(client.get(page(incident)))
    shown = client.post(act(incident, "acknowledge"), follow=True)
    assert "You have it." in page_text(shown)
    assert "Acknowledge" not in buttons(shown)
    incident.refresh_from_db()
    assert (incident.acknowledged_by, incident.acknowledged_at) == (operator, NOW)
    assert [entry.act for entry in AuditEntry.objects.all()] == ["acknowledge"]


def test_the_second_of_two_reads_one_friendly_sentence(renewal, operator):
    incident = make_incident(renewal)
    browser(operator).post(act(incident, "acknowledge"))
    shown = browser(make_user(Role.OPERATOR)).post(act(incident, "acknowledge"), follow=True)
    assert "sara was quicker and acknowledged it at 15:00" in page_text(shown).translate(
        {0x2068: None, 0x2069: None}
    )
    assert elements(shown, "li", **{"class": "info"})
    incident.refresh_from_db()
    assert incident.acknowledged_by == operator
    assert AuditEntry.objects.count() == 1


def test_looking_at_the_address_acknowledges_nothing(renewal, operator):
    incident = make_incident(renewal)
    assert browser(operator).get(act(incident, "acknowledge")).status_code == 302
    incident.refresh_from_db()
    assert incident.acknowledged_at is None


def test_several_are_acknowledged_from_the_list_and_each_other_one_says_why_not(renewal, operator):
    first, second = make_incident(renewal), make_incident(renewal)
    taken = make_incident(
        renewal, acknowledged_at=NOW, acknowledged_by=make_user(Role.OPERATOR, username="huda")
    )
    over = make_incident(renewal, resolved_at=NOW)
    chosen = [row.pk for row in (first, second, taken, over)]
    shown = browser(operator).post(
        LIST, {"action": "acknowledge_chosen", "_selected_action": chosen}, follow=True
    )
    said = page_text(shown).translate({0x2068: None, 0x2069: None})
    assert "You have 2 incidents." in said
    assert f"{taken.ref}: huda was quicker" in said
    assert f"{over.ref}: {over.ref} is resolved already." in said
    for row in (first, second):
        row.refresh_from_db()
        assert row.acknowledged_by == operator
    over.refresh_from_db()
    assert over.acknowledged_at is None


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.AGENCY_PUBLISHER, True),
        (Role.OPERATOR, True),
        (Role.SUPERVISOR, True),
        (Role.ADMINISTRATOR, True),
        (Role.AGENCY_STAFF, False),
        (Role.CONTACT_CENTRE, False),
        (Role.AUDITOR, False),
    ],
)
def test_who_runs_incidents_has_the_buttons_and_nobody_else_gets_around_them(
    renewal, ours, role, may
):
    incident = make_incident(renewal)
    client = browser(colleague(role, ours))
    shown = buttons(client.get(page(incident)))
    assert ("Acknowledge" in shown, "Write an update" in shown) == (may, may)
    assert client.get(act(incident, "write")).status_code == (200 if may else 403)
    assert client.post(act(incident, "write"), OWN_WORDS).status_code == (200 if may else 403)
    listed = {"action": "acknowledge_chosen", "_selected_action": [incident.pk]}
    client.post(LIST, listed)
    incident.refresh_from_db()
    assert (incident.acknowledged_at is not None) is may
    assert client.post(act(incident, "acknowledge")).status_code == (302 if may else 403)
    assert Update.objects.count() == 0


def test_an_agency_does_not_run_the_incident_of_another_that_lists_its_service(renewal, ours):
    incident = make_incident(make_service(), renewal)
    client = browser(make_user(Role.AGENCY_PUBLISHER, ours))
    assert client.get(page(incident)).status_code == 200
    assert client.post(act(incident, "acknowledge")).status_code == 403
    assert client.get(act(incident, "write")).status_code == 403


# --- writing ------------------------------------------------------------------------------------


def test_a_text_on_a_p3_is_public_at_once_in_both_languages(renewal, operator):
    incident = make_incident(renewal)
    client = browser(operator)
    data = typed(client, incident, phase="identified", _publish="1")
    shown = client.post(act(incident, "write"), data, follow=True)
    assert "It is public." in page_text(shown)
    update = Update.objects.get()
    assert (update.state, update.phase, update.author) == ("published", "identified", operator)
    assert (update.text_ar, update.text_en) == (OWN_WORDS["text_ar"], OWN_WORDS["text_en"])
    assert update.next_update_by == NOW + timedelta(hours=1)
    incident.refresh_from_db()
    assert (incident.phase, incident.first_notice_at) == ("identified", NOW)
    assert "incident.notice" in {event.kind for event in Event.objects.all()}


def test_own_words_on_a_p1_wait_for_a_second_person(renewal, operator):
    incident = make_incident(renewal, severity="P1")
    client = browser(operator)
    shown = client.post(act(incident, "write"), typed(client, incident, _publish="1"), follow=True)
    assert "It waits for a second person." in page_text(shown)
    assert Update.objects.get().state == "waiting"
    incident.refresh_from_db()
    assert incident.first_notice_at is None


def test_a_template_fills_both_texts_and_goes_out_on_a_p1_without_a_second_person(
    renewal, operator
):
    incident = make_incident(renewal, severity="P1")
    client = browser(operator)
    offered = filled_in(client.get(act(incident, "write")))
    filled = client.post(act(incident, "write"), offered | {"template": "holding", "_fill": "1"})
    assert errors(filled) == []
    data = filled_in(filled)
    assert (data["text_ar"], data["text_en"]) == (HOLDING.ar, HOLDING.en)
    assert Update.objects.count() == 0

    answer = client.post(act(incident, "write"), data | {"_publish": "1"})
    assert answer.status_code == 302
    update = Update.objects.get()
    assert (update.state, update.template) == ("published", "holding")
    assert "ID renewal" in update.plain_en
    assert "تجديد الهوية" in update.plain_ar


@pytest.mark.parametrize(
    ("template", "phase"),
    [("identified", "identified"), ("fixing", "fixing"), ("monitoring", "monitoring")],
)
def test_a_template_that_tells_of_a_phase_chooses_it(renewal, operator, template, phase):
    client, incident = browser(operator), make_incident(renewal)
    offered = filled_in(client.get(act(incident, "write")))
    filled = client.post(act(incident, "write"), offered | {"template": template, "_fill": "1"})
    assert filled_in(filled)["phase"] == phase


def test_a_template_never_takes_the_place_of_ones_own_words(renewal, operator):
    client, incident = browser(operator), make_incident(renewal)
    data = typed(client, incident, template="fixing", _fill="1")
    shown = client.post(act(incident, "write"), data)
    assert errors(shown) == [
        "You have written something already. Empty both texts, then fill them."
    ]
    assert filled_in(shown)["text_ar"] == OWN_WORDS["text_ar"]
    assert filled_in(shown)["text_en"] == OWN_WORDS["text_en"]


def test_one_template_gives_way_to_another(renewal, operator):
    client, incident = browser(operator), make_incident(renewal)
    texts = {"text_ar": HOLDING.ar, "text_en": HOLDING.en}
    data = typed(client, incident, template="fixing", _fill="1", **texts)
    shown = filled_in(client.post(act(incident, "write"), data))
    assert shown["text_en"] == TEMPLATES[Template.FIXING].en


def test_the_form_proposes_the_next_update_that_the_clocks_owe(renewal, operator):
    incident = make_incident(renewal, severity="P2")
    offered = filled_in(browser(operator).get(act(incident, "write")))
    # Two hours from now, in the deployment's zone.
    assert offered["next_update_by"] == "2026-11-23T17:00"
    assert [offered["text_ar"].strip(), offered["text_en"].strip()] == ["", ""]


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"text_en": " "}, "text_en", "Write the text in English too."),
        ({"text_ar": ""}, "text_ar", "Write the text in Arabic too."),
        (
            {"next_update_by": ""},
            "next_update_by",
            "Say by when the next update comes, or when the service is expected back.",
        ),
        (
            {"next_update_by": "2026-11-23T14:00"},
            "next_update_by",
            "This lies in the past. Choose a later time.",
        ),
        (
            {"text_en": "Back {soon}.", "text_ar": "نعود {soon}."},
            "text_en",
            "“soon” is no placeholder.",
        ),
        ({"next_update_by": "tomorrow"}, "next_update_by", "Enter a valid date/time."),
        ({"phase": "resolved"}, "phase", "Select a valid choice."),
    ],
)
def test_what_cannot_be_published_is_refused_at_its_field_and_nothing_typed_is_lost(
    renewal, operator, fields, field, sentence
):
    client, incident = browser(operator), make_incident(renewal)
    data = typed(client, incident, _publish="1", **fields)
    shown = client.post(act(incident, "write"), data)
    assert shown.status_code == 200
    rows = [
        row
        for row in elements(shown, "div", **{"class": "form-row errors"})
        if any(element.get("name") == field for element in row.iter())
    ]
    assert len(rows) == 1
    assert sentence in text(rows[0]).translate({0x2068: None, 0x2069: None})
    kept = filled_in(shown)
    for name in ("text_ar", "text_en"):
        assert kept[name].strip() == data[name].strip()
    assert Update.objects.count() == 0


def test_numbers_that_differ_are_warned_of_and_published_when_they_are_confirmed(renewal, operator):
    client, incident = browser(operator), make_incident(renewal)
    texts = {"text_ar": "ستعود الخدمة خلال 3 أيام.", "text_en": "It is back within 5 days."}
    shown = client.post(act(incident, "write"), typed(client, incident, _publish="1", **texts))
    assert len(errors(shown)) == 2
    assert "It is not public yet." in page_text(shown)
    assert elements(shown, "input", name="_confirmed", value="Publish anyway")
    assert Update.objects.count() == 0

    answer = client.post(act(incident, "write"), filled_in(shown) | {"_confirmed": "1"})
    assert answer.status_code == 302
    assert Update.objects.get().text_en == "It is back within 5 days."


def test_what_people_would_read_is_shown_and_not_published(renewal, operator):
    client, incident = browser(operator), make_incident(renewal)
    texts = {
        "text_ar": "**{service}** لا تعمل. <script>alert(1)</script>",
        "text_en": "**{service}** does not work. <script>alert(1)</script>",
    }
    shown = client.post(act(incident, "write"), typed(client, incident, _look="1", **texts))
    assert [text(strong) for strong in elements(shown, "strong")][-2:] == [
        "تجديد الهوية",
        "ID renewal",
    ]
    assert "alert(1)" not in [text(script) for script in elements(shown, "script")]
    assert filled_in(shown)["text_en"] == texts["text_en"]
    assert Update.objects.count() == 0


def test_enter_in_a_field_publishes_nothing(renewal, operator):
    client, incident = browser(operator), make_incident(renewal)
    shown = client.get(act(incident, "write"))
    (form,) = [f for f in elements(shown, "form") if f.get("id") == "update_form"]
    pressed = next(e for e in form.iter() if e.get("type") == "submit")
    assert pressed.get("name") == "_look"


def test_a_text_that_was_published_meanwhile_is_read_before_ones_own_goes_out(renewal, operator):
    client, incident = browser(operator), make_incident(renewal)
    data = typed(client, incident, _publish="1")
    make_text(incident, NOW + timedelta(seconds=5), "نعمل.", "A colleague's text.")
    shown = client.post(act(incident, "write"), data)
    assert errors(shown) == [
        "Somebody has published a text meanwhile. Read it, then publish yours."
    ]
    assert "A colleague's text." in page_text(shown)
    kept = filled_in(shown)
    assert kept["text_ar"] == OWN_WORDS["text_ar"]
    assert Update.objects.count() == 1

    assert client.post(act(incident, "write"), kept | {"_publish": "1"}).status_code == 302
    assert Update.objects.count() == 2


def test_about_what_is_resolved_nothing_is_written_here(renewal, operator):
    incident = make_incident(renewal, resolved_at=NOW)
    client = browser(operator)
    assert not {"Acknowledge", "Write an update"} & set(buttons(client.get(page(incident))))
    shown = client.post(act(incident, "write"), OWN_WORDS, follow=True)
    assert "It is resolved." in page_text(shown)
    assert Update.objects.count() == 0


def test_the_two_texts_are_typed_in_their_own_directions(renewal, operator):
    incident = make_incident(renewal)
    shown = browser(operator, "ar").get(act(incident, "write"))
    (arabic,) = elements(shown, "textarea", name="text_ar")
    (english,) = elements(shown, "textarea", name="text_en")
    assert (arabic.get("lang"), arabic.get("dir")) == ("ar", "rtl")
    assert (english.get("lang"), english.get("dir")) == ("en", "ltr")
