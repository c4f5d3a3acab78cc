"""Whom planned work reaches, by which channel, and what becomes of it (rules 10, 12 and 14)."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import override

from maintenance.admin.impact import impact_of
from services.models import Channel, Service
from services.status.window import WindowEffect
from tests.factories import make_channel, make_edge, make_service

pytestmark = pytest.mark.django_db

STOPPED, SLOW, NONE = WindowEffect.STOPPED, WindowEffect.SLOW, WindowEffect.NONE


@pytest.fixture
def login() -> Service:
    service = make_service(slug="login", name_en="Login", is_shared=True)
    make_channel(service=service, kind="web")
    return service


def passport() -> tuple[Service, Channel, Channel]:
    """A service with a web site and an app."""
    service = make_service(slug="passport", name_en="Passports")
    return (
        service,
        make_channel(service=service, kind="web"),
        make_channel(service=service, kind="app", position=1),
    )


def said(*services: Any, effect: WindowEffect = STOPPED) -> list[str]:
    """What the panel says, service by service; each of `services` is one, or one with channels."""
    lines = [one if isinstance(one, tuple) else (one, ()) for one in services]
    impact = impact_of(lines, effect)
    with override("en"):
        return [f"{hit.name}: {hit.words}" for agency in impact.agencies for hit in agency.hits]


def test_an_edge_that_names_no_channel_reaches_all_of_them(login: Service) -> None:
    service, _web, _app = passport()
    make_edge(upstream=login, dependant=service)
    assert said(login) == [
        "Login: Under planned maintenance",
        "Passports: Under planned maintenance",
    ]


def test_an_edge_that_names_a_channel_reaches_that_one_and_the_rest_goes_on(login: Service) -> None:
    service, _web, app = passport()
    make_edge(upstream=login, dependant=service, channel=app)
    assert said(login) == [
        "Login: Under planned maintenance",
        "Passports: Under planned maintenance, partly (Mobile app)",
    ]


def test_where_every_channel_has_its_edge_all_of_it_is_reached(login: Service) -> None:
    service, web, app = passport()
    make_edge(upstream=login, dependant=service, channel=app)
    make_edge(upstream=login, dependant=service, channel=web, kind="soft")
    # The web site is only degraded: the worst known is said of the whole (rule 10).
    assert said(login)[1:] == ["Passports: Under planned maintenance"]


@pytest.mark.parametrize(
    ("kind", "effect", "words"),
    [
        ("hard", STOPPED, "Under planned maintenance, partly (Mobile app)"),
        ("hard", SLOW, "Degraded, partly (Mobile app)"),
        ("soft", STOPPED, "Degraded, partly (Mobile app)"),
        ("alternative", STOPPED, "Degraded, partly (Mobile app)"),
        ("soft", SLOW, "a note only"),
    ],
)
def test_what_one_channel_feels_follows_the_kind_of_its_edge(
    login: Service, kind: str, effect: WindowEffect, words: str
) -> None:
    service, _web, app = passport()
    make_edge(upstream=login, dependant=service, channel=app, kind=kind)
    assert said(login, effect=effect)[1:] == [f"Passports: {words}"]


def test_what_needs_a_service_that_is_partly_reached_feels_the_whole_of_that(
    login: Service,
) -> None:
    # An edge carries the status of the service (rule 12), whichever of its channels it comes from.
    service, _web, app = passport()
    make_edge(upstream=login, dependant=service, channel=app)
    make_edge(upstream=service, dependant=make_service(name_en="Visas"))
    assert said(login)[2:] == ["Visas: Under planned maintenance"]


def test_of_two_ways_the_worse_one_counts_and_each_service_stands_once(login: Service) -> None:
    service, _web, app = passport()
    between = make_service(slug="before-passport", name_en="Payments")
    make_edge(upstream=login, dependant=between)
    make_edge(upstream=login, dependant=service, channel=app, kind="soft")
    make_edge(upstream=between, dependant=service)
    assert said(login) == [
        "Login: Under planned maintenance",
        "Payments: Under planned maintenance",
        "Passports: Under planned maintenance",
    ]


def test_work_on_one_channel_is_said_so_and_what_needs_it_feels_the_status() -> None:
    service, _web, app = passport()
    make_edge(upstream=service, dependant=make_service(name_en="Visas"))
    assert said((service, [app])) == [
        "Passports: Under planned maintenance, partly (Mobile app)",
        "Visas: Under planned maintenance",
    ]


def test_a_service_that_is_worked_on_and_needs_another_one_feels_the_worse_of_both(
    login: Service,
) -> None:
    service, _web, app = passport()
    make_edge(upstream=login, dependant=service)
    found = said((service, [app]), login)
    assert found == [
        "Passports: Under planned maintenance",
        "Login: Under planned maintenance",
    ]


def test_work_without_effect_reaches_nobody(login: Service) -> None:
    service, _web, _app = passport()
    make_edge(upstream=login, dependant=service)
    assert said(login, effect=NONE) == ["Login: no effect"]


@pytest.mark.parametrize("number", [1, 3])
def test_it_takes_a_query_for_each_step_down_and_one_for_channels(
    login: Service, number: int, django_assert_num_queries: Any
) -> None:
    for _dependant in range(number):
        service = make_service()
        make_edge(upstream=login, dependant=service)
        make_edge(upstream=service, dependant=make_service())
    # Two steps, one more that finds nothing, and the channels.
    with django_assert_num_queries(4):
        impact = impact_of([(login, ())], STOPPED)
    assert impact.derived == 2 * number
