"""The list of all incidents, and the hand-over of a shift."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Role
from incidents.models import Entry
from tests.admin_pages import browser, elements, option_texts, page_text
from tests.factories import make_agency, make_service, make_user
from tests.maintenance.rows import make_announced
from tests.statusportal.ops.console import HANDOVER, LIST, looks, make_incident, make_text
from tests.statusportal.ops.nation import NOW

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.usefixtures("at_one_o_clock")


def refs(query: str = "", **person: Any) -> list[str]:
    """The references that the list shows for `query`."""
    page = looks(f"{LIST}?{query}", **person)
    return [
        element.get("id") or ""
        for element in elements(page, "li")
        if element.get("data-row") is not None
    ]


# --- the list -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["IN-NEW", "IN-OLD"]),
        ("q=in-old", ["IN-OLD"]),
        ("q=passport", ["IN-NEW"]),
        ("q=جواز", ["IN-NEW"]),
        ("q=nothing", []),
        ("severity=P1", ["IN-NEW"]),
        ("severity=P9", ["IN-NEW", "IN-OLD"]),
        ("phase=open", ["IN-NEW"]),
        ("phase=resolved", ["IN-OLD"]),
        ("kind=announcement", []),
        ("agency=MOI", ["IN-NEW"]),
        ("since=2026-11-22", ["IN-NEW"]),
        ("until=2026-11-21", ["IN-OLD"]),
        ("since=yesterday&page=x", ["IN-NEW", "IN-OLD"]),
        ("page=99", ["IN-NEW", "IN-OLD"]),
    ],
)
def test_the_list_finds_by_every_way_of_asking(query: str, found: list[str]) -> None:
    agency = make_agency(code="MOI")
    service = make_service(agency=agency, name_ar="تجديد الجواز", name_en="Passport renewal")
    make_incident(ref="IN-NEW", agency=agency, services=(service,), severity="P1")
    make_incident(ref="IN-OLD", opened_at=NOW - DAY, phase="resolved", resolved_at=NOW)

    assert refs(query) == found


def test_the_list_is_the_agencys_own() -> None:
    agency = make_agency(code="MOI", name_en="Interior")
    own = make_incident(agency=agency)
    make_incident()
    person = make_user(Role.AGENCY_STAFF, agency)

    assert refs(person=person) == [own.ref]
    assert option_texts(looks(LIST, person), "agency") == ["All", "Interior"]


def test_a_long_list_has_pages_that_keep_what_was_asked() -> None:
    for number in range(51):
        make_incident(severity="P2", opened_at=NOW - number * HOUR)

    page = looks(f"{LIST}?severity=P2")

    assert "51 incidents found" in page_text(page)
    (older,) = elements(page, "a", rel="next")
    assert older.get("href") == "?severity=P2&page=2"
    assert len(refs("severity=P2&page=2")) == 1


@pytest.mark.parametrize("incidents", [1, 3, 500])
def test_the_list_takes_as_many_statements_for_many_as_for_one(
    incidents: int, django_assert_num_queries: Any
) -> None:
    service = make_service()
    for _unused in range(incidents):
        make_incident(services=(service,))
    client = browser(make_user(Role.OPERATOR))

    # Session, person, roles; count; calendar; incidents with services, channels, declarations,
    # overrides and newest texts; agencies.
    with django_assert_num_queries(12):
        assert client.get(f"{LIST}?q=Problem&severity=P3").status_code == 200


# --- the hand-over ------------------------------------------------------------------------------


def test_the_next_shift_learns_what_is_open_what_happened_and_what_is_ahead() -> None:
    person = make_user(Role.OPERATOR, username="sara")
    incident = make_incident(title_en="Login is slow", acknowledged_at=NOW, acknowledged_by=person)
    make_text(incident, at=NOW - HOUR, author=person)
    Entry.objects.create(
        incident=incident,
        kind="note",
        at=NOW - HOUR,
        actor=person,
        note="Call the vendor at 15:00.",
    )
    make_announced(
        services=(make_service(name_en="ID renewal"),), starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR
    )

    text = page_text(looks(HANDOVER))

    assert "From 01:00 on Sunday 22 November 2026 to 13:00" in text
    assert "P3 Investigating Login is slow" in text
    assert "sara acknowledged it at 13:00" in text
    assert "Notes of this shift Call the vendor at 15:00." in text
    assert "Public Investigating Login is slow" in text
    assert "Ahead, in 24 hours ID renewal" in text


def test_what_happened_before_the_shift_is_not_told() -> None:
    incident = make_incident()
    Entry.objects.create(
        incident=incident, kind="note", at=NOW - timedelta(hours=12, seconds=1), note="Long ago."
    )

    assert "Long ago." not in page_text(looks(HANDOVER))


def test_an_agency_hands_over_its_own() -> None:
    agency = make_agency()
    incident = make_incident(title_en="Of others")
    Entry.objects.create(incident=incident, kind="note", at=NOW, note="Of others too.")
    make_announced(
        services=(make_service(name_en="Work of others"),),
        ends_at=NOW + 9 * HOUR,
        starts_at=NOW - HOUR,
    )

    text = page_text(looks(HANDOVER, make_user(Role.AGENCY_STAFF, agency)))

    assert "Nothing is open." in text
    assert "others" not in text


@pytest.mark.parametrize("incidents", [1, 3])
def test_the_hand_over_takes_as_many_statements_for_many_as_for_one(
    incidents: int, django_assert_num_queries: Any
) -> None:
    for _unused in range(incidents):
        incident = make_incident()
        make_text(incident)
        Entry.objects.create(incident=incident, kind="note", at=NOW, note="A note.")
    client = browser(make_user(Role.OPERATOR))

    # Session, person, roles; calendar; open incidents seven; windows; reports; escalations;
    # what was touched six, its log and texts; steps of planned work.
    with django_assert_num_queries(23):
        assert client.get(HANDOVER).status_code == 200
