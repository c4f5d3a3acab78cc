"""Health over time: from confirmed changes to the timeline of a check, a channel, a service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Generic, TypeVar

from services.status.health import CheckHealth, Health
from services.status.machine import Change
from services.status.rollup import (
    CheckReading,
    Located,
    channel_health,
    check_health,
    service_health,
)

H = TypeVar("H")
K = TypeVar("K")
HealthOut = TypeVar("HealthOut")


@dataclass(frozen=True, slots=True)
class Interval(Generic[H]):
    """`health` held from `start` up to, not including, `end`; both aware UTC."""

    start: datetime
    end: datetime
    health: H


# A timeline is a sequence of intervals in order of time, without overlap; neighbours differ.
# What lies in none of them is not known.
CheckTimeline = Sequence[Interval[CheckHealth]]
HealthTimeline = Sequence[Interval[Health | None]]


def location_timeline(
    changes: Iterable[Change],
    *,
    start: datetime,
    end: datetime,
    before: CheckHealth = CheckHealth.UNKNOWN,
    seen_until: datetime | None = None,
) -> list[Interval[CheckHealth]]:
    """What one location knew of a check over [start, end), from its confirmed changes (rule 3).

    `before` is the health that held at `start`. `seen_until` is the last observation so far when
    it is no longer fresh: from there on nothing is known, although no change says so yet.
    """
    ordered = sorted(changes, key=lambda change: (change.at, change.confirmed_at))
    health = before
    points: list[tuple[datetime, CheckHealth]] = []
    for change in ordered:
        if change.at <= start:
            health = change.to_health
        elif change.at < end:
            points.append((change.at, change.to_health))
    points.insert(0, (start, health))
    if seen_until is not None and seen_until < end:
        points = [point for point in points if point[0] < seen_until]
        points.append((max(seen_until, start), CheckHealth.UNKNOWN))
    ends = [at for at, _ in points[1:]] + [end]
    return merged(
        Interval(at, until, health) for (at, health), until in zip(points, ends, strict=True)
    )


def merged(intervals: Iterable[Interval[H]]) -> list[Interval[H]]:
    """`intervals` without empty ones, and with neighbours of equal health made one."""
    result: list[Interval[H]] = []
    for interval in intervals:
        if interval.start >= interval.end:
            continue
        if result and result[-1].health == interval.health and result[-1].end == interval.start:
            interval = Interval(result.pop().start, interval.end, interval.health)
        result.append(interval)
    return result


def sweep(
    timelines: Mapping[K, Sequence[Interval[H]]],
    start: datetime,
    end: datetime,
) -> Iterable[tuple[datetime, datetime, dict[K, H]]]:
    """Walk several timelines side by side over [start, end).

    Yields (start, end, what each of them says), a new step wherever any of them changes; a
    timeline that says nothing is absent from its step. The dictionary is the same one, changed
    in place: read it before the next step.
    """
    # (instant, 0 ends before 1 begins, which timeline, what begins)
    events: list[tuple[datetime, int, K, H | None]] = []
    for key, timeline in timelines.items():
        for interval in timeline:
            begins, ends = max(interval.start, start), min(interval.end, end)
            if begins < ends:
                events.append((begins, 1, key, interval.health))
                events.append((ends, 0, key, None))
    events.sort(key=lambda event: event[:2])

    said: dict[K, H] = {}
    at = start
    for instant, begins_here, key, health in events:
        if instant > at:
            yield at, instant, said
            at = instant
        if begins_here:
            said[key] = health  # type: ignore[assignment]
        else:
            said.pop(key, None)
    if at < end:
        yield at, end, said


def check_timeline(
    locations: Sequence[CheckTimeline],
    *,
    start: datetime,
    end: datetime,
    configured: int,
) -> list[Interval[CheckHealth]]:
    """Rule 8 over time: one check from what each of its locations knew.

    Downtime thus begins with the run that completed the majority (rule 3). A location that is
    unknown, or says nothing, is not fresh.
    """
    return _rolled_up(
        dict(enumerate(locations)),
        start,
        end,
        lambda said: check_health([Located(h, fresh=True) for h in said.values()], configured),
    )


def channel_timeline(
    checks: Sequence[tuple[CheckTimeline, bool]], *, start: datetime, end: datetime
) -> list[Interval[Health | None]]:
    """Rule 9 over time: a channel from its checks, each as (timeline, essential)."""
    essential = [is_essential for _, is_essential in checks]

    def channel(said: Mapping[int, CheckHealth]) -> Health | None:
        return channel_health(
            [
                CheckReading(said.get(number, CheckHealth.UNKNOWN), is_essential)
                for number, is_essential in enumerate(essential)
            ]
        )

    return _rolled_up({n: timeline for n, (timeline, _) in enumerate(checks)}, start, end, channel)


def service_timeline(
    channels: Mapping[str, HealthTimeline], *, start: datetime, end: datetime
) -> list[Interval[Health | None]]:
    """Rule 10 over time: a service from its channels, without windows and upstreams.

    Time of which a channel's timeline says nothing is unknown for that channel.
    """
    return _rolled_up(
        channels,
        start,
        end,
        lambda said: service_health({name: said.get(name, Health.UNKNOWN) for name in channels}),
    )


def _rolled_up(
    timelines: Mapping[K, Sequence[Interval[H]]],
    start: datetime,
    end: datetime,
    rule: Callable[[dict[K, H]], HealthOut],
) -> list[Interval[HealthOut]]:
    return merged(
        Interval(begins, ends, rule(said)) for begins, ends, said in sweep(timelines, start, end)
    )


def days(since: date, until: date, zone: tzinfo) -> list[tuple[date, datetime, datetime]]:
    """The days from `since` up to, not including, `until`, as (date, start, end) in UTC.

    A day is a day of the deployment's zone (rule 22): 23 or 25 hours long where clocks change,
    and its end is always the next one's start.
    """
    count = max((until - since).days, 0)
    dates = [since + timedelta(days=number) for number in range(count + 1)]
    midnights = [_midnight(day, zone) for day in dates]
    return [
        (day, midnights[number], midnights[number + 1]) for number, day in enumerate(dates[:-1])
    ]


def _midnight(day: date, zone: tzinfo) -> datetime:
    # Where clocks jump at midnight, the first reading of 00:00 converts to the very instant of
    # the jump, which is when that day begins.
    return datetime.combine(day, time.min, zone).astimezone(UTC)
