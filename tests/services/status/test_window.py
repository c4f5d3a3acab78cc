"""Rules 14 to 16: what a planned window does, and what it does not cover."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.status.health import Health
from services.status.window import (
    Phase,
    Standing,
    Window,
    WindowEffect,
    beyond_window,
    phase,
    standing,
    window_health,
    worst_effect,
)

START = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
STOPPED, PARTLY, SLOW, NONE = (
    WindowEffect.STOPPED,
    WindowEffect.PARTLY,
    WindowEffect.SLOW,
    WindowEffect.NONE,
)
WINDOW = Window(
    STOPPED, starts_at=START, announced_end_at=START + 2 * HOUR, approved_at=START - 48 * HOUR
)


def at(hour: float) -> datetime:
    return START + hour * HOUR


@pytest.mark.parametrize(
    ("effect", "health"),
    [
        (STOPPED, Health.MAINTENANCE),
        (PARTLY, Health.MAINTENANCE),
        (SLOW, Health.DEGRADED),
        (NONE, None),
        (None, None),
    ],
)
def test_rule_14_what_a_window_says(effect: WindowEffect | None, health: Health | None) -> None:
    assert window_health(effect) is health


@pytest.mark.parametrize(
    ("effects", "worst"),
    [
        ([], None),
        ([NONE], NONE),
        ([NONE, SLOW], SLOW),
        ([PARTLY, SLOW, NONE], PARTLY),
        ([SLOW, STOPPED, PARTLY], STOPPED),
    ],
)
def test_rule_14_of_overlapping_windows_the_worst_effect_counts(
    effects: list[WindowEffect], worst: WindowEffect | None
) -> None:
    assert worst_effect(effects) is worst


@pytest.mark.parametrize(
    ("effects", "measured", "beyond"),
    [
        (STOPPED, Health.MAJOR_OUTAGE, None),
        (STOPPED, Health.DEGRADED, None),
        (STOPPED, Health.UNKNOWN, None),
        (PARTLY, Health.OPERATIONAL, None),
        (PARTLY, Health.DEGRADED, None),
        (PARTLY, Health.MAJOR_OUTAGE, Health.MAJOR_OUTAGE),
        (SLOW, Health.DEGRADED, None),
        (SLOW, Health.PARTIAL_OUTAGE, Health.PARTIAL_OUTAGE),
        (NONE, Health.OPERATIONAL, None),
        (NONE, Health.DEGRADED, Health.DEGRADED),
        (NONE, Health.UNKNOWN, Health.UNKNOWN),
        (None, Health.OPERATIONAL, Health.OPERATIONAL),
        (None, Health.MAJOR_OUTAGE, Health.MAJOR_OUTAGE),
        ((NONE, STOPPED), Health.MAJOR_OUTAGE, None),
        ((NONE, SLOW), Health.MAJOR_OUTAGE, Health.MAJOR_OUTAGE),
        (STOPPED, None, None),
        (None, None, None),
    ],
)
def test_rule_14_worse_than_the_window_allows_is_beyond_it(
    effects: WindowEffect | tuple[WindowEffect, ...] | None,
    measured: Health | None,
    beyond: Health | None,
) -> None:
    assert beyond_window(effects, measured) is beyond


@pytest.mark.parametrize(
    ("hour", "completed", "expected"),
    [
        (-1, None, Phase.AHEAD),
        (0, None, Phase.RUNNING),
        (1.99, None, Phase.RUNNING),
        (2, None, Phase.RUNNING_OVER),
        (200, None, Phase.RUNNING_OVER),
        (1, 1.5, Phase.RUNNING),
        (1.5, 1.5, Phase.OVER),
        (2.5, 3.0, Phase.RUNNING_OVER),
        (3, 3.0, Phase.OVER),
        (-1, -2.0, Phase.OVER),
    ],
)
def test_rule_16_it_runs_over_until_a_person_closes_it(
    hour: float, completed: float | None, expected: Phase
) -> None:
    completed_at = None if completed is None else at(completed)

    assert phase(replace(WINDOW, completed_at=completed_at), at(hour)) is expected


def test_rule_15_it_covers_no_time_before_its_approval() -> None:
    late = replace(WINDOW, approved_at=at(0.5))

    assert phase(late, at(0.25)) is Phase.AHEAD
    assert phase(late, at(0.5)) is Phase.RUNNING


def test_rule_15_unapproved_it_never_begins() -> None:
    wish = replace(WINDOW, approved_at=None)

    assert phase(wish, at(1)) is Phase.AHEAD
    assert standing(wish, channel="web", now=at(1), outage_started_at=None) is None


@pytest.mark.parametrize(
    ("hour", "outage", "expected"),
    [
        (-0.1, None, None),
        (1, None, Standing(STOPPED, covers=True)),
        (1, 0.0, Standing(STOPPED, covers=True)),
        (1, 0.5, Standing(STOPPED, covers=True)),
        (1, -0.1, Standing(STOPPED, covers=False)),  # already under way at its start
        (3, None, Standing(STOPPED, covers=False)),  # running over
        (3, 2.5, Standing(STOPPED, covers=False)),
    ],
)
def test_rules_15_and_16_what_a_channel_feels_of_it(
    hour: float, outage: float | None, expected: Standing | None
) -> None:
    outage_started_at = None if outage is None else at(outage)

    felt = standing(WINDOW, channel="web", now=at(hour), outage_started_at=outage_started_at)

    assert felt == expected


def test_rule_14_it_touches_only_its_own_channels() -> None:
    of_app = replace(WINDOW, channels=frozenset({"app"}))

    assert standing(of_app, channel="web", now=at(1), outage_started_at=None) is None
    assert standing(of_app, channel="app", now=at(1), outage_started_at=None) is not None


def test_rule_16_an_end_promised_later_makes_no_time_planned() -> None:
    assert WINDOW.planned_until == at(2)
    assert replace(WINDOW, completed_at=at(1)).planned_until == at(1)
    assert replace(WINDOW, completed_at=at(5)).planned_until == at(2)
