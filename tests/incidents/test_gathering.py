"""What the sweep asks of the database, and what it must not forget."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.outbox import Event
from incidents import sweeping
from incidents.gathering import gather
from incidents.models import Incident, ListedService
from incidents.outages import Outage
from incidents.triage import Worsen
from services.models import Channel, CheckState, Edge, Service, StatusChange
from services.status.health import CheckHealth, Health
from tests.factories import make_agency, make_check, make_edge, make_location
from tests.incidents.world import (
    NOW,
    fails,
    log,
    make_watched,
    minutes,
    put,
    seen,
    sweep,
    the_incident,
    works,
)
from tests.maintenance.rows import make_announced

pytestmark = pytest.mark.django_db


def statements(act: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as asked:
        act()
    return len(asked)


def make_troubled(number: int) -> list[Service]:
    """Services that fail, each of an agency of its own, with an upstream and a window to come."""
    found = [make_watched() for _number in range(number)]
    for one in found:
        make_edge(upstream=make_watched(), dependant=one)
        make_announced(services=[one], starts_at=minutes(-90), ends_at=minutes(-60))
        fails(one)
    return found


# --- how much is asked ----------------------------------------------------------------------------


def test_a_quiet_nation_is_two_statements_however_many_services_it_has() -> None:
    for _number in range(3):
        make_watched()
    assert statements(lambda: gather(now=NOW)) == 2
    assert statements(lambda: sweeping.sweep(now=NOW)) == 2


@pytest.mark.parametrize("number", [1, 3])
def test_looking_costs_the_same_for_one_and_for_three(number: int) -> None:
    make_troubled(number)
    seen(minutes(1))
    # Who is in trouble, what is open, seven of the nation, three of windows.
    assert statements(lambda: gather(now=minutes(1))) == 12

    sweeping.sweep(now=minutes(1))
    assert Incident.objects.count() == number
    # Also what they list, in which channels, and what is declared.
    assert statements(lambda: gather(now=minutes(1))) == 15
    assert statements(lambda: sweeping.sweep(now=minutes(1))) == 15


# --- what must not be forgotten -------------------------------------------------------------------


def test_what_was_taken_in_long_ago_and_parted_from_its_upstream_gets_its_own() -> None:
    login, passport = make_watched(slug="login"), make_watched(slug="passport")
    make_edge(upstream=login, dependant=passport)
    fails(passport)
    sweep(minutes(2))
    fails(login, minutes(2))
    sweep(minutes(3))
    assert ListedService.objects.get(service=passport).incident.absorbed_into is not None

    # Nobody swept for two days, and meanwhile somebody found that it does not need the login.
    Edge.objects.all().delete()
    later = minutes(3) + timedelta(days=2)
    assert sweep(later) == 1

    own = Incident.objects.get(services__service=passport, resolved_at=None)
    row = own.services.get()
    assert (row.outage_started_at, row.cover_ended_at) == (NOW, minutes(3))
    assert sweep(later + timedelta(seconds=2)) == 0


def test_an_end_that_nobody_remembers_is_found_by_the_row_of_its_outage() -> None:
    service = make_watched()
    fails(service)
    sweep(minutes(1))
    Incident.objects.update(phase="resolved", resolved_at=minutes(30))

    assert sweep(minutes(30) + timedelta(days=3)) == 1

    assert the_incident().is_open
    assert log(the_incident()) == ["opened", "reopened"]


def test_a_login_that_is_slow_on_its_way_back_still_explains_what_follows_it() -> None:
    login, passport = make_watched(slug="login"), make_watched(slug="passport")
    make_edge(upstream=login, dependant=passport)
    fails(login)
    fails(passport)
    sweep(minutes(1))
    put(login, CheckHealth.SLOW, since=minutes(10))
    works(login, minutes(10.5))
    # Within one interval and one confirmation time of the moment from which it could be used.
    sweep(minutes(11))
    assert [row.service for row in ListedService.objects.all()] == [login]


def test_announced_work_covers_an_outage_although_a_lesser_check_was_bad_before_it() -> None:
    service = make_watched()
    fails(service)
    lesser = make_check(channel=Channel.objects.get(service=service), is_essential=False)
    CheckState.objects.create(
        check_ref=lesser,
        location=make_location(),
        health=CheckHealth.BAD,
        since=minutes(-600),
        last_started_at=NOW,
    )
    StatusChange.objects.create(
        service=service,
        channel=lesser.channel,
        check_ref=lesser,
        location=make_location(),
        from_health=CheckHealth.OK,
        to_health=CheckHealth.BAD,
        at=minutes(-600),
        confirmed_at=minutes(-599),
    )
    make_announced(services=[service], starts_at=minutes(-60), ends_at=minutes(60))
    assert sweep(minutes(1)) == 0


# --- one Event for each ---------------------------------------------------------------------------


def test_two_that_join_and_two_that_recover_at_one_instant_are_an_event_each() -> None:
    agency = make_agency()
    first, second, third = (make_watched(agency=agency) for _number in range(3))
    fails(first)
    sweep(minutes(0.5))
    fails(second, minutes(1))
    fails(third, minutes(1))
    assert sweep(minutes(2)) == 2
    assert Event.objects.filter(kind="incident.changed").count() == 2

    for one in (first, second, third):
        works(one, minutes(8))
    sweep(minutes(9))
    told = Event.objects.filter(kind="incident.recovered").values_list("payload", flat=True)
    assert {payload["service"] for payload in told} == {
        one.public_id for one in (first, second, third)
    }
    assert Event.objects.filter(kind="incident.resolved").count() == 1


def test_a_sweep_that_looked_earlier_makes_nothing_milder_again() -> None:
    service = make_watched(kinds=("web", "app"))
    fails(service)
    fails(service, kind="app")
    sweep(minutes(1))
    stale = Outage(str(service.pk), service.agency_id, NOW, NOW, Health.PARTIAL_OUTAGE, frozenset())
    act = Worsen(the_incident().pk, stale)
    assert sweeping._do(act, gather(now=minutes(1)), minutes(1)) is False
    assert ListedService.objects.get().told_health == "major_outage"
