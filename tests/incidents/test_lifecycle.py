"""What may follow what, who has to agree, how long it took."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.lifecycle import Phase, Times, later_phases, may_follow, needs_second_person, times
from tests.incidents.pure import at

OPEN = ("investigating", "identified", "fixing", "monitoring")


@pytest.mark.parametrize("phase", OPEN)
@pytest.mark.parametrize("wanted", OPEN)
def test_while_it_is_open_a_text_may_take_it_on_or_back_or_leave_it(
    phase: str, wanted: str
) -> None:
    assert may_follow(phase, wanted)


@pytest.mark.parametrize("phase", list(Phase))
def test_no_text_leads_into_resolved_or_out_of_it(phase: str) -> None:
    assert not may_follow(phase, "resolved")
    assert not may_follow("resolved", phase)


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ("investigating", ["identified", "fixing", "monitoring", "investigating"]),
        ("identified", ["fixing", "monitoring", "identified", "investigating"]),
        ("fixing", ["monitoring", "fixing", "identified", "investigating"]),
        ("monitoring", ["monitoring", "fixing", "identified", "investigating"]),
        ("resolved", []),
    ],
)
def test_the_next_phase_is_offered_first(phase: str, expected: list[str]) -> None:
    assert later_phases(phase) == expected


@pytest.mark.parametrize(
    ("severity", "is_approved", "needs"),
    [
        ("P1", False, True),
        ("P2", False, True),
        ("P3", False, False),
        ("P4", False, False),
        ("P1", True, False),
        ("P2", True, False),
        ("P3", True, False),
    ],
)
def test_what_is_written_freely_on_a_severe_one_is_read_by_two(
    severity: str, is_approved: bool, needs: bool
) -> None:
    assert needs_second_person(severity, is_approved_text=is_approved) is needs


NOTHING: dict[str, Any] = {
    "started_at": at(0),
    "confirmed_at": at(1),
    "opened_at": at(2),
    "acknowledged_at": None,
    "first_notice_at": None,
    "restored_at": None,
    "resolved_at": None,
}


def test_each_time_counts_from_when_it_could_begin() -> None:
    happened = {
        "acknowledged_at": at(5),
        "first_notice_at": at(8),
        "restored_at": at(30),
        "resolved_at": at(40),
    }
    assert times(**NOTHING) == Times(None, None, None, None)
    assert times(**NOTHING | happened) == Times(
        acknowledge=timedelta(minutes=3),
        first_notice=timedelta(minutes=7),
        restore=timedelta(minutes=30),
        total=timedelta(minutes=40),
    )


MOMENTS = st.integers(-600, 600).map(at)


@given(st.fixed_dictionaries(dict.fromkeys(NOTHING, MOMENTS)))
def test_no_time_is_negative_whatever_was_typed_when(moments: dict[str, Any]) -> None:
    found = times(**moments)
    for length in (found.acknowledge, found.first_notice, found.restore, found.total):
        assert length is not None
        assert length >= timedelta(0)
