"""From rows to readers: the snapshot with 90 days of history, handed out by one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import chain, repeat
from typing import Any

import pytest
import redis
from django.conf import settings as real_settings
from django.db import connection, connections

from services.models import CheckState, StatusChange
from services.status.health import CheckHealth
from statusportal import figures
from statusportal.public import publishing
from statusportal.public.shape import ChannelDays, DayFact, ServiceHistory
from statusportal.public.store import Store, connect
from statusportal.public.store_parts import Published
from tests.factories import make_channel, make_check, make_edge, make_location, make_service

# 13:00 in Bahrain: the tenth day has run for 13 hours.
NOW = datetime(2026, 11, 10, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY_S = 86_400


@pytest.fixture(autouse=True)
def client(monkeypatch) -> Iterator[redis.Redis]:
    client = connect(real_settings.REDIS_URL)
    client.flushdb()
    monkeypatch.setattr(publishing, "_connection", None)
    yield client
    client.flushdb()
    client.close()


def measured(slug: str, *changes: tuple[datetime, CheckHealth], **fields: Any):
    """A service with one checked channel and a chain of stored changes; seen at NOW."""
    service = make_service(slug=slug, **fields)
    channel = make_channel(service=service)
    check = make_check(channel=channel, interval_seconds=60)
    location = make_location()
    before = CheckHealth.UNKNOWN
    for at, health in changes:
        StatusChange.objects.create(
            service=service,
            channel=channel,
            check_ref=check,
            location=location,
            from_health=before,
            to_health=health,
            at=at,
            confirmed_at=at,
        )
        before = health
    CheckState.objects.create(
        check_ref=check, location=location, health=before, last_started_at=NOW
    )
    return service


def published(now: datetime = NOW, *, refreshed: bool = True) -> Published:
    if refreshed:
        figures.refresh(now=now)
    assert publishing.publish_snapshot(now=now) is True
    reading = Store()
    assert reading.look() is True
    current = reading.current()
    assert current is not None
    return current


def history_of(service, current: Published) -> ServiceHistory:
    (found,) = [row for row in current.history.services if row.id == service.public_id]
    return found


@pytest.mark.django_db
def test_history_counts_from_the_stored_changes_and_knows_nothing_before_the_first() -> None:
    midnight = datetime(2026, 11, 8, 21, 0, tzinfo=UTC)  # of the 9th, in Bahrain
    service = measured(
        "a",
        (midnight - 12 * HOUR, CheckHealth.OK),
        (midnight + 2 * HOUR, CheckHealth.BAD),
        (midnight + 3 * HOUR, CheckHealth.OK),
    )

    history = history_of(service, published())

    assert len(history.days) == 90
    whole_day, last_day = history.days[-2:]
    assert whole_day == DayFact(date(2026, 11, 9), DAY_S - 3600, 0, 3600, 0, 0, 0)
    assert (last_day.up, last_day.unknown) == (13 * 3600, 0)
    assert history.days[-3].unknown == DAY_S // 2
    assert history.days[0].unknown == DAY_S
    # 12 + 24 + 13 hours known, one of them down; rounded down.
    assert history.availability == 10_000 * 48 // 49


@pytest.mark.django_db
def test_history_of_a_dependant_counts_what_its_upstream_did() -> None:
    start = NOW - 100 * HOUR
    login = measured(
        "login",
        (start, CheckHealth.OK),
        (start + HOUR, CheckHealth.BAD),
        (start + 2 * HOUR, CheckHealth.OK),
        is_shared=True,
    )
    dependant = measured("a", (start, CheckHealth.OK))
    make_edge(upstream=login, dependant=dependant)

    current = published()

    assert history_of(dependant, current).availability == 9_900
    assert sum(day.down for day in history_of(dependant, current).days) == 3_600


@pytest.mark.django_db
def test_the_days_of_a_channel_travel_where_they_are_not_its_services() -> None:
    midnight = datetime(2026, 11, 9, 21, 0, tzinfo=UTC)
    service = measured(
        "a",
        (midnight - 12 * HOUR, CheckHealth.OK),
        (midnight + HOUR, CheckHealth.BAD),
        (midnight + 2 * HOUR, CheckHealth.OK),
    )
    web = service.channels.get()
    app = make_channel(service=service, kind="app")
    check = make_check(channel=app, interval_seconds=60)
    StatusChange.objects.create(
        service=service,
        channel=app,
        check_ref=check,
        location=make_location(),
        from_health=CheckHealth.UNKNOWN,
        to_health=CheckHealth.OK,
        at=midnight - 12 * HOUR,
        confirmed_at=midnight - 12 * HOUR,
    )
    CheckState.objects.create(
        check_ref=check, location=make_location(), health=CheckHealth.OK, last_started_at=NOW
    )

    history = history_of(service, published())

    today, first = date(2026, 11, 10), date(2026, 11, 9)
    assert history.days[-1] == DayFact(today, 13 * 3600, 3600, 0, 0, 0, 0)
    assert history.channels == (
        ChannelDays(web.pk, (DayFact(today, 12 * 3600, 0, 3600, 0, 0, 0),), first),
        ChannelDays(app.pk, (DayFact(today, 13 * 3600, 0, 0, 0, 0, 0),), first),
    )


@pytest.mark.django_db
def test_a_check_that_fell_silent_adds_nothing_to_its_good_time() -> None:
    service = measured("a", (NOW - 10 * HOUR, CheckHealth.OK))
    CheckState.objects.update(last_started_at=NOW - 4 * HOUR)

    history = history_of(service, published())

    assert sum(day.up for day in history.days) == 6 * 3600
    assert history.availability == 10_000


@pytest.mark.django_db
def test_history_is_read_again_when_a_figure_or_the_day_changed_and_not_before() -> None:
    measured("a", (NOW - HOUR, CheckHealth.OK))
    first = published()

    later = published(NOW + timedelta(seconds=30), refreshed=False)
    assert later.history_version == first.history_version

    measured("b", (NOW, CheckHealth.BAD))
    with_another_service = published(NOW + timedelta(seconds=31), refreshed=False)
    assert with_another_service.history_version != first.history_version
    assert [len(row.days) for row in with_another_service.history.services] == [90, 90]

    soon = published(NOW + timedelta(seconds=32))
    assert soon.history_version == with_another_service.history_version
    with_its_figures = published(NOW + timedelta(seconds=41), refreshed=False)
    assert with_its_figures.history_version != with_another_service.history_version

    tomorrow = published(NOW + timedelta(hours=12), refreshed=False)
    assert tomorrow.history_version != with_its_figures.history_version
    assert tomorrow.history.services[0].days[-1].day == date(2026, 11, 11)


@pytest.mark.django_db
def test_a_redis_that_came_back_empty_gets_the_history_at_once(client: redis.Redis) -> None:
    service = measured("a", (NOW - HOUR, CheckHealth.OK))
    before = history_of(service, published())
    client.flushdb()

    after = published(NOW + timedelta(seconds=1), refreshed=False)

    assert history_of(service, after) == before


@pytest.mark.django_db
def test_a_corrected_yesterday_reaches_the_page() -> None:
    service = measured("a", (NOW - 48 * HOUR, CheckHealth.OK))
    assert history_of(service, published()).days[-2].down == 0

    change = StatusChange.objects.get()
    for at, health in ((30, CheckHealth.BAD), (29, CheckHealth.OK)):
        StatusChange.objects.create(
            service=service,
            channel_id=change.channel_id,
            check_ref_id=change.check_ref_id,
            location_id=change.location_id,
            from_health=CheckHealth.OK,
            to_health=health,
            at=NOW - at * HOUR,
            confirmed_at=NOW,
        )

    assert history_of(service, published(NOW + timedelta(seconds=10))).days[-2].down == 3600


@pytest.mark.django_db(transaction=True)
def test_of_two_builders_at_once_one_publishes_and_the_other_leaves_it() -> None:
    def build(number: int) -> bool:
        try:
            return publishing.publish_snapshot(now=NOW + timedelta(seconds=number))
        finally:
            connections.close_all()

    with connection.cursor() as cursor:
        # Somebody is at it.
        cursor.execute("SELECT pg_advisory_lock(%s)", [publishing._LOCK])
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(build, 1).result() is False
        cursor.execute("SELECT pg_advisory_unlock(%s)", [publishing._LOCK])
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(build, 2).result() is True


@pytest.mark.django_db(transaction=True)
def test_news_do_not_wait_for_somebody_who_reads_the_past() -> None:
    service = measured("a", (NOW - HOUR, CheckHealth.OK))
    before = published()
    StatusChange.objects.create(
        service=service,
        channel=service.channels.get(),
        check_ref=CheckState.objects.get().check_ref,
        location=make_location(),
        from_health=CheckHealth.OK,
        to_health=CheckHealth.BAD,
        at=NOW,
        confirmed_at=NOW,
    )
    later = NOW + timedelta(minutes=30)
    CheckState.objects.update(health=CheckHealth.BAD, last_started_at=later)
    figures.refresh(now=later)

    def build() -> Published:
        try:
            return published(later, refreshed=False)
        finally:
            connections.close_all()

    with connection.cursor() as cursor, ThreadPoolExecutor(1) as pool:
        cursor.execute("SELECT pg_advisory_lock(%s)", [publishing._PAST_LOCK])
        meanwhile = pool.submit(build).result()
        cursor.execute("SELECT pg_advisory_unlock(%s)", [publishing._PAST_LOCK])
        afterwards = pool.submit(build).result()

    assert meanwhile.snapshot.version != before.snapshot.version
    assert history_of(service, meanwhile) == history_of(service, before)
    assert history_of(service, afterwards).days[-1].down == 1800


@pytest.mark.django_db
def test_whoever_follows_the_news_has_new_bars_with_the_next_of_them() -> None:
    measured("a", (NOW - HOUR, CheckHealth.OK))
    reading = Store()
    versions = []
    for number in range(3):
        now = NOW + number * timedelta(minutes=1)
        if number == 1:
            figures.refresh(now=now)
        publishing.publish_snapshot(now=now)
        reading.look(now)
        current = reading.current()
        assert current is not None
        versions.append(current.history_version)
    assert versions[0] != versions[2]


@pytest.mark.django_db
def test_after_a_build_that_took_long_the_next_waits_for_half_as_long(
    client: redis.Redis, monkeypatch
) -> None:
    measured("a", (NOW - HOUR, CheckHealth.OK))
    assert publishing.publish_in_turn(now=NOW) is True
    assert publishing.publish_in_turn(now=NOW + timedelta(seconds=1)) is True

    seconds = chain([100.0], repeat(160.0))
    monkeypatch.setattr(publishing, "monotonic", lambda: next(seconds))
    assert publishing.publish_in_turn(now=NOW + timedelta(seconds=2)) is True
    assert 28_000 < client.pttl("portal:now:rest") <= 30_000
    assert publishing.publish_in_turn(now=NOW + timedelta(seconds=3)) is False
