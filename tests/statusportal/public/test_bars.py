"""Ninety days as bars (rule 22)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusportal.public.bars import DayKind, availability, bar, bars, day_counts, totals
from statusportal.public.shape import DayFact

DAY = date(2026, 11, 22)
WHOLE = 86_400


def fact(**spent: int) -> DayFact:
    """A day of which everything that is not in `spent` was up."""
    lost = sum(seconds for bucket, seconds in spent.items() if bucket not in {"up", "degraded"})
    known = {"up": WHOLE - lost, "degraded": 0, "down": 0, "planned": 0, "overrun": 0}
    return DayFact(DAY, **(known | {"unknown": 0} | spent))


@pytest.mark.parametrize(
    ("spent", "kind"),
    [
        ({}, DayKind.UP),
        ({"degraded": 1}, DayKind.DEGRADED),
        ({"planned": 1}, DayKind.PLANNED),
        ({"overrun": 1}, DayKind.OVERRUN),
        ({"down": 1}, DayKind.DOWN),
        # The worst names the day, however short it was; unplanned comes before planned.
        ({"down": 1, "overrun": 9_000, "degraded": 9_000, "planned": 9_000}, DayKind.DOWN),
        ({"overrun": 1, "degraded": 9_000, "planned": 9_000}, DayKind.OVERRUN),
        ({"degraded": 1, "planned": 9_000}, DayKind.DEGRADED),
        # Silence yields to anything but a good day, and a restart of ours is no silence.
        ({"planned": 1, "unknown": 9_000}, DayKind.PLANNED),
        ({"unknown": 60}, DayKind.UNKNOWN),
        ({"unknown": 59}, DayKind.UP),
    ],
)
def test_the_worst_that_happened_names_the_day(spent: dict[str, int], kind: DayKind) -> None:
    assert bar(fact(**spent)).kind is kind


@pytest.mark.parametrize(
    ("seconds", "quarters"),
    [
        (1, 1),
        (3_599, 1),
        (3_600, 2),
        (14_399, 2),
        (14_400, 3),
        (43_199, 3),
        (43_200, 4),
        (WHOLE, 4),
    ],
)
@pytest.mark.parametrize("bucket", ["degraded", "down", "planned", "overrun"])
def test_the_longer_it_lasted_the_taller_the_bar(bucket: str, seconds: int, quarters: int) -> None:
    assert bar(fact(**{bucket: seconds})).quarters == quarters


def test_a_day_of_which_nothing_is_known_is_all_hollow() -> None:
    young = DayFact(DAY, 0, 0, 0, 0, 0, 30)

    assert (bar(young).kind, bar(young).quarters) == (DayKind.UNKNOWN, 4)
    assert bar(DayFact(DAY, 0, 0, 0, 0, 0, 0)).kind is DayKind.UNKNOWN


def test_a_good_day_has_no_height_of_its_own() -> None:
    assert bar(fact()).quarters == 0


@pytest.mark.parametrize(
    ("spent", "share"),
    [
        ({}, 10_000),
        # Part of up, and planned time is not counted at all.
        ({"degraded": 40_000}, 10_000),
        ({"planned": 43_200}, 10_000),
        ({"unknown": 43_200}, 10_000),
        ({"down": 43_200}, 5_000),
        ({"overrun": 43_200}, 5_000),
        # Rounded down: a second out is not "100%".
        ({"down": 1}, 9_999),
        ({"up": 0, "planned": WHOLE}, None),
        ({"up": 0, "unknown": WHOLE}, None),
    ],
)
def test_a_days_share_is_of_what_is_known_and_not_planned(
    spent: dict[str, int], share: int | None
) -> None:
    assert availability(fact(**spent)) == share


def test_days_are_counted_by_kind_the_good_ones_first() -> None:
    days = bars([fact(), fact(down=1), fact(), fact(unknown=600), fact(down=700)])

    assert day_counts(days) == [(DayKind.UP, 2), (DayKind.DOWN, 2), (DayKind.UNKNOWN, 1)]


SPENT = st.integers(min_value=0, max_value=WHOLE)


@given(st.lists(st.builds(lambda *n: DayFact(DAY, *n), SPENT, st.just(0), *[SPENT] * 4)))
def test_the_parts_add_up_to_the_whole(days: list[DayFact]) -> None:
    # Slow time is part of up: at most all of it.
    days = [DayFact(d.day, d.up, d.up // 3, d.down, d.planned, d.overrun, d.unknown) for d in days]
    whole = sum(d.up + d.down + d.planned + d.overrun + d.unknown for d in days)

    assert sum(seconds for _kind, seconds in totals(days)) == whole


@given(st.builds(lambda *n: DayFact(DAY, *n), *[SPENT] * 6))
def test_trouble_never_looks_like_a_good_day(day: DayFact) -> None:
    shown = bar(day)
    troubled = day.down or day.overrun or day.degraded or day.planned

    if shown.kind is DayKind.UP:
        assert not troubled
        assert day.unknown < 60
    else:
        assert shown.quarters > 0
    assert replace(shown, quarters=0).fact is day
