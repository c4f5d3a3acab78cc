"""Daily figures follow the stored changes: yesterday corrected, dependants too, nothing twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Event
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from services.models import (
    Check,
    CheckState,
    DailyFigure,
    Edge,
    FiguresMark,
    Service,
    StatusChange,
)
from services.past import FIGURES
from services.status.health import CheckHealth, Health
from services.status.uptime import Booking, Span
from statusportal import figure_rows, figures
from statusportal.public import history
from tests.factories import make_channel, make_check, make_edge, make_location, make_service

# 13:00 in Bahrain on the 10th; the day began at 21:00 UTC of the 9th.
NOW = datetime(2026, 11, 10, 10, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 9, 21, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
DAY = timedelta(days=1)
TODAY, YESTERDAY = date(2026, 11, 10), date(2026, 11, 9)
DAY_S = 86_400
OK, SLOW, BAD = CheckHealth.OK, CheckHealth.SLOW, CheckHealth.BAD


def measured(slug: str, *, since: datetime = NOW - 5 * DAY, seen_at: datetime = NOW) -> Check:
    """A service with one check, found good at `since` and last seen at `seen_at`."""
    service = make_service(slug=slug, is_shared=slug.startswith("shared"))
    check = make_check(channel=make_channel(service=service), interval_seconds=60)
    CheckState.objects.create(
        check_ref=check, location=make_location(), health=OK, last_started_at=seen_at
    )
    changed(check, since, OK, was=CheckHealth.UNKNOWN)
    return check


def changed(
    check: Check,
    at: datetime,
    health: CheckHealth,
    *,
    was: CheckHealth = OK,
    confirmed_at: datetime | None = None,
) -> StatusChange:
    return StatusChange.objects.create(
        service=check.channel.service,
        channel=check.channel,
        check_ref=check,
        location=make_location(),
        from_health=was,
        to_health=health,
        at=at,
        confirmed_at=confirmed_at or at + 20 * SECOND,
    )


def seen(now: datetime) -> None:
    CheckState.objects.update(last_started_at=now)


def day_of(check: Check, day: date) -> dict[str, int]:
    """What is stored of a day, without the noughts."""
    row = DailyFigure.objects.get(service=check.channel.service, day=day)
    return {name: getattr(row, name) for name in FIGURES if getattr(row, name)}


def all_rows() -> list[tuple[object, ...]]:
    return list(
        DailyFigure.objects.order_by("service__slug", "day").values_list(
            "service__slug", "day", *FIGURES
        )
    )


@pytest.mark.django_db
def test_a_first_refresh_tells_every_day_since_the_first_change() -> None:
    check = measured("a", since=MIDNIGHT - 2 * DAY - 6 * HOUR)

    assert figures.refresh(now=NOW) == figures.Refreshed(services=1, rows=4)

    assert list(DailyFigure.objects.order_by("day").values_list("day", "up", "unknown")) == [
        (date(2026, 11, 7), 6 * 3600, 18 * 3600),
        (date(2026, 11, 8), DAY_S, 0),
        (date(2026, 11, 9), DAY_S, 0),
        (date(2026, 11, 10), 13 * 3600, 0),
    ]
    assert day_of(check, TODAY) == {"up": 13 * 3600}


@pytest.mark.django_db
def test_a_first_refresh_reaches_back_400_days_and_no_further() -> None:
    measured("a", since=NOW - 500 * DAY)

    figures.refresh(now=NOW)

    days = list(DailyFigure.objects.order_by("day").values_list("day", flat=True))
    assert (len(days), days[0], days[-1]) == (400, TODAY - 399 * DAY, TODAY)
    assert set(DailyFigure.objects.exclude(day=TODAY).values_list("up", flat=True)) == {DAY_S}


@pytest.mark.django_db
def test_a_service_that_nobody_has_seen_yet_begins_today_as_unknown() -> None:
    service = make_service(slug="new")
    make_check(channel=make_channel(service=service))

    figures.refresh(now=NOW)

    row = DailyFigure.objects.get()
    assert (row.service, row.day, row.unknown, row.up) == (service, TODAY, 13 * 3600, 0)


@pytest.mark.django_db
def test_rule_22_a_run_confirmed_after_midnight_corrects_yesterday() -> None:
    check = measured("a")
    seen(MIDNIGHT + 2 * MINUTE)
    figures.refresh(now=MIDNIGHT + 2 * MINUTE)
    assert day_of(check, YESTERDAY) == {"up": DAY_S}

    changed(check, MIDNIGHT - 30 * SECOND, BAD, confirmed_at=MIDNIGHT + 2 * MINUTE)
    seen(MIDNIGHT + 3 * MINUTE)
    figures.refresh(now=MIDNIGHT + 3 * MINUTE)

    assert day_of(check, YESTERDAY) == {"up": DAY_S - 30, "own": 30}
    assert day_of(check, TODAY) == {"own": 180}


@pytest.mark.django_db
def test_rule_22_a_day_that_was_closed_long_ago_is_corrected_too_and_no_day_before_it() -> None:
    check = measured("a")
    figures.refresh(now=NOW)
    before = DailyFigure.objects.get(day=YESTERDAY - 2 * DAY)

    changed(check, MIDNIGHT - 26 * HOUR, BAD)
    changed(check, MIDNIGHT - 23 * HOUR, OK, was=BAD)
    figures.refresh(now=NOW + 20 * SECOND)

    assert day_of(check, date(2026, 11, 8)) == {"up": DAY_S - 2 * 3600, "own": 2 * 3600}
    assert day_of(check, YESTERDAY) == {"up": DAY_S - 3600, "own": 3600}
    unchanged = DailyFigure.objects.get(day=before.day)
    assert (unchanged.pk, unchanged.up) == (before.pk, DAY_S)


@pytest.mark.django_db
def test_an_outage_upstream_corrects_the_stored_days_of_all_dependants() -> None:
    login, middle, leaf, other = (measured(slug) for slug in ("shared-id", "b", "c", "d"))
    make_edge(upstream=login.channel.service, dependant=middle.channel.service)
    make_edge(upstream=middle.channel.service, dependant=leaf.channel.service)
    make_edge(upstream=login.channel.service, dependant=other.channel.service, kind=Edge.Kind.SOFT)
    figures.refresh(now=NOW)

    changed(login, MIDNIGHT - 3 * HOUR, BAD)
    changed(login, MIDNIGHT - HOUR, OK, was=BAD)
    figures.refresh(now=NOW + SECOND)

    assert day_of(login, YESTERDAY) == {"up": DAY_S - 7200, "own": 7200}
    assert day_of(middle, YESTERDAY) == {"up": DAY_S - 7200, "upstream": 7200}
    assert day_of(leaf, YESTERDAY) == {"up": DAY_S - 7200, "upstream": 7200}
    assert day_of(other, YESTERDAY) == {"up": DAY_S, "degraded": 7200}


@pytest.mark.django_db
def test_what_happened_upstream_before_a_service_was_known_is_not_made_up_for_it() -> None:
    login, new = measured("shared-id"), measured("new", since=NOW - HOUR)
    figures.refresh(now=NOW)
    make_edge(upstream=login.channel.service, dependant=new.channel.service)

    changed(login, MIDNIGHT - 3 * HOUR, BAD)
    figures.refresh(now=NOW + SECOND)

    assert [row.day for row in DailyFigure.objects.filter(service=new.channel.service)] == [TODAY]


@pytest.mark.django_db
def test_an_edge_that_is_added_rewrites_the_open_day_and_leaves_closed_ones() -> None:
    login, check = measured("shared-id"), measured("a")
    changed(login, MIDNIGHT - HOUR, BAD)
    figures.refresh(now=NOW)

    make_edge(upstream=login.channel.service, dependant=check.channel.service)
    figures.refresh(now=NOW + MINUTE)

    assert day_of(check, YESTERDAY) == {"up": DAY_S}
    assert day_of(check, TODAY) == {"upstream": 13 * 3600 + 60}


@pytest.mark.django_db
def test_the_present_day_is_told_again_once_a_minute_and_not_at_every_look() -> None:
    check = measured("a")
    told = []
    for seconds in (0, 20, 40, 60, 80):
        seen(NOW + seconds * SECOND)
        figures.refresh(now=NOW + seconds * SECOND)
        told.append(day_of(check, TODAY)["up"] - 13 * 3600)
    assert told == [0, 0, 40, 40, 80]


@pytest.mark.django_db
def test_a_portal_that_slept_for_days_tells_them_all_when_it_wakes() -> None:
    check = measured("a")
    figures.refresh(now=NOW)

    # Off for three days; then it looks again and finds the gap.
    changed(check, NOW, CheckHealth.UNKNOWN, confirmed_at=NOW + 3 * DAY)
    changed(check, NOW + 3 * DAY, OK, was=CheckHealth.UNKNOWN)
    seen(NOW + 3 * DAY)
    figures.refresh(now=NOW + 3 * DAY + MINUTE)

    stored = DailyFigure.objects.filter(day__gte=TODAY).order_by("day")
    assert list(stored.values_list("day", "up", "unknown")) == [
        (TODAY, 13 * 3600, 11 * 3600),
        (TODAY + DAY, 0, DAY_S),
        (TODAY + 2 * DAY, 0, DAY_S),
        (TODAY + 3 * DAY, 60, 13 * 3600),
    ]
    assert FiguresMark.objects.get().closed_day == TODAY + 2 * DAY


@pytest.mark.django_db
def test_silence_that_shows_after_its_day_was_closed_corrects_that_day() -> None:
    check = measured("a", seen_at=MIDNIGHT - 10 * MINUTE)
    # Fresh for 3 intervals of 40 minutes: silence shows two hours after the last look.
    Check.objects.update(interval_seconds=2400)
    figures.refresh(now=MIDNIGHT + 70 * MINUTE)
    assert day_of(check, YESTERDAY) == {"up": DAY_S}
    assert FiguresMark.objects.get().closed_day == YESTERDAY

    figures.refresh(now=MIDNIGHT + 2 * HOUR)

    assert day_of(check, YESTERDAY) == {"up": DAY_S - 600, "unknown": 600}
    assert day_of(check, TODAY) == {"unknown": 7200}


@pytest.mark.django_db
def test_a_second_refresh_at_the_same_instant_writes_nothing() -> None:
    measured("a")
    figures.refresh(now=NOW)
    before = (all_rows(), FiguresMark.objects.values().get())

    assert figures.refresh(now=NOW) == figures.Refreshed(services=0, rows=0)
    assert (all_rows(), FiguresMark.objects.values().get()) == before


@pytest.mark.django_db
def test_two_services_in_a_circle_stop_nobody() -> None:
    one, two = measured("a"), measured("b")
    for up, down in ((one, two), (two, one)):
        make_edge(upstream=up.channel.service, dependant=down.channel.service)
    changed(one, NOW - HOUR, BAD)

    figures.refresh(now=NOW)

    assert day_of(one, TODAY) == {"up": 12 * 3600, "own": 3600}
    assert day_of(two, TODAY) == {"up": 12 * 3600, "upstream": 3600}


def _statements(now: datetime) -> int:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        figures.refresh(now=now)
    return len(asked)


@pytest.mark.django_db
def test_the_number_of_statements_does_not_grow_with_services() -> None:
    first = measured("a")
    figures.refresh(now=NOW)
    changed(first, NOW - 30 * HOUR, BAD)
    with_one = _statements(NOW + MINUTE)

    for slug in ("b", "c"):
        measured(slug)
    figures.refresh(now=NOW + MINUTE)
    for check in Check.objects.all():
        changed(check, NOW - 29 * HOUR, SLOW, was=BAD)
    with_three = _statements(NOW + 2 * MINUTE)

    assert with_three == with_one


@pytest.mark.django_db(transaction=True)
def test_two_writers_at_once_leave_the_same_rows_as_one() -> None:
    check = measured("a")
    measured("b")
    changed(check, MIDNIGHT - HOUR, BAD)
    together = Barrier(2)

    def write() -> figures.Refreshed | None:
        try:
            together.wait(timeout=10)
            return figures.refresh(now=NOW)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        writing = [pool.submit(write) for _ in range(2)]
        done = [one.result(timeout=30) for one in writing]
    assert any(refreshed is not None and refreshed.rows for refreshed in done)
    by_two = all_rows()

    DailyFigure.objects.all().delete()
    FiguresMark.objects.all().delete()
    figures.refresh(now=NOW)

    assert by_two == all_rows()
    assert len(by_two) == 12


@pytest.mark.django_db(transaction=True)
def test_a_writer_who_finds_another_at_work_leaves_it_to_them() -> None:
    FiguresMark.objects.create()

    def write() -> figures.Refreshed | None:
        try:
            return figures.refresh(now=NOW)
        finally:
            connections.close_all()

    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        FiguresMark.objects.select_for_update().get()
        assert pool.submit(write).result(timeout=10) is None


@pytest.mark.django_db(transaction=True)
def test_a_change_that_commits_after_one_with_a_higher_number_is_not_missed() -> None:
    slow, quick = measured("slow"), measured("quick")
    figures.refresh(now=NOW)
    drawn, go_on = Event(), Event()

    def write_slowly() -> None:
        try:
            with transaction.atomic():
                changed(slow, MIDNIGHT - HOUR, BAD)
                drawn.set()
                assert go_on.wait(timeout=10)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_slowly)
        assert drawn.wait(timeout=10)
        changed(quick, MIDNIGHT - HOUR, BAD)
        # Somebody holds a lower number: nothing is followed beyond what is sure.
        figures.refresh(now=NOW + SECOND)
        go_on.set()
        writing.result(timeout=10)
    figures.refresh(now=NOW + 2 * SECOND)

    assert day_of(slow, YESTERDAY) == {"up": DAY_S - 3600, "own": 3600}
    assert day_of(quick, YESTERDAY) == {"up": DAY_S - 3600, "own": 3600}


@pytest.mark.django_db
def test_a_service_that_is_deleted_takes_its_figures_along() -> None:
    gone = make_service(slug="gone")
    measured("a")
    figures.refresh(now=NOW)

    Service.objects.get(pk=gone.pk).delete()
    figures.refresh(now=NOW + MINUTE)

    assert {row.service.slug for row in DailyFigure.objects.all()} == {"a"}


# --- pure ---------------------------------------------------------------------------------------

ZONES = [ZoneInfo(name) for name in ("Asia/Bahrain", "Europe/Berlin", "America/Santiago")]
# Days on which clocks change: 23 and 25 hours in Berlin, midnight itself in Santiago.
CHANGE_DAYS = [date(2026, 3, 28), date(2026, 10, 24), date(2026, 4, 3), date(2026, 9, 4)]


@given(
    zone=st.sampled_from(ZONES),
    first=st.sampled_from(CHANGE_DAYS),
    lengths=st.lists(st.floats(min_value=0.001, max_value=200_000), max_size=12),
    bookings=st.lists(st.sampled_from(list(Booking)), min_size=12, max_size=12),
    begins=st.floats(min_value=-100_000, max_value=200_000),
)
def test_rule_22_every_day_is_wholly_told_in_whole_seconds(
    zone: ZoneInfo, first: date, lengths: list[float], bookings: list[Booking], begins: float
) -> None:
    periods = history.periods(
        first, first + 4 * DAY, now=datetime(2027, 1, 1, tzinfo=UTC), zone=zone
    )
    at = periods[0][1] + timedelta(seconds=begins)
    spans = []
    for length, booking in zip(lengths, bookings, strict=False):
        spans.append(Span(at, at + timedelta(seconds=length), Health.OPERATIONAL, booking))
        at = spans[-1].end

    told = history.day_figures(spans, periods)

    for day, start, end in periods:
        row = dict(zip(FIGURES, figure_rows.row_of(told[day]), strict=True))
        parts = ("up", "planned", "overrun", "own", "upstream", "unknown")
        assert sum(row[name] for name in parts) == (end - start).total_seconds()
        assert row["partial"] + row["degraded"] + row["limited"] <= row["up"]
    assert {(end - start) / HOUR for _day, start, end in periods} <= {23, 24, 25}
