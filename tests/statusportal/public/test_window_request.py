"""A window from the form to both pages and both calendars, and moved to another day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from icalendar import Calendar

from accounts.models import Agency, Role, User
from maintenance import operations
from maintenance.models import Window
from services.models import Service
from statusportal.public import snapshot
from statusportal.public.store import store
from tests.admin_pages import browser, elements, errors, filled_in, text
from tests.factories import make_agency, make_channel, make_service, make_user
from tests.maintenance.asking import ADD, NOW, POLICY, act, page, typed
from tests.maintenance.rows import ENDS, STARTS, at, make_announced
from tests.statusportal.public.reading import get, parse, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_one_o_clock")]


@pytest.fixture(autouse=True)
def _monday_at_three(at_one_o_clock: None) -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def agency() -> Agency:
    return make_agency(code="CIV", name_ar="هيئة السجل المدني", name_en="Civil registry")


@pytest.fixture
def renewal(agency: Agency) -> Service:
    service = make_service(
        slug="renewal", name_ar="تجديد الهوية", name_en="ID renewal", agency=agency, tier=1
    )
    make_channel(service=service, kind="web")
    return service


@pytest.fixture
def requester(agency: Agency) -> User:
    return make_user(Role.AGENCY_STAFF, agency)


def publish() -> None:
    store.hold(snapshot.build(now=datetime.now(UTC)))


def faults(response: Any) -> list[str]:
    return [
        text(item)
        for listed in elements(response, "ul", **{"class": "policy__faults"})
        for item in listed
    ]


def slots(response: Any) -> list[str | None]:
    return [button.get("value") for button in elements(response, "button", name="_slot")]


def entries(client: Client, path: str) -> list[Any]:
    return list(Calendar.from_ical(get(client, path).content).walk("VEVENT"))


def told(entry: Any) -> tuple[str, datetime, datetime, str, int]:
    return (
        str(entry["uid"]),
        entry.decoded("dtstart"),
        entry.decoded("dtend"),
        str(entry["status"]),
        int(entry["sequence"]),
    )


def test_tuesday_at_eleven_from_the_form_to_both_pages_and_both_calendars(
    client: Client, renewal: Service, agency: Agency, requester: User
) -> None:
    staff = browser(requester)
    asked = filled_in(staff.get(ADD)) | typed(renewal)

    # Twenty hours ahead and in the middle of the day: both are said while it is typed, with times
    # that would be fine.
    shown = staff.post(POLICY, asked, headers={"HX-Request": "true"})
    assert faults(shown) == [
        "It has to be announced at least 72 hours before it starts: that was 52 hours ago.",
        (
            "It lies outside the hours of low use: from 23:00 to 05:00 in the nights before and of"
            " weekend days and holidays."
        ),
    ]
    assert slots(shown) == [
        "2026-11-27T02:30|2026-11-27T04:30",
        "2026-11-28T02:30|2026-11-28T04:30",
        "2026-11-29T02:30|2026-11-29T04:30",
    ]
    for slot in slots(shown):
        assert faults(staff.post(ADD, asked | {"_slot": slot})) == []

    # Without a justification nobody is asked; with one it goes to a supervisor, whatever else
    # the person who asks may be.
    staff.post(ADD, asked | {"_submit": "1"})
    window = Window.objects.get()
    refused = errors(staff.post(act(window, "submit"), {}))
    assert "Write why it cannot be otherwise." in refused
    mended = filled_in(staff.get(page(window))) | {"justification": "The disk is failing."}
    staff.post(page(window), mended | {"_submit": "1"})
    shown = staff.get(act(window, "submit"))
    preview = elements(shown, "p", **{"class": "window-preview__text"})
    assert staff.post(act(window, "submit"), {}).status_code == 302
    for nobody in (requester, make_user(Role.AGENCY_PUBLISHER, agency)):
        assert browser(nobody).post(act(window, "approve"), {}).status_code == 403
    publish()
    assert client.get(f"/en/maintenance/{window.ref}/").status_code == 404
    supervisor = browser(make_user(Role.SUPERVISOR))
    read = filled_in(supervisor.get(act(window, "approve")))
    assert supervisor.post(act(window, "approve"), read).status_code == 302

    # From 11:00 to 13:00 in Bahrain, everywhere.
    publish()
    starts_at, ends_at = (
        datetime(2026, 11, 24, 8, tzinfo=UTC),
        datetime(2026, 11, 24, 10, tzinfo=UTC),
    )
    sentences = {
        "ar": "خدمة تجديد الهوية لن تكون متاحة من الساعة 11:00 يوم الثلاثاء 24 نوفمبر 2026 إلى"
        " الساعة 13:00 يوم الثلاثاء 24 نوفمبر 2026 (توقيت البحرين).",
        "en": "ID renewal will be unavailable from 11:00 on Tuesday 24 November 2026 to 13:00 on"
        " Tuesday 24 November 2026 (Bahrain Time).",
    }
    # As it was shown to whoever asked, before.
    assert [text(half) for half in preview] == list(sentences.values())
    for language, sentence in sentences.items():
        for path in ("", "services/renewal/", "agencies/CIV/", f"maintenance/{window.ref}/"):
            read_by_all = get(client, f"/{language}/{path}")
            assert sentence in text_of(read_by_all), (language, path)
        moments = [e.get("datetime") for e in parse(read_by_all).iter("time")]
        assert "2026-11-24T11:00+03:00" in moments
        assert "2026-11-24T13:00+03:00" in moments
        for path in ("", "services/renewal/", "agencies/CIV/"):
            (entry,) = entries(client, f"/{language}/{path}calendar.ics")
            uid = f"{window.ref.lower()}@status.gov.example"
            assert told(entry) == (uid, starts_at, ends_at, "CONFIRMED", 0)


def test_a_moved_window_is_cancelled_in_calendars_and_another_takes_its_place(
    client: Client, renewal: Service
) -> None:
    # RFC 5546, 3.2.5: what is off keeps its UID with a higher SEQUENCE and STATUS:CANCELLED; the
    # other day is an entry of its own, because the old page stays and says where it went.
    window = make_announced(services=[renewal])
    publish()
    (before,) = entries(client, "/en/calendar.ics")
    day = timedelta(days=7)
    new = operations.postpone(
        window_id=window.pk,
        starts_at=STARTS + day,
        ends_at=ENDS + day,
        actor=make_user(Role.SUPERVISOR),
        now=NOW,
    )
    publish()

    off, on = entries(client, "/en/calendar.ics")
    uids = [f"{one.ref.lower()}@status.gov.example" for one in (window, new)]
    assert told(before) == (uids[0], STARTS, ENDS, "CONFIRMED", 0)
    assert told(off) == (uids[0], STARTS, ENDS, "CANCELLED", 1)
    assert told(on) == (uids[1], STARTS + day, ENDS + day, "CONFIRMED", 0)
    assert off.decoded("dtstamp") == off.decoded("last-modified") == NOW
    assert "is moved to 00:30 on Friday 4 December 2026" in str(off["description"]).replace(
        "\u2068", ""
    )
    # Whoever added the one window, and asks for it again.
    (own,) = entries(client, f"/en/maintenance/{window.ref}/calendar.ics")
    assert told(own) == told(off)

    # Moved once more: both that are off stay so, each under its own UID.
    again = operations.postpone(
        window_id=new.pk,
        starts_at=STARTS + 2 * day,
        ends_at=ENDS + 2 * day,
        actor=make_user(Role.SUPERVISOR),
        now=NOW + timedelta(hours=1),
    )
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        publish()
        assert [told(entry)[3:] for entry in entries(client, "/en/calendar.ics")] == [
            ("CANCELLED", 1),
            ("CANCELLED", 1),
            ("CONFIRMED", 0),
        ]
    assert Window.objects.get(pk=new.pk).moved_to == again

    # A day short of thirty, and then no more.
    for days, count in ((29, 3), (31, 1)):
        with time_machine.travel(NOW + timedelta(days=days), tick=False):
            publish()
            assert len(entries(client, "/en/calendar.ics")) == count, days


def test_every_change_that_the_public_is_told_of_raises_the_sequence(
    client: Client, renewal: Service
) -> None:
    window = make_announced(services=[renewal])
    person = make_user(Role.SUPERVISOR)
    acts: list[tuple[str, Any]] = [
        (
            "24 12:00",
            lambda now: operations.change(
                window_id=window.pk, fields={"ends_at": at("27 04:00")}, actor=person, now=now
            ),
        ),
        (
            "27 03:30",
            lambda now: operations.extend(
                window_id=window.pk, ends_at=at("27 05:00"), actor=person, now=now
            ),
        ),
        ("27 04:45", lambda now: operations.complete(window_id=window.pk, actor=person, now=now)),
    ]
    found = []
    for when, perform in acts:
        perform(at(when))
        with time_machine.travel(at(when), tick=False):
            publish()
            (entry,) = entries(client, "/ar/calendar.ics")
            found.append((*told(entry)[2:], entry.decoded("last-modified")))
    assert found == [
        (at("27 04:00"), "CONFIRMED", 1, at("24 12:00")),
        (at("27 05:00"), "CONFIRMED", 2, at("27 03:30")),
        (at("27 05:00"), "CONFIRMED", 3, at("27 04:45")),
    ]
