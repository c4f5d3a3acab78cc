"""Whatever moment the sweep dies at, the next one finishes its work, and nothing is done twice.

Each place is reached by a real process that ends there at once, as by SIGKILL.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Role
from core import failpoints
from core.outbox import Event
from incidents import operations, sweeping
from incidents.models import Incident
from tests.factories import make_agency, make_edge, make_user
from tests.incidents.dying import KILLED, sweep_and_die
from tests.incidents.world import (
    fails,
    log,
    make_watched,
    minutes,
    seen,
    sweep,
    the_incident,
    works,
)

# Each prepares a nation and says when the sweep comes by that finds something to do in it.


def opening() -> datetime:
    """Two services of an agency fail, and one of them takes in what a dependant had opened."""
    agency = make_agency()
    login = make_watched(agency=agency, slug="login", is_shared=True)
    gate, one = make_watched(agency=agency, slug="gate"), make_watched(slug="one")
    make_edge(upstream=login, dependant=one)
    fails(one)
    sweep(minutes(2))
    fails(login, minutes(2))
    fails(gate, minutes(2))
    return minutes(3)


def joining() -> datetime:
    agency = make_agency()
    first, second = make_watched(agency=agency, slug="a"), make_watched(agency=agency, slug="b")
    fails(first)
    sweep(minutes(0.5))
    fails(second, minutes(1.5))
    return minutes(2)


def reopening() -> datetime:
    service = make_watched(slug="a")
    fails(service)
    sweep(minutes(1))
    works(service, minutes(5))
    sweep(minutes(6))
    fails(service, minutes(20))
    return minutes(21)


def resolving() -> datetime:
    service = make_watched(slug="a")
    fails(service)
    sweep(minutes(1))
    works(service, minutes(8))
    return minutes(9)


def worsening() -> datetime:
    service = make_watched(slug="a", kinds=("web", "app"))
    fails(service, kind="app")
    sweep(minutes(1))
    fails(service, minutes(4), kind="web")
    return minutes(5)


def relapsing() -> datetime:
    service = make_watched(slug="a")
    fails(service)
    sweep(minutes(1))
    operations.acknowledge(
        incident_id=the_incident().pk, actor=make_user(Role.OPERATOR), now=minutes(2)
    )
    works(service, minutes(8))
    sweep(minutes(9))
    fails(service, minutes(12))
    return minutes(13)


# Of each act of the sweep its places, in order.
PLACES: dict[Callable[[], datetime], tuple[str, ...]] = {
    opening: (
        "sweep: before an act",
        "open: before the incident",
        "open: after the incident",
        "open: after a service",
        "open: before the notice",
        "open: after the notice",
        "act: before the row",
        "act: after the row",
        "act: after the line",
        "open: after the event",
        "absorb: before the incident",
        "absorb: after the event",
        "sweep: after an act",
    ),
    joining: (
        "sweep: before an act",
        "join: before the service",
        "join: after the service",
        "act: before the row",
        "act: after the row",
        "act: after the line",
        "join: after the event",
        "sweep: after an act",
    ),
    reopening: (
        "sweep: before an act",
        "reopen: before the service",
        "reopen: after the service",
        "reopen: after the notice",
        "act: before the row",
        "act: after the row",
        "act: after the line",
        "reopen: after the event",
        "sweep: after an act",
    ),
    resolving: (
        "sweep: before an act",
        "recover: before the service",
        "recover: after the service",
        "act: before the row",
        "act: after the row",
        "act: after the line",
        "recover: after the event",
        "sweep: after an act",
        "resolve: before the notice",
        "resolve: after the notice",
        "resolve: after the event",
    ),
    worsening: (
        "sweep: before an act",
        "worsen: before the service",
        "worsen: after the service",
        "worsen: after the notice",
        "act: before the row",
        "act: after the row",
        "act: after the line",
        "worsen: after the event",
        "sweep: after an act",
    ),
    relapsing: (
        "sweep: before an act",
        "relapse: before the service",
        "relapse: after the service",
        "act: before the row",
        "act: after the row",
        "act: after the line",
        "relapse: after the event",
        "sweep: after an act",
    ),
}

# What stands afterwards, whoever did which part of it: of each incident its services, its phase,
# its log, its texts, and the kinds of its Events.
Story = tuple[set[str], str, list[str], list[str], list[str]]
STORIES: dict[Callable[[], datetime], list[Story]] = {
    opening: [
        (
            {"gate", "login"},
            "investigating",
            ["opened"],
            ["holding_shared"],
            ["incident.opened"],
        ),
        (
            {"one"},
            "resolved",
            ["opened", "absorbed"],
            ["holding"],
            ["incident.absorbed", "incident.opened"],
        ),
    ],
    joining: [
        (
            {"a", "b"},
            "investigating",
            ["opened", "joined"],
            ["holding"],
            ["incident.changed", "incident.opened"],
        )
    ],
    reopening: [
        (
            {"a"},
            "investigating",
            ["opened", "recovered", "resolved", "reopened"],
            ["holding", "resolved_itself", "reopened"],
            ["incident.opened", "incident.recovered", "incident.reopened", "incident.resolved"],
        )
    ],
    resolving: [
        (
            {"a"},
            "resolved",
            ["opened", "recovered", "resolved"],
            ["holding", "resolved_itself"],
            ["incident.opened", "incident.recovered", "incident.resolved"],
        )
    ],
    worsening: [
        (
            {"a"},
            "investigating",
            ["opened", "worsened"],
            ["partial", "holding"],
            ["incident.opened", "incident.worsened"],
        )
    ],
    relapsing: [
        (
            {"a"},
            "investigating",
            ["opened", "acknowledged", "recovered", "relapsed"],
            ["holding"],
            [
                "incident.acknowledged",
                "incident.notice",
                "incident.opened",
                "incident.recovered",
                "incident.worsened",
            ],
        )
    ],
}


def stories() -> list[Story]:
    """Every incident, as STORIES tells them."""
    found = []
    for one in Incident.objects.all():
        events = Event.objects.filter(payload__ref=one.ref).order_by("kind")
        found.append(
            (
                set(one.services.values_list("service__slug", flat=True)),
                one.phase,
                log(one),
                list(one.updates.order_by("pk").values_list("template", flat=True)),
                list(events.values_list("kind", flat=True)),
            )
        )
    return sorted(found, key=lambda story: sorted(story[0]))


# How an act is written is the same code for all of them: one dies there.
KILLS = [
    pytest.param(act, place, id=f"{act.__name__}, {place}")
    for act, places in PLACES.items()
    for place in places
    if act is opening or not place.startswith(("sweep", "act"))
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("act", "place"), KILLS)
def test_a_sweep_that_dies_is_finished_by_the_next_one(
    act: Callable[[], datetime], place: str
) -> None:
    now = act()
    seen(now)

    assert sweep_and_die(place, now) == KILLED

    sweeping.sweep(now=now)
    assert stories() == STORIES[act]
    assert sweeping.sweep(now=now) == 0


@pytest.mark.django_db(transaction=True)
def test_without_its_transaction_a_death_would_leave_half_of_it() -> None:
    now = joining()
    fails(make_watched(slug="c"), minutes(1))
    seen(now)
    place = "open: after the incident"
    assert sweep_and_die(place, now, is_atomic=False) == KILLED
    sweeping.sweep(now=now)
    # An incident that was never opened, without a text and without an Event of its own.
    assert ({"c"}, "investigating", ["joined"], [], ["incident.changed"]) in stories()


@pytest.mark.django_db
@pytest.mark.parametrize("act", PLACES)
def test_the_places_are_all_that_an_act_comes_by(
    act: Callable[[], datetime], monkeypatch: Any
) -> None:
    now = act()
    monkeypatch.setattr(failpoints, "_known", set())
    sweep(now)
    assert failpoints.reached() == set(PLACES[act])
    assert stories() == STORIES[act]


def test_no_place_of_the_sweep_is_left_out() -> None:
    package = Path(sweeping.__file__).parent
    written = {
        name
        for path in package.rglob("*.py")
        for name in re.findall(r'failpoint\("([^"]+)"\)', path.read_text())
    }
    assert written == {place for places in PLACES.values() for place in places}
