"""Incidents in the admin: found, read whole, and within one's own agency."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import Role
from core.audit import AuditEntry
from incidents.labels import EntryKind
from incidents.models import ClosingReport, Declaration, Entry, Incident, Update
from tests.admin_pages import browser, elements, option_texts, page_text, text
from tests.factories import make_agency, make_channel, make_service, make_user
from tests.incidents.admin_rows import LIST, NOW, act, make_incident, make_text, page

pytestmark = pytest.mark.django_db


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


def refs(response):
    """The references in the list, in order."""
    return [text(cell) for cell in elements(response, "th", **{"class": "field-ref"})]


def column(response, name):
    return [text(cell) for cell in elements(response, "td", **{"class": f"field-{name}"})]


def ago(**length: Any) -> datetime:
    return NOW - timedelta(**length)


# --- the list -----------------------------------------------------------------------------------


def test_a_row_says_what_it_is_how_far_how_old_and_who_has_it(renewal, operator):
    make_incident(renewal, started_at=ago(hours=2, minutes=5))
    make_incident(
        renewal,
        severity="P1",
        phase="fixing",
        acknowledged_at=ago(minutes=20),
        acknowledged_by=operator,
    )
    shown = browser(operator).get(LIST)
    assert column(shown, "severity") == ["P1", "P3"]
    assert column(shown, "phase") == ["Fixing", "Investigating"]
    assert column(shown, "named") == ["Problem with the service"] * 2
    assert column(shown, "lasted") == ["31 minutes", "2 hours and 5 minutes"]
    assert column(shown, "acknowledged") == ["sara", "Nobody yet"]
    assert column(browser(operator, "ar").get(LIST), "named") == ["مشكلة في الخدمة"] * 2


def test_what_is_open_stands_first_the_worst_on_top_then_what_ended_last(renewal, operator):
    old = make_incident(renewal, severity="P1", resolved_at=ago(days=9))
    ended = make_incident(renewal, severity="P4", resolved_at=ago(days=1))
    mild = make_incident(renewal, severity="P4")
    bad = make_incident(renewal, severity="P2")
    shown = refs(browser(operator).get(LIST))
    assert shown == [bad.ref, mild.ref, ended.ref, old.ref]


def test_the_list_takes_the_same_queries_for_one_incident_and_for_three(
    renewal, operator, ours, django_assert_num_queries
):
    client = browser(operator)
    make_incident(renewal)
    client.get(LIST)
    with django_assert_num_queries(8):
        assert len(refs(client.get(LIST))) == 1
    for _number in range(2):
        make_incident(
            renewal, make_service(), acknowledged_at=NOW, acknowledged_by=make_user(Role.OPERATOR)
        )
    with django_assert_num_queries(8):
        assert len(refs(client.get(LIST))) == 3


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"stands": "open"}, {"new", "mine", "rumour"}),
        ({"stands": "new"}, {"new"}),
        ({"stands": "resolved"}, {"owing", "reported"}),
        ({"stands": "report"}, {"owing"}),
        ({"severity__exact": "P1"}, {"new"}),
        ({"kind__exact": "clarification"}, {"rumour"}),
        ({"phase__exact": "monitoring"}, {"mine"}),
        ({"agency": "THEIRS"}, {"reported"}),
    ],
)
def test_filters_find_what_needs_somebody(renewal, operator, asked, expected):
    mine = {"acknowledged_at": ago(minutes=20), "acknowledged_by": operator}
    theirs = make_service(agency=make_agency(code="THEIRS"))
    found = {
        "new": make_incident(renewal, severity="P1"),
        "mine": make_incident(renewal, phase="monitoring", **mine),
        "rumour": make_incident(renewal, kind="clarification", **mine),
        "owing": make_incident(renewal, resolved_at=ago(days=1), **mine),
        "reported": make_incident(theirs, resolved_at=ago(days=2), **mine),
    }
    ClosingReport.objects.create(
        incident=found["reported"], cause_class="software", saved_at=NOW, submitted_at=NOW
    )
    shown = set(refs(browser(operator).get(LIST, asked)))
    assert shown == {found[name].ref for name in expected}


@pytest.mark.parametrize(
    "words", ["ref", "fines vanish", "المخالفات", "ID renewal", "تجديد الهوية", "renewal"]
)
def test_an_incident_is_found_by_its_reference_its_titles_and_its_services(
    renewal, operator, words
):
    wanted = make_incident(renewal, title_en="Where fines vanish", title_ar="اختفاء المخالفات")
    make_incident(make_service())
    asked = wanted.ref if words == "ref" else words
    assert refs(browser(operator).get(LIST, {"q": asked})) == [wanted.ref]


# --- whose incidents ----------------------------------------------------------------------------


def test_an_agency_sees_its_own_and_those_that_list_one_of_its_services(renewal, ours):
    own = make_incident(renewal)
    shared = make_incident(make_service(name_en="Their service"), renewal)
    theirs = make_incident(make_service())
    authority = make_incident(kind="announcement", agency=make_agency(code="NDS"))
    for role in (Role.AGENCY_STAFF, Role.AGENCY_PUBLISHER):
        client = browser(make_user(role, ours))
        assert set(refs(client.get(LIST))) == {own.ref, shared.ref}
        assert client.get(page(own)).status_code == 200
        assert client.get(page(shared)).status_code == 200
        for other in (theirs, authority):
            assert client.get(page(other)).status_code == 404
            assert client.get(page(other).replace("change", "history")).status_code == 404
            assert client.post(act(other, "acknowledge")).status_code == 404
            assert client.get(act(other, "write")).status_code == 404
    assert len(refs(browser(make_user(Role.AUDITOR)).get(LIST))) == 4


def test_the_filter_of_agencies_names_ones_own_alone(renewal, ours):
    make_incident(renewal)
    make_incident(make_service(agency=make_agency(name_en="Their ministry")), renewal)
    assert "Their ministry" in page_text(browser(make_user(Role.AUDITOR)).get(LIST))
    shown = browser(make_user(Role.AGENCY_STAFF, ours)).get(LIST)
    filters = [text(link) for link in elements(shown, "a") if "?agency=" in link.get("href", "")]
    assert filters == ["Our ministry"]


def test_an_incident_of_no_agency_is_the_authoritys(operator):
    notice = Incident.objects.create(
        kind="announcement",
        suggested_severity="P4",
        title_ar="تنبيه",
        title_en="Beware",
        started_at=NOW,
        confirmed_at=NOW,
        opened_at=NOW,
        changed_at=NOW,
    )
    assert browser(operator).get(page(notice)).status_code == 200
    assert browser(operator).post(act(notice, "acknowledge")).status_code == 302
    publisher = browser(make_user(Role.AGENCY_PUBLISHER))
    assert refs(publisher.get(LIST)) == []
    assert publisher.get(page(notice)).status_code == 404


def test_no_row_is_typed_in_changed_or_deleted_here(renewal, operator):
    incident = make_incident(renewal)
    for role in (Role.ADMINISTRATOR, Role.SUPERVISOR, Role.OPERATOR):
        client = browser(make_user(role))
        assert client.get(page(incident).replace(f"{incident.pk}/change", "add")).status_code == 403
        assert client.post(page(incident), {"title_en": "Other"}).status_code == 403
        deleted = client.post(page(incident).replace("change", "delete"), {"post": "yes"})
        assert deleted.status_code == 403
        assert not elements(client.get(page(incident)), "input", name="_save")
    incident.refresh_from_db()
    assert incident.title_en == "Problem with the service"
    assert AuditEntry.objects.count() == 0


# --- one incident -------------------------------------------------------------------------------


def test_its_page_says_services_channels_times_and_what_was_promised(renewal, operator):
    incident = make_incident(
        renewal,
        acknowledged_at=ago(minutes=25),
        acknowledged_by=operator,
        next_update_by=NOW + timedelta(hours=1),
        still_works_en="The web site works.",
        still_works_ar="الموقع يعمل.",
        meanwhile_en="Use the web site.",
        meanwhile_ar="استخدم الموقع.",
    )
    row = incident.services.get()
    row.channels.add(make_channel(service=renewal, kind="app"))
    Declaration.objects.create(
        listed=row, health="degraded", declared_at=ago(minutes=20), declared_by=operator
    )
    shown = page_text(browser(operator).get(page(incident)))
    assert "ID renewal (Mobile app): Slow or interrupted" in shown
    assert "14:35 on Monday 23 November 2026, after 5 minutes · sara" in shown
    assert "Next update by: 16:00 on Monday 23 November 2026" in shown
    assert "Investigating · P3 · open for 31 minutes" in shown
    assert "The web site works." in shown
    assert "استخدم الموقع." in shown


def test_its_history_holds_texts_and_log_in_order_and_says_what_is_public(renewal, operator):
    incident = make_incident(renewal)
    make_text(incident, ago(minutes=24), "نتحقق.", "We are looking into it.")
    Entry.objects.create(
        incident=incident, kind=EntryKind.ACKNOWLEDGED, at=ago(minutes=26), actor=operator
    )
    Entry.objects.create(
        incident=incident,
        kind=EntryKind.SEVERITY,
        at=ago(minutes=20),
        actor=operator,
        facts={"from": "P3", "to": "P2"},
        note="Salaries are due.",
    )
    Update.objects.create(
        incident=incident,
        state="waiting",
        phase="fixing",
        text_ar="سر",
        text_en="Not yet",
        written_at=ago(minutes=9),
        author=operator,
    )
    shown = browser(operator).get(page(incident))
    (history,) = elements(shown, "ol", **{"class": "window-steps"})
    lines = [text(line) for line in history]
    assert [line.split(" 14:")[0] for line in lines] == [
        "Opened",
        "Acknowledged",
        "Investigating",
        "Severity changed: from P3 to P2",
        "Fixing: Waiting for a second person",
    ]
    assert lines[0].endswith("The portal · Not public")
    assert "sara · Not public Salaries are due." in lines[3]
    assert "The portal · Public نتحقق. We are looking into it." in lines[2]
    assert "sara · Not public سر Not yet" in lines[4]
    arabic = elements(shown, "p", lang="ar")
    assert {element.get("dir") for element in arabic} == {"rtl"}


def test_its_page_takes_the_same_queries_however_much_was_said(
    renewal, operator, django_assert_num_queries
):
    client = browser(operator)
    incident = make_incident(renewal)
    make_text(incident, ago(minutes=25), "نتحقق.", "We are looking into it.")
    client.get(page(incident))
    with django_assert_num_queries(13):
        client.get(page(incident))
    for minutes in (20, 15):
        service = make_service(agency=renewal.agency)
        line = incident.services.create(service=service, listed_at=NOW)
        line.channels.add(make_channel(service=service))
        person = make_user(Role.OPERATOR)
        make_text(incident, ago(minutes=minutes), "نعمل.", "We work on it.", author=person)
        Entry.objects.create(
            incident=incident, kind="note", at=ago(minutes=minutes), actor=make_user(Role.OPERATOR)
        )
    with django_assert_num_queries(13):
        client.get(page(incident))


def test_the_closing_report_stands_on_its_page_with_the_part_that_is_never_public(
    renewal, operator
):
    incident = make_incident(renewal, resolved_at=ago(hours=3))
    assert "Closing report" not in [
        text(title) for title in elements(browser(operator).get(page(incident)), "h2")
    ]
    ClosingReport.objects.create(
        incident=incident,
        cause_class="third_party",
        summary_ar="انقطع خط.",
        summary_en="A line was cut.",
        prevention_ar="خط ثانٍ.",
        prevention_en="A second line.",
        cause="The carrier's fibre near exchange 4.",
        vendor="Carrier A",
        saved_at=NOW,
    )
    shown = page_text(browser(operator).get(page(incident)))
    assert "Third party, telecom or cloud · not handed in yet" in shown
    assert "A line was cut." in shown
    assert "انقطع خط." in shown
    assert shown.index("Never public") < shown.index("exchange 4") < shown.index("Carrier A")


def test_the_record_of_changes_is_one_press_away(renewal, operator):
    incident = make_incident(renewal)
    client = browser(operator)
    client.post(act(incident, "acknowledge"))
    shown = page_text(client.get(page(incident).replace("change", "history")))
    assert "Acknowledged" in shown
    assert "sara" in shown


def test_the_page_leads_to_the_desk_of_the_console(renewal, operator):
    incident = make_incident(renewal)
    shown = browser(operator).get(page(incident))
    (desk,) = [link for link in elements(shown, "a") if text(link) == "Open at the desk"]
    assert desk.get("href") == f"/ops/incidents/{incident.ref}/"


def test_in_arabic_the_page_runs_from_right_to_left_and_every_label_is_arabic(renewal, operator):
    incident = make_incident(renewal)
    shown = browser(operator, "ar").get(page(incident))
    assert elements(shown, "html", lang="ar", dir="rtl")
    labels = [text(label) for label in elements(shown, "label")]
    assert labels
    assert not [label for label in labels if any("a" <= char <= "z" for char in label.lower())]
    assert [text(bdi) for bdi in elements(shown, "bdi", dir="ltr")][:1] == [incident.ref]
    assert option_texts(browser(operator, "ar").get(LIST), "action")[-1] != ""
