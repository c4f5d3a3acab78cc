"""Channels' own days: a row where a day is not its service's, silence never its service's green."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from services.models import (
    Channel,
    ChannelFigure,
    Check,
    CheckState,
    DailyFigure,
    Service,
    StatusChange,
)
from services.past import FIGURES
from services.status.health import CheckHealth, Health
from services.status.timeline import Interval
from statusportal import figured, figures
from statusportal.figure_proof import Compared, Difference
from tests.factories import make_channel, make_check, make_edge, make_location, make_service
from tests.maintenance.rows import make_announced

# 13:00 in Bahrain on the 10th; the day began at 21:00 UTC of the 9th.
NOW = datetime(2026, 11, 10, 10, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 9, 21, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
DAY = timedelta(days=1)
TODAY, YESTERDAY = date(2026, 11, 10), date(2026, 11, 9)
DAY_S, SO_FAR_S = 86_400, 13 * 3600
UNKNOWN, OK, BAD = CheckHealth.UNKNOWN, CheckHealth.OK, CheckHealth.BAD


def way(service: Service, kind: str, *, since: datetime = NOW - 5 * DAY) -> Check:
    """A monitored channel of this kind, found good at `since` and seen just now."""
    check = make_check(channel=make_channel(service=service, kind=kind), interval_seconds=60)
    CheckState.objects.create(
        check_ref=check, location=make_location(), health=OK, last_started_at=NOW
    )
    changed(check, since, OK, was=UNKNOWN)
    return check


def changed(check: Check, at: datetime, health: CheckHealth, *, was: CheckHealth = OK) -> None:
    StatusChange.objects.create(
        service=check.channel.service,
        channel=check.channel,
        check_ref=check,
        location=make_location(),
        from_health=was,
        to_health=health,
        at=at,
        confirmed_at=at + 20 * SECOND,
    )


def out(check: Check, begins: datetime, ends: datetime) -> None:
    changed(check, begins, BAD)
    changed(check, ends, OK, was=BAD)


def refresh(now: datetime = NOW) -> figures.Refreshed | None:
    CheckState.objects.update(last_started_at=now)
    return figures.refresh(now=now)


def own_days() -> list[tuple[str, date, dict[str, int]]]:
    """The rows of channels, (kind, day, figures without the noughts), oldest first."""
    return [
        (row.channel.kind, row.day, {name: v for name in FIGURES if (v := getattr(row, name))})
        for row in ChannelFigure.objects.select_related("channel").order_by("day", "channel_id")
    ]


def day_of(service: Service, day: date) -> dict[str, int]:
    row = DailyFigure.objects.get(service=service, day=day)
    return {name: v for name in FIGURES if (v := getattr(row, name))}


FIRST = date(2026, 11, 5)
# What is told of both ways of a service in every test that says nothing else: the first day.
BEGUN = [(kind, FIRST, {"up": 11 * 3600, "unknown": 13 * 3600}) for kind in ("web", "app")]


@pytest.mark.django_db
def test_a_service_with_one_monitored_way_has_no_rows_beside_its_own() -> None:
    service = make_service()
    out(way(service, "web"), NOW - 2 * HOUR, NOW - HOUR)
    make_channel(service=service, kind="counter")

    refresh()

    assert own_days() == []


@pytest.mark.django_db
def test_a_day_that_two_ways_spent_alike_is_stored_once() -> None:
    service = make_service()
    for check in (way(service, "web"), way(service, "app")):
        out(check, MIDNIGHT - 3 * HOUR, MIDNIGHT - HOUR)

    refresh()

    assert day_of(service, YESTERDAY) == {"up": DAY_S - 7200, "own": 7200}
    assert own_days() == BEGUN


@pytest.mark.django_db
def test_where_one_way_is_out_each_has_a_row_and_the_service_was_partly_out() -> None:
    service = make_service()
    out(way(service, "web"), MIDNIGHT - 3 * HOUR, MIDNIGHT - HOUR)
    way(service, "app")

    refresh()

    assert day_of(service, YESTERDAY) == {"up": DAY_S, "partial": 7200}
    assert own_days() == [
        *BEGUN,
        ("web", YESTERDAY, {"up": DAY_S - 7200, "own": 7200}),
        ("app", YESTERDAY, {"up": DAY_S}),
    ]


@pytest.mark.django_db
def test_a_later_change_that_makes_the_days_alike_again_takes_the_rows_away() -> None:
    service = make_service()
    web, app = way(service, "web"), way(service, "app")
    out(web, MIDNIGHT - 3 * HOUR, MIDNIGHT - HOUR)
    refresh()

    out(app, MIDNIGHT - 3 * HOUR, MIDNIGHT - HOUR)
    refresh(NOW + MINUTE)

    assert own_days() == BEGUN
    assert day_of(service, YESTERDAY) == {"up": DAY_S - 7200, "own": 7200}


@pytest.mark.django_db
def test_the_present_day_of_a_way_grows_with_its_service_s() -> None:
    service = make_service()
    changed(way(service, "web"), NOW - HOUR, BAD)
    way(service, "app")
    refresh()

    refresh(NOW + MINUTE)

    assert day_of(service, TODAY) == {"up": SO_FAR_S + 60, "partial": 3660}
    assert own_days() == [
        *BEGUN,
        ("web", TODAY, {"up": SO_FAR_S - 3600, "own": 3660}),
        ("app", TODAY, {"up": SO_FAR_S + 60}),
    ]


@pytest.mark.django_db
def test_an_upstream_of_one_way_is_booked_on_that_way() -> None:
    login = make_service(slug="login", is_shared=True)
    out(way(login, "web"), NOW - 2 * HOUR, NOW - HOUR)
    service = make_service()
    web = way(service, "web")
    way(service, "app")
    make_edge(upstream=login, dependant=service, channel=web.channel)

    refresh()

    assert own_days() == [
        *BEGUN,
        ("web", TODAY, {"up": SO_FAR_S - 3600, "upstream": 3600}),
        ("app", TODAY, {"up": SO_FAR_S}),
    ]


@pytest.mark.django_db
def test_planned_work_on_one_way_is_planned_there_and_no_trouble_elsewhere() -> None:
    service = make_service()
    web = way(service, "web")
    way(service, "app")
    window = make_announced(
        services=[service],
        state="completed",
        starts_at=NOW - 3 * HOUR,
        ends_at=NOW - HOUR,
        approved_at=NOW - 4 * DAY,
        completed_at=NOW - HOUR,
    )
    window.services.get().channels.add(web.channel)

    refresh()

    assert day_of(service, TODAY) == {"up": SO_FAR_S, "limited": 7200}
    assert own_days() == [
        *BEGUN,
        ("web", TODAY, {"up": SO_FAR_S - 7200, "planned": 7200}),
        ("app", TODAY, {"up": SO_FAR_S}),
    ]


@pytest.mark.django_db
def test_what_was_declared_of_one_way_counts_on_that_way(monkeypatch: pytest.MonkeyPatch) -> None:
    service = make_service()
    web = way(service, "web")
    way(service, "app")
    said = [Interval(NOW - 2 * HOUR, NOW - HOUR, Health.MAJOR_OUTAGE)]
    monkeypatch.setattr(figured, "declared", lambda start, end: {web.channel_id: said})

    refresh()

    assert own_days() == [
        *BEGUN,
        ("web", TODAY, {"up": SO_FAR_S - 3600, "own": 3600}),
        ("app", TODAY, {"up": SO_FAR_S}),
    ]


@pytest.mark.django_db
def test_what_is_declared_later_of_a_closed_day_corrects_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = make_service()
    web = way(service, "web")
    way(service, "app")
    refresh()
    began = MIDNIGHT - 30 * HOUR
    said = [Interval(began, began + HOUR, Health.MAJOR_OUTAGE)]
    asked: list[datetime] = []

    def redeclared(since: datetime) -> dict[int, datetime]:
        asked.append(since)
        return {web.channel_id: began}

    monkeypatch.setattr(figured, "declared", lambda start, end: {web.channel_id: said})
    monkeypatch.setattr(figured, "redeclared", redeclared)
    refresh(NOW + MINUTE)

    assert day_of(service, YESTERDAY - DAY) == {"up": DAY_S, "partial": 3600}
    assert own_days()[2] == ("web", YESTERDAY - DAY, {"up": DAY_S - 3600, "own": 3600})
    # Since the open days were written last, and a little earlier.
    assert asked == [NOW - 10 * MINUTE]


@pytest.mark.django_db
def test_what_was_declared_a_moment_ago_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    service = make_service()
    web = way(service, "web")
    way(service, "app")
    refresh()
    began = NOW - HOUR
    said = [Interval(began, NOW + HOUR, Health.MAJOR_OUTAGE)]
    monkeypatch.setattr(figured, "declared", lambda start, end: {web.channel_id: said})
    monkeypatch.setattr(figured, "redeclared", lambda since: {web.channel_id: began})

    assert compare(NOW + 10 * SECOND).differences == ()
    assert own_days()[-2] == ("web", TODAY, {"up": SO_FAR_S - 3600, "own": 3610})


@pytest.mark.django_db
def test_a_second_way_that_is_added_is_told_from_its_own_first_day_and_the_first_from_its() -> None:
    service = make_service()
    way(service, "web")
    refresh()

    way(service, "app", since=NOW)
    refresh(NOW + MINUTE)

    assert own_days() == [
        BEGUN[0],
        ("app", TODAY, {"up": 60, "unknown": SO_FAR_S}),
    ]
    assert day_of(service, TODAY) == {"up": SO_FAR_S + 60}


@pytest.mark.django_db
def test_a_new_way_goes_back_beside_what_stands_of_its_service_and_rewrites_none_of_it() -> None:
    service = make_service()
    way(service, "web")
    app = way(service, "app")
    Check.objects.filter(pk=app.pk).update(is_enabled=False)
    refresh()
    DailyFigure.objects.filter(day=YESTERDAY).update(up=DAY_S - 60, own=60)

    Check.objects.filter(pk=app.pk).update(is_enabled=True)
    refresh(NOW + MINUTE)

    assert day_of(service, YESTERDAY) == {"up": DAY_S - 60, "own": 60}
    assert own_days() == [
        *BEGUN,
        ("web", YESTERDAY, {"up": DAY_S}),
        ("app", YESTERDAY, {"up": DAY_S}),
    ]


@pytest.mark.django_db
def test_a_way_that_nobody_watches_any_more_never_passes_for_its_service() -> None:
    service = make_service()
    way(service, "web")
    app = way(service, "app")
    refresh()

    Check.objects.filter(pk=app.pk).update(is_enabled=False)
    refresh(NOW + DAY)

    assert day_of(service, TODAY) == {"up": DAY_S}
    assert own_days() == [
        *BEGUN,
        ("app", TODAY, {"unknown": DAY_S}),
        ("app", TODAY + DAY, {"unknown": SO_FAR_S}),
    ]


@pytest.mark.django_db
def test_a_change_from_before_the_first_day_moves_that_day() -> None:
    service = make_service()
    web = way(service, "web")
    way(service, "app")
    refresh()

    changed(web, NOW - 7 * DAY, BAD, was=UNKNOWN)
    refresh(NOW + SECOND)

    assert own_days() == [
        ("web", date(2026, 11, 3), {"own": 11 * 3600, "unknown": 13 * 3600}),
        ("web", date(2026, 11, 4), {"own": DAY_S}),
        ("web", FIRST, {"up": 11 * 3600, "own": 13 * 3600}),
        BEGUN[1],
    ]


@pytest.mark.django_db
def test_a_channel_that_is_deleted_takes_its_figures_along() -> None:
    service = make_service()
    for kind in ("web", "app"):
        make_check(channel=make_channel(service=service, kind=kind))
    refresh()
    assert [kind for kind, _day, _row in own_days()] == ["web", "app"]

    Channel.objects.get(kind="app").delete()
    refresh(NOW + MINUTE)

    assert [kind for kind, _day, _row in own_days()] == ["web"]


def two_ways_apart(slug: str = "a") -> Service:
    """The web site was out for two hours of yesterday, the app never."""
    service = make_service(slug=slug)
    out(way(service, "web"), MIDNIGHT - 3 * HOUR, MIDNIGHT - HOUR)
    way(service, "app")
    return service


@pytest.mark.django_db
def test_a_second_refresh_at_the_same_instant_writes_nothing() -> None:
    two_ways_apart()
    refresh()
    before = own_days()

    assert refresh() == figures.Refreshed(services=0, rows=0)
    assert own_days() == before


@pytest.mark.django_db
def test_the_number_of_statements_does_not_grow_with_channels() -> None:
    def statements(now: datetime) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert figures.refresh(now=now)
        return len(asked)

    two_ways_apart("a")
    refresh()
    with_one = statements(NOW + MINUTE)
    for slug in ("b", "c"):
        two_ways_apart(slug)
    refresh(NOW + 2 * MINUTE)

    assert statements(NOW + 3 * MINUTE) == with_one


# --- proved -------------------------------------------------------------------------------------


def compare(now: datetime = NOW, *, fix: bool = False) -> Compared:
    return figures.compare(now=now, fix=fix)


@pytest.mark.django_db
def test_channels_are_proved_with_their_services() -> None:
    two_ways_apart()
    refresh()

    assert compare() == Compared((), days=6, services=1, channels=2)
    assert compare(NOW + 30 * SECOND).differences == ()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "differences"),
    [
        pytest.param(
            lambda rows: rows.filter(channel__kind="web", day=YESTERDAY).update(own=7000),
            [Difference("a", YESTERDAY, "own", 7000, 7200, "web")],
            id="a wrong figure",
        ),
        pytest.param(
            lambda rows: rows.filter(channel__kind="web", day=YESTERDAY).delete(),
            [
                Difference("a", YESTERDAY, "up", DAY_S, DAY_S - 7200, "web"),
                Difference("a", YESTERDAY, "partial", 7200, 0, "web"),
                Difference("a", YESTERDAY, "own", 0, 7200, "web"),
            ],
            id="a day that passes for the service's",
        ),
        pytest.param(
            lambda rows: rows.filter(channel__kind="app", day=FIRST).delete(),
            [
                Difference("a", FIRST + n * DAY, "day", None, DAY_S, "app")
                for n in range((YESTERDAY - FIRST).days)
            ],
            id="a lost beginning",
        ),
    ],
)
def test_a_wrong_day_of_a_channel_is_named_and_mended(
    wrong: object, differences: Sequence[Difference]
) -> None:
    two_ways_apart()
    refresh()
    right = own_days()
    wrong(ChannelFigure.objects)  # type: ignore[operator]

    assert list(compare().differences) == differences
    assert list(compare(fix=True).differences) == differences

    assert compare().differences == ()
    assert [row for row in own_days() if row in right] == right


@pytest.mark.django_db
def test_what_is_wrong_of_a_service_alone_is_named_once() -> None:
    service = two_ways_apart()
    refresh()
    day = YESTERDAY - DAY
    DailyFigure.objects.filter(service=service, day=day).update(own=5)

    assert compare(fix=True).differences == (Difference("a", day, "own", 5, 0),)
    assert compare().differences == ()
