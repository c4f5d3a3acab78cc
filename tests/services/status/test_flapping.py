"""Rule 11: checks that cannot make up their mind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.status.flapping import (
    Flapping,
    FlapPolicy,
    floored,
    is_unstable,
    observe,
    unstable_until,
)
from services.status.health import Health, Outcome

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = FlapPolicy()
LETTERS = {"o": Outcome.OK, "s": Outcome.SLOW, "b": Outcome.BAD, "f": Outcome.PROBER_FAULT}


def at(minute: float) -> datetime:
    return START + minute * MINUTE


def climb(letters: str, flapping: Flapping | None = None, *, first: int = 0) -> Flapping:
    flapping = flapping or Flapping()
    for minute, letter in enumerate(letters, first):
        flapping = observe(flapping, LETTERS[letter], at(minute), POLICY)
    return flapping


@pytest.mark.parametrize(
    ("letters", "unstable"),
    [
        ("", False),
        ("oooooooooo", False),
        ("bbbbbbbbbb", False),
        ("obobobo", False),  # six changes
        ("obobobob", True),  # seven
        ("osobosob", True),  # slow is not ok
        ("bsbsbsbsbsbs", False),  # but slow and bad are both not ok
        ("ofbfofbfofbfofb", True),  # a fault of our own says nothing
        ("offffffffffff", False),
    ],
)
def test_rule_11_more_than_six_changes_are_unstable(letters: str, unstable: bool) -> None:
    assert is_unstable(climb(letters), at(len(letters)), POLICY) is unstable


def test_rule_11_seven_changes_in_more_than_an_hour_are_not() -> None:
    flapping = Flapping()
    for number, letter in enumerate("obobobob"):
        flapping = observe(flapping, LETTERS[letter], at(number * 10.1), POLICY)

    assert not is_unstable(flapping, at(71), POLICY)


def test_rule_11_seven_changes_in_exactly_an_hour_are() -> None:
    flapping = Flapping()
    for number, letter in enumerate("obobobob"):
        flapping = observe(flapping, LETTERS[letter], at(number * 10), POLICY)

    assert flapping.unstable_since == at(70)


def test_rule_11_it_ends_after_thirty_quiet_minutes() -> None:
    flapping = climb("obobobob")

    assert unstable_until(flapping, POLICY) == at(7 + 30)
    assert is_unstable(flapping, at(36.9), POLICY)
    assert not is_unstable(flapping, at(37), POLICY)


def test_rule_11_another_change_begins_the_quiet_time_again() -> None:
    flapping = climb("o", climb("obobobob"), first=25)

    assert flapping.unstable_since == at(7)
    assert unstable_until(flapping, POLICY) == at(25 + 30)


def test_rule_11_after_it_has_ended_a_single_change_is_none() -> None:
    flapping = climb("o", climb("obobobob"), first=120)

    assert flapping.unstable_since is None
    assert not is_unstable(flapping, at(120), POLICY)


@pytest.mark.parametrize(
    ("health", "floor"),
    [
        (Health.OPERATIONAL, Health.DEGRADED),
        (Health.DEGRADED, Health.DEGRADED),
        (Health.MAINTENANCE, Health.MAINTENANCE),
        (Health.MAJOR_OUTAGE, Health.MAJOR_OUTAGE),
        (Health.UNKNOWN, Health.UNKNOWN),
        (None, None),
    ],
)
def test_rule_11_a_floor_of_degraded_that_hides_nothing_worse(
    health: Health | None, floor: Health | None
) -> None:
    assert floored(health, unstable=True) is floor
    assert floored(health, unstable=False) is health


@given(st.text(alphabet="osbf", max_size=60))
def test_rule_11_it_remembers_no_more_than_it_needs(letters: str) -> None:
    assert len(climb(letters).turns) <= 7
