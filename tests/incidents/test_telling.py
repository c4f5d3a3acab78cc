"""What the clock alone makes happen to incidents, and what subscribers hear, once each."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import Role, User
from core.bilingual import Bilingual
from core.outbox import Event
from incidents import operations, telling, texts, updates
from incidents.models import ClosingReport, Incident
from incidents.texts import Template
from incidents.updates import NewText
from tests.factories import make_agency, make_edge, make_user
from tests.incidents.world import (
    fails,
    make_watched,
    minutes,
    sweep,
    the_incident,
    works,
)

pytestmark = pytest.mark.django_db

OVER = NewText(Bilingual("عادت الخدمة إلى العمل.", "The service works again."))
SAID = NewText(
    Bilingual("نعمل على الأمر.", "We are working on it."),
    phase="identified",
    next_update_by=minutes(40),
)


@pytest.fixture
def operator() -> User:
    return make_user(Role.OPERATOR)


@pytest.fixture
def incident() -> Incident:
    """A P2 that the sweep opened a minute after NOW."""
    fails(make_watched())
    sweep(minutes(1))
    found = the_incident()
    assert found.severity == "P2"
    return found


def notices() -> list[tuple[str, datetime]]:
    """What subscribers were told: the phase of each text, and when."""
    found = []
    for event in Event.objects.filter(kind="incident.notice").order_by("pk"):
        incident = Incident.objects.get(ref=event.payload["ref"])
        found.append((incident.updates.get(pk=event.payload["update"]).phase, event.at))
    return found


def clock_events() -> list[tuple[str, str, datetime]]:
    """What was told of clocks: to whom, of which clock, since when."""
    return [
        (event.kind.removeprefix("incident."), event.payload["clock"], event.at)
        for event in Event.objects.filter(
            kind__in=("incident.due_soon", "incident.overdue")
        ).order_by("at", "pk")
    ]


# --- what subscribers hear (rule 19) --------------------------------------------------------------


@pytest.mark.parametrize(
    ("minute", "expected"), [(1, []), (5.99, []), (6, ["investigating"]), (60, ["investigating"])]
)
def test_an_automatic_notice_reaches_subscribers_after_five_minutes(
    incident: Incident, minute: float, expected: list[str]
) -> None:
    telling.tell(now=minutes(minute))
    telling.tell(now=minutes(minute))
    assert [phase for phase, _at in notices()] == expected


def test_whoever_acknowledges_lets_it_out_at_once_and_once(
    incident: Incident, operator: User
) -> None:
    operations.acknowledge(incident_id=incident.pk, actor=operator, now=minutes(2))
    assert notices() == [("investigating", minutes(2))]
    telling.tell(now=minutes(7))
    assert notices() == [("investigating", minutes(2))]


def test_after_five_minutes_acknowledging_tells_it_no_second_time(
    incident: Incident, operator: User
) -> None:
    telling.tell(now=minutes(6))
    operations.acknowledge(incident_id=incident.pk, actor=operator, now=minutes(7))
    assert notices() == [("investigating", minutes(6))]


def test_what_a_person_wrote_takes_the_place_of_the_automatic_notice(
    incident: Incident, operator: User
) -> None:
    Incident.objects.update(severity="P3")
    updates.write(incident_id=incident.pk, text=SAID, actor=operator, now=minutes(3))
    telling.tell(now=minutes(7))
    assert notices() == [("identified", minutes(3))]


def test_what_is_over_within_five_minutes_woke_nobody_up() -> None:
    service = make_watched()
    fails(service)
    sweep(minutes(1))
    works(service, minutes(4))
    sweep(minutes(5))
    telling.tell(now=minutes(7))
    assert notices() == []

    # It comes back, and stays: now they hear of it.
    fails(service, minutes(8))
    sweep(minutes(9))
    telling.tell(now=minutes(13))
    assert notices() == []
    telling.tell(now=minutes(14))
    assert notices() == [("investigating", minutes(14))]


def test_whoever_heard_that_it_failed_hears_that_it_is_over() -> None:
    service = make_watched()
    fails(service)
    sweep(minutes(1))
    telling.tell(now=minutes(6))
    works(service, minutes(8))
    sweep(minutes(9))
    telling.tell(now=minutes(20))
    assert notices() == [("investigating", minutes(6)), ("resolved", minutes(9))]


def test_without_holding_notices_nobody_is_told_before_a_person_writes(
    settings: Any, operator: User
) -> None:
    settings.INCIDENT_HOLDING_NOTICES = False
    service = make_watched()
    fails(service)
    sweep(minutes(1))
    operations.acknowledge(incident_id=the_incident().pk, actor=operator, now=minutes(2))
    telling.tell(now=minutes(10))
    assert notices() == []
    assert the_incident().first_notice_at is None


# --- clocks (docs/clocks.md) ----------------------------------------------------------------------


def test_each_clock_warns_and_runs_out_once() -> None:
    fails(make_watched())
    sweep(minutes(1))
    # P2: 20 minutes to acknowledge, warned with half of them left. What the notice promised, 12:00,
    # is sooner than two hours after it; a sixth of that time before it the operators hear.
    assert the_incident().next_update_by == minutes(120)
    for minute in (1, 10, 11, 12, 20, 21, 22, 100, 101, 119, 120, 121, 129):
        telling.tell(now=minutes(minute))

    assert clock_events() == [
        ("due_soon", "acknowledge", minutes(11)),
        ("overdue", "acknowledge", minutes(21)),
        ("due_soon", "update", minutes(1) + timedelta(minutes=119) * 5 / 6),
        ("overdue", "update", minutes(120)),
    ]


def test_workers_that_were_away_tell_late_what_ran_out_and_warn_of_nothing_past(
    incident: Incident,
) -> None:
    assert telling.tell(now=minutes(130)) == 3
    assert clock_events() == [
        ("overdue", "acknowledge", minutes(21)),
        ("overdue", "update", minutes(120)),
    ]
    assert len(notices()) == 1
    assert telling.tell(now=minutes(140)) == 0


def test_a_clock_event_names_the_incident_its_severity_and_when_it_ran_out(
    incident: Incident,
) -> None:
    telling.tell(now=minutes(11))
    payload = Event.objects.get(kind="incident.due_soon").payload
    assert payload["ref"] == incident.ref
    assert payload["severity"] == "P2"
    assert payload["clock"] == "acknowledge"
    assert payload["due_at"] == "2026-11-22T10:11:00Z"


def test_the_closing_report_is_owed_by_what_was_resolved_and_by_nothing_taken_in(
    operator: User,
) -> None:
    login, passport = make_watched(slug="login"), make_watched(slug="passport")
    make_edge(upstream=login, dependant=passport)
    fails(passport)
    sweep(minutes(2))
    fails(login, minutes(2))
    sweep(minutes(3))
    taken = Incident.objects.get(services__service=passport)
    assert taken.absorbed_into is not None
    works(login, minutes(5))
    works(passport, minutes(5))
    sweep(minutes(6))
    own = Incident.objects.get(services__service=login)
    assert not own.is_open

    telling.tell(now=minutes(6) + timedelta(days=30))

    owed = Event.objects.filter(kind="incident.overdue").values_list("payload", flat=True)
    assert [(one["ref"], one["clock"]) for one in owed] == [(own.ref, "report")]


def test_a_report_that_was_handed_in_is_not_asked_for(incident: Incident, operator: User) -> None:
    operations.resolve(
        incident_id=incident.pk,
        text=NewText(texts.TEMPLATES[Template.RESTORED]),
        although="Seen by hand.",
        actor=operator,
        now=minutes(10),
    )
    ClosingReport.objects.create(
        incident=incident,
        cause_class="software",
        saved_at=minutes(20),
        submitted_at=minutes(20),
        submitted_by=operator,
    )
    telling.tell(now=minutes(20) + timedelta(days=60))
    assert clock_events() == []


def test_an_announcement_is_held_to_what_it_promised(operator: User) -> None:
    operations.open_(
        kind="announcement",
        services={},
        agency_id=make_agency().pk,
        title=Bilingual("إعلان", "Announcement"),
        text=NewText(
            Bilingual("تُنقل المكاتب.", "The offices are moving."), next_update_by=minutes(60)
        ),
        actor=operator,
        now=minutes(0),
    )
    telling.tell(now=minutes(60))
    assert clock_events() == [("overdue", "update", minutes(60))]


def test_the_demos_incidents_of_the_past_alarm_nobody(incident: Incident) -> None:
    Incident.objects.update(is_demo=True)
    telling.tell(now=minutes(600))
    assert clock_events() == []


# --- how much is asked ----------------------------------------------------------------------------


def test_telling_costs_the_same_for_one_and_for_three(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        telling.tell(now=minutes(0))
    for more in (1, 2):
        for _number in range(more):
            fails(make_watched())
        sweep(minutes(1))
        telling.tell(now=minutes(30))
        # Incidents, office hours, what was told; notices that wait, what was told.
        with django_assert_num_queries(5):
            telling.tell(now=minutes(30))
    assert Incident.objects.count() == 3
