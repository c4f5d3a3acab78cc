"""Windows that repeat, in zones whose clocks change: counted once, and told as they are."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.test import Client, override_settings
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from accounts.models import Role
from maintenance import operations
from maintenance.models import Window, WindowService
from maintenance.recurrence import InvalidRule, occurrences
from services.models import Service
from services.status.health import Health
from services.status.timeline import Interval
from services.status.uptime import ChannelHistory, effective_timeline
from services.status.window import Window as RuleWindow
from services.status.window import WindowEffect
from statusportal.public import history, snapshot
from statusportal.public.store import store
from tests.factories import make_service, make_user
from tests.maintenance.rows import ENDS, NOW, STARTS, make_window

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
# Clocks that change at one, at two and at midnight, by an hour and by half of one; and one that
# never does.
ZONES = ("Europe/Berlin", "Africa/Cairo", "Asia/Beirut", "Australia/Lord_Howe", "Asia/Bahrain")
RULES = (
    "FREQ=DAILY;COUNT=3",
    "FREQ=WEEKLY;COUNT=4",
    "FREQ=MONTHLY;COUNT=3",
    "FREQ=DAILY;INTERVAL=5;COUNT=6",
)
Spans = list[tuple[datetime, datetime]]


@st.composite
def repeated(draw: st.DrawFn) -> tuple[ZoneInfo, Spans]:
    """Several series in one zone, within half a year in which its clocks change."""
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    found: Spans = []
    for _series in range(draw(st.integers(1, 3))):
        quarters = draw(st.integers(0, 60 * 24 * 4))
        wall = datetime(2026, 3, 1) + quarters * 15 * MINUTE  # noqa: DTZ001 - of the wall
        length = draw(st.integers(1, 20 * 60)) * MINUTE
        try:
            starts_at = wall.replace(tzinfo=zone).astimezone(UTC)
            found += occurrences(draw(st.sampled_from(RULES)), starts_at, length, zone)
        except InvalidRule:
            # A time that this zone leaves out.
            continue
    assume(found)
    return zone, found


def each_minute(spans: Spans, zone: ZoneInfo) -> Counter[date]:
    """How many minutes of each day of `zone` lie in any of `spans`: counted one by one, which is
    another way than the rules'."""
    minutes = {
        starts_at + number * MINUTE
        for starts_at, ends_at in spans
        for number in range(int((ends_at - starts_at) / MINUTE))
    }
    return Counter(minute.astimezone(zone).date() for minute in minutes)


@given(drawn=repeated())
def test_what_repeats_is_planned_once_in_each_day_of_a_zone_whose_clocks_change(
    drawn: tuple[ZoneInfo, Spans],
) -> None:
    zone, spans = drawn
    windows = [
        RuleWindow(WindowEffect.STOPPED, starts_at, ends_at, starts_at - DAY, ends_at)
        for starts_at, ends_at in spans
    ]
    first = min(starts_at for starts_at, _end in spans).astimezone(zone).date()
    last = max(ends_at for _start, ends_at in spans).astimezone(zone).date()
    periods = history.periods(first, last, now=datetime(2027, 1, 1, tzinfo=UTC), zone=zone)
    start, end = periods[0][1], periods[-1][2]
    good: list[Interval[Health | None]] = [Interval(start, end, Health.OPERATIONAL)]

    timeline = effective_timeline({"web": ChannelHistory(good)}, windows, start=start, end=end)

    spent = history.day_figures(timeline, periods)
    for day, opens, closes in periods:
        assert spent[day].planned + spent[day].up == closes - opens
    told = {day: figure.planned // MINUTE for day, figure in spent.items() if figure.planned}
    assert told == each_minute(spans, zone)


# --- the calendar ---------------------------------------------------------------------------------


def read_back(client: Client, path: str) -> set[tuple[Any, ...]]:
    response = client.get(path)
    return {
        (
            str(event["uid"]),
            event.decoded("dtstart"),
            event.decoded("dtend"),
            int(str(event["sequence"])),
            str(event["status"]),
        )
        for event in Calendar.from_ical(response.content).walk("VEVENT")
    }


def as_rows() -> set[tuple[Any, ...]]:
    return {
        (
            f"{window.ref.lower()}@status.gov.example",
            window.starts_at,
            window.ends_at,
            window.sequence,
            "CONFIRMED" if window.state == "approved" else "CANCELLED",
        )
        for window in Window.objects.exclude(state="draft")
    }


def write(service: Service, spans: Spans, states: list[str], now: datetime) -> None:
    """Announced windows, or what became of them, and drafts that no calendar may show."""
    person = make_user(Role.AGENCY_STAFF, service.agency)
    for number, (starts_at, ends_at) in enumerate(spans):
        window = Window.objects.create(
            agency=service.agency,
            state=states[number % len(states)],
            starts_at=starts_at,
            ends_at=ends_at,
            announced_end_at=ends_at,
            approved_at=None if states[number % len(states)] == "draft" else now - DAY,
            cancelled_at=now if states[number % len(states)] == "cancelled" else None,
            changed_at=now,
            sequence=number,
            requested_by=person,
        )
        WindowService.objects.create(window=window, service=service)


STATES = st.lists(
    st.sampled_from(["approved", "cancelled", "postponed", "draft"]), min_size=1, max_size=4
)


@pytest.mark.django_db
@pytest.mark.usefixtures("at_one_o_clock")
# Each example undoes what it wrote; the clock of the fixture stands still for all of them.
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=repeated(), states=STATES)
def test_the_calendar_read_back_equals_the_rows(
    drawn: tuple[ZoneInfo, Spans], states: list[str]
) -> None:
    zone, spans = drawn
    now = datetime.now(UTC)
    with transaction.atomic(), override_settings(TIME_ZONE=zone.key):
        service = make_service(slug="passport")
        write(service, spans, states, now)
        store.hold(snapshot.build(now=now))
        rows = as_rows()
        for language in ("ar", "en"):
            assert read_back(Client(), f"/{language}/calendar.ics") == rows
            assert read_back(Client(), f"/{language}/services/passport/calendar.ics") == rows
        transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.usefixtures("at_one_o_clock")
def test_a_series_that_was_asked_for_and_approved_stands_in_the_calendar_night_by_night(
    client: Client,
) -> None:
    window = make_window()
    operations.make_series(
        window_id=window.pk, rule="FREQ=WEEKLY;COUNT=3", actor=window.requested_by, now=NOW
    )
    operations.submit_series(window_id=window.pk, actor=window.requested_by, now=NOW)
    publisher = make_user(Role.AGENCY_PUBLISHER, window.agency)
    operations.approve_series(window_id=window.pk, actor=publisher, now=NOW)
    store.hold(snapshot.build(now=NOW))

    told = read_back(client, "/ar/calendar.ics")

    assert told == as_rows()
    assert {(starts_at, ends_at) for _uid, starts_at, ends_at, *_rest in told} == {
        (STARTS + week * 7 * DAY, ENDS + week * 7 * DAY) for week in range(3)
    }
