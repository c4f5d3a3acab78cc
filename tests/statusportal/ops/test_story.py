"""The evidence of one check, told from plain values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bilingual import Bilingual
from services.status.flapping import Flapping, FlapPolicy, observe
from services.status.health import CheckHealth, Outcome
from services.status.machine import Change, Policy, State, advance
from services.status.observation import Observation, Reason
from statusportal.ops.why import Measured, Phase, Place, Prospect, prospects, tell

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = Policy(interval=MINUTE, timeout=timedelta(seconds=10), fast_interval=timedelta(seconds=10))
FLAPPING = FlapPolicy()

OK, SLOW, BAD, UNKNOWN = CheckHealth.OK, CheckHealth.SLOW, CheckHealth.BAD, CheckHealth.UNKNOWN
LETTERS = {
    "o": (Outcome.OK, Reason.OK),
    "s": (Outcome.SLOW, Reason.SLOW),
    "b": (Outcome.BAD, Reason.SERVER_ERROR),
    "f": (Outcome.PROBER_FAULT, Reason.PROBER_DOUBT),
}


def seen(letters: str, *, until: datetime = NOW) -> list[Observation]:
    """One observation a minute, the last one at `until`; a space is a minute without one."""
    found = []
    for number, letter in enumerate(letters):
        if letter != " ":
            at = until - (len(letters) - 1 - number) * MINUTE
            found.append(Observation(7, 1, at, at, *LETTERS[letter]))
    return found


def place(letters: str, *, until: datetime = NOW, code: str = "main") -> Place:
    """A location that saw `letters`."""
    state, flapping = State(), Flapping()
    last: Change | None = None
    observations = seen(letters, until=until)
    for observation in observations:
        state, changes = advance(state, observation, POLICY)
        last = changes[-1] if changes else last
        flapping = observe(flapping, observation.outcome, observation.started_at, FLAPPING)
    return Place(
        code=code,
        name=Bilingual("موقع", "Site"),
        state=state,
        flapping=flapping,
        change=last,
        recent=tuple(observations),
        around=tuple(observations),
    )


def check(*places: Place, **fields: object) -> Measured:
    defaults: dict[str, object] = {
        "id": 7,
        "name": "",
        "kind": "http",
        "is_essential": True,
        "is_enabled": True,
        "network": "internet",
        "policy": POLICY,
        "slow_after_ms": 4000,
        "is_fast": False,
        "next_due_at": NOW + MINUTE,
        "places": places,
    }
    return Measured(**(defaults | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("letters", "health", "phase", "pending", "next_ones"),
    [
        ("", UNKNOWN, Phase.LEARNING, 0, "o2O s3S b3B"),
        ("b", UNKNOWN, Phase.LEARNING, 1, "o2O s2S b2B"),
        ("oo", OK, Phase.SETTLED, 0, "s3S b3B"),
        ("oob", OK, Phase.WORSENING, 1, "s2S b2B"),
        ("oobb", OK, Phase.WORSENING, 2, "s1S b1B"),
        ("oobs", OK, Phase.WORSENING, 2, "s1S b1S"),
        ("oobbb", BAD, Phase.SETTLED, 0, "o2O s2S"),
        ("oobbbo", BAD, Phase.IMPROVING, 1, "o1O s1S"),
        ("oobbboo", OK, Phase.SETTLED, 0, "s3S b3B"),
        ("oobbbob", BAD, Phase.SETTLED, 0, "o2O s2S"),
        # A fault of our own neither breaks nor extends a run.
        ("oobbf", OK, Phase.WORSENING, 2, "s1S b1B"),
    ],
)
def test_rule_2_it_says_how_far_a_change_has_come_and_what_completes_it(
    letters: str, health: CheckHealth, phase: Phase, pending: int, next_ones: str
) -> None:
    (story,) = tell(check(place(letters)), FLAPPING, NOW).places

    assert story.place.state.health is health
    assert (story.phase, story.pending) == (phase, pending)
    letter = {Outcome.OK: "o", Outcome.SLOW: "s", Outcome.BAD: "b"}
    said = [f"{letter[p.outcome]}{p.answers}{p.health.name[0]}" for p in story.prospects]
    assert " ".join(said) == next_ones


def test_rule_2_after_a_gap_it_takes_as_much_as_out_of_unknown() -> None:
    state = place("oobb", until=NOW - 5 * MINUTE).state

    assert prospects(state, POLICY, NOW) == (
        Prospect(Outcome.OK, 2, OK),
        Prospect(Outcome.SLOW, 3, SLOW),
        Prospect(Outcome.BAD, 3, BAD),
    )


@given(st.text(alphabet="osbf ", max_size=12), st.sampled_from("osb"))
def test_rule_2_a_prospect_comes_true_with_exactly_that_many_answers(
    letters: str, letter: str
) -> None:
    state = place(letters).state
    said = {p.outcome: p for p in prospects(state, POLICY, NOW)}.get(LETTERS[letter][0])

    answers = seen(letter * 3, until=NOW + 3 * MINUTE)
    health = []
    for answer in answers:
        state, _changes = advance(state, answer, POLICY)
        health.append(state.health)

    before = place(letters).state.health
    if said is None:
        # Nothing but a gap, which is behind us when the first answer comes, can be different.
        assert set(health) <= {before, UNKNOWN}
    else:
        assert health[said.answers - 1] is said.health
        assert said.health not in health[: said.answers - 1]


@pytest.mark.parametrize(
    ("age", "fresh"),
    [
        (timedelta(0), True),
        (timedelta(seconds=190), True),
        (timedelta(seconds=191), False),
    ],
)
def test_rule_20_it_says_until_when_what_was_seen_counts(age: timedelta, fresh: bool) -> None:
    told = tell(check(place("oo", until=NOW - age)), FLAPPING, NOW)

    assert told.places[0].is_fresh is fresh
    assert told.places[0].fresh_until == NOW - age + timedelta(seconds=190)
    assert told.verdict is (OK if fresh else UNKNOWN)


def test_rule_20_what_was_never_seen_is_not_fresh() -> None:
    (story,) = tell(check(place("")), FLAPPING, NOW).places

    assert (story.is_fresh, story.fresh_until) == (False, None)


def test_rule_8_several_locations_are_one_verdict() -> None:
    places = [place("oo", code="a"), place("bbb", code="b"), place("bbb", code="c")]
    blind = place("", code="d")

    assert tell(check(*places), FLAPPING, NOW).verdict is BAD
    assert tell(check(*places, blind), FLAPPING, NOW).fresh_places == 3
    assert tell(check(places[1], blind, blind), FLAPPING, NOW).verdict is UNKNOWN


def test_rule_11_it_counts_turns_and_says_until_when_it_is_unstable() -> None:
    (calm,) = tell(check(place("oobooboo")), FLAPPING, NOW).places
    assert (calm.turns, calm.unstable_until) == (4, None)

    (restless,) = tell(check(place("obobobob")), FLAPPING, NOW).places
    assert (restless.turns, restless.unstable_until) == (7, NOW + timedelta(minutes=30))

    # Turns of more than an hour ago, and a quiet time that is over, count no more.
    later = NOW + timedelta(minutes=61)
    (old,) = tell(check(place("obobobob")), FLAPPING, later).places
    assert (old.turns, old.unstable_until) == (0, None)


@pytest.mark.parametrize(
    ("letters", "minutes"),
    [
        # Worse: the last three. Better: the last two. Faults of our own are not part of a run.
        ("ooobbb", [2, 1, 0]),
        ("oobbfb", [3, 2, 0]),
        ("bbboo", [1, 0]),
        ("bbboosoo", [4, 3]),
        ("bbbss", [1, 0]),
        # Its answers are on the other side of a gap, or there were none.
        ("ooooo     f", []),
        ("", []),
    ],
)
def test_rules_2_and_3_the_run_that_confirmed_the_last_change(
    letters: str, minutes: list[int]
) -> None:
    (story,) = tell(check(place(letters)), FLAPPING, NOW).places

    assert [(NOW - seen.started_at) // MINUTE for seen in story.confirming] == minutes


def test_a_run_of_which_a_part_is_no_longer_kept_is_not_shown_as_a_shorter_one() -> None:
    whole = place("ooobbb")
    partly = Place(
        code=whole.code,
        name=whole.name,
        state=whole.state,
        flapping=whole.flapping,
        change=whole.change,
        around=whole.around[-2:],
    )

    assert tell(check(partly), FLAPPING, NOW).places[0].confirming == ()


@pytest.mark.parametrize(
    ("next_due_at", "enabled", "overdue"),
    [
        (NOW + MINUTE, True, False),
        (NOW - timedelta(seconds=10), True, False),
        (NOW - timedelta(seconds=11), True, True),
        (NOW - MINUTE, False, False),
        (None, True, False),
    ],
)
def test_it_says_when_nobody_asked_in_time(
    next_due_at: datetime | None, enabled: bool, overdue: bool
) -> None:
    story = tell(check(place("oo"), next_due_at=next_due_at, is_enabled=enabled), FLAPPING, NOW)

    assert story.is_overdue is overdue


def test_rule_5_it_tells_asking_for_a_fast_turn_from_having_one() -> None:
    assert tell(check(place("oob")), FLAPPING, NOW).wants_fast is True
    assert tell(check(place("ooo")), FLAPPING, NOW).wants_fast is False
