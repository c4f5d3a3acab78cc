"""The demo nation's incidents: a year that is over, and two that are under way."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.bilingual import Bilingual
from incidents import parity, queries, texts
from incidents.labels import EntryKind, TextState
from incidents.models import ClosingReport, Declaration, Entry, Incident, ListedService, Update
from services.models import Service, StatusChange
from services.status.health import CheckHealth
from statusportal.demo import under_way
from statusportal.demo.plan import Plan
from statusportal.demo.seed import Seeded, seed
from statusportal.demo.stories import stories
from tests.statusportal.demo.conftest import NOW

# The last whole minute, from which what is under way is told.
MINUTE = NOW.replace(second=0)


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def titled(title: str) -> Incident:
    return Incident.objects.get(title_en=title)


def ago(**length: Any) -> datetime:
    return MINUTE - timedelta(**length)


def phases(incident: Incident) -> list[str]:
    return list(incident.updates.order_by("published_at").values_list("phase", flat=True))


# --- under way ----------------------------------------------------------------------------------


def test_sign_in_codes_arrive_late_and_the_way_around_is_said(seeded: Seeded):
    incident = Incident.objects.get(resolved_at=None, services__service__slug="sms")
    assert (incident.severity, incident.phase, incident.is_demo) == ("P1", "fixing", True)
    assert incident.started_at == ago(minutes=52)
    assert "app" in incident.meanwhile_en
    assert incident.meanwhile_ar.startswith("وافق على الدخول من التطبيق")
    assert phases(incident) == ["investigating", "identified", "fixing"]
    first, *others = incident.updates.order_by("published_at")
    assert first.template == "slow"
    # Own words on a P1: one wrote, another one read them.
    assert {str(one.author) for one in others} == {"operator"}
    assert {str(one.approved_by) for one in others} == {"supervisor"}


def test_exam_results_are_slow_in_the_app_alone(seeded: Seeded):
    incident = Incident.objects.get(resolved_at=None, services__service__slug="exam-res")
    assert (incident.severity, incident.suggested_severity) == ("P3", "P3")
    row = incident.services.get()
    assert [channel.kind for channel in row.channels.all()] == ["app"]
    assert row.declarations.get(ended_at=None).health == "degraded"
    assert incident.updates.earliest("published_at").template == "surge"
    assert incident.is_demo


def test_what_is_under_way_is_what_the_whole_portal_is_tested_with(seeded: Seeded):
    standing = Declaration.objects.filter(ended_at=None)
    assert {
        row.listed.service.slug: row.health for row in standing.select_related("listed__service")
    } == under_way.DECLARED


def test_no_promise_is_broken_when_the_demo_begins(seeded: Seeded):
    office = queries.office_hours()
    for incident in Incident.objects.filter(resolved_at=None):
        assert incident.next_update_by is not None
        assert incident.next_update_by > NOW
        overdue = [
            clock.kind
            for clock in queries.clocks_of(incident, office)
            if clock.met_at is None and clock.due_at <= NOW
        ]
        assert overdue == []


# --- what is over -------------------------------------------------------------------------------


def test_every_story_is_told_once(seeded: Seeded):
    told = Counter(Incident.objects.values_list("title_ar", "title_en"))
    for story in stories():
        times = 2 if story.title.en == "Sign-in codes arrive late" else 1
        assert told[story.title.ar, story.title.en] == times, story.title.en


def test_lists_by_month_have_something_in_each_of_twelve(seeded: Seeded):
    months = Counter(incident.started_at.strftime("%Y-%m") for incident in Incident.objects.all())
    assert len(months) == 12
    assert 60 <= sum(months.values()) <= 140


def test_what_is_over_is_marked_told_and_ended_properly(seeded: Seeded):
    over = Incident.objects.exclude(resolved_at=None)
    assert not over.filter(is_demo=False).exists()
    assert not over.filter(resolved_at__gt=NOW).exists()
    assert set(over.values_list("phase", flat=True)) == {"resolved"}
    for incident in over.prefetch_related("updates", "entries"):
        said = sorted(incident.updates.all(), key=lambda one: (one.published_at or NOW, one.pk))
        assert [one.phase == "resolved" for one in said] == [False] * (len(said) - 1) + [True]
        assert incident.first_notice_at == said[0].published_at
        assert incident.last_notice_at == said[-1].published_at == incident.resolved_at
        assert incident.started_at <= incident.confirmed_at <= incident.opened_at
        kinds = [one.kind for one in sorted(incident.entries.all(), key=lambda one: one.at)]
        assert (kinds[0], kinds.count("resolved")) == ("opened", 1)


def test_texts_are_whole_in_both_languages_and_nothing_is_left_in_braces(seeded: Seeded):
    for update in Update.objects.all():
        text = Bilingual(update.text_ar, update.text_en)
        assert parity.problems(text, known=texts.PLACEHOLDERS) == [], text.en
        for column in (update.html_ar, update.html_en, update.plain_ar, update.plain_en):
            assert column
            assert "{" not in column
        assert update.state == TextState.PUBLISHED


def test_own_words_on_p1_and_p2_were_read_by_a_second_person(seeded: Seeded):
    own = Update.objects.filter(template="", incident__severity__in=("P1", "P2"))
    open_ = own.exclude(phase="resolved")
    assert open_.count() > 20
    assert not open_.filter(approved_by=None).exists()
    assert not open_.filter(author=None).exists()


def test_news_came_in_time_but_for_the_day_that_is_remembered_for_it(seeded: Seeded):
    late = set()
    for update in Update.objects.exclude(next_update_by=None).select_related("incident"):
        following = update.incident.updates.filter(published_at__gt=update.published_at)
        newest = following.order_by("published_at").first()
        if newest and (newest.published_at or NOW) > (update.next_update_by or NOW):
            late.add(update.incident.title_en)
    assert late == {"Secondary-school results: the app stopped, then was slow"}


def test_what_checks_saw_of_an_outage_is_what_its_incident_says(seeded: Seeded):
    listed = ListedService.objects.exclude(outage_started_at=None).select_related("incident")
    assert listed.count() > 30
    changes = set(StatusChange.objects.values_list("service", "at", "to_health"))
    for row in listed:
        assert (row.service_id, row.outage_started_at, CheckHealth.BAD.value) in changes
        assert (row.service_id, row.restored_at, CheckHealth.OK.value) in changes


def test_every_outage_of_the_generated_changes_has_its_incident(seeded: Seeded):
    down = StatusChange.objects.filter(
        to_health=CheckHealth.BAD.value, check_ref__is_essential=True
    )
    for change in down:
        rows = ListedService.objects.filter(
            service=change.service_id,
            incident__started_at__lte=change.at,
            incident__resolved_at__gte=change.at,
        )
        assert rows.exists(), change


def test_the_fines_that_did_not_show_lasted_three_hours_and_the_rumour_was_answered(seeded: Seeded):
    incident = titled("Traffic fines are not shown")
    declared = Declaration.objects.get(listed__incident=incident)
    assert declared.health == "major_outage"
    assert declared.ended_at is not None
    assert declared.ended_at - declared.declared_at == timedelta(hours=3)
    # The checks saw a healthy page.
    assert not incident.entries.filter(kind=EntryKind.RECOVERED).exists()
    answer = titled("Clarification about traffic fines")
    assert (answer.kind, answer.agency) == ("clarification", incident.agency)
    assert incident.started_at < answer.started_at < (incident.resolved_at or NOW)
    assert "they still stand" in answer.updates.earliest("published_at").plain_en


def test_the_results_were_announced_only_after_41_minutes(seeded: Seeded):
    incident = titled("Secondary-school results: the app stopped, then was slow")
    assert incident.first_notice_at is not None
    assert incident.first_notice_at - incident.started_at == timedelta(minutes=41)
    first_notice = queries.times(incident).first_notice
    # From the third bad answer on our checks were sure.
    assert first_notice == timedelta(minutes=40, seconds=40)


def test_the_cut_line_names_no_network_and_no_carrier_in_public(seeded: Seeded):
    incident = titled("Short interruption of shared government platforms")
    assert incident.severity == "P2"
    assert incident.severity_reason
    slugs = incident.services.order_by("service__slug").values_list("service__slug", flat=True)
    assert list(slugs) == ["gdn", "tel"]
    report = incident.report
    said = incident.updates.values_list("plain_en", flat=True)
    public = " ".join([incident.title_en, *said, report.summary_en, report.prevention_en])
    for word in ("Telecom", "carrier", "Carrier", "Government data network"):
        assert word not in public
    assert report.vendor == "Carrier A"


def test_recurrence_is_there_to_be_pointed_out(seeded: Seeded):
    incident = Incident.objects.get(resolved_at=None, services__service__slug="exam-res")
    row = incident.services.get()
    before = queries.earlier([row.service_id], "demand", incident.started_at)
    assert [one.title_en for one in before] == [
        "Secondary-school results: the app stopped, then was slow"
    ]


def test_reports_of_what_was_taken_up_are_handed_in(seeded: Seeded):
    assert ClosingReport.objects.filter(submitted_at=None).count() == 0
    assert ClosingReport.objects.filter(submitted_at__gt=NOW).count() == 0
    for report in ClosingReport.objects.all():
        for text in (report.summary, report.prevention):
            assert text.ar
            assert text.en
    # The last days' are still to be written.
    owing = queries.owing_reports(None)
    assert [one.resolved_at > ago(days=3) for one in owing if one.resolved_at] == [True, True]


def test_the_second_time_nothing_is_added_or_changed(seeded: Seeded, ready: Plan):
    tables = (Incident, ListedService, Update, Entry, Declaration, ClosingReport)
    before = [list(table.objects.order_by("pk").values()) for table in tables]
    seed(now=NOW + timedelta(days=3), folder=ready.folder, base_port=0)
    assert [list(table.objects.order_by("pk").values()) for table in tables] == before


def test_an_older_demo_without_incidents_gets_those_that_fit_its_history(
    seeded: Seeded, ready: Plan
):
    refs = list(Incident.objects.order_by("started_at").values_list("started_at", "title_en"))
    for table in (ClosingReport, Entry, Update, Incident):
        table.objects.all().delete()

    later = seed(now=NOW + timedelta(days=3), folder=ready.folder, base_port=0)

    assert later.added == len(refs)
    again = list(Incident.objects.order_by("started_at").values_list("started_at", "title_en"))
    # The two under way are as of today; what is over is where its outages were.
    assert again[:-2] == refs[:-2]


def test_a_catalogue_that_is_no_longer_the_demos_gets_none(seeded: Seeded, ready: Plan):
    for table in (ClosingReport, Entry, Update, Incident):
        table.objects.all().delete()
    Service.objects.filter(slug="bld-permit").update(slug="building")

    assert seed(now=NOW + timedelta(days=3), folder=ready.folder, base_port=0).added == 0
    assert not Incident.objects.exists()
