"""How long a service was up, down and why: bars and figures from stored intervals (rule 22)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum
from itertools import pairwise
from typing import Any

from services.status.cascade import EdgeKind, carried
from services.status.health import Health, rank, worst
from services.status.publication import ChannelInput, publish
from services.status.rollup import service_health
from services.status.timeline import HealthTimeline, Interval, merged, sweep
from services.status.window import (
    Phase,
    Standing,
    Window,
    WindowEffect,
    allows,
    phase,
    window_health,
    worst_effect,
)


class Booking(IntEnum):
    """Where a stretch of time is counted; of several at once the greater one counts.

    UP to PARTIAL are all up, and shown apart. The order of OWN and UPSTREAM is rule 22's: bad on
    its own and upstream at once counts as upstream.
    """

    UNKNOWN = 0
    UP = 1
    LIMITED = 2  # announced work that leaves the service usable: partly, slow
    DEGRADED = 3
    PARTIAL = 4
    PLANNED = 5  # stopped as announced
    OVERRUN = 6  # down after the end that was announced
    OWN = 7
    UPSTREAM = 8


_DOWN = frozenset({Booking.PLANNED, Booking.OVERRUN, Booking.OWN, Booking.UPSTREAM})
_UNPLANNED = _DOWN - {Booking.PLANNED}


@dataclass(frozen=True, slots=True)
class Span:
    """One stretch of a service's effective timeline, [start, end) in UTC.

    `health` is what is shown, `booking` where the time is counted. They are apart on purpose: a
    window that runs over is still shown as maintenance while its service answers, and that time
    is up.
    """

    start: datetime
    end: datetime
    health: Health | None
    booking: Booking


@dataclass(frozen=True, slots=True)
class Carried:
    """What one upstream carried to a channel over [start, end), and how that time is counted."""

    start: datetime
    end: datetime
    health: Health
    booking: Booking


@dataclass(frozen=True, slots=True)
class ChannelHistory:
    """The stored interval sets of one channel.

    `measured` is a timeline of rule 9: None is not monitored, and time in no interval is unknown
    unless the whole timeline is empty, which is a channel that was never monitored. `declared`
    are the healths that incidents declared, `carried` what its upstreams carried; both may
    overlap. Windows are given to the service. Overrides are not here: they change no figure.
    """

    measured: HealthTimeline = ()
    declared: Sequence[Interval[Health]] = ()
    carried: Sequence[Carried] = ()


def carried_by(kind: EdgeKind, upstream: Iterable[Span]) -> list[Carried]:
    """What an upstream's effective timeline carries along an edge (rule 12), and as what.

    Hard: the upstream's planned stop and overrun stay planned and overrun; whatever else takes
    it down is booked as upstream.
    """
    result = []
    for span in upstream:
        health, _ = carried(kind, span.health)
        if health is None:
            continue
        if kind is EdgeKind.HARD and span.booking in _DOWN:
            kept = span.booking in (Booking.PLANNED, Booking.OVERRUN)
            booking = span.booking if kept else Booking.UPSTREAM
        elif kind is EdgeKind.HARD and span.booking is Booking.PARTIAL:
            booking = Booking.PARTIAL
        elif span.booking in (Booking.UP, Booking.UNKNOWN):
            # Shown as maintenance while running over, yet it answers: nothing to count.
            booking = Booking.UP
        elif span.booking in (Booking.PLANNED, Booking.LIMITED):
            booking = Booking.LIMITED
        else:
            booking = Booking.DEGRADED
        result.append(Carried(span.start, span.end, health, booking))
    return result


@dataclass(frozen=True, slots=True)
class _Moment:
    """What one channel is, and how it counts, while none of its facts changes."""

    health: Health | None
    booking: Booking
    stopped: bool


# What `sweep` walks: (channel, kind of fact, number of the fact).
_Key = tuple[str, str, int]


def effective_timeline(
    channels: Mapping[str, ChannelHistory],
    windows: Sequence[Window] = (),
    *,
    start: datetime,
    end: datetime,
) -> list[Span]:
    """The effective timeline of a service over [start, end), without gaps (rules 10, 14-17, 22).

    Health follows publication, channel by channel, then rolled up. A service is down when all
    its counted channels are: bad, or stopped by a window. One that is only partly stopped is
    limited, which is part of up. An outage that was under way at a window's start stays what it
    was until it ends (rule 15); in the planned part of a stopped window all else is planned,
    after it bad time is overrun and good time is up (rule 16).
    """
    facts: dict[_Key, Sequence[Interval[Any]]] = {}
    for name, history in channels.items():
        facts[name, "measured", 0] = merged(history.measured)
        for number, declared in enumerate(history.declared):
            facts[name, "declared", number] = [declared]
        for number, item in enumerate(history.carried):
            facts[name, "carried", number] = [Interval(item.start, item.end, item)]
        for number, window in enumerate(windows):
            if window.touches(name):
                facts[name, "window", number] = _felt(window, history.measured, end)
    never_monitored = {
        name
        for name, history in channels.items()
        if all(interval.health is None for interval in history.measured)
    }

    spans: list[Span] = []
    for begins, ends, said in sweep(facts, start, end):
        by_channel: dict[str, dict[str, list[object]]] = {name: {} for name in channels}
        for (name, kind, _), fact in said.items():
            by_channel[name].setdefault(kind, []).append(fact)
        moments = {
            name: _channel_moment(kinds, monitored=name not in never_monitored)
            for name, kinds in by_channel.items()
        }
        health, booking = _service_moment(moments)
        if spans and (spans[-1].health, spans[-1].booking) == (health, booking):
            begins = spans.pop().start
        spans.append(Span(begins, ends, health, booking))
    return spans


@dataclass(frozen=True, slots=True)
class _Felt:
    """A window as one channel feels it for a while."""

    standing: Standing
    planned: bool  # before its announced end
    excused: bool  # not an outage that was already under way at its start


def _felt(window: Window, measured: HealthTimeline, end: datetime) -> Sequence[Interval[Any]]:
    begins = window.in_force_at
    if begins is None:
        return []
    closes = min(window.completed_at or end, end)
    # Rule 15: an outage under way at the start is not covered until it ends.
    under_way_until = max(
        (
            interval.end
            for interval in merged(measured)
            if interval.health is Health.MAJOR_OUTAGE and interval.start < begins < interval.end
        ),
        default=begins,
    )
    points = sorted({begins, under_way_until, window.announced_end_at, closes})
    felt: list[Interval[Any]] = []
    for since, until in pairwise(points):
        if since < begins or until > closes:
            continue
        planned = phase(window, since) is Phase.RUNNING
        excused = since >= under_way_until
        standing = Standing(window.effect, covers=planned and excused)
        felt.append(Interval(since, until, _Felt(standing, planned, excused)))
    return felt


def _channel_moment(kinds: Mapping[str, list[object]], *, monitored: bool) -> _Moment:
    """One channel, from all facts that hold at once."""
    measured = kinds.get("measured", [Health.UNKNOWN if monitored else None])[0]
    declared = worst(fact for fact in kinds.get("declared", []) if isinstance(fact, Health))
    arrived = [fact for fact in kinds.get("carried", []) if isinstance(fact, Carried)]
    felt = [fact for fact in kinds.get("window", []) if isinstance(fact, _Felt)]
    assert measured is None or isinstance(measured, Health)

    published = publish(
        ChannelInput(
            measured=measured,
            declared=declared,
            cascade=worst(item.health for item in arrived),
            windows=tuple(item.standing for item in felt),
        )
    )
    if published.health is None:
        return _Moment(None, Booking.UNKNOWN, stopped=False)
    return _Moment(
        published.health,
        _channel_booking(measured, declared, arrived, felt),
        stopped=any(item.standing.effect is WindowEffect.STOPPED for item in felt),
    )


def _channel_booking(
    measured: Health | None,
    declared: Health | None,
    arrived: Sequence[Carried],
    felt: Sequence[_Felt],
) -> Booking:
    """How a channel's time counts.

    1. Stopped as announced is planned, whatever is measured, declared or carried (rule 16).
    2. Down by an upstream, or by an upstream and by itself at once, counts as the upstream's.
    3. Down by itself is overrun while a stopped window runs over, otherwise its own.
    4. Not down, it is the worst of what is known. What nobody measured is not turned into time
       that was up by a window or an upstream, only by a person's word.
    """
    stopping = [item for item in felt if item.standing.effect is WindowEffect.STOPPED]
    if any(item.standing.covers for item in stopping):
        return Booking.PLANNED
    down_upstream = [item.booking for item in arrived if item.booking in _DOWN]
    if down_upstream:
        return max(down_upstream)
    if Health.MAJOR_OUTAGE in (measured, declared):
        overrun = any(item.excused and not item.planned for item in stopping)
        return Booking.OVERRUN if overrun else Booking.OWN

    covering = [item.standing.effect for item in felt if item.standing.covers]
    if measured in (None, Health.UNKNOWN):
        # Nothing but a window names this channel: it is known by what was announced of it.
        known_by_window = measured is None and window_health(worst_effect(covering)) is not None
        known_by_word = declared is not None and rank(declared) > rank(Health.UNKNOWN)
        if not (known_by_word or known_by_window):
            return Booking.UNKNOWN
    bookings = [Booking.UP, *(item.booking for item in arrived)]
    bookings += [_of(health) for health in (declared,) if health is not None]
    if measured is not None and not any(allows(effect, measured) for effect in covering):
        bookings.append(_of(measured))
    if window_health(worst_effect(covering)) is not None:
        bookings.append(Booking.LIMITED)
    return max(bookings)


def _of(health: Health) -> Booking:
    """How time of a channel that is not down counts."""
    match health:
        case Health.PARTIAL_OUTAGE:
            return Booking.PARTIAL
        case Health.MAINTENANCE:
            return Booking.LIMITED
        case Health.DEGRADED:
            return Booking.DEGRADED
        case _:
            return Booking.UP


def _service_moment(moments: Mapping[str, _Moment]) -> tuple[Health | None, Booking]:
    """A service from its channels: health by rule 10, and how the time counts."""
    counted = {name: moment for name, moment in moments.items() if moment.health is not None}
    health = service_health(
        {name: moment.health for name, moment in counted.items()},
        stopped_by_window=frozenset(name for name, m in counted.items() if m.stopped),
    )
    bookings = [moment.booking for moment in counted.values()]
    known = [booking for booking in bookings if booking is not Booking.UNKNOWN]
    if not known:
        return health, Booking.UNKNOWN
    if (
        health in (Health.MAJOR_OUTAGE, Health.MAINTENANCE)
        and len(known) == len(bookings)
        and all(booking in _DOWN for booking in known)
    ):
        return health, max(known)
    # Some of its channels work, or may work: down in part is part of up (rule 22).
    softened = [
        Booking.PARTIAL
        if booking in _UNPLANNED
        else Booking.LIMITED
        if booking is Booking.PLANNED
        else booking
        for booking in known
    ]
    return health, max(softened)


@dataclass(frozen=True, slots=True)
class Figures:
    """How a period was spent; all parts are durations and add up to the whole of it.

    `up` includes `partial`, `degraded` and `limited`, which are shown apart. `own`, `upstream`
    and `overrun` are unplanned; `unknown` is time of which nothing is known.
    """

    up: timedelta = timedelta(0)
    partial: timedelta = timedelta(0)
    degraded: timedelta = timedelta(0)
    limited: timedelta = timedelta(0)
    planned: timedelta = timedelta(0)
    overrun: timedelta = timedelta(0)
    own: timedelta = timedelta(0)
    upstream: timedelta = timedelta(0)
    unknown: timedelta = timedelta(0)

    @property
    def unplanned(self) -> timedelta:
        """Down without an announcement, on its own or by an upstream; overrun is beside it."""
        return self.own + self.upstream

    @property
    def whole(self) -> timedelta:
        """The length of the period."""
        return self.up + self.planned + self.overrun + self.unplanned + self.unknown

    @property
    def availability(self) -> Decimal | None:
        """Per cent up of the known time outside planned work, two places, rounded down.

        None where there is no such time. Overrun counts as unplanned (rule 16).
        """
        return _per_cent(self.up, self.up + self.unplanned + self.overrun)

    @property
    def availability_with_planned(self) -> Decimal | None:
        """The same with planned time in the denominator: what users really had."""
        return _per_cent(self.up, self.whole - self.unknown)

    def __add__(self, other: Figures) -> Figures:
        """The figures of two periods that do not overlap."""
        return Figures(
            **{name: getattr(self, name) + getattr(other, name) for name in self.__slots__}
        )


def _per_cent(part: timedelta, of: timedelta) -> Decimal | None:
    """`part` in `of` in per cent, rounded down: 99.999 % must never read as 100 (rule 22)."""
    if not of:
        return None
    return Decimal((part * 10_000) // of) / 100


_FIELD = {
    Booking.UNKNOWN: "unknown",
    Booking.UP: "up",
    Booking.LIMITED: "limited",
    Booking.DEGRADED: "degraded",
    Booking.PARTIAL: "partial",
    Booking.PLANNED: "planned",
    Booking.OVERRUN: "overrun",
    Booking.OWN: "own",
    Booking.UPSTREAM: "upstream",
}


def _within(timeline: Sequence[Span], start: datetime, end: datetime) -> Iterator[Span]:
    """The spans that reach into [start, end); a year of days must not walk a year each."""
    for number in range(bisect_right(timeline, start, key=lambda span: span.end), len(timeline)):
        if timeline[number].start >= end:
            return
        yield timeline[number]


def figures(timeline: Sequence[Span], start: datetime, end: datetime) -> Figures:
    """How a service spent [start, end), from its effective timeline in order of time (rule 22).

    Time in no span is unknown. For a day, or a month that is not over, let `end` be no later
    than now: the future is not unknown, it is not there.
    """
    end = max(start, end)
    spent: dict[str, timedelta] = {name: timedelta(0) for name in _FIELD.values()}
    covered = timedelta(0)
    for span in _within(timeline, start, end):
        length = min(span.end, end) - max(span.start, start)
        spent[_FIELD[span.booking]] += length
        covered += length
    spent["up"] += spent["limited"] + spent["degraded"] + spent["partial"]
    spent["unknown"] += end - start - covered
    return Figures(**spent)


def worst_health(timeline: Sequence[Span], start: datetime, end: datetime) -> Health | None:
    """The worst health shown within [start, end), for the colour of a bar; None: no data."""
    return worst(span.health for span in _within(timeline, start, end) if span.health is not None)
