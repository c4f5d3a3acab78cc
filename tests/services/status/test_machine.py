"""Rules 1 to 5: from observations to the confirmed state of a check at one location."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.status.health import CheckHealth, Outcome
from services.status.machine import (
    Change,
    Policy,
    State,
    accepts,
    advance,
    confirmation_time,
    pack_run,
    unpack_run,
    wants_fast,
)
from services.status.observation import Observation, Reason

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = Policy(interval=MINUTE, timeout=timedelta(seconds=10), fast_interval=timedelta(seconds=10))

LETTERS = {
    "o": (Outcome.OK, Reason.OK),
    "s": (Outcome.SLOW, Reason.SLOW),
    "b": (Outcome.BAD, Reason.SERVER_ERROR),
    "f": (Outcome.PROBER_FAULT, Reason.PROBER_ERROR),
}
HEALTHS = {
    CheckHealth.OK: "O",
    CheckHealth.SLOW: "S",
    CheckHealth.BAD: "B",
    CheckHealth.UNKNOWN: "-",
}


def at(minute: float) -> datetime:
    return START + minute * MINUTE


def observation(letter: str, minute: float, *, due: float | None = None) -> Observation:
    outcome, reason = LETTERS[letter]
    due_at = at(minute if due is None else due)
    return Observation(7, 1, due_at, at(minute), outcome, reason)


def climb(
    letters: str, *, state: State | None = None, first: float = 0, policy: Policy = POLICY
) -> tuple[State, str, list[Change]]:
    """Play one observation a minute; answers the state, its health after each, the changes.

    A space is a minute in which nothing was observed.
    """
    state = state or State()
    ladder = ""
    changes: list[Change] = []
    for number, letter in enumerate(letters):
        if letter == " ":
            ladder += " "
            continue
        state, new = advance(state, observation(letter, first + number), policy)
        ladder += HEALTHS[state.health]
        changes += new
    return state, ladder, changes


@pytest.mark.parametrize(
    ("letters", "ladder"),
    [
        # Out of unknown: two ok lead, else the mildest of the first three.
        ("o", "-"),
        ("oo", "-O"),
        ("boo", "--O"),
        ("bob", "--O"),
        ("bbb", "--B"),
        ("bsb", "--S"),
        ("sos", "--O"),
        ("oso", "--O"),
        ("ssb", "--S"),
        # Worsen to the mildest of the last three.
        ("oob", "-OO"),
        ("oobb", "-OOO"),
        ("oobbb", "-OOOB"),
        ("oobsb", "-OOOS"),
        ("oosss", "-OOOS"),
        ("oosssb", "-OOOSS"),
        ("oosssbbb", "-OOOSSSB"),
        ("oobbobbobb", "-OOOOOOOOO"),
        # Improve to the worst of the last two.
        ("bbbo", "--BB"),
        ("bbboo", "--BBO"),
        ("bbbos", "--BBS"),
        ("bbbso", "--BBS"),
        ("bbbsoo", "--BBSO"),
        ("bbbobobo", "--BBBBBB"),
        ("ssso", "--SS"),
        ("sssoo", "--SSO"),
        # A fault of our own neither breaks nor extends a run.
        ("ooffff", "-OOOO-"),
        ("oobfbfb", "-OOOOOB"),
        ("oobbf", "-OOOO"),
        ("bbbfofo", "--BBBBO"),
        # A gap of more than three intervals empties the run and makes it unknown.
        ("oo   o", "-O   -"),
        ("oo  o", "-O  O"),
        ("oobb   b", "-OOO   -"),
        ("oo   oo", "-O   -O"),
        ("bbb   oo", "--B   -O"),
        ("ob   bb", "--   --"),
    ],
)
def test_rule_2_ladder(letters: str, ladder: str) -> None:
    assert climb(letters)[1] == ladder


def test_rule_2_one_bad_answer_never_shows() -> None:
    state, _, _ = climb("oo")

    state, ladder, changes = climb("oboobooo", state=state, first=2)

    assert ladder == "OOOOOOOO"
    assert changes == []


def test_rule_2_bad_slow_bad_is_slow_and_says_slow_as_its_reason() -> None:
    state, _, changes = climb("oobsb")

    assert state.health is CheckHealth.SLOW
    assert changes[-1].reason is Reason.SLOW


def test_rule_2_a_gap_of_exactly_three_intervals_is_none() -> None:
    state, _, _ = climb("oo")

    still_ok, no_change = advance(state, observation("o", 4), POLICY)
    unknown, change = advance(state, observation("o", 4.01), POLICY)

    assert (still_ok.health, no_change) == (CheckHealth.OK, ())
    assert (unknown.health, len(change)) == (CheckHealth.UNKNOWN, 1)


def test_rule_2_three_intervals_of_our_own_faults_are_a_gap_too() -> None:
    state, ladder, changes = climb("ooffff")

    assert ladder == "-OOOO-"
    assert changes[-1] == Change(
        CheckHealth.OK, CheckHealth.UNKNOWN, at(1), at(5), Reason.PROBER_ERROR
    )
    assert state.last_due_at == at(5)
    assert state.last_started_at == at(1)


def test_rule_2_after_a_gap_nothing_that_was_seen_before_it_counts() -> None:
    _, ladder, _ = climb("oobb   bbb")

    assert ladder == "-OOO   --B"


def test_rule_2_one_observation_after_a_gap_can_return_two_changes() -> None:
    eager = replace(POLICY, worsen_after=1, improve_after=1)
    state, _, _ = climb("o", policy=eager)

    _, changes = advance(state, observation("b", 10), eager)

    assert changes == (
        Change(CheckHealth.OK, CheckHealth.UNKNOWN, at(0), at(10), None),
        Change(CheckHealth.UNKNOWN, CheckHealth.BAD, at(10), at(10), Reason.SERVER_ERROR),
    )


@pytest.mark.parametrize(
    ("letters", "health", "began", "confirmed"),
    [
        ("oobbb", CheckHealth.BAD, 2, 4),
        ("oobobbb", CheckHealth.BAD, 4, 6),
        ("oosssbbb", CheckHealth.BAD, 5, 7),
        ("oosbbb", CheckHealth.BAD, 3, 5),
        ("bbbo", CheckHealth.BAD, 0, 2),
        ("bbboo", CheckHealth.OK, 3, 4),
        ("bbbobobboo", CheckHealth.OK, 8, 9),
        ("bbbfofo", CheckHealth.OK, 4, 6),
        ("oo", CheckHealth.OK, 0, 1),
        ("boo", CheckHealth.OK, 1, 2),
    ],
)
def test_rule_3_a_state_begins_with_the_run_that_confirmed_it(
    letters: str, health: CheckHealth, began: int, confirmed: int
) -> None:
    state, _, changes = climb(letters)

    assert (state.health, state.since) == (health, at(began))
    assert (changes[-1].at, changes[-1].confirmed_at) == (at(began), at(confirmed))


def test_rule_3_a_gap_is_unknown_from_the_last_observation_before_it() -> None:
    state, _, changes = climb("oobbb    o")

    assert changes[-1] == Change(CheckHealth.BAD, CheckHealth.UNKNOWN, at(4), at(9), None)
    assert (state.health, state.since, state.reason) == (CheckHealth.UNKNOWN, at(4), None)


def test_rule_3_a_run_never_goes_back_in_time_when_clocks_differ() -> None:
    state, _, _ = climb("oob")

    state, _ = advance(state, observation("b", 1.5, due=3), POLICY)
    _, changes = advance(state, observation("b", 4), POLICY)

    assert [change.at for change in changes] == [at(2)]
    assert [seen.started_at for seen in state.run] == [at(1), at(2), at(2)]


@pytest.mark.parametrize(
    ("due", "accepted"), [(5.0, True), (4.0, False), (3.0, False), (4.0001, True)]
)
def test_rule_4_only_what_was_due_later_is_news(due: float, accepted: bool) -> None:
    assert accepts(State(last_due_at=at(4)), at(due)) is accepted


def test_rule_4_the_first_observation_is_always_news() -> None:
    assert accepts(State(), at(0))


def test_rule_4_a_duplicate_changes_nothing() -> None:
    state, _, _ = climb("oobb")

    again, changes = advance(state, observation("b", 3), POLICY)

    assert again is state
    assert changes == ()


def test_rule_4_a_late_arrival_changes_nothing_however_late_it_started() -> None:
    state, _, _ = climb("oobb")

    late, changes = advance(state, observation("b", 9, due=1), POLICY)

    assert late is state
    assert changes == ()


def test_rule_1_a_fault_of_our_own_is_accepted_but_has_seen_nothing() -> None:
    state, _, _ = climb("oof")

    assert state.last_due_at == at(2)
    assert state.last_started_at == at(1)
    assert not accepts(state, at(2))


@pytest.mark.parametrize(
    ("letters", "fast"),
    [
        ("", False),
        ("oo", False),
        ("oob", True),  # after the first bad one
        ("oos", True),
        ("oobo", False),
        ("oobb", True),
        ("oobbb", True),  # just confirmed
        ("oobbbbbbb", False),  # confirmed for five minutes
        ("oobbbbbbbo", True),  # recovering
        ("oobbbbbbboo", False),
        ("oosss", False),
        ("oosssb", True),
        ("oossso", True),
        ("o", True),  # on the way out of unknown
        ("oobf", True),
    ],
)
def test_rule_5_fast_while_a_change_is_being_confirmed(letters: str, fast: bool) -> None:
    state, _, _ = climb(letters)

    assert wants_fast(state, POLICY, at(max(len(letters) - 1, 0))) is fast


def test_rule_5_five_minutes_are_counted_from_the_beginning_of_the_failure() -> None:
    state, _, _ = climb("oobbb")

    assert wants_fast(state, POLICY, at(2 + 4.99))
    assert not wants_fast(state, POLICY, at(2 + 5))


def test_rule_13_confirming_takes_two_fast_intervals_and_three_timeouts() -> None:
    assert confirmation_time(POLICY) == timedelta(seconds=50)


def test_the_reason_follows_when_three_answers_agree_on_another_one() -> None:
    state, _, _ = climb("oobbb")
    expired = [replace(observation("b", n), reason=Reason.TLS_EXPIRED) for n in (5, 6, 7)]

    state, _ = advance(state, expired[0], POLICY)
    state, _ = advance(state, expired[1], POLICY)
    assert state.reason is Reason.SERVER_ERROR

    state, changes = advance(state, expired[2], POLICY)
    assert state.reason is Reason.TLS_EXPIRED
    assert changes == ()


def test_a_run_survives_packing_as_json() -> None:
    state, _, _ = climb("oobs")

    packed = json.loads(json.dumps(pack_run(state.run)))

    assert unpack_run(packed) == state.run
    assert packed[0] == [0, "2026-03-01T09:01:00+00:00", 0]


def test_a_packed_run_that_nobody_packed_is_refused() -> None:
    with pytest.raises(ValueError, match="5"):
        unpack_run([[5, "2026-03-01T09:01:00+00:00", 0]])


def test_a_policy_that_confirms_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        replace(POLICY, worsen_after=0)


letters = st.text(alphabet="osbf", max_size=40)


@given(st.text(alphabet="oosb", max_size=60))
def test_rule_2_trouble_shorter_than_three_in_a_row_never_shows(noise: str) -> None:
    never_three = "oo" + "".join(f"{letter}{letter}o" for letter in noise)

    _, ladder, _ = climb(never_three)

    assert set(ladder[1:]) == {"O"}


@given(st.sampled_from("sb"), st.sampled_from(["", "bbb", "sss", "oo"]), st.integers(2, 60))
def test_rule_2_alternating_answers_change_the_state_at_most_twice(
    trouble: str, before: str, length: int
) -> None:
    state, _, _ = climb(before)

    _, _, changes = climb(("o" + trouble) * length, state=state, first=len(before))

    assert len(changes) <= 2


@given(letters, st.randoms(use_true_random=False))
def test_rule_4_any_order_and_duplication_gives_the_state_of_the_accepted_ones(
    played: str, random: Random
) -> None:
    arrivals = [observation(letter, number) for number, letter in enumerate(played)] * 2
    random.shuffle(arrivals)

    everything, accepted, latest = State(), State(), None
    for arrival in arrivals:
        everything, _ = advance(everything, arrival, POLICY)
        if latest is None or arrival.due_at > latest:
            latest = arrival.due_at
            accepted, _ = advance(accepted, arrival, POLICY)

    assert everything == accepted


@given(letters, st.lists(st.integers(1, 6), min_size=40, max_size=40))
def test_rule_3_changes_never_go_back_in_time_and_chain_up(played: str, steps: list[int]) -> None:
    state, minute = State(), 0
    changes: list[Change] = []
    for letter, step in zip(played, steps, strict=False):
        minute += step
        state, new = advance(state, observation(letter, minute), POLICY)
        changes += new

    assert all(one.at <= two.at for one, two in pairwise(changes))
    assert all(one.to_health is two.from_health for one, two in pairwise(changes))
    assert all(change.at <= change.confirmed_at for change in changes)
    assert all(change.from_health is not change.to_health for change in changes)


@given(letters)
def test_rule_2_the_run_holds_no_more_than_a_decision_needs(played: str) -> None:
    state, _, _ = climb(played)

    assert len(state.run) <= 3
    assert all(seen.outcome is not Outcome.PROBER_FAULT for seen in state.run)


@given(st.text(alphabet="f", max_size=20), st.text(alphabet="osb", max_size=5))
def test_rule_2_silence_and_our_own_faults_never_make_a_check_ok(faults: str, before: str) -> None:
    state, _, _ = climb(before)

    after, _, changes = climb(faults, state=state, first=len(before))

    assert all(change.to_health is CheckHealth.UNKNOWN for change in changes)
    assert after.health in (state.health, CheckHealth.UNKNOWN)
