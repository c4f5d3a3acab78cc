"""What chaos checks must notice, and what it must let pass; and that a seed says it all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.chaos import holds, plan
from bench.chaos.faults import FAULTS
from bench.chaos.holds import Broken, Listed
from services.status.health import CheckHealth

T = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
OK, BAD, UNKNOWN = int(CheckHealth.OK), int(CheckHealth.BAD), int(CheckHealth.UNKNOWN)


def at(seconds: float) -> datetime:
    return T + timedelta(seconds=seconds)


def change(service: int, check: int, seconds: float, to: int) -> tuple[Any, ...]:
    return (service, 1, check, at(seconds), at(seconds + 10), OK, to)


def listed(incident: int, started: float, *, until: float | None = None, absorbed: bool = False):
    resolved_at = None if until is None else at(until)
    return Listed(incident, 7, at(started), at(started + 20), resolved_at, absorbed)


def test_what_means_down_and_what_means_unknown_is_what_the_rules_call_so():
    assert (holds.BAD, holds.UNKNOWN) == (BAD, UNKNOWN)


def test_a_row_that_is_gone_and_one_that_was_altered_are_named():
    assert holds.nothing_lost({1: ("a",), 2: ("b",)}, {2: ("c",), 3: ("d",)}) == [
        "row 1 is gone",
        "row 2 was changed",
    ]
    assert holds.nothing_lost({1: ("a",)}, {1: ("a",), 2: ("b",)}) == []


@pytest.mark.parametrize(
    ("asked_at", "slugs", "stepped", "found"),
    [
        (130.0, {"pass-renew"}, [], 0),  # not yet: the rules need their time
        (136.0, {"pass-renew"}, [], 1),
        (136.0, {"evisa"}, [], 0),
        (161.0, {"pass-renew"}, [], 0),  # mended
        (136.0, {"pass-renew"}, [120.0], 0),  # observed by a clock that was ahead
        (156.0, {"pass-renew"}, [120.0], 1),
        (136.0, {"pass-renew"}, [140.0], 1),  # the step came later
    ],
)
def test_green_is_a_violation_once_the_rules_had_their_time(asked_at, slugs, stepped, found):
    violations = holds.never_green(
        [(asked_at, frozenset(slugs))],
        [Broken("pass-renew", 100.0, 160.0)],
        honest_after_s=35.0,
        stepped=stepped,
        step_s=20.0,
    )
    assert len(violations) == found


def test_an_outage_lasts_from_the_first_channel_that_is_down_to_the_last_that_is_back():
    changes = [
        change(7, 1, 0, BAD),
        change(7, 2, 30, BAD),
        change(7, 1, 60, OK),
        change(7, 2, 90, OK),
        change(7, 1, 200, BAD),
    ]
    assert holds.outages(changes) == [(7, at(0), at(90)), (7, at(200), None)]


def test_what_was_lost_from_sight_while_it_was_down_is_one_outage_until_it_is_seen_well():
    changes = [change(7, 1, 0, BAD), change(7, 1, 30, UNKNOWN), change(7, 1, 60, BAD)]
    assert holds.outages(changes) == [(7, at(0), None)]
    assert holds.outages([*changes, change(7, 1, 90, OK)]) == [(7, at(0), at(90))]
    # Unknown from the start is not down.
    assert holds.outages([change(7, 1, 0, UNKNOWN), change(7, 1, 30, OK)]) == []


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([listed(1, 0)], []),
        ([listed(1, 40)], []),  # the sweep was away while a first channel was out
        ([listed(1, 90)], ["the outage of service 7 at 09:00:00: 0 incidents"]),
        (
            [listed(1, 0, until=30), listed(2, 60)],
            ["the outage of service 7 at 09:00:00: 2 incidents"],
        ),
        ([listed(1, -500, until=100)], []),  # it was open when this outage began
        ([], ["the outage of service 7 at 09:00:00: 0 incidents"]),
        ([listed(1, -500, until=-100)], ["the outage of service 7 at 09:00:00: 0 incidents"]),
        (
            [listed(1, 0), listed(2, 0)],
            [
                "service 7 is on incidents 1 and 2 at once",
                "the outage of service 7 at 09:00:00: 2 incidents",
            ],
        ),
        ([listed(1, 0, until=50), listed(2, 400)], []),
    ],
)
def test_each_outage_is_on_one_incident(rows, found):
    assert holds.one_incident_an_outage([(7, at(0), at(90))], rows, frozenset({7})) == found


def test_what_was_over_before_anybody_could_look_and_other_services_are_not_judged():
    brief, other = (7, at(0), at(19)), (8, at(0), None)
    assert holds.one_incident_an_outage([brief, other], [], frozenset({7})) == []


def test_an_incident_that_was_told_twice_or_never_is_named():
    assert holds.each_told_once(["a", "b", "c"], ["a", "c", "c", "of the demo"]) == [
        "incident b was opened 0 times in the events",
        "incident c was opened 2 times in the events",
    ]


@given(st.integers(0, 10_000), st.sampled_from([60.0, 300.0]))
def test_a_seed_is_a_run(seed, seconds):
    drawn = plan.draw(seed, seconds=seconds, faults=list(FAULTS))
    assert drawn == plan.draw(seed, seconds=seconds, faults=list(FAULTS))
    assert drawn.breakages
    for one in drawn.breakages:
        assert one.to_s - one.from_s >= plan.SHORTEST_S - 1e-6
        assert one.to_s <= seconds - plan.QUIET_S + 1e-6
    # No service is broken while it is broken.
    for slug in plan.SLUGS:
        own = [one for one in drawn.breakages if one.slug == slug]
        assert all(a.to_s <= b.from_s for a, b in pairwise(own))


def test_five_minutes_hold_every_fault_there_is():
    drawn = plan.draw(1, seconds=300, faults=list(FAULTS))
    assert {one.fault for one in drawn.injections} == set(FAULTS)
