"""Outages, and whether a window covers or an upstream explains them: pure (rules 13 to 16)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.status.cascade import Edge, EdgeKind, Effective, carried, effective
from services.status.explaining import Upstream
from services.status.health import Health, rank
from services.status.publication import ChannelInput, before_cascade
from services.status.window import (
    Phase,
    Standing,
    Window,
    WindowEffect,
    allows,
    phase,
    standing,
)

# For so long it is remembered that an upstream recovered, and when: much longer than any grace,
# because the end of what covered an outage is part of its name (rule 18).
MEMORY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ChannelNow:
    """One channel as measured; see services.nation. `held` is what was last known of it while an
    incident is open, `declared` what people declare of it (rule 17)."""

    measured: Health | None
    since: datetime | None = None
    confirmed_at: datetime | None = None
    before: Health | None = None
    recovered_at: datetime | None = None
    held: Health | None = None
    declared: Health | None = None
    incident_open: bool = False


@dataclass(frozen=True, slots=True)
class ServiceNow:
    """One service with the windows that may touch it; `interval` and `confirmation` its own."""

    channels: Mapping[str, ChannelNow]
    agency: int
    interval: timedelta
    confirmation: timedelta
    windows: tuple[Window, ...] = ()
    is_shared: bool = False
    bad_run_since: datetime | None = None

    @property
    def grace(self) -> timedelta:
        """How long after its upstream recovered it may take to recover too (rule 13)."""
        return self.interval + self.confirmation


@dataclass(frozen=True, slots=True)
class ListedNow:
    """A service in an incident. `told` is the worst that was told of it, None where nothing was
    measured of it; `restored_at` is set while it is measured good again."""

    told: Health | None = None
    restored_at: datetime | None = None
    outage_started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class IncidentNow:
    """An incident that is open, or was until lately."""

    id: int
    agency: int | None
    started_at: datetime
    opened_at: datetime
    services: Mapping[str, ListedNow]
    is_automatic: bool = True
    acknowledged: bool = False
    resolved_at: datetime | None = None
    absorbed: bool = False


@dataclass(frozen=True, slots=True)
class Outage:
    """A service with a channel down that no window covers.

    `cover_ended_at` is when the window or the upstream that covered it until then ended; None
    where nothing did (rule 18).
    """

    service: str
    agency: int
    started_at: datetime
    confirmed_at: datetime
    health: Health
    channels: frozenset[str]
    cover_ended_at: datetime | None = None


@dataclass(slots=True)
class Picture:
    """The nation as it is, and as it was before what recovered lately."""

    services: Mapping[str, ServiceNow]
    edges: Sequence[Edge]
    now: datetime
    incoming: dict[str, list[Edge]] = field(default_factory=dict)
    is_now: Mapping[str, Effective] = field(default_factory=dict)
    was: Mapping[str, Effective] = field(default_factory=dict)
    # When the own trouble of each ended lately, and with that of its upstreams.
    good_since: dict[str, datetime | None] = field(default_factory=dict)
    settled: dict[str, datetime | None] = field(default_factory=dict)


def outages(services: Mapping[str, ServiceNow], now: datetime) -> dict[str, Outage]:
    """Every service with a channel down that no window covers (rules 14 to 16)."""
    found = {}
    for name, service in services.items():
        outage = _outage(name, service, now)
        if outage is not None:
            found[name] = outage
    return found


def _outage(name: str, service: ServiceNow, now: datetime) -> Outage | None:
    down = {
        key: channel
        for key, channel in service.channels.items()
        if channel.measured is Health.MAJOR_OUTAGE
        and not _is_covered(key, channel, service.windows, now)
    }
    if not down:
        return None
    # Who is locked out by announced work has no way left either (rule 10).
    stopped = frozenset(
        key
        for key, channel in service.channels.items()
        if any(
            one.effect is WindowEffect.STOPPED
            for one in _standings(key, channel, service.windows, now)
        )
    )
    monitored = {key for key, one in service.channels.items() if one.measured is not None}
    started_at = min((one.since for one in down.values() if one.since), default=now)
    ends = [
        end
        for key, channel in down.items()
        for window in service.windows
        if (end := _cover_end(key, channel, window, now)) is not None
    ]
    return Outage(
        service=name,
        agency=service.agency,
        started_at=started_at,
        confirmed_at=min(
            (one.confirmed_at for one in down.values() if one.confirmed_at), default=now
        ),
        health=Health.MAJOR_OUTAGE if monitored <= down.keys() | stopped else Health.PARTIAL_OUTAGE,
        channels=frozenset(down),
        cover_ended_at=max(ends, default=None),
    )


def _standings(
    key: str, channel: ChannelNow, windows: Iterable[Window], now: datetime
) -> list[Standing]:
    since = channel.since if channel.measured is Health.MAJOR_OUTAGE else None
    found = (standing(window, channel=key, now=now, outage_started_at=since) for window in windows)
    return [one for one in found if one is not None]


def _is_covered(key: str, channel: ChannelNow, windows: Iterable[Window], now: datetime) -> bool:
    return any(
        one.covers and allows(one.effect, Health.MAJOR_OUTAGE)
        for one in _standings(key, channel, windows, now)
    )


def _cover_end(key: str, channel: ChannelNow, window: Window, now: datetime) -> datetime | None:
    """When `window` stopped covering this outage, where it did cover it (rules 15 and 16)."""
    begins = window.in_force_at
    if begins is None or channel.since is None or not window.touches(key):
        return None
    ends = window.planned_until
    did_cover = allows(window.effect, Health.MAJOR_OUTAGE) and begins <= channel.since < ends
    return ends if did_cover and ends <= now else None


# --- explaining (rule 13) -----------------------------------------------------------------------


def picture(services: Mapping[str, ServiceNow], edges: Sequence[Edge], now: datetime) -> Picture:
    """The nation at `now`, and as it was before what recovered within MEMORY."""
    picture = Picture(services, edges, now)
    for edge in edges:
        if edge.upstream in services and edge.dependant in services:
            picture.incoming.setdefault(edge.dependant, []).append(edge)
    picture.is_now = effective(
        {name: before_cascade(_inputs(service, now)) for name, service in services.items()}, edges
    )
    picture.was = effective(
        {
            name: before_cascade(_inputs(service, now, memory=MEMORY))
            for name, service in services.items()
        },
        edges,
    )
    for name, service in services.items():
        picture.good_since[name] = _own_good_since(service, now, MEMORY)
    return picture


def _inputs(
    service: ServiceNow, now: datetime, *, memory: timedelta | None = None
) -> dict[str, ChannelInput]:
    """The channels as publication takes them; with `memory`, as they were before what recovered
    within it."""
    found = {}
    for key, channel in service.channels.items():
        measured = channel.measured
        windows = _standings(key, channel, service.windows, now)
        if memory is not None:
            if _recovered_lately(channel, now, memory):
                measured = channel.before
            windows += [
                Standing(window.effect)
                for window in service.windows
                if window.touches(key) and _closed_lately(window, now, memory)
            ]
        found[key] = ChannelInput(
            measured=measured,
            declared=channel.declared,
            windows=tuple(windows),
            incident_open=channel.incident_open,
            last_known=channel.held,
        )
    return found


def _recovered_lately(channel: ChannelNow, now: datetime, memory: timedelta) -> bool:
    return (
        channel.recovered_at is not None
        and channel.measured is not None
        and channel.before is not None
        and now - channel.recovered_at < memory
        and rank(channel.before) > rank(channel.measured)
    )


def _closed_lately(window: Window, now: datetime, memory: timedelta) -> bool:
    closed = window.completed_at
    return (
        closed is not None
        and phase(window, now) is Phase.OVER
        and window.in_force_at is not None
        and window.in_force_at < closed
        and now - closed < memory
    )


def _own_good_since(service: ServiceNow, now: datetime, memory: timedelta) -> datetime | None:
    instants = [
        channel.recovered_at
        for channel in service.channels.values()
        if channel.recovered_at is not None and _recovered_lately(channel, now, memory)
    ]
    instants += [
        window.completed_at
        for window in service.windows
        if window.completed_at is not None and _closed_lately(window, now, memory)
    ]
    return max(instants, default=None)


def _good_since(name: str, picture: Picture) -> datetime | None:
    """When the last of what troubled `name` ended: its own, or that of whatever it needs."""
    if name not in picture.settled:
        # Set first, so that a circle that two edits at once made ends here.
        picture.settled[name] = picture.good_since.get(name)
        instants = [picture.good_since.get(name)]
        instants += [_good_since(edge.upstream, picture) for edge in picture.incoming.get(name, ())]
        picture.settled[name] = max((at for at in instants if at is not None), default=None)
    return picture.settled[name]


def upstreams_of(outage: Outage, picture: Picture) -> list[Upstream]:
    """What stands upstream of an outage, as rule 13 looks at it: now, and just before."""
    found = []
    for edge in picture.incoming.get(outage.service, ()):
        if edge.channel is not None and outage.channels != {edge.channel}:
            # It hits that channel alone, and another one is down too.
            continue
        if any(cause.root == outage.service for cause in picture.is_now[edge.upstream].causes):
            # A circle, which two edits at once can make: what it carries began here.
            continue
        upstream = picture.services[edge.upstream]
        hard = edge.kind is EdgeKind.HARD
        now_health = picture.is_now[edge.upstream].health
        was_health = picture.was[edge.upstream].health
        carried_now, _note = carried(edge.kind, now_health)
        found.append(
            Upstream(
                hard=hard,
                carried=carried_now,
                stopped=_is_stopped(upstream, picture.now),
                bad_run_since=upstream.bad_run_since,
            )
        )
        carried_before, _note = carried(edge.kind, was_health)
        good_since = _good_since(edge.upstream, picture)
        if carried_before is not None and carried_before != carried_now and good_since is not None:
            found.append(
                Upstream(
                    hard=hard,
                    carried=carried_before,
                    stopped=was_health is Health.MAINTENANCE,
                    good_since=good_since,
                )
            )
    return found


def _is_stopped(service: ServiceNow, now: datetime) -> bool:
    return any(
        one.effect is WindowEffect.STOPPED
        for key, channel in service.channels.items()
        for one in _standings(key, channel, service.windows, now)
    )
