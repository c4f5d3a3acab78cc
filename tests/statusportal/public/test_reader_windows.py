"""Announced work, read from the snapshot by the clock alone (rules 14 to 17 and 20)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.status.health import CheckHealth, Health
from services.status.publication import Fact
from services.status.window import Phase
from tests.statusportal.public.nation import BAD, NOW, OK, SLOW, Nation

HOUR = timedelta(hours=1)
RUNNING: dict[str, Any] = {"starts": -HOUR, "ends": HOUR}

OPERATIONAL, DEGRADED = Health.OPERATIONAL, Health.DEGRADED
MAINTENANCE, OUTAGE = Health.MAINTENANCE, Health.MAJOR_OUTAGE


@pytest.mark.parametrize(
    ("effect", "measured", "expected"),
    [
        ("stopped", OK, MAINTENANCE),
        ("stopped", SLOW, MAINTENANCE),
        ("stopped", BAD, MAINTENANCE),
        ("partly", OK, MAINTENANCE),
        ("partly", SLOW, MAINTENANCE),
        ("partly", BAD, OUTAGE),
        ("slow", OK, DEGRADED),
        ("slow", SLOW, DEGRADED),
        ("slow", BAD, OUTAGE),
        ("none", OK, OPERATIONAL),
        ("none", SLOW, DEGRADED),
        ("none", BAD, OUTAGE),
    ],
)
def test_rule_14_a_running_window_has_its_effect_and_hides_nothing_worse(
    effect: str, measured: CheckHealth, expected: Health
) -> None:
    said = Nation().service("a", measured).window("a", effect, **RUNNING).read()

    assert said.services["a"].health is expected


def test_rule_14_a_window_on_the_app_says_nothing_of_the_web() -> None:
    said = Nation().service("a", BAD, OK).window("a", "stopped", channels=(1,), **RUNNING).read()

    web, app = said.services["a"].channels
    assert (web.health, app.health) == (OUTAGE, MAINTENANCE)
    assert (web.fact_shown, app.fact_shown) == (Fact.MEASURED, Fact.WINDOW)
    # Rule 10: where one is down, a channel stopped by a window counts as down too.
    assert said.services["a"].health is OUTAGE


def test_rule_15_no_window_covers_an_outage_that_was_under_way_at_its_start() -> None:
    before = NOW - 2 * HOUR
    said = Nation().service("a", BAD, since=before).window("a", "stopped", **RUNNING).read()

    assert said.services["a"].health is OUTAGE
    assert said.services["a"].since == before


def test_rule_15_nor_time_before_its_approval() -> None:
    said = (
        Nation()
        .service("a", BAD, since=NOW - timedelta(minutes=30))
        .window("a", "stopped", approved_at=NOW - timedelta(minutes=20), **RUNNING)
        .read()
    )

    assert said.services["a"].health is OUTAGE


@pytest.mark.parametrize(
    ("measured", "expected"), [(OK, MAINTENANCE), (SLOW, MAINTENANCE), (BAD, OUTAGE)]
)
def test_rule_16_past_its_end_it_stays_what_it_is_until_a_person_closes_it(
    measured: CheckHealth, expected: Health
) -> None:
    nation = Nation().service("a", measured).window("a", "stopped", starts=-2 * HOUR, ends=-HOUR)

    said = nation.read()

    assert said.services["a"].health is expected
    (window,) = said.services["a"].windows
    assert (window.phase, window.is_running_over) == (Phase.RUNNING_OVER, True)


def test_rule_16_an_extension_is_announced_and_does_not_make_bad_time_planned() -> None:
    times: dict[str, Any] = {"starts": -2 * HOUR, "ends": HOUR, "announced_end_at": NOW - HOUR}
    good = Nation().service("a", OK).window("a", "stopped", **times).read()
    bad = Nation().service("a", BAD).window("a", "stopped", **times).read()

    assert (good.services["a"].health, bad.services["a"].health) == (MAINTENANCE, OUTAGE)
    assert good.windows[0].is_running


def test_rule_16_completed_means_over_at_that_instant() -> None:
    nation = Nation().service("a", OK).window("a", "stopped", completed_at=NOW, **RUNNING)

    assert nation.read(NOW - timedelta(seconds=5)).services["a"].health is MAINTENANCE
    assert nation.read(NOW).services["a"].health is OPERATIONAL


def test_rule_20_a_window_begins_by_the_clock_with_no_worker_left() -> None:
    nation = Nation().service("a", OK, seen_at=NOW + HOUR)
    nation.window("a", "stopped", starts=HOUR, ends=2 * HOUR)

    before, at = nation.read(NOW + HOUR - timedelta(seconds=5)), nation.read(NOW + HOUR)

    assert before.services["a"].health is OPERATIONAL
    assert before.windows[0].is_ahead
    assert at.services["a"].health is MAINTENANCE
    assert at.services["a"].since == NOW + HOUR
    assert at.windows[0].is_running


@pytest.mark.parametrize(
    "called_off", [{"cancelled_at": NOW}, {"moved_to": "MW-2"}, {"state": "postponed"}]
)
def test_a_window_that_was_called_off_is_told_and_has_no_effect(
    called_off: dict[str, Any],
) -> None:
    said = Nation().service("a", OK).window("a", "stopped", **RUNNING, **called_off).read()

    assert said.services["a"].health is OPERATIONAL
    (window,) = said.windows
    assert window.is_called_off
    assert [window.is_ahead, window.is_running, window.is_running_over] == [False] * 3


def test_rule_12_a_window_on_the_login_reaches_its_dependants_once_each() -> None:
    nation = (
        Nation()
        .service("login", OK)
        .service("permit", OK)
        .service("appointment", OK)
        .service("broken", BAD)
        .service("alone", OK)
        .edge("login", "permit")
        .edge("login", "appointment", "soft")
        .edge("permit", "appointment")
        .edge("login", "broken")
        .window("login", "stopped", **RUNNING)
    )

    said = nation.read()
    assert {slug: one.health for slug, one in said.services.items()} == {
        "login": MAINTENANCE,
        "permit": MAINTENANCE,
        "appointment": MAINTENANCE,
        # Measured worse than what its upstream carries: it stays what it is.
        "broken": OUTAGE,
        "alone": OPERATIONAL,
    }
    (window,) = said.windows
    assert [fact.slug for fact in window.derived] == ["permit", "appointment", "broken"]
    assert [cause.slug for cause in said.services["permit"].causes] == ["login"]

    over = nation.read(NOW + HOUR + timedelta(minutes=1))
    # Nobody saw anything since NOW, so all is unknown but what the open window says.
    assert over.services["login"].health is MAINTENANCE


def test_a_window_on_services_that_are_not_public_is_not_told() -> None:
    said = (
        Nation()
        .service("inside", OK, visibility="agencies")
        .window("inside", "stopped", **RUNNING)
        .read()
    )

    assert said.windows == ()
