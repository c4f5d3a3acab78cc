"""The Statuspage v2 documents: their schema, and how our words become theirs."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest
import time_machine
from django.test import Client
from django.utils import translation

from services.status.headline import Headline, HeadlineKind
from services.status.health import CheckHealth
from services.status.observation import Reason
from statusportal.public import api_shape
from statusportal.public.api_shape import DOCUMENTS
from statusportal.public.shape import ServiceFact
from statusportal.public.store import store
from tests.statusportal.public import planned
from tests.statusportal.public.answered import HARMLESS, HOSTILE, document, services
from tests.statusportal.public.everything import everything
from tests.statusportal.public.incidents import HOUR
from tests.statusportal.public.planned import with_windows
from tests.statusportal.public.snapshots import (
    ALL_WELL,
    BAD,
    NOW,
    SLOW,
    UNSPOKEN,
    many,
    snapshot,
)

pytestmark = pytest.mark.usefixtures("at_one_o_clock")
SCHEMA = json.loads(
    (Path(__file__).parents[3] / "docs" / "api-v2.schema.json").read_text(encoding="utf-8")
)


@pytest.fixture
def all_of_it() -> None:
    store.hold(everything())


# --- the schema ---------------------------------------------------------------------------------


def test_the_schema_is_one_and_has_every_document() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    assert set(SCHEMA["documents"]) == set(DOCUMENTS)


@pytest.mark.usefixtures("all_of_it")
@pytest.mark.parametrize("query", ["", "?lang=ar", "?agency=MOI", "?agency=NDS&lang=ar"])
@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_document_is_as_the_schema_says(client: Client, path: str, query: str) -> None:
    schema = SCHEMA["documents"][path] | {"$defs": SCHEMA["$defs"]}
    errors = jsonschema.Draft202012Validator(schema).iter_errors(document(client, path, query))

    assert [f"{error.json_path}: {error.message}" for error in errors] == []


@pytest.mark.usefixtures("all_of_it")
def test_what_the_schema_was_held_against_has_every_word_of_v2(client: Client) -> None:
    components = document(client, "components.json")["components"]
    notices = document(client, "incidents.json")["incidents"]
    windows = document(client, "scheduled-maintenances.json")["scheduled_maintenances"]

    assert {one["group"] for one in components} == {True, False}
    assert {one["status"] for one in notices} == {
        "investigating",
        "identified",
        "monitoring",
        "resolved",
        "postmortem",
    }
    assert {one["impact"] for one in notices} == {"critical", "major", "minor", "none"}
    assert {one["status"] for one in windows} == {"scheduled", "in_progress", "completed"}


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_nation_without_anything_to_tell_is_as_the_schema_says(client: Client, path: str) -> None:
    store.hold(snapshot(ALL_WELL))
    schema = SCHEMA["documents"][path] | {"$defs": SCHEMA["$defs"]}

    jsonschema.Draft202012Validator(schema).validate(document(client, path))


# --- the page, the status -----------------------------------------------------------------------


@pytest.mark.usefixtures("all_of_it")
def test_the_page_is_the_portal_or_one_agency(client: Client) -> None:
    whole = document(client, "status.json")["page"]
    agency = document(client, "status.json", "?agency=MOI&lang=ar")["page"]

    assert whole | {"id": ""} == {
        "id": "",
        "name": "Status of government services",
        "url": "https://status.gov.example",
        "time_zone": "Asia/Bahrain",
        "updated_at": "2026-11-22T10:00:00.000Z",
    }
    assert agency["name"] == "وزارة الداخلية"
    assert agency["url"] == "https://status.gov.example/ar/agencies/MOI/"
    assert agency["id"] != whole["id"]


@pytest.mark.parametrize(
    ("found", "indicator", "description"),
    [
        (Headline(HeadlineKind.MAJOR, major_outage=1), "critical", "Major Service Outage"),
        (Headline(HeadlineKind.PARTIAL, major_outage=1), "major", "Partial System Outage"),
        (Headline(HeadlineKind.PROBLEMS, partial_outage=1), "minor", "Minor Service Outage"),
        (Headline(HeadlineKind.PROBLEMS, degraded=1), "minor", "Partially Degraded Service"),
        (Headline(HeadlineKind.BLIND, unknown=9), "minor", "Partially Degraded Service"),
        (Headline(HeadlineKind.MAINTENANCE), "maintenance", "Service Under Maintenance"),
        (Headline(HeadlineKind.NONE, operational=9), "none", "All Systems Operational"),
        # Rule 21 changes no headline for a few of them; it is no reason to say that all is well.
        (Headline(HeadlineKind.NONE, unknown=1), "none", "Partially Degraded Service"),
    ],
)
def test_the_headline_becomes_an_indicator_and_a_sentence(
    found: Headline, indicator: str, description: str
) -> None:
    assert found.indicator == indicator
    with translation.override("en"):
        assert api_shape.description(found) == description


def test_an_agency_has_a_status_over_its_own_services(client: Client) -> None:
    store.hold(snapshot({"fines": SLOW}))

    assert document(client, "status.json", "?agency=MOI")["status"]["indicator"] == "minor"
    assert document(client, "status.json", "?agency=NDS")["status"] == {
        "indicator": "none",
        "description": "All Systems Operational",
    }


def test_an_agency_that_nobody_monitors_is_not_green(client: Client) -> None:
    built = snapshot(dict.fromkeys(ALL_WELL))
    store.hold(built)

    found = document(client, "summary.json", "?agency=MOI")
    assert found["components"] == []
    assert found["status"]["indicator"] == "minor"


# --- components ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("all_of_it")
def test_agencies_are_groups_and_their_services_stand_behind_them(client: Client) -> None:
    components = document(client, "components.json")["components"]

    assert [(one["slug"], one["group"], one["position"]) for one in components] == [
        ("MOI", True, 1),
        ("passport", False, 1),
        ("visa", False, 2),
        ("fines", False, 3),
        ("permits", False, 4),
        ("NDS", True, 2),
        ("login", False, 1),
    ]
    header, *members = components[:5]
    assert header["components"] == [one["id"] for one in members]
    assert header["group_id"] is None
    assert {one["group_id"] for one in members} == {header["id"]}
    # The stable id, which survives a new slug.
    assert members[0]["id"] == "id-passport"


@pytest.mark.usefixtures("all_of_it")
def test_an_agencys_page_has_its_own_components_alone(client: Client) -> None:
    whole, own = document(client, "summary.json"), document(client, "summary.json", "?agency=NDS")

    assert [one["slug"] for one in own["components"]] == ["NDS", "login"]
    assert services(own)["login"]["id"] == services(whole)["login"]["id"]
    assert {one["page_id"] for one in own["components"]} == {own["page"]["id"]}


@pytest.mark.parametrize(
    ("measured", "status"),
    [
        ((CheckHealth.OK, Reason.OK), "operational"),
        (SLOW, "degraded_performance"),
        (BAD, "major_outage"),
        ((CheckHealth.UNKNOWN, Reason.OK), "degraded_performance"),
    ],
)
def test_what_is_measured_becomes_a_word_of_v2(
    client: Client, measured: tuple[CheckHealth, Reason], status: str
) -> None:
    store.hold(snapshot({"fines": measured}))

    assert services(document(client, "components.json"))["fines"]["status"] == status


def test_planned_work_is_maintenance(client: Client) -> None:
    store.hold(with_windows(planned.RUNNING))

    assert (
        services(document(client, "components.json"))["passport"]["status"] == "under_maintenance"
    )


@pytest.mark.usefixtures("all_of_it")
def test_silence_is_degraded_and_says_so(client: Client) -> None:
    permits = services(document(client, "components.json"))["permits"]

    assert permits["status"] == "degraded_performance"
    assert permits["description"] == (
        "We cannot say whether you can use this service now. There has been no information since"
        " \u206812:00 on Sunday 22 November 2026\u2069."
    )
    arabic = services(document(client, "components.json", "?lang=ar"))["permits"]
    assert arabic["name"] == "تصاريح البناء"
    assert "12:00" in arabic["description"]
    assert arabic["description"].isascii() is False


def test_everything_turns_unknown_when_no_worker_is_left(client: Client) -> None:
    store.hold(snapshot(ALL_WELL))
    with time_machine.travel(NOW + 2 * HOUR, tick=False):
        found = document(client, "summary.json")

    assert {one["status"] for one in found["components"]} == {"degraded_performance"}
    assert found["status"]["indicator"] == "minor"
    assert found["page"]["updated_at"] == "2026-11-22T10:00:00.000Z"
    group = found["components"][0]
    assert group["description"] == "No recent information about 3 services"


@pytest.mark.usefixtures("all_of_it")
@pytest.mark.parametrize("query", ["", "?lang=ar", "?agency=MOI"])
@pytest.mark.parametrize("path", DOCUMENTS)
def test_nothing_that_is_not_public_is_named(client: Client, path: str, query: str) -> None:
    body = json.dumps(document(client, path, query), ensure_ascii=False)

    assert [name for name in UNSPOKEN if name in body] == []
    # Not monitored, and so not there; planned work on it is told all the same.
    assert "id-court" not in body


# --- hostile words ------------------------------------------------------------------------------


def test_hostile_names_come_out_whole_and_harmless(client: Client) -> None:
    (service,) = many(1)
    measured = snapshot().truth.services[0].channels
    named: ServiceFact = msgspec.structs.replace(
        service,
        name=msgspec.structs.replace(service.name, ar=HOSTILE, en=HOSTILE),
        description=msgspec.structs.replace(service.description, ar=HOSTILE, en=HOSTILE),
        channels=measured,
    )
    store.hold(snapshot(more=(named,)))

    found = services(document(client, "summary.json"))["more-0"]
    assert found["name"] == found["description"] == HARMLESS
