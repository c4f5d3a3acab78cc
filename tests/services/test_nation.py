"""What is wrong with the nation: who is in trouble, since when, and who stands over them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from services import nation
from services.models import Channel, Check, CheckState, Location, Service, StatusChange
from services.nation import ChannelNow
from services.status.health import CheckHealth, Health
from services.status.observation import Reason
from tests.factories import make_channel, make_check, make_edge, make_location, make_service

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
OK, SLOW, BAD, UNKNOWN = CheckHealth.OK, CheckHealth.SLOW, CheckHealth.BAD, CheckHealth.UNKNOWN


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def make_seen(
    check: Check,
    *turns: tuple[float, CheckHealth],
    location: Location | None = None,
    seen: float = -0.1,
    run: list[Any] | None = None,
) -> None:
    """Let `check` be what the last of `turns` says, through all of them; each is confirmed half a
    minute after it began. It was well before."""
    location = location or make_location()
    health, since = OK, at(-10_000)
    for minutes, to_health in turns:
        StatusChange.objects.create(
            service=check.channel.service,
            channel=check.channel,
            check_ref=check,
            location=location,
            from_health=health,
            to_health=to_health,
            at=at(minutes),
            confirmed_at=at(minutes + 0.5),
        )
        health, since = to_health, at(minutes)
    CheckState.objects.create(
        check_ref=check,
        location=location,
        health=health,
        since=since,
        last_started_at=at(seen),
        run=run or [],
    )


def check_of(channel: Channel, **fields: Any) -> Check:
    return make_check(channel=channel, interval_seconds=60, timeout_seconds=10, **fields)


def channel_now(channel: Channel) -> ChannelNow:
    found = nation.measured({channel.service_id}, now=NOW)
    return found.services[channel.service_id].channels[channel.pk]


# --- who is in trouble ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("health", "fields", "is_troubled"),
    [
        (BAD, {}, True),
        (SLOW, {}, False),
        (UNKNOWN, {}, False),
        (OK, {}, False),
        (BAD, {"is_enabled": False}, False),
    ],
)
def test_a_service_is_in_trouble_while_a_check_of_it_is_confirmed_bad(
    health: CheckHealth, fields: dict[str, Any], is_troubled: bool
) -> None:
    channel = make_channel()
    make_seen(check_of(channel, **fields), (-5, health))
    assert nation.troubled() == ({channel.service_id} if is_troubled else set())


def test_whoever_stands_over_them_is_looked_at_too_and_nobody_else() -> None:
    login, gate, passport = (make_service(slug=name) for name in ("login", "gate", "passport"))
    make_edge(upstream=login, dependant=gate)
    make_edge(upstream=gate, dependant=passport, kind="soft")
    make_edge(upstream=passport)
    make_service()

    found = nation.measured({passport.pk}, now=NOW)

    assert set(found.services) == {login.pk, gate.pk, passport.pk}
    assert {(one.upstream, one.dependant, one.kind) for one in found.edges} == {
        (str(login.pk), str(gate.pk), "hard"),
        (str(gate.pk), str(passport.pk), "soft"),
    }
    assert nation.measured(set(), now=NOW) == nation.Nation()


# --- since when -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([], {"health": Health.OPERATIONAL, "before": Health.OPERATIONAL}),
        ([(-5, BAD)], {"health": Health.MAJOR_OUTAGE, "since": -5, "confirmed_at": -4.5}),
        ([(-5, BAD), (-2, OK)], {"health": Health.OPERATIONAL, "recovered_at": -2}),
        ([(-5, BAD), (-2, SLOW)], {"health": Health.DEGRADED, "recovered_at": -2}),
        # Slow on its way back, it was down until then all the same.
        ([(-5, BAD), (-2, SLOW), (-1, OK)], {"health": Health.OPERATIONAL, "recovered_at": -2}),
        # Lost from sight, it is good only since it was seen so.
        ([(-5, BAD), (-2, UNKNOWN), (-1, OK)], {"recovered_at": -1}),
        ([(-5, BAD), (-2, UNKNOWN)], {"health": Health.UNKNOWN, "recovered_at": None}),
        ([(-5, SLOW), (-1, OK)], {"before": Health.OPERATIONAL, "recovered_at": None}),
        ([(-9, BAD), (-7, OK), (-5, BAD)], {"since": -5, "recovered_at": None}),
    ],
)
def test_a_channel_says_since_when_it_is_down_or_works_again(
    turns: list[tuple[float, CheckHealth]], expected: dict[str, Any]
) -> None:
    channel = make_channel()
    make_seen(check_of(channel), *turns)
    found = channel_now(channel)
    for name, value in expected.items():
        wanted = at(value) if isinstance(value, (int, float)) else value
        assert getattr(found, name) == wanted, name
    if any(health is BAD for _minutes, health in turns[:-1]) and turns[-1][1] is not BAD:
        assert found.before is Health.MAJOR_OUTAGE


def test_nothing_fresh_is_unknown_and_nothing_watched_is_nothing() -> None:
    silent = make_channel()
    make_seen(check_of(silent), (-60, BAD), seen=-3.17)
    # Three intervals of 60 s and one timeout of 10 s.
    assert channel_now(silent).health is Health.UNKNOWN
    CheckState.objects.update(last_started_at=at(-3.16))
    assert channel_now(silent).health is Health.MAJOR_OUTAGE
    assert channel_now(silent).seen_at == at(-3.16)
    assert channel_now(make_channel()) == ChannelNow(
        id=Channel.objects.latest("pk").pk, health=None
    )


def test_it_went_down_with_its_first_essential_check_and_works_since_the_last() -> None:
    channel = make_channel()
    first, second = check_of(channel), check_of(channel)
    other = check_of(channel, is_essential=False)
    make_seen(other, (-90, BAD))
    make_seen(first, (-8, BAD))
    make_seen(second, (-5, BAD))

    found = channel_now(channel)
    assert (found.since, found.confirmed_at) == (at(-8), at(-7.5))

    CheckState.objects.all().delete()
    StatusChange.objects.all().delete()
    make_seen(other, (-90, BAD))
    make_seen(first, (-8, BAD), (-3, OK))
    make_seen(second, (-5, BAD), (-2, OK))
    found = channel_now(channel)
    assert (found.health, found.recovered_at) == (Health.DEGRADED, at(-2))


def test_of_several_locations_the_one_that_completes_the_majority_says_when() -> None:
    channel = make_channel()
    check = check_of(channel)
    north, south, west = (make_location(code=name) for name in ("north", "south", "west"))
    make_seen(check, (-600, BAD), location=north)
    make_seen(check, (-5, BAD), location=south)
    make_seen(check, (-3, BAD), location=west)
    found = channel_now(channel)
    assert (found.health, found.since) == (Health.MAJOR_OUTAGE, at(-5))
    assert found.confirmed_at == at(-4.5)

    CheckState.objects.all().delete()
    StatusChange.objects.all().delete()
    make_seen(check, (-600, BAD), location=north)
    make_seen(check, (-5, BAD), (-2, OK), location=south)
    make_seen(check, (-5, BAD), (-1, OK), location=west)
    found = channel_now(channel)
    assert (found.health, found.recovered_at) == (Health.OPERATIONAL, at(-1))


def test_where_the_others_fell_silent_the_last_one_that_speaks_says_when() -> None:
    channel = make_channel()
    check = check_of(channel)
    make_seen(check, (-5, BAD), location=make_location())
    make_seen(check, location=make_location(code="south"), seen=-60)
    found = channel_now(channel)
    assert (found.health, found.since) == (Health.MAJOR_OUTAGE, at(-5))


def test_a_location_that_is_switched_off_says_nothing() -> None:
    channel = make_channel()
    make_seen(check_of(channel), (-5, BAD), location=make_location(code="north", is_enabled=False))
    make_location()
    found = channel_now(channel)
    assert (found.health, found.since, found.seen_at) == (Health.UNKNOWN, None, None)


# --- what may be about to fail --------------------------------------------------------------------


def answers(*outcomes: tuple[int, float]) -> list[Any]:
    reason = int(Reason.SERVER_ERROR)
    return [[outcome, at(minutes).isoformat(), reason] for outcome, minutes in outcomes]


@pytest.mark.parametrize(
    ("run", "turns", "expected"),
    [
        ([], [], None),
        (answers((0, -2), (2, -1)), [], -1),
        (answers((2, -3), (2, -2), (2, -1)), [], -3),
        (answers((2, -3), (0, -2), (2, -1)), [], -1),
        (answers((2, -2), (0, -1)), [], None),
        (answers((2, -2), (1, -1)), [], None),
        # It is an outage already.
        (answers((2, -3), (2, -2), (2, -1)), [(-3, BAD)], None),
    ],
)
def test_a_bad_run_that_is_not_confirmed_says_since_when(
    run: list[Any], turns: list[tuple[float, CheckHealth]], expected: float | None
) -> None:
    channel = make_channel()
    make_seen(check_of(channel), *turns, run=run)
    found = nation.measured({channel.service_id}, now=NOW).services[channel.service_id]
    assert found.bad_run_since == (None if expected is None else at(expected))


def test_a_service_waits_as_long_as_its_slowest_check(settings: Any) -> None:
    settings.CHECK_FAST_INTERVAL = timedelta(seconds=10)
    channel = make_channel()
    make_check(channel=channel, interval_seconds=60, timeout_seconds=10)
    make_check(channel=channel, interval_seconds=300, timeout_seconds=5)
    found = nation.measured({channel.service_id}, now=NOW).services[channel.service_id]
    # 2 × 10 s between the answers, and three timeouts of 10 s.
    assert (found.interval, found.confirmation) == (timedelta(seconds=300), timedelta(seconds=50))


# --- how much is asked ----------------------------------------------------------------------------


def make_troubled() -> Service:
    channel = make_channel()
    make_seen(check_of(channel), (-5, BAD))
    make_edge(dependant=channel.service)
    return channel.service


def test_it_asks_the_same_of_one_and_of_three(django_assert_num_queries: Any) -> None:
    make_troubled()
    for more in (0, 2):
        for _number in range(more):
            make_troubled()
        with django_assert_num_queries(1):
            wanted = nation.troubled()
        with CaptureQueriesContext(connection) as asked:
            nation.measured(wanted, now=NOW)
        assert len(asked) == 7
        assert len(wanted) == 1 + more
