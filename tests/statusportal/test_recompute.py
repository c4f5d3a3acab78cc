"""`manage.py recompute`: stored figures equal recomputed ones, or each difference is named."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import CommandError, call_command

from services import recording
from services.models import (
    ChannelFigure,
    Check,
    CheckState,
    DailyFigure,
    FiguresMark,
    ObservationHour,
    Service,
    StatusChange,
)
from services.past import FIGURES
from services.status.health import CheckHealth, Outcome
from services.status.observation import Observation, Reason, Timings
from statusportal import figures
from statusportal.demo import history as demo_history
from statusportal.demo import nation
from tests.factories import make_channel, make_check, make_edge, make_location, make_service

NOW = datetime(2026, 11, 22, 9, 30, 12, 345678, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Bahrain")
TODAY = date(2026, 11, 22)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def recompute(**options: object) -> tuple[list[str], int]:
    """The lines it prints and its exit code."""
    out, code = StringIO(), 0
    try:
        call_command("recompute", stdout=out, **options)
    except SystemExit as exit_:
        code = int(str(exit_.code))
    return out.getvalue().splitlines(), code


def ninety_days(*, services: int = 4) -> None:
    """Some of the demo nation's services with their generated changes, in a chain of edges."""
    slugs = list(dict.fromkeys(endpoint.slug for endpoint in nation.endpoints()))[:services]
    endpoints = [endpoint for endpoint in nation.endpoints() if endpoint.slug in slugs]
    chains = demo_history.generate(endpoints, now=NOW, zone=ZONE)
    location = make_location()
    made: dict[str, Service] = {}
    for endpoint in endpoints:
        service = made.get(endpoint.slug) or make_service(slug=endpoint.slug)
        made[endpoint.slug] = service
        channel = service.channels.filter(kind=endpoint.channel).first() or make_channel(
            service=service, kind=endpoint.channel
        )
        check = make_check(channel=channel, is_essential=endpoint.is_essential)
        StatusChange.objects.bulk_create(
            StatusChange(
                service=service,
                channel=channel,
                check_ref=check,
                location=location,
                from_health=change.from_health.value,
                to_health=change.to_health.value,
                at=change.at,
                confirmed_at=change.confirmed_at,
                is_demo=True,
            )
            for change in chains[endpoint.key]
        )
    rows = list(made.values())
    for upstream, dependant in pairwise(rows):
        make_edge(upstream=upstream, dependant=dependant)


@pytest.mark.django_db
def test_over_ninety_generated_days_it_finds_no_difference(clock: time_machine.Traveller) -> None:
    ninety_days()
    figures.refresh(now=NOW)
    assert DailyFigure.objects.filter(own__gt=0).exists()
    assert DailyFigure.objects.filter(upstream__gt=0).exists()
    # 90 times 24 hours that begin in the middle of a day.
    lines, code = recompute()
    assert lines[0] == "0 differences in 91 days of 4 services and 4 channels"
    assert code == 0


@pytest.mark.django_db
def test_after_a_wrong_figure_it_finds_exactly_that_one_by_name(
    clock: time_machine.Traveller,
) -> None:
    ninety_days()
    figures.refresh(now=NOW)
    wrong = DailyFigure.objects.filter(own=0).order_by("day")[40]
    DailyFigure.objects.filter(pk=wrong.pk).update(own=77)

    lines, code = recompute()

    assert lines[:2] == [
        f"{wrong.service.slug} {wrong.day} own: stored 77, recomputed 0",
        "1 difference in 91 days of 4 services and 4 channels",
    ]
    assert code == 1
    assert recompute(first=wrong.day, last=wrong.day)[0][1] == (
        "1 difference in 1 days of 4 services and 4 channels"
    )
    assert recompute(first=wrong.day + DAY)[1] == 0
    assert recompute(last=wrong.day - DAY)[1] == 0


