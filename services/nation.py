"""The nation as it is measured at one instant: the services in trouble, and what stands over them.

Only those, because most of ten thousand services are well most of the time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Q

from services import queries
from services.models import Channel, Check, CheckState, Edge, Service, StatusChange
from services.status import cascade
from services.status.health import CheckHealth, Health, Outcome
from services.status.machine import Policy, confirmation_time, unpack_run
from services.status.rollup import (
    CheckReading,
    Located,
    channel_health,
    check_health,
    fresh_for,
    still_counts,
)


@dataclass(frozen=True, slots=True)
class ChannelNow:
    """One channel by our own checks. None: not monitored; `UNKNOWN`: nothing fresh (rule 20).

    `since` is when its present trouble began (rule 3) and `confirmed_at` when that was sure.
    `before` is what it was while its checks were last bad, and `recovered_at` when that ended.
    """

    id: int
    health: Health | None
    since: datetime | None = None
    confirmed_at: datetime | None = None
    before: Health | None = None
    recovered_at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ServiceNow:
    """One service as it is measured. `interval` is the longest of its checks, `confirmation` how
    long confirming a change takes at most; `bad_run_since` is the first bad answer of a run that
    is not confirmed yet (rule 13)."""

    row: Service
    channels: dict[int, ChannelNow]
    interval: timedelta
    confirmation: timedelta
    bad_run_since: datetime | None = None

    @property
    def key(self) -> str:
        return str(self.row.pk)


@dataclass(frozen=True, slots=True)
class Nation:
    """Services by id, and the edges among them, by the text of their ids."""

    services: dict[int, ServiceNow] = field(default_factory=dict)
    edges: list[cascade.Edge] = field(default_factory=list)


def troubled() -> set[int]:
    """The services with a check that is confirmed bad somewhere. 1 query."""
    return set(
        CheckState.objects.filter(health=CheckHealth.BAD, check_ref__is_enabled=True).values_list(
            "check_ref__channel__service_id", flat=True
        )
    )


def measured(wanted: Collection[int], *, now: datetime) -> Nation:
    """The services `wanted`, and every service upstream of them, at `now`. 7 queries at most."""
    if not wanted:
        return Nation()
    rows: list[tuple[int, int, str, int | None]] = list(
        Edge.objects.values_list("upstream_id", "dependant_id", "kind", "channel_id")
    )
    ids = _with_upstreams(wanted, rows)
    services = list(queries.catalogue().filter(pk__in=ids))
    configured = len(queries.locations())
    turns = _turns(services)
    return Nation(
        services={row.pk: _service(row, configured, turns, now) for row in services},
        edges=[
            cascade.Edge(
                str(upstream),
                str(dependant),
                cascade.EdgeKind(kind),
                None if channel is None else str(channel),
            )
            for upstream, dependant, kind, channel in rows
            if upstream in ids and dependant in ids
        ],
    )


def _with_upstreams(
    wanted: Collection[int], edges: Iterable[tuple[int, int, str, int | None]]
) -> set[int]:
    over: dict[int, list[int]] = {}
    for upstream, dependant, _kind, _channel in edges:
        over.setdefault(dependant, []).append(upstream)
    found, waiting = set(wanted), list(wanted)
    while waiting:
        for upstream in over.get(waiting.pop(), ()):
            if upstream not in found:
                found.add(upstream)
                waiting.append(upstream)
    return found


def _turns(services: Iterable[Service]) -> dict[tuple[int, int], StatusChange]:
    """Of each (check, location) the newest change into or out of bad. 1 query.

    Not simply the newest one: what recovers is often slow first, or was lost from sight between,
    and would have forgotten by then that it was down.
    """
    checks = [
        check.pk
        for service in services
        for channel in service.channels.all()
        for check in channel.checks.all()
    ]
    rows = (
        StatusChange.objects.filter(check_ref__in=checks)
        .filter(Q(from_health=CheckHealth.BAD) | Q(to_health=CheckHealth.BAD))
        .order_by("check_ref_id", "location_id", "-at", "-confirmed_at", "-id")
        .distinct("check_ref_id", "location_id")
    )
    return {(row.check_ref_id, row.location_id): row for row in rows}


def _service(
    row: Service,
    configured: int,
    turns: dict[tuple[int, int], StatusChange],
    now: datetime,
) -> ServiceNow:
    policies: list[Policy] = []
    bad_runs: list[datetime] = []
    channels = {}
    for channel in row.channels.all():
        channel.service = row
        for check in channel.checks.all():
            check.channel = channel
            policies.append(Policy(check.interval(), check.timeout(), settings.CHECK_FAST_INTERVAL))
            bad_runs += _unconfirmed(check)
        channels[channel.pk] = _channel(channel, configured, turns, now)
    return ServiceNow(
        row=row,
        channels=channels,
        interval=max((one.interval for one in policies), default=settings.CHECK_INTERVAL),
        confirmation=max((confirmation_time(one) for one in policies), default=timedelta(0)),
        bad_run_since=min(bad_runs, default=None),
    )


def _unconfirmed(check: Check) -> list[datetime]:
    """The first bad answer of a run that may yet become an outage."""
    found = []
    for state in check.states.all():
        if state.health == CheckHealth.BAD:
            continue
        run = unpack_run(state.run)
        begun = None
        for seen in reversed(run):
            if seen.outcome is not Outcome.BAD:
                break
            begun = seen.started_at
        if begun is not None:
            found.append(begun)
    return found


def _channel(
    channel: Channel,
    configured: int,
    turns: dict[tuple[int, int], StatusChange],
    now: datetime,
) -> ChannelNow:
    told = [_check(check, configured, turns, now) for check in channel.checks.all()]
    health = channel_health([CheckReading(one.health, one.is_essential) for one in told])
    # Beside an essential check that is bad, another one says nothing of when it began.
    bad = [one for one in told if one.health is CheckHealth.BAD]
    bad = [one for one in bad if one.is_essential] or bad
    mended = [one for one in told if one.recovered_at is not None]
    mended = [one for one in mended if one.is_essential] or mended
    return ChannelNow(
        id=channel.pk,
        health=health,
        since=min((one.since for one in bad if one.since), default=None),
        confirmed_at=min((one.confirmed_at for one in bad if one.confirmed_at), default=None),
        before=channel_health([CheckReading(one.before, one.is_essential) for one in told]),
        recovered_at=max((one.recovered_at for one in mended if one.recovered_at), default=None),
        seen_at=max((one.seen_at for one in told if one.seen_at), default=None),
    )


@dataclass(frozen=True, slots=True)
class _CheckNow:
    """One check from all its locations, in the terms of ChannelNow."""

    is_essential: bool
    health: CheckHealth
    before: CheckHealth
    since: datetime | None
    confirmed_at: datetime | None
    recovered_at: datetime | None
    seen_at: datetime | None


# Of a location that never was bad: it was good before all others.
_ALWAYS = datetime.min.replace(tzinfo=UTC)


def _check(
    check: Check, configured: int, turns: dict[tuple[int, int], StatusChange], now: datetime
) -> _CheckNow:
    lasts = fresh_for(check.interval(), check.timeout())
    located, before = [], []
    began: list[datetime] = []
    sure: list[datetime] = []
    good: list[datetime] = []
    states = [state for state in check.states.all() if state.location.is_enabled]
    for state in states:
        health = CheckHealth(state.health)
        located.append(Located(health, still_counts(state.last_started_at, now, lasts)))
        turn = turns.get((check.pk, state.location_id))
        was_bad = turn is not None and turn.from_health == CheckHealth.BAD
        before.append(Located(CheckHealth.BAD if was_bad else health, fresh=True))
        if health is CheckHealth.BAD and turn is not None and state.since is not None:
            began.append(state.since)
            sure.append(turn.confirmed_at)
        elif health in {CheckHealth.OK, CheckHealth.SLOW}:
            good.append(_mended_at(state, turn))
    votes = len(began) + len(good)
    return _CheckNow(
        is_essential=check.is_essential,
        health=check_health(located, configured),
        before=check_health(before, configured),
        # More than half of those that see anything make it bad (rules 3 and 8).
        since=_nth(began, votes // 2),
        confirmed_at=_nth(sure, votes // 2),
        recovered_at=_nth(good, (votes - 1) // 2),
        seen_at=max((one.last_started_at for one in states if one.last_started_at), default=None),
    )


def _mended_at(state: CheckState, turn: StatusChange | None) -> datetime:
    if turn is None or turn.from_health != CheckHealth.BAD:
        return _ALWAYS
    # Lost from sight, it was good again only when it was seen so.
    if turn.to_health == CheckHealth.UNKNOWN and state.since is not None:
        return state.since
    return turn.at


def _nth(instants: list[datetime], place: int) -> datetime | None:
    """The instant at `place` of the order; None where there is none, or it always was so.

    Locations that went silent may leave fewer than that: then the last of those that still speak.
    """
    if not instants:
        return None
    found = sorted(instants)[max(0, min(place, len(instants) - 1))]
    return None if found == _ALWAYS else found


def own_health(service: ServiceNow) -> dict[str, Health | None]:
    """Channel by channel what is measured, by the text of its id, as the rules take it."""
    return {str(channel.id): channel.health for channel in service.channels.values()}
