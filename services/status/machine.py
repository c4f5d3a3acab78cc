"""From single observations to the confirmed state of one check at one location (rules 1 to 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.status.health import CheckHealth, Outcome
from services.status.observation import Observation, Reason

# Rule 2 calls it a gap when more than this many intervals pass without seeing the target.
GAP_INTERVALS = 3


@dataclass(frozen=True, slots=True)
class Policy:
    """How often a check is asked, and how many answers it takes to believe a change.

    `interval` is the check's own, `fast_interval` the pause after the end of an answer while a
    change is being confirmed or has just been confirmed, for at most `fast_for` (rule 5).
    """

    interval: timedelta
    timeout: timedelta
    fast_interval: timedelta
    fast_for: timedelta = timedelta(minutes=5)
    worsen_after: int = 3
    improve_after: int = 2

    def __post_init__(self) -> None:
        if self.worsen_after < 1 or self.improve_after < 1:
            raise ValueError("a change needs at least one observation")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the rules still need of one observation that said something about the target."""

    outcome: Outcome
    started_at: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class State:
    """The confirmed state of one check at one location, and what is needed to move it on.

    `since` is when the present health began by rule 3, and `reason` says why it is so.
    `last_due_at` belongs to the last accepted observation of any kind (rule 4), `last_started_at`
    to the last one that saw the target: a fault of our own sees nothing. `run` holds the newest
    observations, newest last, as many as a decision can still ask for.
    """

    health: CheckHealth = CheckHealth.UNKNOWN
    since: datetime | None = None
    reason: Reason | None = None
    last_due_at: datetime | None = None
    last_started_at: datetime | None = None
    run: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One confirmed change of health.

    `at` is when it truly began (rule 3): the first observation of the run that confirmed it, or,
    for a gap, the last observation before it. `confirmed_at` is the start of the observation
    that settled it, never before `at`. `reason` is None where nobody can say why.
    """

    from_health: CheckHealth
    to_health: CheckHealth
    at: datetime
    confirmed_at: datetime
    reason: Reason | None


def accepts(state: State, due_at: datetime) -> bool:
    """Whether an observation that was due at `due_at` is news (rule 4).

    Duplicates and late arrivals are not: they are dropped before anything is stored or counted.
    """
    return state.last_due_at is None or due_at > state.last_due_at


def advance(
    state: State, observation: Observation, policy: Policy
) -> tuple[State, tuple[Change, ...]]:
    """The state after `observation`, and the changes it confirmed, oldest first (rules 1 to 4).

    Worsens to the mildest of the last `worsen_after` severities, improves to the worst of the
    last `improve_after`. Out of unknown, `improve_after` ok answers lead, otherwise the mildest
    of the first `worsen_after`. A `PROBER_FAULT` neither breaks nor extends a run, and does not
    count as having seen the target.

    A gap comes to light with the next observation of any kind: the state turns unknown first,
    so one observation may return two changes. Until then it is for the reader to call an old
    state unknown (rule 20).

    An observation that is not accepted returns the very same state and no change.
    """
    if not accepts(state, observation.due_at):
        return state, ()

    state, gap = _break_at_gap(state, observation, policy)
    if observation.outcome is Outcome.PROBER_FAULT:
        return replace(state, last_due_at=observation.due_at), gap

    seen = Seen(observation.outcome, observation.started_at, observation.reason)
    if state.last_started_at is not None and seen.started_at < state.last_started_at:
        # Clocks of two workers may differ by a little; a run never goes back in time.
        seen = replace(seen, started_at=state.last_started_at)
    kept = max(policy.worsen_after, policy.improve_after)
    run = (*state.run, seen)[-kept:]
    state = replace(state, run=run, last_due_at=observation.due_at, last_started_at=seen.started_at)

    confirmed = _confirmed(state.health, run, policy)
    if confirmed is None:
        return _follow_reason(state, policy), gap
    to_health, evidence = confirmed
    change = Change(
        from_health=state.health,
        to_health=to_health,
        at=evidence[0].started_at,
        confirmed_at=seen.started_at,
        reason=_reason_for(to_health, evidence),
    )
    state = replace(state, health=to_health, since=change.at, reason=change.reason)
    return state, (*gap, change)


def _break_at_gap(
    state: State, observation: Observation, policy: Policy
) -> tuple[State, tuple[Change, ...]]:
    """Empty the run, and make the state unknown, when the target was unseen for too long."""
    last = state.last_started_at
    if last is None or observation.started_at - last <= GAP_INTERVALS * policy.interval:
        return state, ()
    if state.health is CheckHealth.UNKNOWN:
        return replace(state, run=()), ()
    faulty = observation.outcome is Outcome.PROBER_FAULT
    change = Change(
        from_health=state.health,
        to_health=CheckHealth.UNKNOWN,
        at=last,
        confirmed_at=observation.started_at,
        reason=observation.reason if faulty else None,
    )
    unknown = replace(state, health=CheckHealth.UNKNOWN, since=last, reason=change.reason, run=())
    return unknown, (change,)


def _confirmed(
    health: CheckHealth, run: Sequence[Seen], policy: Policy
) -> tuple[CheckHealth, Sequence[Seen]] | None:
    """The new health with the run that confirms it, or None where all stays as it is."""
    for_worse = run[-policy.worsen_after :] if len(run) >= policy.worsen_after else ()
    for_better = run[-policy.improve_after :] if len(run) >= policy.improve_after else ()

    if health is CheckHealth.UNKNOWN:
        if for_better and all(seen.outcome is Outcome.OK for seen in for_better):
            return CheckHealth.OK, for_better
        if for_worse:
            return _as_health(min(seen.outcome for seen in for_worse)), for_worse
        return None

    # The mildest of the longer look is never worse than the worst of the shorter one, so at most
    # one of the two can speak.
    if for_worse and (mildest := min(seen.outcome for seen in for_worse)) > health:
        return _as_health(mildest), for_worse
    if for_better and (worst := max(seen.outcome for seen in for_better)) < health:
        return _as_health(worst), for_better
    return None


def _as_health(outcome: Outcome) -> CheckHealth:
    return CheckHealth(outcome.value)


def _reason_for(health: CheckHealth, evidence: Sequence[Seen]) -> Reason:
    """The newest reason that matches `health`: bad, slow, bad is slow, so its reason is slow's."""
    return next(seen.reason for seen in reversed(evidence) if _as_health(seen.outcome) is health)


