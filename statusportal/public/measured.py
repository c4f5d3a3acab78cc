"""What our own checks say of the channels of one service: a pure function of what was seen and of
`now` (rules 8, 9, 11 and 20)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from services.status.flapping import floored
from services.status.health import CheckHealth, Health
from services.status.observation import Reason
from services.status.rollup import (
    CheckReading,
    Located,
    channel_health,
    check_health,
    still_counts,
)
from statusportal.public.declared import Held
from statusportal.public.said import ChannelSaid
from statusportal.public.shape import ChannelFact, CheckFact, ServiceFact

# check id → for each location, the start of the last observation there.
Observed = Mapping[int, tuple[datetime | None, ...]]

_NOTHING_WRONG = frozenset({CheckHealth.OK, CheckHealth.UNKNOWN})
_FOR_EVER = datetime.max.replace(tzinfo=UTC)
_A_MOMENT = timedelta(microseconds=1)


def channels(
    fact: ServiceFact, locations: Sequence[str], observed: Observed, now: datetime
) -> tuple[ChannelSaid, ...]:
    """Each channel of a service by its own checks, before people, windows and upstreams."""
    return tuple(_channel(channel, locations, observed, now) for channel in fact.channels)


def seen(fact: ServiceFact, observed: Observed) -> tuple[tuple[datetime | None, ...], ...]:
    """All that `channels` reads of `observed`: the same of it, and the same is said."""
    return tuple(
        [observed.get(check.id, ()) for channel in fact.channels for check in channel.checks]
    )


def holds_until(fact: ServiceFact, observed: Observed, now: datetime) -> datetime:
    """The last instant from `now` on at which `channels` says the same of the same `observed`.

    Time alone ends it where what was seen is no longer fresh, or where a check was quiet for long
    enough.
    """
    ends = _FOR_EVER
    for channel in fact.channels:
        for check in channel.checks:
            lasts = timedelta(seconds=check.fresh_for)
            for at in observed.get(check.id, ()):
                if at is not None and now <= at + lasts < ends:
                    ends = at + lasts
            for measure in check.measures:
                quiet_at = measure.unstable_until
                if quiet_at is not None and now < quiet_at <= ends:
                    ends = quiet_at - _A_MOMENT
    return ends


def last_known(fact: ChannelFact, locations: Sequence[str], observed: Observed) -> Held | None:
    """What the channel's checks said last, whatever its age; None where that was nothing."""
    health = channel_health(
        [
            CheckReading(
                check_health(
                    [Located(CheckHealth(m.health), fresh=True) for m in check.measures],
                    configured=len(locations),
                ),
                check.essential,
            )
            for check in fact.checks
        ]
    )
    if health in {None, Health.UNKNOWN, Health.OPERATIONAL}:
        return None
    assert health is not None
    since = [
        measure.since
        for check in fact.checks
        for measure in check.measures
        if measure.since is not None and measure.health not in _NOTHING_WRONG
    ]
    seen_at = [at for check in fact.checks if (at := _seen_at(check, observed)) is not None]
    return Held(health, min(since, default=None), max(seen_at, default=None))


def newest(observed: Observed) -> datetime | None:
    """The newest observation of all; None where nothing was ever seen."""
    return max((at for row in observed.values() for at in row if at is not None), default=None)


def _channel(
    fact: ChannelFact, locations: Sequence[str], observed: Observed, now: datetime
) -> ChannelSaid:
    verdicts = [(check, _check(check, locations, observed, now)) for check in fact.checks]
    health = channel_health([CheckReading(verdict, check.essential) for check, verdict in verdicts])
    observed_at = max(
        [at for check in fact.checks if (at := _seen_at(check, observed)) is not None],
        default=None,
    )
    is_unstable = any(
        measure.unstable_until is not None and now < measure.unstable_until
        for check in fact.checks
        for measure in check.measures
    )
    floor = floored(health, unstable=is_unstable)
    if floor is not health:
        return ChannelSaid(
            fact=fact,
            health=floor,
            measured=floor,
            reason=Reason.UNSTABLE,
            observed_at=observed_at,
        )
    since: datetime | None = None
    reason: Reason | None = None
    if health is Health.UNKNOWN:
        # Nobody knows since when it is otherwise: only when it was seen last.
        since = observed_at
    elif health is not None:
        deciding_verdict = _worst_known(verdict for _check, verdict in verdicts)
        deciding = [
            measure
            for check, verdict in verdicts
            if verdict is deciding_verdict
            for measure in check.measures
            if measure.health == verdict
        ]
        since = min([m.since for m in deciding if m.since is not None], default=None)
        reason = next((Reason(m.reason) for m in deciding if m.reason is not None), None)
    return ChannelSaid(
        fact=fact,
        health=health,
        measured=health,
        since=since,
        reason=reason,
        observed_at=observed_at,
    )


def _worst_known(verdicts: Iterable[CheckHealth]) -> CheckHealth:
    known = [verdict for verdict in verdicts if verdict is not CheckHealth.UNKNOWN]
    return max(known, default=CheckHealth.UNKNOWN)


def _check(
    fact: CheckFact, locations: Sequence[str], observed: Observed, now: datetime
) -> CheckHealth:
    seen_at = dict(zip(locations, observed.get(fact.id, ()), strict=False))
    lasts = timedelta(seconds=fact.fresh_for)
    located = [
        Located(
            CheckHealth(measure.health), still_counts(seen_at.get(measure.location), now, lasts)
        )
        for measure in fact.measures
    ]
    return check_health(located, configured=len(locations))


def _seen_at(fact: CheckFact, observed: Observed) -> datetime | None:
    return max([at for at in observed.get(fact.id, ()) if at is not None], default=None)