@pytest.mark.django_db
def test_a_wrong_figure_of_the_present_day_is_found_too(clock: time_machine.Traveller) -> None:
    ninety_days()
    figures.refresh(now=NOW)
    clock.move_to(NOW + timedelta(seconds=30))
    row = DailyFigure.objects.filter(day=TODAY).order_by("service__slug")[0]
    DailyFigure.objects.filter(pk=row.pk).update(up=row.up - 10)

    lines, code = recompute()

    assert lines[0] == (f"{row.service.slug} {TODAY} up: stored {row.up - 10}, recomputed {row.up}")
    assert (lines[1], code) == ("1 difference in 91 days of 4 services and 4 channels", 1)


@pytest.mark.django_db
def test_a_day_without_its_row_is_a_difference(clock: time_machine.Traveller) -> None:
    ninety_days(services=1)
    figures.refresh(now=NOW)
    slug = Service.objects.get().slug
    DailyFigure.objects.filter(day=TODAY - 9 * DAY).delete()
    # The first day of all as well: it is still known from the changes.
    DailyFigure.objects.filter(day=TODAY - 90 * DAY).delete()

    lines, code = recompute(first=TODAY - 90 * DAY)

    assert lines[:3] == [
        f"{slug} {TODAY - 90 * DAY} day: stored nothing, recomputed 86400",
        f"{slug} {TODAY - 9 * DAY} day: stored nothing, recomputed 86400",
        "2 differences in 91 days of 1 services and 2 channels",
    ]
    assert code == 1


@pytest.mark.django_db
def test_fix_stores_what_was_recomputed_and_lets_the_pages_know(
    clock: time_machine.Traveller,
) -> None:
    ninety_days(services=2)
    figures.refresh(now=NOW)
    row = DailyFigure.objects.filter(day=TODAY - 30 * DAY).order_by("service__slug")[0]
    DailyFigure.objects.filter(pk=row.pk).update(up=1, overrun=5)

    lines, code = recompute(fix=True)

    assert lines[2] == "2 differences in 91 days of 2 services and 2 channels"
    assert (lines[-1], code) == ("The recomputed figures are stored.", 1)
    stored = DailyFigure.objects.get(pk=row.pk)
    assert (stored.up, stored.overrun) == (row.up, row.overrun)
    assert recompute()[1] == 0


@pytest.mark.django_db
def test_what_was_not_followed_yet_is_no_difference(clock: time_machine.Traveller) -> None:
    ninety_days(services=2)
    assert recompute() == (
        [
            "0 differences in 91 days of 2 services and 2 channels",
            "0 differences in 0 hours of observations",
        ],
        0,
    )
    assert FiguresMark.objects.get().last_change_id == StatusChange.objects.latest("id").pk
    check = Check.objects.order_by("id").first()
    assert check is not None
    CheckState.objects.create(
        check_ref=check,
        location=make_location(),
        health=CheckHealth.OK,
        last_started_at=NOW + MINUTE,
    )
    StatusChange.objects.create(
        service=check.channel.service,
        channel=check.channel,
        check_ref=check,
        location=make_location(),
        from_health=CheckHealth.UNKNOWN,
        to_health=CheckHealth.OK,
        at=NOW + timedelta(seconds=10),
        confirmed_at=NOW + timedelta(seconds=20),
    )

    clock.move_to(NOW + MINUTE)
    assert recompute()[1] == 0
    # Long after: everybody is silent, and the figures were not told since.
    clock.move_to(NOW + 2 * HOUR)
    assert recompute()[1] == 0


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2])
def test_days_that_were_followed_step_by_step_equal_days_computed_at_once(
    clock: time_machine.Traveller, seed: int
) -> None:
    dice = random.Random(seed)
    login, a, b = (make_service(slug=slug) for slug in ("login", "a", "b"))
    checks = [
        make_check(channel=make_channel(service=service, kind=kind), interval_seconds=300)
        for service, kind in ((login, "web"), (a, "web"), (a, "app"), (b, "web"))
    ]
    for upstream, dependant in pairwise((login, a, b)):
        make_edge(upstream=upstream, dependant=dependant)
    place = make_location().pk
    begin = NOW - 3 * DAY
    answers = [Outcome.OK, Outcome.OK, Outcome.SLOW, Outcome.BAD, Outcome.PROBER_FAULT, None]
    for hour in range(72):
        at = begin + hour * HOUR
        for check in checks:
            # None: nobody looks for this hour.
            outcome = dice.choice(answers)
            if outcome is not None:
                recording.record(
                    observations=[
                        seen(check, place, at + turn * 5 * MINUTE, outcome, 100)
                        for turn in range(dice.randint(1, 12))
                    ]
                )
        for minutes in sorted(dice.sample(range(56, 60), 2)):
            figures.refresh(now=at + minutes * MINUTE)
    clock.move_to(NOW)
    columns = ("service__slug", "day", *FIGURES)
    followed = list(DailyFigure.objects.order_by("id").values_list(*columns))
    of_channels = ("channel__kind", "day", *FIGURES)
    apart = list(ChannelFigure.objects.order_by("id").values_list(*of_channels))
    kinds = [sum(row[2 + FIGURES.index(name)] for row in followed) for name in FIGURES]
    assert dict(zip(FIGURES, map(bool, kinds), strict=True)) == dict.fromkeys(FIGURES, True) | {
        "limited": False,
        "planned": False,
        "overrun": False,
    }

    assert recompute()[0][0] == "0 differences in 4 days of 3 services and 2 channels"
    assert list(DailyFigure.objects.order_by("id").values_list(*columns)) == followed
    assert list(ChannelFigure.objects.order_by("id").values_list(*of_channels)) == apart
    assert len(apart) == 8


