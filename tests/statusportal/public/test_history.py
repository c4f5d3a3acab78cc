"""Timelines of channels beside their service's: pure (rule 22)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.status.cascade import Edge, EdgeKind
from services.status.health import CheckHealth
from services.status.machine import Change
from statusportal.public import history
from statusportal.public.history import ChannelPast, CheckPast, Nation, Past

NOW = datetime(2026, 11, 10, 10, 0, tzinfo=UTC)
START, END = NOW - timedelta(days=1), NOW
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
UNKNOWN, OK, BAD = CheckHealth.UNKNOWN, CheckHealth.OK, CheckHealth.BAD


def nation_of(*channels: ChannelPast, edges: Sequence[Edge] = ()) -> Nation:
    return Nation(services={"up": (watched(9),), "it": channels}, edges=edges, locations=(1,))


def watched(number: int) -> ChannelPast:
    check = CheckPast(number, is_essential=True, fresh_for=190 * SECOND, seen={1: END})
    return ChannelPast(number, (check,))


moments = st.integers(1, 24 * 60 - 1)
chains = st.dictionaries(moments, st.sampled_from([OK, BAD, CheckHealth.SLOW, UNKNOWN]), max_size=5)


def past_of(**by_number: dict[int, CheckHealth]) -> Past:
    changes = {}
    for number, chain in by_number.items():
        changes[int(number[1:]), 1] = [
            Change(UNKNOWN, health, START + at * MINUTE, START + at * MINUTE, None)
            for at, health in sorted(chain.items())
        ]
    return Past(changes=changes, standing={(n, 1): OK.value for n in (1, 2, 9)})


@given(own=chains, upstream=chains)
def test_rule_22_ways_with_the_same_past_were_all_the_time_what_their_service_was(
    own: dict[int, CheckHealth], upstream: dict[int, CheckHealth]
) -> None:
    """The short cut is right: told one by one they come out as the service that has them all."""
    edges = (Edge("up", "it", EdgeKind.HARD),)
    past = past_of(c1=own, c2=own, c9=upstream)

    def told(*channels: int) -> history.Timelines:
        return history.timelines(
            nation_of(*(watched(number) for number in channels), edges=edges),
            past,
            start=START,
            end=END,
            now=NOW,
            apart={"it": channels},
        )

    together = told(1, 2)
    assert together.channels == {}
    assert together.services["it"] == told(1).services["it"] == told(2).services["it"]


@given(one=chains, other=chains, upstream=chains)
def test_rule_22_a_way_is_told_as_a_service_that_has_only_this_one(
    one: dict[int, CheckHealth], other: dict[int, CheckHealth], upstream: dict[int, CheckHealth]
) -> None:
    edges = (Edge("up", "it", EdgeKind.SOFT), Edge("up", "it", EdgeKind.HARD, "2"))
    past = past_of(c1=one, c2=other, c9=upstream)

    both = history.timelines(
        nation_of(watched(1), watched(2), edges=edges),
        past,
        start=START,
        end=END,
        now=NOW,
        apart={"it": (1, 2)},
    )

    for number in (1, 2):
        alone = history.timelines(
            nation_of(watched(number), edges=edges), past, start=START, end=END, now=NOW
        )
        told = both.channels.get(number, both.services["it"])
        assert told == alone.services["it"]


@pytest.mark.parametrize(
    ("monitored", "told", "apart"),
    [
        ((1, 2), (), (1, 2)),
        # One way alone is its service; what was told once is told on.
        ((1,), (), ()),
        ((1,), (1,), (1,)),
        ((1, 2), (3,), (1, 2, 3)),
        ((), (3,), (3,)),
    ],
)
def test_which_channels_are_told_apart(
    monitored: tuple[int, ...], told: tuple[int, ...], apart: tuple[int, ...]
) -> None:
    channels = [watched(n) if n in monitored else ChannelPast(n) for n in (1, 2, 3)]

    assert history.told_apart(channels, told) == apart
