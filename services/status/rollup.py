"""From locations to a check, from checks to a channel, from channels to a service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.status.health import CheckHealth, Health, worst
from services.status.machine import GAP_INTERVALS


def fresh_for(interval: timedelta, timeout: timedelta) -> timedelta:
    """How long what was seen still counts: three intervals and one timeout (rule 20)."""
    return GAP_INTERVALS * interval + timeout


def fresh_until(observed_at: datetime, interval: timedelta, timeout: timedelta) -> datetime:
    """The last instant at which what was seen at `observed_at` still counts (rule 20)."""
    return observed_at + fresh_for(interval, timeout)


def still_counts(observed_at: datetime | None, now: datetime, lasts: timedelta) -> bool:
    """Whether what was seen at `observed_at` and counts for `lasts` says anything of `now`.

    What was never observed says nothing (rule 20).
    """
    return observed_at is not None and now - observed_at <= lasts


def is_fresh(
    observed_at: datetime | None, now: datetime, interval: timedelta, timeout: timedelta
) -> bool:
    """Whether a check last seen at `observed_at` may still be spoken of as known (rule 20)."""
    return still_counts(observed_at, now, fresh_for(interval, timeout))


@dataclass(frozen=True, slots=True)
class Located:
    """What one location says of a check, and whether it said so recently enough."""

    health: CheckHealth
    fresh: bool


def check_health(located: Sequence[Located], configured: int) -> CheckHealth:
    """One verdict from several locations (rule 8).

    A check is as bad as more than half of its fresh locations say at least. With fewer than half
    of the `configured` locations fresh it is unknown. A location that is itself unknown is
    blind: it has no vote.
    """
    votes = sorted(
        place.health for place in located if place.fresh and place.health is not CheckHealth.UNKNOWN
    )
    if not votes or 2 * len(votes) < configured:
        return CheckHealth.UNKNOWN
    # Sorted from mild to severe, everything from here to the end is at least this bad, and it is
    # the shortest such end that holds more than half.
    return votes[(len(votes) - 1) // 2]


@dataclass(frozen=True, slots=True)
class CheckReading:
    """One check's verdict as its channel sees it."""

    health: CheckHealth
    essential: bool


def channel_health(readings: Sequence[CheckReading]) -> Health | None:
    """The measured health of a channel, or None where it has no checks: not monitored (rule 9).

    An essential check bad takes the channel down; an essential one slow, or another one bad,
    degrades it. An essential one unknown makes it unknown unless trouble is known. Where no
    check is essential, at least one must be known for the channel to be known.
    """
    if not readings:
        return None
    essential = {reading.health for reading in readings if reading.essential}
    other = {reading.health for reading in readings if not reading.essential}
    if CheckHealth.BAD in essential:
        return Health.MAJOR_OUTAGE
    if CheckHealth.SLOW in essential or CheckHealth.BAD in other:
        return Health.DEGRADED
    if CheckHealth.UNKNOWN in essential or (not essential and other == {CheckHealth.UNKNOWN}):
        return Health.UNKNOWN
    return Health.OPERATIONAL


def service_health(
    channels: Mapping[str, Health | None],
    *,
    stopped_by_window: frozenset[str] = frozenset(),
) -> Health | None:
    """The health of a service from its channels, or None: not monitored (rule 10).

    Channels that are None are not counted. All down is a major outage, some down a partial one,
    otherwise the worst known counts; unknown only where no channel is known. Where one channel
    is down, those in `stopped_by_window` count as down too: their users are locked out as well.
    """
    counted = {name: health for name, health in channels.items() if health is not None}
    if not counted:
        return None
    down = {name for name, health in counted.items() if health is Health.MAJOR_OUTAGE}
    if down:
        if down | (stopped_by_window & counted.keys()) == counted.keys():
            return Health.MAJOR_OUTAGE
        return Health.PARTIAL_OUTAGE
    known = [health for health in counted.values() if health is not Health.UNKNOWN]
    return worst(known) or Health.UNKNOWN