def _follow_reason(state: State, policy: Policy) -> State:
    """Let the reason follow when a whole run of one mind gives another one.

    A server that was refused first and shows an expired certificate for hours should be said to
    have an expired certificate; but the reason must not flicker with every answer.
    """
    newest = state.run[-policy.worsen_after :]
    reasons = {seen.reason for seen in newest}
    if (
        len(newest) == policy.worsen_after
        and len(reasons) == 1
        and newest[-1].reason is not state.reason
        and all(_as_health(seen.outcome) is state.health for seen in newest)
    ):
        return replace(state, reason=newest[-1].reason)
    return state


def wants_fast(state: State, policy: Policy, now: datetime) -> bool:
    """Whether the check asks for the fast interval; the budget may still deny it (rule 5).

    It does while the newest answer disagrees with the confirmed state (after the first bad one,
    while recovering, on the way out of unknown), and for `fast_for` after a failure began.
    """
    if not state.run:
        return False
    if _as_health(state.run[-1].outcome) is not state.health:
        return True
    return (
        state.health is CheckHealth.BAD
        and state.since is not None
        and now - state.since < policy.fast_for
    )


def confirmation_time(policy: Policy) -> timedelta:
    """The longest it takes from the start of the first bad answer to a confirmed change.

    Every answer may take its whole timeout; between them lies the fast interval (rule 5).
    """
    return (policy.worsen_after - 1) * policy.fast_interval + policy.worsen_after * policy.timeout


def pack_run(run: Sequence[Seen]) -> list[list[int | str]]:
    """`run` as JSON-able values, in order: [outcome, started_at in ISO 8601, reason]."""
    return [[int(s.outcome), s.started_at.isoformat(), int(s.reason)] for s in run]


def unpack_run(packed: Sequence[Sequence[Any]]) -> tuple[Seen, ...]:
    """The run that `pack_run` packed; raises ValueError on anything it cannot have written."""
    return tuple(
        Seen(Outcome(outcome), datetime.fromisoformat(started_at), Reason(reason))
        for outcome, started_at, reason in packed
    )
