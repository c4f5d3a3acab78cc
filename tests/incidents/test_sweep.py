"""The sweep opens, joins, reopens and ends incidents by what is (rules 13, 17-19)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Role
from core.bilingual import Bilingual
from core.outbox import Event
from incidents import operations, queries, sweeping, telling, updates
from incidents.models import Incident, ListedService
from incidents.refusals import AlreadyAcknowledged, StillFailing
from incidents.updates import NewText
from tests.factories import make_agency, make_edge, make_user
from tests.incidents.world import (
    NOW,
    fails,
    log,
    make_watched,
    minutes,
    sweep,
    the_incident,
    works,
)
from tests.maintenance.rows import make_announced

pytestmark = pytest.mark.django_db

OVER = NewText(Bilingual("عادت الخدمة إلى العمل.", "The service works again."))


def listed() -> set[str]:
    return set(ListedService.objects.values_list("service__slug", flat=True))


def test_while_all_is_well_it_asks_little_and_does_nothing(
    django_assert_num_queries: Any,
) -> None:
    make_watched()
    with django_assert_num_queries(2):
        assert sweeping.sweep(now=NOW) == 0
    assert not Incident.objects.exists()


def test_a_confirmed_outage_opens_one_incident_with_a_notice_in_both_languages() -> None:
    service = make_watched(slug="pass-renew", name_en="Passport renewal", name_ar="تجديد الجواز")
    fails(service)

    assert sweep(minutes(1)) == 1
    assert sweep(minutes(1)) == 0
    assert sweep(minutes(2)) == 0

    incident = the_incident()
    assert incident.phase == "investigating"
    assert incident.started_at == NOW
    assert incident.acknowledged_at is None
    assert incident.agency == service.agency
    assert "Passport renewal" in incident.title_en
    text = incident.updates.get()
    assert text.state == "published"
    assert "<bdi>Passport renewal</bdi>" in text.html_en
    assert "<bdi>تجديد الجواز</bdi>" in text.html_ar
    assert incident.next_update_by is not None
    assert incident.next_update_by > minutes(1)
    assert [event.kind for event in Event.objects.order_by("pk")] == ["incident.opened"]


def test_services_of_one_agency_within_two_minutes_are_one_incident() -> None:
    agency = make_agency()
    first, second, late = (make_watched(agency=agency, slug=s) for s in ("a", "b", "c"))
    other = make_watched(slug="other")
    fails(first)
    fails(other)
    sweep(minutes(0.5))
    fails(second, minutes(1.5))
    sweep(minutes(2))
    fails(late, minutes(3))
    sweep(minutes(4))

    by_agency = {
        frozenset(one.services.values_list("service__slug", flat=True))
        for one in Incident.objects.all()
    }
    assert by_agency == {frozenset({"a", "b"}), frozenset({"c"}), frozenset({"other"})}
    joined = Incident.objects.get(services__service=first)
    assert log(joined) == ["opened", "joined"]
    assert "2 services" in joined.title_en


def test_a_broken_login_is_one_incident_and_its_dependants_have_none() -> None:
    login = make_watched(slug="login", is_shared=True)
    dependants = [make_watched() for _unused in range(3)]
    for one in dependants:
        make_edge(upstream=login, dependant=one)
        fails(one, minutes(0.2))
    fails(login)

    sweep(minutes(1))

    assert listed() == {"login"}
    telling.tell(now=minutes(1))
    telling.tell(now=minutes(6))
    telling.tell(now=minutes(7))
    assert Event.objects.filter(kind="incident.notice").count() == 1


def test_a_dependant_that_stays_broken_gets_its_own_after_its_grace(settings: Any) -> None:
    settings.CHECK_FAST_INTERVAL = timedelta(seconds=10)
    login, stays, mends = (
        make_watched(slug="login", is_shared=True),
        make_watched(slug="stays"),
        make_watched(slug="mends"),
    )
    for one in (stays, mends):
        make_edge(upstream=login, dependant=one)
        fails(one)
    fails(login)
    sweep(minutes(1))
    operations.acknowledge(
        incident_id=the_incident().pk, actor=make_user(Role.OPERATOR), now=minutes(2)
    )
    works(login, minutes(10))
    works(mends, minutes(10.5))
    # One interval of its own (60 s) and one confirmation: 2 × 10 s and 3 timeouts of 10 s.
    sweep(minutes(10) + timedelta(seconds=109))
    assert listed() == {"login"}
    sweep(minutes(10) + timedelta(seconds=110))
    assert listed() == {"login", "stays"}

    row = ListedService.objects.get(service=stays)
    assert row.outage_started_at == NOW
    assert row.cover_ended_at == minutes(10)
    # The login's is not closed yet.
    assert Incident.objects.filter(resolved_at=None).count() == 2


def test_an_upstream_that_fails_shortly_after_takes_in_what_nobody_took_up() -> None:
    login, passport = make_watched(slug="login", is_shared=True), make_watched(slug="passport")
    make_edge(upstream=login, dependant=passport)
    fails(passport)
    sweep(minutes(2))
    assert listed() == {"passport"}
    fails(login, minutes(2))
    sweep(minutes(3))

    taken = Incident.objects.get(services__service=passport)
    own = Incident.objects.get(services__service=login)
    assert taken.absorbed_into == own
    assert taken.phase == "resolved"
    assert log(taken) == ["opened", "absorbed"]
    assert sweep(minutes(4)) == 0


def test_nobody_loses_an_outage_that_began_under_a_window() -> None:
    service = make_watched()
    make_announced(
        services=[service],
        starts_at=NOW - timedelta(hours=1),
        ends_at=minutes(60),
        announced_end_at=minutes(60),
    )
    fails(service, minutes(5))
    sweep(minutes(6))
    sweep(minutes(59))
    assert not Incident.objects.exists()

    sweep(minutes(60))

    row = ListedService.objects.get()
    assert (row.outage_started_at, row.cover_ended_at) == (minutes(5), minutes(60))
    assert the_incident().confirmed_at == minutes(60)


def test_it_ends_by_itself_when_nobody_took_it_up_and_says_so() -> None:
    service = make_watched(name_en="Fines")
    fails(service)
    sweep(minutes(1))
    works(service, minutes(8))
    sweep(minutes(9))

    incident = the_incident()
    assert incident.phase == "resolved"
    assert incident.resolved_by is None
    assert incident.restored_at == minutes(8)
    assert log(incident) == ["opened", "recovered", "resolved"]
    last = incident.updates.order_by("pk").last()
    assert last is not None
    assert last.template == "resolved_itself"
    assert "8 minutes" in last.plain_en


def test_what_somebody_took_up_waits_for_them() -> None:
    service = make_watched()
    fails(service)
    sweep(minutes(1))
    operator = make_user(Role.OPERATOR)
    operations.acknowledge(incident_id=the_incident().pk, actor=operator, now=minutes(2))
    works(service, minutes(8))
    sweep(minutes(9))
    assert the_incident().is_open
    assert the_incident().restored_at == minutes(8)

    fails(service, minutes(12))
    sweep(minutes(13))
    assert the_incident().restored_at is None
    assert log(the_incident()) == ["opened", "acknowledged", "recovered", "relapsed"]


def test_a_new_outage_within_fifteen_minutes_reopens_it_and_a_later_one_does_not() -> None:
    service = make_watched()
    fails(service)
    sweep(minutes(1))
    works(service, minutes(5))
    sweep(minutes(6))
    fails(service, minutes(20))
    sweep(minutes(21))
    assert the_incident().is_open
    assert log(the_incident())[-1] == "reopened"

    works(service, minutes(25))
    sweep(minutes(26))
    fails(service, minutes(42))
    sweep(minutes(43))
    assert Incident.objects.count() == 2


def test_resolving_what_still_fails_takes_a_sentence_and_the_sweep_opens_it_again() -> None:
    service = make_watched()
    fails(service)
    sweep(minutes(1))
    operator, pk = make_user(Role.OPERATOR), the_incident().pk
    operations.acknowledge(incident_id=pk, actor=operator, now=minutes(2))
    operations.change_severity(
        incident_id=pk, severity="P3", reason="Few people use it.", actor=operator, now=minutes(2)
    )
    with pytest.raises(StillFailing):
        operations.resolve(incident_id=pk, text=OVER, actor=operator, now=minutes(2))
    operations.resolve(
        incident_id=pk,
        text=OVER,
        although="The agency tested it by hand.",
        actor=operator,
        now=minutes(2),
    )
    assert not the_incident().is_open

    sweep(minutes(3))

    assert the_incident().is_open
    assert log(the_incident())[-2:] == ["resolved", "reopened"]


def test_getting_worse_is_a_line_and_an_event() -> None:
    service = make_watched(kinds=("web", "app"))
    fails(service, kind="app")
    sweep(minutes(1))
    fails(service, minutes(4), kind="web")
    sweep(minutes(5))
    assert log(the_incident()) == ["opened", "worsened"]
    assert Event.objects.filter(kind="incident.worsened").count() == 1
    assert sweep(minutes(6)) == 0


def test_of_two_who_acknowledge_the_second_is_told_who_was_quicker() -> None:
    fails(make_watched())
    sweep(minutes(1))
    sara = make_user(Role.OPERATOR, first_name="Sara", last_name="Ali")
    operations.acknowledge(incident_id=the_incident().pk, actor=sara, now=minutes(2))
    with pytest.raises(AlreadyAcknowledged, match="Sara Ali"):
        operations.acknowledge(
            incident_id=the_incident().pk, actor=make_user(Role.OPERATOR), now=minutes(2)
        )


def test_silence_is_not_recovery() -> None:
    service = make_watched()
    fails(service)
    sweep(minutes(1))
    assert sweeping.sweep(now=minutes(30)) == 0
    assert the_incident().is_open


def test_the_whole_ladder_in_order() -> None:
    service = make_watched(name_en="Passport renewal")
    fails(service)
    sweep(minutes(1))
    writer, reader = make_user(Role.OPERATOR), make_user(Role.SUPERVISOR)
    pk = the_incident().pk
    operations.acknowledge(incident_id=pk, actor=writer, now=minutes(3))
    for number, phase in enumerate(("identified", "fixing", "monitoring"), start=4):
        text = updates.write(
            incident_id=pk,
            text=NewText(
                Bilingual("نعمل على الأمر.", "We are working on it."),
                phase=phase,
                next_update_by=minutes(60),
            ),
            actor=writer,
            now=minutes(number),
        )
        # A service that nobody can use is a P2: free text is read by two.
        assert text.state == "waiting"
        updates.approve(update_id=text.pk, actor=reader, now=minutes(number))
    works(service, minutes(6.5))
    sweep(minutes(7))
    operations.resolve(incident_id=pk, text=OVER, actor=writer, now=minutes(9))
    assert the_incident().is_open
    updates.approve(
        update_id=the_incident().updates.get(state="waiting").pk, actor=reader, now=minutes(10)
    )

    incident = the_incident()
    assert log(incident) == ["opened", "acknowledged", "recovered", "resolved"]
    phases = list(incident.updates.order_by("published_at").values_list("phase", flat=True))
    assert phases == ["investigating", "identified", "fixing", "monitoring", "resolved"]
    assert not incident.updates.exclude(state="published").exists()
    times = queries.times(incident)
    assert (times.acknowledge, times.first_notice, times.restore, times.total) == (
        timedelta(minutes=2),
        timedelta(seconds=40),
        timedelta(minutes=6.5),
        timedelta(minutes=10),
    )