def seen(
    check: Check, place: int, due_at: datetime, outcome: Outcome, total_ms: int | None
) -> Observation:
    return Observation(
        check_id=check.pk,
        location_id=place,
        due_at=due_at,
        started_at=due_at,
        outcome=outcome,
        reason=Reason.OK if outcome is Outcome.OK else Reason.CONNECT_TIMEOUT,
        timings=Timings(total_ms=total_ms),
    )


@pytest.fixture
def observed(clock: time_machine.Traveller) -> Check:
    """A check with 130 minutes of observations: two whole hours and a part of the present one."""
    check = make_check(interval_seconds=60)
    place = make_location().pk
    outcomes = [(Outcome.OK, 25), (Outcome.SLOW, 4100), (Outcome.BAD, None)]
    recording.record(
        observations=[
            seen(check, place, NOW - minute * MINUTE, *outcomes[minute % 3])
            for minute in range(130, 0, -1)
        ]
    )
    return check


@pytest.mark.django_db
def test_hourly_figures_equal_the_kept_observations(observed: Check) -> None:
    figures.refresh(now=NOW)
    assert ObservationHour.objects.count() == 3
    lines, code = recompute()
    # From the day of the oldest observation to the last hour that is over.
    assert (lines[1], code) == ("0 differences in 9 hours of observations", 0)


@pytest.mark.django_db
def test_a_wrong_hour_is_named_and_can_be_mended(observed: Check) -> None:
    figures.refresh(now=NOW)
    hour = ObservationHour.objects.get(hour_at=datetime(2026, 11, 22, 8, tzinfo=UTC))
    ObservationHour.objects.filter(hour_at=hour.hour_at).update(bad_count=0)
    ObservationHour.objects.filter(hour_at=hour.hour_at - HOUR).delete()

    lines, code = recompute(fix=True)

    place = f"check {observed.pk} at main"
    assert lines[:2] == [
        f"{place} 2026-11-22T07:00Z observations: stored nothing, recomputed 40",
        f"{place} 2026-11-22T08:00Z bad_count: stored 0, recomputed 20",
    ]
    assert code == 1
    assert recompute()[1] == 0
    mended = ObservationHour.objects.get(hour_at=hour.hour_at)
    assert (mended.bad_count, mended.total_ms_sum) == (hour.bad_count, hour.total_ms_sum)


@pytest.mark.django_db
def test_days_the_wrong_way_round_are_refused(clock: time_machine.Traveller) -> None:
    with pytest.raises(CommandError, match="--from must not be later than --to"):
        call_command("recompute", first=TODAY, last=TODAY - DAY)
