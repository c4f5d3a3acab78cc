"""Checks that cannot make up their mind (rule 11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.status.health import Health, Outcome


@dataclass(frozen=True, slots=True)
class FlapPolicy:
    """More than `turns` changes within `window` is unstable, until `quiet` passed without one."""

    turns: int = 6
    window: timedelta = timedelta(hours=1)
    quiet: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Flapping:
    """What is remembered of one check at one location.

    Kept per location: two locations that steadily disagree are not an unstable check. `turns`
    are the instants of the newest changes between ok and not ok, oldest first, no more than can
    still decide. `unstable_since` is the change that made it unstable; whether it still is,
    `is_unstable` says.
    """

    ok: bool | None = None
    turns: tuple[datetime, ...] = ()
    unstable_since: datetime | None = None


def observe(
    flapping: Flapping, outcome: Outcome, started_at: datetime, policy: FlapPolicy
) -> Flapping:
    """`flapping` after one more accepted observation (rule 11).

    Counts what was observed, not what was confirmed: a check that alternates never confirms
    anything, which is why this rule exists. A `PROBER_FAULT` says nothing of the target.
    """
    if outcome is Outcome.PROBER_FAULT:
        return flapping
    ok = outcome is Outcome.OK
    if flapping.ok is None or ok == flapping.ok:
        return replace(flapping, ok=ok)

    turns = (*flapping.turns, started_at)[-(policy.turns + 1) :]
    since = flapping.unstable_since
    if not is_unstable(flapping, started_at, policy):
        too_many = len(turns) > policy.turns and turns[-1] - turns[0] <= policy.window
        since = started_at if too_many else None
    return Flapping(ok=ok, turns=turns, unstable_since=since)


def unstable_until(flapping: Flapping, policy: FlapPolicy) -> datetime | None:
    """When it will have been quiet for long enough, or None where it is not unstable."""
    if flapping.unstable_since is None or not flapping.turns:
        return None
    return flapping.turns[-1] + policy.quiet


def is_unstable(flapping: Flapping, now: datetime, policy: FlapPolicy) -> bool:
    """Whether the check is unstable at `now` (rule 11)."""
    until = unstable_until(flapping, policy)
    return until is not None and now < until


def floored(health: Health | None, *, unstable: bool) -> Health | None:
    """The health of a channel one of whose checks is unstable: degraded at least (rule 11).

    Hides nothing worse, and speaks neither for a channel that nobody sees nor for one that is
    not monitored.
    """
    if unstable and health is Health.OPERATIONAL:
        return Health.DEGRADED
    return health


def pack_flapping(flapping: Flapping) -> dict[str, Any]:
    """`flapping` as JSON-able values; nothing at all while there is nothing to remember."""
    if flapping.ok is None:
        return {}
    packed: dict[str, Any] = {"ok": flapping.ok}
    if flapping.turns:
        packed["turns"] = [at.isoformat() for at in flapping.turns]
    if flapping.unstable_since is not None:
        packed["since"] = flapping.unstable_since.isoformat()
    return packed


def unpack_flapping(packed: Mapping[str, Any]) -> Flapping:
    """What `pack_flapping` packed; raises ValueError on anything it cannot have written."""
    since = packed.get("since")
    return Flapping(
        ok=packed.get("ok"),
        turns=tuple(datetime.fromisoformat(at) for at in packed.get("turns", ())),
        unstable_since=None if since is None else datetime.fromisoformat(since),
    )
