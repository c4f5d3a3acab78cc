"""Why a check is what it is: its evidence at each location, told from plain values and `now`.

Nothing is decided a second time: what is fresh, unstable, confirmed and confirmed next comes
from the rules themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.bilingual import Bilingual
from services.status.flapping import Flapping, FlapPolicy, unstable_until
from services.status.health import CheckHealth, Outcome
from services.status.machine import Change, Policy, State, advance, wants_fast
from services.status.observation import Observation, Reason
from services.status.rollup import Located, check_health, fresh_until, is_fresh


@dataclass(frozen=True, slots=True)
class Place:
    """All that is stored of one check at one location in use.

    `recent` are its last kept observations and `around` those that led to `change`, its last
    change of state; both oldest first. `doubted_since` is set while the location does not trust
    what it sees of the check's network (rule 7).
    """

    code: str
    name: Bilingual
    state: State
    flapping: Flapping
    change: Change | None = None
    recent: tuple[Observation, ...] = ()
    around: tuple[Observation, ...] = ()
    doubted_since: datetime | None = None
    certificate_days: int | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """One check of a channel with what is asked of it, and its places in the portal's order."""

    id: int
    name: str
    kind: str
    is_essential: bool
    is_enabled: bool
    network: str
    policy: Policy
    slow_after_ms: int
    is_fast: bool
    next_due_at: datetime | None
    places: tuple[Place, ...] = ()


class Phase(StrEnum):
    """How the newest answers stand to the confirmed state (rule 2)."""

    SETTLED = "settled"
    WORSENING = "worsening"
    IMPROVING = "improving"
    LEARNING = "learning"  # unknown, and not seen often enough to say


@dataclass(frozen=True, slots=True)
class Prospect:
    """`answers` more answers like `outcome`, one after the other, confirm `health` (rule 2)."""

    outcome: Outcome
    answers: int
    health: CheckHealth


@dataclass(frozen=True, slots=True)
class PlaceStory:
    """One place, judged at `now`.

    `pending` counts the newest answers that disagree with the confirmed state. `fresh_until` is
    the last instant at which it counts (rule 20), None when it was never seen. `turns` are the
    changes between ok and not ok that still count, `unstable_until` lies ahead while it is
    unstable (rule 11). `confirming` is the run that confirmed the last change (rule 2); empty
    when it was a gap, or when the observations are no longer kept.
    """

    place: Place
    phase: Phase
    pending: int
    prospects: tuple[Prospect, ...]
    is_fresh: bool
    fresh_until: datetime | None
    turns: int
    unstable_until: datetime | None
    confirming: tuple[Observation, ...]


@dataclass(frozen=True, slots=True)
class CheckStory:
    """One check at `now`: the verdict of its places together (rule 8), and each of them.

    `wants_fast` is whether any place asks for the fast interval; `check.is_fast`, whether the
    budget gave it one (rule 5). `is_overdue`: it was due and nobody asked in time.
    """

    check: Measured
    verdict: CheckHealth
    fresh_places: int
    wants_fast: bool
    is_overdue: bool
    places: tuple[PlaceStory, ...]


def tell(check: Measured, flapping: FlapPolicy, now: datetime) -> CheckStory:
    """The story of one check at `now`."""
    places = tuple(_place(place, check.policy, flapping, now) for place in check.places)
    return CheckStory(
        check=check,
        verdict=check_health(
            [Located(story.place.state.health, story.is_fresh) for story in places],
            configured=len(places),
        ),
        fresh_places=sum(
            story.is_fresh and story.place.state.health is not CheckHealth.UNKNOWN
            for story in places
        ),
        wants_fast=any(wants_fast(story.place.state, check.policy, now) for story in places),
        is_overdue=check.is_enabled
        and check.next_due_at is not None
        and now > check.next_due_at + check.policy.timeout,
        places=places,
    )


def _place(place: Place, policy: Policy, flapping: FlapPolicy, now: datetime) -> PlaceStory:
    state = place.state
    phase, pending = _phase(state)
    seen_at = state.last_started_at
    until = unstable_until(place.flapping, flapping)
    return PlaceStory(
        place=place,
        phase=phase,
        pending=pending,
        prospects=prospects(state, policy, now),
        is_fresh=is_fresh(seen_at, now, policy.interval, policy.timeout),
        fresh_until=None
        if seen_at is None
        else fresh_until(seen_at, policy.interval, policy.timeout),
        turns=sum(now - turn <= flapping.window for turn in place.flapping.turns),
        unstable_until=until if until is not None and now < until else None,
        confirming=_confirming(place.change, place.around, policy),
    )


def _phase(state: State) -> tuple[Phase, int]:
    if state.health is CheckHealth.UNKNOWN:
        return Phase.LEARNING, len(state.run)
    worse = better = 0
    for seen in reversed(state.run):
        if seen.outcome > state.health and not better:
            worse += 1
        elif seen.outcome < state.health and not worse:
            better += 1
        else:
            break
    if worse:
        return Phase.WORSENING, worse
    if better:
        return Phase.IMPROVING, better
    return Phase.SETTLED, 0


# The order in which they are said: what would mend it first.
_ANSWERS = (
    (Outcome.OK, Reason.OK),
    (Outcome.SLOW, Reason.SLOW),
    (Outcome.BAD, Reason.SERVER_ERROR),
)
# The shortest time that two instants of the database can lie apart.
_TICK = timedelta(microseconds=1)


def prospects(state: State, policy: Policy, now: datetime) -> tuple[Prospect, ...]:
    """What would change `state` from `now` on: for each kind of answer how many it takes (rule 2).

    Found by playing the answers to the machine itself. Kinds that change nothing are left out.
    A gap counts as having happened: whatever comes next would bring it to light.
    """
    start = max(now, state.last_due_at + _TICK) if state.last_due_at else now
    opened, _gap = advance(state, _answer(Outcome.PROBER_FAULT, Reason.PROBER_ERROR, start), policy)
    found = []
    for outcome, reason in _ANSWERS:
        after = opened
        for number in range(1, max(policy.worsen_after, policy.improve_after) + 1):
            after, changes = advance(
                after, _answer(outcome, reason, start + number * _TICK), policy
            )
            if changes:
                found.append(Prospect(outcome, number, after.health))
                break
    return tuple(found)


def _answer(outcome: Outcome, reason: Reason, at: datetime) -> Observation:
    return Observation(
        check_id=0, location_id=0, due_at=at, started_at=at, outcome=outcome, reason=reason
    )


def _confirming(
    change: Change | None, around: Sequence[Observation], policy: Policy
) -> tuple[Observation, ...]:
    """The run that confirmed `change`: its last answers that saw the target (rules 2 and 3)."""
    if change is None or change.to_health is CheckHealth.UNKNOWN:
        return ()
    worsens = change.to_health is not CheckHealth.OK and (
        change.from_health is CheckHealth.UNKNOWN or change.to_health > change.from_health
    )
    length = policy.worsen_after if worsens else policy.improve_after
    seen = [
        observation
        for observation in around
        if observation.outcome is not Outcome.PROBER_FAULT
        and observation.started_at <= change.confirmed_at
    ]
    run = tuple(seen[-length:])
    # Where a part of it is no longer kept, the rest would look like a run of another length.
    return run if len(run) == length and run[0].started_at >= change.at - policy.timeout else ()
