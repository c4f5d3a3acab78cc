"""`GET /api/v1/services/`: what is measured and planned of an agency's own services."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Agency
from services.models import Check, Service
from tests.factories import (
    make_agency,
    make_channel,
    make_check,
    make_edge,
    make_location,
    make_service,
)
from tests.maintenance.rows import make_announced
from tests.reports.systems import System, make_token
from tests.statusportal.ops.nation import NOW, make_measured, play

pytestmark = pytest.mark.django_db

LIST = "/api/v1/services/"


@pytest.fixture(autouse=True)
def _somewhere() -> None:
    make_location()


@pytest.fixture
def agency() -> Agency:
    return make_agency(code="MOI")


@pytest.fixture
def system(agency: Agency) -> System:
    return System(make_token(agency)[1], at=NOW)


def read(system: System, path: str = LIST) -> Any:
    answer = system.get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    return json.loads(answer.content)


def test_an_agency_reads_all_its_own_services_and_no_others(system: System, agency: Agency) -> None:
    for visibility in ("public", "agencies", "hidden"):
        make_service(slug=f"own-{visibility}", agency=agency, visibility=visibility)
        theirs = make_service(slug=f"theirs-{visibility}", visibility=visibility)
        # Nor those that its own services need.
        make_edge(upstream=theirs, dependant=Service.objects.get(slug=f"own-{visibility}"))

    found = read(system)

    assert found["as_of"] == "2026-11-22T10:00:00Z"
    assert [(one["slug"], one["visibility"]) for one in found["services"]] == [
        ("own-agencies", "agencies"),
        ("own-hidden", "hidden"),
        ("own-public", "public"),
    ]
    for visibility in ("public", "agencies", "hidden"):
        assert system.get(f"{LIST}theirs-{visibility}/").status_code == 404
    assert system.get(f"{LIST}theirs-hidden/").content == system.get(f"{LIST}nowhere/").content


def test_one_service_is_told_with_channels_checks_and_windows(
    system: System, agency: Agency
) -> None:
    service = make_service(
        slug="visa", agency=agency, name_ar="التأشيرة", name_en="Visa", tier=1, is_shared=True
    )
    check = make_measured(service, name="Front page")
    make_channel(service=service, kind="counter")
    play(check, "oobbb")
    window = make_announced(
        services=[service], starts_at=NOW + timedelta(hours=5), ends_at=NOW + timedelta(hours=6)
    )

    found = read(system, f"{LIST}visa/")

    began_at = "2026-11-22T09:57:01Z"
    assert found == {
        "as_of": "2026-11-22T10:00:00Z",
        "slug": "visa",
        "id": service.public_id,
        "name": {"ar": "التأشيرة", "en": "Visa"},
        "visibility": "public",
        "tier": 1,
        "is_shared": True,
        "measured": "major_outage",
        "channels": [
            {
                "kind": "web",
                "measured": "major_outage",
                "down_since": began_at,
                "checks": [
                    {
                        "id": check.pk,
                        "name": "Front page",
                        "kind": "http",
                        "is_essential": True,
                        "health": "bad",
                        "since": began_at,
                        "seen_at": "2026-11-22T09:59:01Z",
                    }
                ],
            },
            {"kind": "counter", "measured": None, "down_since": None, "checks": []},
        ],
        "windows": [
            {
                "ref": window.ref,
                "state": "upcoming",
                "effect": "stopped",
                "starts_at": "2026-11-22T15:00:00Z",
                "ends_at": "2026-11-22T16:00:00Z",
            }
        ],
    }


def test_what_nobody_looks_at_any_more_is_unknown_here_too(system: System, agency: Agency) -> None:
    service = make_service(slug="visa", agency=agency)
    play(make_measured(service), "ooo")
    assert read(system)["services"][0]["measured"] == "operational"

    system.at = NOW + timedelta(hours=1)

    [one] = read(system)["services"]
    [channel] = read(system, f"{LIST}visa/")["channels"]
    assert one["measured"] == channel["measured"] == "unknown"
    assert channel["checks"][0]["health"] == "unknown"


def test_a_check_over_several_locations_is_judged_by_most_of_them(
    system: System, agency: Agency
) -> None:
    for code in ("second", "third"):
        make_location(code=code)
    check = make_measured(make_service(slug="visa", agency=agency))
    for code, letters in (("main", "bbb"), ("second", "bbb"), ("third", "ooo")):
        play(check, letters, location=code)

    [channel] = read(system, f"{LIST}visa/")["channels"]

    assert channel["checks"][0]["health"] == "bad"


def test_neither_secrets_nor_addresses_of_checks_are_told(system: System, agency: Agency) -> None:
    make_check(
        channel=make_channel(service=make_service(slug="visa", agency=agency)),
        spec={"url": "https://inside.gov.example/"},
        secrets={"Authorization": "hunter2"},
    )
    text = system.get(f"{LIST}visa/").content.decode()
    assert "inside" not in text
    assert "hunter2" not in text


@pytest.mark.parametrize("services", [1, 3])
def test_a_list_takes_as_many_statements_for_many_services_as_for_one(
    system: System, agency: Agency, services: int, django_assert_num_queries: Any
) -> None:
    for number in range(services):
        make_measured(make_service(slug=f"own-{number}", agency=agency))
    read(system)
    with django_assert_num_queries(10):
        assert len(read(system)["services"]) == services


def test_an_agency_without_services_reads_an_empty_list(system: System) -> None:
    assert read(system)["services"] == []
    assert not Check.objects.exists()
