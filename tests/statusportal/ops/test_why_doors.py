"""Who may see why a service is what it is, how they come there, what it costs."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from services.models import Check, Service
from tests.admin_pages import browser, page_text
from tests.factories import make_edge, make_location, make_service, make_user
from tests.statusportal.ops.nation import get, make_measured, path, play, publish


@pytest.mark.parametrize("role", list(Role))
def test_whoever_may_ask_why_may_look(passport: Service, role: Role) -> None:
    person = make_user(role, passport.agency if role.value.startswith("agency_") else None)

    assert browser(person).get(path(passport)).status_code == 200


@pytest.mark.parametrize("role", [Role.AGENCY_STAFF, Role.AGENCY_PUBLISHER, None])
def test_for_staff_of_another_agency_the_page_is_not_there(
    passport: Service, role: Role | None
) -> None:
    assert browser(make_user(role)).get(path(passport)).status_code == 404


def test_a_service_that_is_not_there_is_not_found(at_one_o_clock: None) -> None:
    assert browser(make_user(Role.OPERATOR)).get("/ops/services/gone/why/").status_code == 404


@pytest.mark.parametrize("fields", [{"is_staff": False}, {"is_active": False}, None])
def test_whoever_is_not_staff_is_sent_to_sign_in(
    passport: Service, fields: dict[str, Any] | None
) -> None:
    client = Client() if fields is None else browser(make_user(Role.OPERATOR, **fields))

    response = client.get(path(passport))

    assert response.status_code == 302
    assert response["Location"] == f"{reverse('account_login')}?next={path(passport)}"


def test_an_upstream_is_a_link_only_for_whoever_may_open_it(
    passport: Service, check: Check
) -> None:
    login = make_service(slug="login", name_en="National login")
    own = make_service(slug="own-upstream", agency=passport.agency)
    for upstream in (login, own):
        make_edge(upstream=upstream, dependant=passport)
    publish()

    agency = browser(make_user(Role.AGENCY_STAFF, passport.agency)).get(path(passport))
    authority = browser(make_user(Role.AUDITOR)).get(path(passport))

    assert "National login" in page_text(agency)
    assert [path(each).encode() in agency.content for each in (login, own)] == [False, True]
    assert [path(each).encode() in authority.content for each in (login, own)] == [True, True]


def test_it_shows_neither_secrets_nor_what_is_asked(passport: Service) -> None:
    check = make_measured(
        passport,
        secrets={"Authorization": "Bearer very-secret"},
        spec={"url": "https://10.20.30.40/health?key=also-secret"},
    )
    play(check, "oobbb")
    publish()

    content = get(passport).content.decode()

    for secret in ("very-secret", "also-secret", "10.20.30.40", "Authorization"):
        assert secret not in content


def test_it_is_read_only_and_kept_by_nobody(passport: Service) -> None:
    client = browser(make_user(Role.OPERATOR))

    assert client.post(path(passport)).status_code == 405
    cached = client.get(path(passport))["Cache-Control"]
    assert "no-store" in cached
    assert "private" in cached


def test_the_admin_page_of_a_service_leads_here(passport: Service) -> None:
    client = browser(make_user(Role.ADMINISTRATOR))

    page = client.get(reverse("admin:services_service_change", args=[passport.pk]))

    assert f'href="{path(passport)}"' in page.content.decode()


@pytest.mark.parametrize("checks", [1, 3])
def test_it_takes_as_many_statements_for_many_checks_as_for_one(
    passport: Service, checks: int, django_assert_num_queries: Any
) -> None:
    make_location(code="south", name_en="South")
    make_edge(upstream=make_service(slug="login"), dependant=passport)
    for kind in ("web", "app", "kiosk")[:checks]:
        check = make_measured(passport, kind)
        play(check, "oobbb")
        play(check, "oobbb", location="south")
    publish()
    client = browser(make_user(Role.AGENCY_STAFF, passport.agency))

    # Session, person, roles; the service with channels, checks and states; locations, doubts,
    # last changes, observations twice; whose the upstreams are.
    with django_assert_num_queries(13):
        assert client.get(path(passport)).status_code == 200
