"""Where a window stands by the clock, and what the clock makes happen (rules 15, 16 and 20)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from maintenance.labels import State
from maintenance.windows import Decision, Facts, Policy, Stage, due, stage
from tests.maintenance.rows import ENDS, NOW, STARTS, ZONE, at

POLICY = Policy(ZONE)


def facts(state: str = "approved", **fields) -> Facts:
    times = {"starts_at": STARTS, "ends_at": ENDS, "announced_end_at": ENDS, "approved_at": NOW}
    return Facts(state, **times | fields)


def test_the_decisions_are_the_states_that_are_stored():
    assert {decision.value for decision in Decision} == set(State.values)


# The window runs on Friday 27 from 00:30 to 04:30.
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("26 00:29", Stage.ANNOUNCED),
        ("26 00:30", Stage.UPCOMING),
        ("27 00:29", Stage.UPCOMING),
        ("27 00:30", Stage.IN_PROGRESS),
        ("27 04:29", Stage.IN_PROGRESS),
        ("27 04:30", Stage.RUNNING_OVER),
        ("30 04:30", Stage.RUNNING_OVER),
    ],
)
def test_an_announced_window_goes_by_the_clock_and_never_ends_by_itself(now, expected):
    assert stage(facts(), POLICY, at(now)) is expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("27 04:29", Stage.IN_PROGRESS),
        ("27 04:30", Stage.EXTENDED),  # past the end that was announced before the start
        ("27 05:59", Stage.EXTENDED),
        ("27 06:00", Stage.RUNNING_OVER),
    ],
)
def test_a_window_that_was_extended_says_so_until_its_new_end(now, expected):
    assert stage(facts(ends_at=at("27 06:00")), POLICY, at(now)) is expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [("27 05:00", Stage.COMPLETED_RECENTLY), ("27 05:59", Stage.COMPLETED_RECENTLY),
     ("27 06:00", Stage.OVER)],
)  # fmt: skip
def test_what_was_completed_is_shown_for_two_hours(now, expected):
    done = facts("completed", completed_at=at("27 04:00"))
    assert stage(done, POLICY, at(now)) is expected


@pytest.mark.parametrize("state", ["draft", "submitted", "returned", "cancelled", "postponed"])
def test_the_clock_does_nothing_to_what_is_not_announced_or_called_off(state):
    for now in ("22 12:00", "27 02:00", "30 00:00"):
        assert stage(facts(state), POLICY, at(now)).value == state


# --- what is due ----------------------------------------------------------------------------------


def told(now: str, **fields) -> list[str]:
    return [
        item.kind.value.removeprefix("window.") for item in due(facts(**fields), POLICY, at(now))
    ]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("26 00:29", []),
        ("26 00:30", ["due_soon"]),
        ("26 23:30", ["due_soon"]),
        ("27 00:30", ["started"]),
        ("27 04:29", ["started"]),
        ("27 04:30", ["started", "running_over"]),
        ("27 05:29", ["started", "running_over"]),
        ("27 05:30", ["started", "running_over", "overdue"]),
    ],
)
def test_each_thing_is_due_at_its_time(now, expected):
    assert told(now) == expected


def test_the_two_reminders_are_two_occasions_and_only_the_last_one_is_told():
    first = due(facts(), POLICY, at("26 12:00"))
    second = due(facts(), POLICY, at("26 23:45"))
    assert [item.at for item in first + second] == [at("26 00:30"), at("26 23:30")]
    assert first[0].occasion != second[0].occasion


def test_nobody_is_reminded_of_what_was_announced_after_the_reminder():
    late = at("26 20:00")
    assert due(facts(approved_at=late), POLICY, at("26 21:00")) == []
    assert [item.at for item in due(facts(approved_at=late), POLICY, at("26 23:30"))] == [
        at("26 23:30")
    ]


def test_a_window_that_moved_is_due_again_and_one_that_was_extended_runs_over_again():
    moved = facts(starts_at=STARTS + timedelta(days=1), ends_at=ENDS + timedelta(days=1))
    assert due(facts(), POLICY, at("26 12:00"))[0].occasion != (
        due(moved, POLICY, at("27 12:00"))[0].occasion
    )
    extended = facts(ends_at=at("27 06:00"))
    assert told("27 05:30", ends_at=at("27 06:00")) == ["started"]
    before, after = due(facts(), POLICY, at("27 04:45")), due(extended, POLICY, at("27 06:00"))
    assert before[1].occasion != after[1].occasion


def test_a_window_that_is_approved_late_starts_at_its_approval():
    late = due(facts(approved_at=at("27 01:00")), POLICY, at("27 02:00"))
    assert late[0].at == at("27 01:00")


@pytest.mark.parametrize("state", ["draft", "submitted", "cancelled", "completed", "postponed"])
def test_nothing_is_due_of_a_window_that_does_not_stand(state):
    assert told("27 12:00", state=state) == []
