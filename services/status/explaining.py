"""Whose incident is it? A service's own, or its upstream's (rule 13)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.status.health import Health, rank

# An upstream incident takes in what its hard dependants opened within this time before it.
ABSORBS_BACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Upstream:
    """One upstream of a service in trouble, as rule 13 looks at it.

    `carried` is what its open incident or running window cascades to the service, or last
    cascaded where it is good again; None where it has neither or the edge carries nothing.
    `stopped` is a hard upstream that a window stops. `good_since` is when its effective status
    became good again, None while it is not good; it counts whether or not its incident is
    closed. `bad_run_since` is the first observation of a bad run that is not confirmed yet.
    """

    hard: bool
    carried: Health | None = None
    stopped: bool = False
    good_since: datetime | None = None
    bad_run_since: datetime | None = None


class Decision(StrEnum):
    """What to do about a service that is confirmed bad and in no open incident."""

    OPEN = "open"
    WAIT = "wait"  # its upstream may be about to fail; look again shortly
    EXPLAINED = "explained"  # say "affected by", open nothing


def explains(upstream: Upstream, measured: Health) -> bool:
    """Whether `measured` is no worse than what `upstream` cascades (rule 13).

    An upstream stopped by a window explains anything measured, as a stopped window does on its
    own channels (rule 14): who cannot log in measures bad, however well it was announced.
    """
    if upstream.carried is None:
        return False
    return (upstream.hard and upstream.stopped) or rank(measured) <= rank(upstream.carried)


def grace_ends_at(good_since: datetime, interval: timedelta, confirmation: timedelta) -> datetime:
    """Until when an upstream that is good again still explains its dependants (rule 13).

    One interval of the dependant's own, and the time that confirming takes: what recovered with
    its upstream has been seen to by then.
    """
    return good_since + interval + confirmation


def decide(
    measured: Health,
    confirmed_at: datetime,
    upstreams: Iterable[Upstream],
    *,
    interval: timedelta,
    confirmation: timedelta,
    now: datetime,
) -> Decision:
    """Whether a service measured `measured` since `confirmed_at` gets its own incident (rule 13).

    `interval` and `confirmation` (see `machine.confirmation_time`) are the service's own. An
    upstream explains while it is not good, and for the grace after it. A hard upstream whose bad
    run is not confirmed yet makes the incident wait, never the status, and at most one
    confirmation time after `confirmed_at`.
    """
    upstreams = list(upstreams)
    for upstream in upstreams:
        good_since = upstream.good_since
        outlived = good_since is not None and now >= grace_ends_at(
            good_since, interval, confirmation
        )
        if not outlived and explains(upstream, measured):
            return Decision.EXPLAINED
    unconfirmed = any(u.hard and u.bad_run_since is not None for u in upstreams)
    if unconfirmed and now < confirmed_at + confirmation:
        return Decision.WAIT
    return Decision.OPEN


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """An open incident that an upstream's one might absorb."""

    ref: str
    opened_at: datetime
    acknowledged: bool
    hard_dependant: bool  # all its services are hard dependants of the upstream


def absorbed(upstream_opened_at: datetime, incidents: Iterable[OpenIncident]) -> Sequence[str]:
    """The refs of those that the upstream's incident, opened just now, absorbs (rule 13).

    Unacknowledged ones that its hard dependants opened in the five minutes before it. Once a
    person has taken one up, it stays theirs.
    """
    return [
        incident.ref
        for incident in incidents
        if incident.hard_dependant
        and not incident.acknowledged
        and timedelta(0) <= upstream_opened_at - incident.opened_at <= ABSORBS_BACK
    ]
