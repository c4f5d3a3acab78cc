"""The effective past of services, and how its days were spent: pure (rule 22)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, tzinfo

from services.status.cascade import Edge, find_cycle, topological_order
from services.status.health import CheckHealth, Health
from services.status.machine import Change
from services.status.rollup import still_counts
from services.status.timeline import (
    Interval,
    channel_timeline,
    check_timeline,
    days,
    location_timeline,
)
from services.status.uptime import (
    Carried,
    ChannelHistory,
    Figures,
    Span,
    carried_by,
    effective_timeline,
    figures,
)
from services.status.window import Window
from statusportal.public.shape import ChannelDays, DayFact, History, ServiceHistory

DAYS = 90


@dataclass(frozen=True, slots=True)
class CheckPast:
    """One enabled check. `seen` is the last observation at each location, by its id.

    An observation says nothing of the present any more once it is older than `fresh_for`.
    """

    id: int
    is_essential: bool
    fresh_for: timedelta
    seen: Mapping[int, datetime]


@dataclass(frozen=True, slots=True)
class ChannelPast:
    """One channel; without checks it is not monitored (rule 9)."""

    id: int
    checks: tuple[CheckPast, ...] = ()


@dataclass(frozen=True, slots=True)
class Nation:
    """What is measured, as the catalogue has it now: past days are read by today's catalogue.

    Services, channels and edges go by the text of their database ids; `locations` are the
    enabled ones.
    """

    services: Mapping[str, tuple[ChannelPast, ...]]
    edges: Sequence[Edge]
    locations: tuple[int, ...]

    def with_dependants(self, services: Iterable[str]) -> set[str]:
        """`services` and whatever needs them, directly or through others."""
        return self._reached(services, {(edge.upstream, edge.dependant) for edge in self.edges})

    def with_upstreams(self, services: Iterable[str]) -> set[str]:
        """`services` and whatever they need, directly or through others."""
        return self._reached(services, {(edge.dependant, edge.upstream) for edge in self.edges})

    def _reached(self, services: Iterable[str], steps: Iterable[tuple[str, str]]) -> set[str]:
        following: dict[str, list[str]] = defaultdict(list)
        for here, there in steps:
            following[here].append(there)
        reached = {service for service in services if service in self.services}
        ahead = list(reached)
        for service in ahead:  # grows while it is walked
            for other in following[service]:
                if other in self.services and other not in reached:
                    reached.add(other)
                    ahead.append(other)
        return reached


@dataclass(frozen=True, slots=True)
class Past:
    """The stored interval sets of a period.

    `changes` are the confirmed changes of each (check, location) within the period, `standing`
    is what each of them was before it. `declared` are the healths that incidents declared of a
    channel, `windows` the planned work of a service. A window that began before the period needs
    a period that begins a day before the window: otherwise an outage that was under way at its
    start looks as if it had begun with the period (rule 15).
    """

    changes: Mapping[tuple[int, int], Sequence[Change]]
    standing: Mapping[tuple[int, int], int]
    declared: Mapping[int, Sequence[Interval[Health]]] = field(default_factory=dict)
    windows: Mapping[str, Sequence[Window]] = field(default_factory=dict)


def silent_since(
    check: CheckPast, location: int, changes: Sequence[Change], now: datetime
) -> datetime | None:
    """The last observation, when it no longer says anything of the present (rule 20).

    A change confirmed after it proves that it was read before a newer one was stored.
    """
    seen_at = check.seen.get(location)
    if seen_at is None or still_counts(seen_at, now, check.fresh_for):
        return None
    if any(change.confirmed_at > seen_at for change in changes):
        return None
    return seen_at


def told_apart(channels: Sequence[ChannelPast], told: Container[int]) -> tuple[int, ...]:
    """The channels of one service whose days are told beside its own.

    Those of a service with two or more monitored ones, and whichever were `told` before: a
    channel that nobody monitors any more must not pass for its service.
    """
    monitored = [channel.id for channel in channels if channel.checks]
    several = set(monitored) if len(monitored) > 1 else set()
    return tuple(channel.id for channel in channels if channel.id in several or channel.id in told)


@dataclass(frozen=True, slots=True)
class Timelines:
    """Effective timelines; a channel that is left out was all the time what its service was."""

    services: Mapping[str, list[Span]]
    channels: Mapping[int, list[Span]]


def timelines(
    nation: Nation,
    past: Past,
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    only: Collection[str] | None = None,
    apart: Mapping[str, Collection[int]] | None = None,
) -> Timelines:
    """The effective timelines over [start, end) of `only` and of their upstreams (rule 22).

    None is every service. `end` is no later than `now`, by which silence is judged. `apart` are
    the channels of each service that are told by themselves too: each as a service would be that
    has only this one, with its declared healths, its upstreams and the windows that touch it.
    """
    wanted = set(nation.services) if only is None else nation.with_upstreams(only)
    edges = [edge for edge in _without_circles(nation.edges) if edge.dependant in wanted]
    incoming: dict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        incoming[edge.dependant].append(edge)
    result: dict[str, list[Span]] = {}
    by_channel: dict[int, list[Span]] = {}
    for service in topological_order(sorted(wanted), edges):
        carried: dict[str | None, list[Carried]] = defaultdict(list)
        for edge in incoming[service]:
            carried[edge.channel] += carried_by(edge.kind, result.get(edge.upstream, ()))
        channels = {
            str(channel.id): _channel_history(nation, channel, past, carried, start, end, now)
            for channel in nation.services[service]
        }
        windows = past.windows.get(service, ())
        result[service] = effective_timeline(channels, windows, start=start, end=end)
        alike = not windows and _are_alike(channels.values())
        for channel_id in (apart or {}).get(service, ()):
            name = str(channel_id)
            if alike and channels[name] != _NOT_COUNTED:
                continue
            by_channel[channel_id] = effective_timeline(
                {name: channels[name]}, windows, start=start, end=end
            )
    return Timelines(result, by_channel)


_NOT_COUNTED = ChannelHistory()


def _are_alike(channels: Iterable[ChannelHistory]) -> bool:
    """Whether all counted channels have the same past: then each of them was what all are.

    Nearly all are, nearly always, and that is what makes it cheap to tell them apart.
    """
    counted = [channel for channel in channels if channel != _NOT_COUNTED]
    return all(channel == counted[0] for channel in counted)


def _without_circles(edges: Sequence[Edge]) -> list[Edge]:
    """Two edits at once may close a circle; the past of all the others must not wait for it."""
    kept = list(edges)
    while circle := find_cycle(kept):
        # As the cascade does: the smallest name goes before its upstreams of the circle.
        cut = min(circle)
        kept = [e for e in kept if e.dependant != cut or e.upstream not in circle]
    return kept


def _channel_history(
    nation: Nation,
    channel: ChannelPast,
    past: Past,
    carried: Mapping[str | None, list[Carried]],
    start: datetime,
    end: datetime,
    now: datetime,
) -> ChannelHistory:
    declared = past.declared.get(channel.id, ())
    if not channel.checks:
        # What nobody monitors is not counted, whatever its upstreams do (rules 9 and 12).
        return ChannelHistory(declared=declared)
    checks = [
        (
            check_timeline(
                [
                    _location(check, location, past, start, end, now)
                    for location in nation.locations
                ],
                start=start,
                end=end,
                configured=len(nation.locations),
            ),
            check.is_essential,
        )
        for check in channel.checks
    ]
    return ChannelHistory(
        measured=channel_timeline(checks, start=start, end=end),
        declared=declared,
        carried=[*carried.get(None, ()), *carried.get(str(channel.id), ())],
    )


def _location(
    check: CheckPast, location: int, past: Past, start: datetime, end: datetime, now: datetime
) -> list[Interval[CheckHealth]]:
    place = (check.id, location)
    changes = past.changes.get(place, ())
    return location_timeline(
        changes,
        start=start,
        end=end,
        before=CheckHealth(past.standing.get(place, CheckHealth.UNKNOWN)),
        seen_until=silent_since(check, location, changes, now),
    )


def day_figures(
    timeline: Sequence[Span], periods: Iterable[tuple[date, datetime, datetime]]
) -> dict[date, Figures]:
    """How each of `periods` (day, start, end) was spent, in whole seconds that add up exactly.

    Instants are cut to the second before anything is summed: rounding the parts would make days
    of 86,401 seconds, and months that are not the sum of their days.
    """
    whole = [
        replace(span, start=span.start.replace(microsecond=0), end=span.end.replace(microsecond=0))
        for span in timeline
    ]
    return {
        day: figures(whole, start.replace(microsecond=0), end.replace(microsecond=0))
        for day, start, end in periods
    }


def periods(
    first: date, last: date, *, now: datetime, zone: tzinfo
) -> list[tuple[date, datetime, datetime]]:
    """The days from `first` to `last` as (day, start, end); none goes beyond `now` (rule 22)."""
    return [
        (day, start, min(end, now))
        for day, start, end in days(first, last + timedelta(days=1), zone)
        if start < now
    ]


@dataclass(frozen=True, slots=True)
class StoredDay:
    """One stored daily figure, in seconds; `degraded` holds all that is part of up."""

    day: date
    up: int
    degraded: int
    planned: int
    overrun: int
    own: int
    upstream: int
    unknown: int


@dataclass(frozen=True, slots=True)
class StoredChannel:
    """A channel with figures of its own: since when, and the days that have a row."""

    id: int
    first_day: date
    days: Sequence[StoredDay] = ()


def assemble(
    services: Iterable[str],
    stored: Mapping[str, Sequence[StoredDay]],
    *,
    now: datetime,
    zone: tzinfo,
    is_demo: bool,
    channels: Mapping[str, Sequence[StoredChannel]] | None = None,
) -> History:
    """The last `DAYS` days of each service (by public id) from its stored figures (rule 22).

    A day without a figure is a day of which nothing is known. `channels` are those of each
    service that have figures of their own.
    """
    today = now.astimezone(zone).date()
    blank = {
        day: DayFact(day, 0, 0, 0, 0, 0, int((end - start).total_seconds()))
        for day, start, end in periods(today - timedelta(days=DAYS - 1), today, now=now, zone=zone)
    }
    # Equal days are one object: of ten thousand services nearly all were spent alike.
    known: dict[int, DayFact] = {}
    return History(
        services=tuple(
            _of_service(
                service, stored.get(service, ()), (channels or {}).get(service, ()), blank, known
            )
            for service in services
        ),
        is_demo=is_demo,
    )


def _of_service(
    service: str,
    stored: Iterable[StoredDay],
    channels: Iterable[StoredChannel],
    blank: dict[date, DayFact],
    known: dict[int, DayFact],
) -> ServiceHistory:
    kept = [row for row in stored if row.day in blank]
    facts = dict(blank)
    for row in kept:
        # By identity: `stored` holds each of them for as long as this lasts.
        fact = known.get(id(row))
        facts[row.day] = fact if fact is not None else known.setdefault(id(row), _fact(row))
    whole = Figures(
        up=timedelta(seconds=sum(row.up for row in kept)),
        overrun=timedelta(seconds=sum(row.overrun for row in kept)),
        own=timedelta(seconds=sum(row.own for row in kept)),
        upstream=timedelta(seconds=sum(row.upstream for row in kept)),
    ).availability
    return ServiceHistory(
        id=service,
        days=tuple(facts.values()),
        availability=None if whole is None else int(whole * 100),
        channels=tuple(_of_channel(channel, facts) for channel in channels),
    )


def _of_channel(channel: StoredChannel, service: Mapping[date, DayFact]) -> ChannelDays:
    days = [_fact(row) for row in channel.days if row.day in service]
    return ChannelDays(
        id=channel.id,
        # What only differs in what pages do not tell apart does not travel.
        days=tuple(fact for fact in days if fact != service[fact.day]),
        since=channel.first_day if channel.first_day > min(service) else None,
    )


def _fact(row: StoredDay) -> DayFact:
    return DayFact(
        row.day,
        row.up,
        row.degraded,
        row.own + row.upstream,
        row.planned,
        row.overrun,
        row.unknown,
    )
