"""Planned work as calendars, read back by the library that programs use."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from icalendar import Calendar

from statusportal.public.store import store
from tests.statusportal.public.planned import (
    AHEAD,
    ALL,
    CANCELLED,
    DAY,
    HIDDEN,
    HOUR,
    OVER,
    RUNNING,
    with_windows,
)
from tests.statusportal.public.reading import get
from tests.statusportal.public.snapshots import NOW, UNSPOKEN

pytestmark = pytest.mark.usefixtures("at_one_o_clock")
EVERYTHING = "calendar.ics"
FEEDS = [
    EVERYTHING,
    "agencies/MOI/calendar.ics",
    "services/fines/calendar.ics",
    f"maintenance/{RUNNING.ref}/calendar.ics",
]


@pytest.fixture
def planned() -> None:
    store.hold(with_windows(*ALL))


def events(response: HttpResponse) -> dict[str, Any]:
    """The entries of a calendar by the reference in their UID."""
    calendar = Calendar.from_ical(response.content)
    return {str(event["UID"]).partition("@")[0].upper(): event for event in calendar.walk("VEVENT")}


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize("language", ["ar", "en"])
def test_it_has_every_window_with_its_instants(client: Client, language: str) -> None:
    found = events(get(client, f"/{language}/{EVERYTHING}"))

    assert {
        ref: (event["DTSTART"].dt, event["DTEND"].dt, event["SEQUENCE"])
        for ref, event in found.items()
    } == {fact.ref: (fact.starts_at, fact.ends_at, fact.sequence) for fact in ALL}


@pytest.mark.usefixtures("planned")
def test_both_languages_are_the_same_entries_in_other_words(client: Client) -> None:
    arabic = events(get(client, f"/ar/{EVERYTHING}"))[AHEAD.ref]
    english = events(get(client, f"/en/{EVERYTHING}"))[AHEAD.ref]

    assert arabic["UID"] == english["UID"] == "mw-ahead2@status.gov.example"
    assert english["SUMMARY"] == "Partly available: \u2068National login\u2069"
    assert arabic["SUMMARY"] == "متاحة جزئيًا: \u2068الدخول الوطني الموحّد\u2069"
    assert arabic["SUMMARY"].params["LANGUAGE"] == "ar"
    assert english["URL"] == "https://status.gov.example/en/maintenance/MW-AHEAD2/"
    assert arabic["URL"] == "https://status.gov.example/ar/maintenance/MW-AHEAD2/"
    for part in ("Parts of", "Login by the app still works.", "Use the app.", "Do not pay again"):
        assert part in english["DESCRIPTION"]


@pytest.mark.usefixtures("planned")
def test_what_is_called_off_is_cancelled_and_says_why(client: Client) -> None:
    found = events(get(client, f"/en/{EVERYTHING}"))

    assert {ref for ref, event in found.items() if event["STATUS"] == "CANCELLED"} == {
        "MW-CANC22",
        "MW-MQVED2",
    }
    assert "is cancelled" in found["MW-CANC22"]["DESCRIPTION"]
    assert "is moved to" in found["MW-MQVED2"]["DESCRIPTION"]


def test_a_cancelled_entry_stays_for_thirty_days(client: Client) -> None:
    store.hold(with_windows(CANCELLED))
    gone_at = CANCELLED.changed_at + 30 * DAY

    with time_machine.travel(gone_at - timedelta(seconds=5), tick=False):
        assert list(events(get(client, f"/en/{EVERYTHING}"))) == [CANCELLED.ref]
    with time_machine.travel(gone_at, tick=False):
        assert list(events(get(client, f"/en/{EVERYTHING}"))) == []


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize(
    ("path", "refs"),
    [
        ("services/fines/calendar.ics", {"MW-QVER22", "MW-MQVED2"}),
        # Its own, and what it needs.
        ("services/passport/calendar.ics", {"MW-RUN222", "MW-AHEAD2"}),
        ("services/visa/calendar.ics", {"MW-PAST22", "MW-HDDN22"}),
        ("agencies/NDS/calendar.ics", {"MW-AHEAD2"}),
        ("maintenance/MW-AHEAD2/calendar.ics", {"MW-AHEAD2"}),
    ],
)
def test_a_calendar_has_what_reaches_its_service_or_agency(
    client: Client, path: str, refs: set[str]
) -> None:
    assert set(events(get(client, f"/en/{path}"))) == refs


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("path", [EVERYTHING, f"maintenance/{HIDDEN.ref}/calendar.ics"])
def test_nothing_that_is_not_public_is_named(client: Client, language: str, path: str) -> None:
    # Unfolded, or a name could hide behind a line's end.
    body = get(client, f"/{language}/{path}").content.decode().replace("\r\n ", "")

    for unspoken in UNSPOKEN:
        assert unspoken not in body


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize("path", FEEDS)
def test_it_is_a_calendar_that_anybody_may_keep(client: Client, path: str) -> None:
    response = get(client, f"/ar/{path}")

    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert response["Content-Language"] == "ar"
    assert response["Cache-Control"] == (
        "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
    )
    assert "Cookie" not in response.get("Vary", "")
    assert all(len(line) <= 75 for line in response.content.split(b"\r\n"))


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize("path", FEEDS)
def test_who_has_it_already_is_told_only_that(client: Client, path: str) -> None:
    first = get(client, f"/en/{path}")
    again = get(client, f"/en/{path}", headers={"If-None-Match": first["ETag"]})
    other = get(client, f"/en/{path}", headers={"If-None-Match": '"another"'})

    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    assert (other.status_code, other.content) == (200, first.content)


def test_its_bytes_change_with_the_windows_and_not_with_the_clock(client: Client) -> None:
    store.hold(with_windows(*ALL))
    first = get(client, f"/en/{EVERYTHING}")
    with time_machine.travel(NOW + 2 * DAY, tick=False):
        store.hold(with_windows(*ALL, seen_at=NOW + 2 * DAY))
        assert get(client, f"/en/{EVERYTHING}")["ETag"] == first["ETag"]

    longer = msgspec.structs.replace(
        OVER, ends_at=NOW + HOUR, sequence=1, changed_at=NOW - HOUR / 2
    )
    store.hold(with_windows(longer))
    changed = get(client, f"/en/{EVERYTHING}")
    assert changed["ETag"] != first["ETag"]
    assert "New expected end: \u206814:00 on" in events(changed)[OVER.ref]["DESCRIPTION"]


@pytest.mark.usefixtures("planned")
def test_one_window_comes_as_a_file_with_its_reference(client: Client) -> None:
    response = get(client, f"/en/maintenance/{AHEAD.ref}/calendar.ics")

    assert response["Content-Disposition"] == 'attachment; filename="MW-AHEAD2.ics"'


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize(
    "path",
    [
        "services/none/calendar.ics",
        "services/sms-gate/calendar.ics",
        "agencies/SEC/calendar.ics",
        "maintenance/MW-NONE22/calendar.ics",
    ],
)
def test_there_is_none_of_what_is_not_there(client: Client, path: str) -> None:
    assert get(client, f"/en/{path}").status_code == 404


@pytest.mark.parametrize("path", FEEDS)
def test_before_the_first_snapshot_it_says_to_come_again(client: Client, path: str) -> None:
    store.forget()
    response = get(client, f"/en/{path}")

    assert response.status_code == 503
    assert response["Retry-After"] == "10"


@pytest.mark.usefixtures("planned")
def test_a_calendar_is_only_read(client: Client) -> None:
    assert client.post(f"/en/{EVERYTHING}").status_code == 405
    assert client.head(f"/en/{EVERYTHING}").status_code == 200


@pytest.mark.usefixtures("planned")
def test_it_has_the_name_of_what_it_is_about(client: Client) -> None:
    names = [
        str(Calendar.from_ical(get(client, path).content)["NAME"])
        for path in ("/en/calendar.ics", "/en/services/fines/calendar.ics")
    ]

    assert names == ["Planned work", "Planned work: Traffic fines"]
