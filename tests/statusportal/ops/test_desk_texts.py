"""Writing at the desk: published, warned of, kept as a draft, read by a second person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Role
from core.arabic import isolate
from incidents.models import Draft, Update
from incidents.texts import TEMPLATES, Template
from tests.admin_pages import browser, elements, errors, filled_in, page_text
from tests.factories import make_service, make_user
from tests.statusportal.ops.console import desk, make_incident, make_text
from tests.statusportal.ops.nation import NOW, make_measured, play

MINUTE = timedelta(minutes=1)
# 14:00 of the same day in Bahrain.
AN_HOUR_ON = "2026-11-22T14:00"
HOLDING = TEMPLATES[Template.HOLDING]

pytestmark = pytest.mark.usefixtures("at_one_o_clock")


def operator(**fields: Any) -> Client:
    return browser(make_user(Role.OPERATOR, **fields))


def words(**fields: str) -> dict[str, str]:
    """A text in own words as the form sends it."""
    return {
        "text_ar": "نعمل على إصلاح المشكلة.",
        "text_en": "We are mending the problem.",
        "phase": "fixing",
        "next_update_by": AN_HOUR_ON,
        "_publish": "1",
        **fields,
    }


# --- writing ------------------------------------------------------------------------------------


def test_an_update_is_published_in_both_languages() -> None:
    incident = make_incident(severity="P3")

    response = operator().post(desk(incident, "update"), words(), follow=True)

    text = page_text(response)
    assert "The text is handed in." in text
    assert "Public Fixing" in text
    incident.refresh_from_db()
    assert (incident.phase, incident.first_notice_at) == ("fixing", NOW)
    assert incident.next_update_by == NOW + 60 * MINUTE


def test_what_is_missing_stands_beside_its_field_and_nothing_typed_is_lost() -> None:
    incident = make_incident()

    response = operator().post(
        desk(incident, "update"), words(text_en="", next_update_by="", text_ar="نعمل {x}")
    )

    assert response.status_code == 422
    assert errors(response) == [
        "Say by when the next update comes, or when the service is expected back."
    ]
    (typed,) = elements(response, "textarea", id="id_text_ar")
    assert (typed.text or "").strip() == "نعمل {x}"
    assert not Update.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field", "problem"),
    [
        ({"text_en": ""}, "text_en", "Write the text in English too."),
        ({"text_ar": "نعمل {soon}."}, "text_ar", f"“{isolate('soon')}” is no placeholder."),
        ({"text_en": "Soon, in 40 minutes."}, "text_en", "These numbers stand in this language"),
        ({"next_update_by": "2026-11-22T12:00"}, "next_update_by", "This lies in the past."),
    ],
)
def test_each_problem_is_said_at_its_own_field(
    fields: dict[str, str], field: str, problem: str
) -> None:
    response = operator().post(desk(make_incident(), "update"), words(**fields))

    said = ["".join(each.itertext()) for each in elements(response, "ul", id=f"id_{field}_error")]
    assert len(said) == 1
    assert problem in said[0]


def test_a_suspicion_is_published_once_it_is_confirmed() -> None:
    incident = make_incident()
    typed = words(text_en="We are mending the problem, 3 of 4 parts work.")
    client = operator()

    warned = client.post(desk(incident, "update"), typed)
    assert "Read the warnings beside the fields." in page_text(warned)
    assert "Publish all the same" in page_text(warned)
    assert elements(warned, "input", name="confirmed")

    client.post(desk(incident, "update"), typed | {"confirmed": "on"})
    assert Update.objects.get().state == "published"


def test_the_template_fills_in_both_texts_and_takes_no_second_person() -> None:
    incident = make_incident(severity="P1")
    client = operator()

    filled = client.post(desk(incident, "update"), {"template": "holding", "_fill": "1"})
    (ar,) = elements(filled, "textarea", id="id_text_ar")
    (en,) = elements(filled, "textarea", id="id_text_en")
    assert ((ar.text or "").strip(), (en.text or "").strip()) == (HOLDING.ar, HOLDING.en)

    client.post(
        desk(incident, "update"),
        words(text_ar=HOLDING.ar, text_en=HOLDING.en, phase="investigating", template="holding"),
    )
    assert Update.objects.get().state == "published"


def test_a_template_never_writes_over_words_of_ones_own() -> None:
    response = operator().post(
        desk(make_incident(), "update"), words(template="holding", _fill="1")
    )

    assert "Words of your own stand in the fields." in page_text(response)
    (en,) = elements(response, "textarea", id="id_text_en")
    assert (en.text or "").strip() == "We are mending the problem."


def test_the_preview_shows_both_languages_as_citizens_will_read_them() -> None:
    incident = make_incident(services=(make_service(name_ar="الهوية", name_en="Identity"),))

    response = operator().post(
        desk(incident, "update"),
        words(text_ar="نصلح **{service}**.", text_en="We mend **{service}**.", _look="1"),
    )

    shown = {
        div.get("lang"): "".join(div.itertext()).strip()
        for div in elements(response, "div")
        if div.get("class") == "look__text"
    }
    assert shown == {"ar": "نصلح الهوية.", "en": "We mend Identity."}
    assert not Update.objects.exists()


def test_a_text_that_somebody_overtook_is_published_once_theirs_was_read() -> None:
    incident = make_incident()
    make_text(incident, at=NOW, plain_en="Theirs.", html_en="<p>Theirs.</p>")
    client = operator()

    refused = client.post(
        desk(incident, "update"), words(seen=(NOW - MINUTE).isoformat(), phase="monitoring")
    )
    assert "Somebody has published a text meanwhile." in page_text(refused)
    assert "Theirs." in page_text(refused)
    assert incident.updates.count() == 1

    client.post(desk(incident, "update"), filled_in_write(refused))
    assert incident.updates.count() == 2


# --- drafts -------------------------------------------------------------------------------------


def test_a_draft_is_kept_while_typing_and_stands_there_again() -> None:
    incident = make_incident()
    client = operator()

    answer = client.post(desk(incident, "draft"), words(text_en=""), headers={"HX-Request": "true"})
    assert "Draft saved 13:00" in page_text(answer)
    assert "Write the text in English too." in page_text(answer)

    again = client.get(desk(incident))
    (ar,) = elements(again, "textarea", id="id_text_ar")
    (by,) = elements(again, "input", id="id_next_update_by")
    assert (ar.text or "").strip() == "نعمل على إصلاح المشكلة."
    assert by.get("value") == AN_HOUR_ON
    assert "Discard the draft" in page_text(again)

    client.post(desk(incident, "update"), {"_drop": "1"})
    assert not Draft.objects.exists()


def test_nobody_reads_the_draft_of_somebody_else() -> None:
    incident = make_incident()
    operator().post(desk(incident, "draft"), words(text_en="My secret thought."))

    assert "My secret thought." not in page_text(operator().get(desk(incident)))


def test_typing_after_signing_out_is_told_so_and_not_torn_away() -> None:
    answer = Client().post(desk(make_incident(), "draft"), words(), headers={"HX-Request": "true"})

    assert (answer.status_code, answer.get("HX-Redirect")) == (401, None)


# --- a second person ----------------------------------------------------------------------------


def test_free_text_on_a_grave_incident_waits_and_somebody_else_approves_it() -> None:
    incident = make_incident(severity="P1")
    author = operator(username="sara")
    author.post(desk(incident, "update"), words())
    waiting = Update.objects.get()
    assert waiting.state == "waiting"
    assert "somebody else has to read it" in page_text(author.get(desk(incident)))

    refused = author.post(desk(incident, "approve"), {"update_id": waiting.pk})
    assert refused.status_code == 403
    operator().post(desk(incident, "approve"), {"update_id": waiting.pk})

    waiting.refresh_from_db()
    assert waiting.state == "published"


def test_a_text_goes_back_with_a_reason_or_not_at_all() -> None:
    incident = make_incident(severity="P1")
    text = make_text(incident, state="waiting", author=make_user(Role.OPERATOR))
    client = operator()

    bare = client.post(desk(incident, "return"), {"update_id": text.pk})
    assert "Say why. It stands in the record." in errors(bare)
    client.post(desk(incident, "return"), {"update_id": text.pk, "reason": "Say which channel."})

    page = page_text(client.get(desk(incident)))
    assert "Say which channel." in page


def test_a_text_of_another_incident_is_not_there() -> None:
    text = make_text(make_incident(), state="waiting", author=make_user(Role.OPERATOR))

    response = operator().post(desk(make_incident(), "approve"), {"update_id": text.pk})

    assert response.status_code == 404


def test_a_correction_is_a_new_version_and_the_old_one_stays() -> None:
    incident = make_incident()
    text = make_text(incident)
    client = operator()

    response = client.post(
        desk(incident, "correct"),
        {"update_id": text.pk, "text_ar": "نصلح المشكلة.", "text_en": "We mend it."},
        follow=True,
    )

    page = page_text(response)
    assert "We know about it." in page
    assert "We mend it." in page
    assert page.count("Corrected since") == 1
    assert "Correction" in page


# --- ready before anybody has to write ----------------------------------------------------------


def test_the_first_notice_stands_ready_and_is_out_with_one_click() -> None:
    service = make_service()
    play(make_measured(service), "oobbb")
    incident = make_incident(services=(service,), severity="P1")
    client = operator()

    page = client.get(desk(incident))

    assert filled_in_write(page) | {"seen": ""} == {
        "template": "holding",
        "text_ar": HOLDING.ar,
        "text_en": HOLDING.en,
        "phase": "investigating",
        "next_update_by": "2026-11-22T13:30",
        "expected_return_at": "",
        "seen": "",
    }
    client.post(desk(incident, "update"), filled_in_write(page) | {"_publish": "1"})
    assert Update.objects.get().state == "published"


def filled_in_write(page: Any) -> dict[str, str]:
    """What the browser sends of the form for a text."""
    data = {key: str(value) for key, value in filled_in(page).items() if not key.startswith("_")}
    data.pop("csrfmiddlewaretoken")
    return data


def test_a_text_on_a_grave_incident_is_said_to_wait() -> None:
    response = operator().post(desk(make_incident(severity="P2"), "update"), words(), follow=True)

    assert "The text waits for a second person. Nobody else can read it before." in page_text(
        response
    )
