"""The desk: everything of one incident, and every act on it, without scripts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Role
from incidents.models import ClosingReport, Entry, Incident, Override
from tests.admin_pages import browser, elements, errors, page_text
from tests.factories import make_agency, make_channel, make_service, make_user
from tests.statusportal.ops.console import desk, looks, make_incident, make_text
from tests.statusportal.ops.nation import NOW, make_measured, play

MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.usefixtures("at_one_o_clock")


def operator(**fields: Any) -> Client:
    return browser(make_user(Role.OPERATOR, **fields))


# --- who may open it ----------------------------------------------------------------------------


def test_an_incident_of_another_agency_is_not_there() -> None:
    incident = make_incident()
    other = browser(make_user(Role.AGENCY_PUBLISHER, make_agency()))

    assert other.get(desk(incident)).status_code == 404
    assert other.post(desk(incident, "note"), {"text_": "x"}).status_code == 404
    assert other.post(desk(incident, "draft"), {}).status_code == 404


def test_whoever_only_looks_is_offered_nothing_to_do() -> None:
    incident = make_incident()

    page = looks(desk(incident), make_user(Role.CONTACT_CENTRE))

    assert [form.get("action") for form in elements(page, "form", method="post")] == [
        "/i18n/setlang/"
    ]


def test_an_act_that_nobody_knows_is_not_there() -> None:
    assert operator().post(desk(make_incident(), "explode")).status_code == 404


def test_the_address_of_an_act_leads_back_to_the_desk() -> None:
    incident = make_incident()

    assert operator().get(desk(incident, "update"))["Location"] == desk(incident)


# --- what it does -------------------------------------------------------------------------------


def test_the_severity_is_changed_with_a_reason_and_the_suggestion_says_why() -> None:
    service = make_service(tier=1)
    play(make_measured(service), "oobbb")
    incident = make_incident(services=(service,), severity="P3")
    client = operator()

    page = page_text(client.get(desk(incident)))
    assert "Suggested now: P1" in page
    assert "People cannot use it, and there is no other way." in page
    assert "A service is critical for the country: one step more." in page
    bare = client.post(desk(incident, "severity"), {"severity": "P1"})
    assert errors(bare) == ["Say why. It stands in the record."]
    client.post(desk(incident, "severity"), {"severity": "P1", "severity_reason": "Exam week."})

    assert Incident.objects.get().severity == "P1"
    assert "Severity changed: P3, then P1" in page_text(client.get(desk(incident)))


def test_a_service_is_declared_and_the_word_is_taken_back() -> None:
    service = make_service()
    incident = make_incident(services=(service,))
    client = operator()

    client.post(desk(incident, "declare"), {"service_id": service.pk, "health": "degraded"})
    assert "Declared: Slow or interrupted" in page_text(client.get(desk(incident)))
    client.post(desk(incident, "declare"), {"service_id": service.pk, "health": ""})

    assert "Declared: " not in page_text(client.get(desk(incident)))


def test_an_override_has_a_reason_and_ends_within_four_hours() -> None:
    service = make_service()
    play(make_measured(service), "oobbb")
    incident = make_incident(services=(service,))
    client = operator()
    typed = {"service_id": str(service.pk), "health": "operational", "reason": "Probe is wrong."}

    late = client.post(desk(incident, "override"), typed | {"expires_at": "2026-11-22T17:01"})
    assert errors(late) == ["Choose an end within the next four hours."]
    client.post(desk(incident, "override"), typed | {"expires_at": "2026-11-22T17:00"})
    given = Override.objects.get()
    assert (given.health, given.ended_at) == ("operational", None)
    assert "Override: Works" in page_text(client.get(desk(incident)))
    client.post(desk(incident, "take-back"), {"service_id": service.pk})

    given.refresh_from_db()
    assert given.ended_at == NOW


def test_an_agency_cannot_override_what_is_measured() -> None:
    agency = make_agency()
    incident = make_incident(agency=agency)

    page = page_text(browser(make_user(Role.AGENCY_PUBLISHER, agency)).get(desk(incident)))

    assert "Change the severity" in page
    assert "Override" not in page


def test_the_list_of_services_is_searched_ticked_and_saved() -> None:
    incident = make_incident()
    (listed,) = incident.services.all()
    other = make_service(name_ar="تجديد جواز السفر", name_en="Passport renewal")
    web, app = make_channel(service=other, kind="web"), make_channel(service=other, kind="app")
    client = operator()

    found = client.post(
        desk(incident, "services"),
        {"services": [listed.service_id], "find": "جوازسفر".replace("ز", "ز "), "_find": "1"},
    )
    assert "Passport renewal" in page_text(found)
    client.post(
        desk(incident, "services"),
        {"services": [listed.service_id, other.pk], "channels": [app.pk], "_save": "1"},
    )

    lines = {
        row.service_id: [channel.pk for channel in row.channels.all()]
        for row in incident.services.all()
    }
    assert lines == {listed.service_id: [], other.pk: [app.pk]}
    assert web.pk not in lines[other.pk]


def test_facts_stand_in_both_languages_or_not_at_all() -> None:
    incident = make_incident()
    client = operator()
    typed = {
        "title_ar": "مشكلة في الدخول",
        "title_en": "Problem with the login",
        "meanwhile_ar": "اتصل بنا.",
        "deadlines": "extended",
        "payments": "wait",
    }

    bare = client.post(desk(incident, "facts"), typed)
    assert errors(bare) == [
        "This stands in Arabic only. Write it in English too.",
        "Write the day to which deadlines are extended.",
    ]
    client.post(
        desk(incident, "facts"),
        typed | {"meanwhile_en": "Call us.", "deadlines_until": "2026-11-30"},
    )

    incident.refresh_from_db()
    assert incident.meanwhile_en == "Call us."
    assert incident.payments == "wait"


def test_a_note_stays_inside() -> None:
    incident = make_incident()
    client = operator(username="sara")

    client.post(desk(incident, "note"), {"text_": "Vendor called at 12:50."})

    assert "Internal Internal note" in page_text(client.get(desk(incident)))
    assert Entry.objects.get().is_public is False


# --- the end ------------------------------------------------------------------------------------


def end(**fields: str) -> dict[str, str]:
    return {"text_ar": "عاد العمل كالمعتاد.", "text_en": "It works as usual again.", **fields}


def test_resolving_what_still_fails_takes_a_sentence_why() -> None:
    service = make_service()
    play(make_measured(service), "oobbb")
    incident = make_incident(services=(service,))
    client = operator()

    refused = client.post(desk(incident, "resolve"), end())
    (problem,) = errors(refused)
    assert "Our checks still see it fail" in problem
    client.post(desk(incident, "resolve"), end(although="The page answers; the check is old."))

    incident.refresh_from_db()
    assert incident.resolved_at == NOW
    page = page_text(client.get(desk(incident)))
    assert "The page answers; the check is old." in page


def test_resolving_in_own_words_waits_on_a_grave_incident() -> None:
    incident = make_incident(severity="P1")

    response = operator().post(desk(incident, "resolve"), end(), follow=True)

    assert "The text waits for a second person." in page_text(response)
    incident.refresh_from_db()
    assert incident.is_open


def test_a_resolved_incident_is_opened_again_with_a_reason() -> None:
    incident = make_incident()
    client = operator()
    client.post(desk(incident, "resolve"), end())

    client.post(desk(incident, "reopen"), {"reason": "It came back."})

    incident.refresh_from_db()
    assert incident.is_open


def test_the_times_of_an_incident_are_told() -> None:
    incident = make_incident(
        opened_at=NOW - 90 * MINUTE,
        acknowledged_at=NOW - 85 * MINUTE,
        acknowledged_by=make_user(Role.OPERATOR),
        first_notice_at=NOW - 80 * MINUTE,
        restored_at=NOW - 30 * MINUTE,
        resolved_at=NOW,
        phase="resolved",
    )

    page = page_text(looks(desk(incident)))

    assert "To acknowledging 5 minutes" in page
    assert "To the first notice 10 minutes" in page
    assert "To restoring 1 hour" in page
    assert "In all 1 hour and 30 minutes" in page


def test_the_closing_report_is_prefilled_kept_and_handed_in() -> None:
    incident = make_incident(title_en="Login was down")
    client = operator()
    client.post(desk(incident, "note"), {"text_": "Vendor restarted the cluster."})
    client.post(desk(incident, "resolve"), end())

    page = client.get(desk(incident))
    (summary,) = elements(page, "textarea", id="id_report_summary_en")
    (actions,) = elements(page, "textarea", id="id_report_actions")
    assert (summary.text or "").strip() == "Login was down. It works as usual again."
    assert (actions.text or "").strip() == "Vendor restarted the cluster."

    typed = {"cause_class": "software", "summary_ar": "تعطّل الدخول.", "summary_en": "It was down."}
    client.post(desk(incident, "report"), typed | {"_save": "1"})
    assert ClosingReport.objects.get().submitted_at is None
    bare = client.post(desk(incident, "report"), typed | {"_hand_in": "1"})
    assert errors(bare) == ["Write it in both languages: it becomes public."] * 2
    client.post(
        desk(incident, "report"),
        typed | {"prevention_ar": "نراقبه.", "prevention_en": "We watch it.", "_hand_in": "1"},
    )
    assert ClosingReport.objects.get().submitted_at == NOW


def test_a_recurrence_is_pointed_out() -> None:
    service = make_service()
    before = make_incident(
        services=(service,),
        opened_at=NOW - timedelta(days=40),
        resolved_at=NOW - timedelta(days=40),
        phase="resolved",
        title_en="It was down in October",
    )
    now = make_incident(services=(service,), resolved_at=NOW, phase="resolved")
    for incident in (before, now):
        ClosingReport.objects.create(incident=incident, cause_class="software", saved_at=NOW)

    page = page_text(looks(desk(now)))

    assert "It has happened before, with the same kind of cause: It was down in October" in page


# --- what it costs ------------------------------------------------------------------------------


@pytest.mark.parametrize("texts", [1, 3])
def test_the_desk_takes_as_many_statements_for_many_texts_as_for_one(
    texts: int, django_assert_num_queries: Any
) -> None:
    services = tuple(make_service() for _unused in range(texts))
    incident = make_incident(services=services)
    for _unused in range(texts):
        make_text(incident)
        Entry.objects.create(incident=incident, kind="note", at=NOW, note="A note.")
    client = operator()
    client.get(desk(incident))

    # Session, person, roles; the incident with services, channels, declarations, overrides, texts
    # four times and log; calendar; what is measured; reach; draft; the choice of services.
    with django_assert_num_queries(23):
        assert client.get(desk(incident)).status_code == 200
