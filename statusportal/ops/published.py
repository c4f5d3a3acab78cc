"""What is published of one service, by which fact, and what its upstreams have to do with it.

Pure: a snapshot and `now` go in. The verdicts are those of the public reader itself, read with
nothing hidden, so that staff and citizens can never be told two different truths.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec.structs import replace

from core.bilingual import Bilingual
from services.labels import Visibility
from services.status.cascade import EdgeKind, carried
from services.status.health import Health, rank, worst
from services.status.observation import Reason
from services.status.publication import ChannelInput, Fact, publish
from services.status.rollup import still_counts
from statusportal.public import reader
from statusportal.public.said import ChannelSaid, Said, ServiceSaid
from statusportal.public.shape import EdgeFact, ServiceFact, Snapshot


class Ground(StrEnum):
    """Why a channel or a service is published as it is; words.py says each in a sentence."""

    MEASURED = "measured"  # rules 2, 9 and 10
    UNSTABLE = "unstable"  # rule 11
    CASCADE = "cascade"  # rule 12
    WINDOW = "window"  # rules 14 and 16
    DECLARED = "declared"  # rule 17: a person says so, in an open incident
    OVERRIDE = "override"  # rule 17: a person publishes better than measured
    HELD = "held"  # rule 17: silence while an incident is open is no recovery
    STALE = "stale"  # rule 20
    UNDECIDED = "undecided"  # seen lately, but not often or widely enough: rules 2 and 8
    NOT_MONITORED = "not monitored"  # rules 9 and 10


@dataclass(frozen=True, slots=True)
class PublishedChannel:
    """One channel: what is published of it, and what our own checks alone would say."""

    id: int
    kind: str
    health: Health | None
    measured: Health | None
    since: datetime | None
    reason: Reason | None
    ground: Ground


@dataclass(frozen=True, slots=True)
class PublishedUpstream:
    """One dependency: the upstream's own state, and what the edge makes of it (rule 12).

    `channel` is the kind of the only channel that needs it, "" where all do. `carried` is what
    reaches the dependant, None for nothing, `is_note` when only a line is said. `upstreams` are
    its own; they stay empty where `is_repeated`, because they are told at another mention.
    """

    slug: str
    name: Bilingual
    visibility: str
    health: Health | None
    since: datetime | None
    kind: EdgeKind
    channel: str
    carried: Health | None
    is_note: bool
    alternative: Bilingual
    upstreams: tuple[PublishedUpstream, ...] = ()
    is_repeated: bool = False


@dataclass(frozen=True, slots=True)
class PublishedService:
    """One service as it is published; `built_at` is when the snapshot was made."""

    health: Health | None
    since: datetime | None
    reason: Reason | None
    grounds: tuple[Ground, ...]
    channels: tuple[PublishedChannel, ...]
    upstreams: tuple[PublishedUpstream, ...]
    built_at: datetime

    def says_the_same(self, other: PublishedService) -> bool:
        """Whether a reader of one would learn nothing from the other."""
        return _gist(self) == _gist(other)


def _gist(service: PublishedService) -> tuple[object, ...]:
    return (
        service.health,
        service.reason,
        service.grounds,
        [(channel.id, channel.health, channel.ground) for channel in service.channels],
        [
            (upstream.slug, upstream.kind, upstream.carried, upstream.is_note)
            for upstream in service.upstreams
        ],
    )


def narrowed(snapshot: Snapshot, slug: str) -> Snapshot:
    """`snapshot` with the service `slug` and all that stands upstream of it, nothing hidden.

    No other service has a say in it, so the reader says of it what it says of the whole.
    """
    truth = snapshot.truth
    upstreams: dict[str, list[str]] = {}
    for edge in truth.edges:
        upstreams.setdefault(edge.dependant, []).append(edge.upstream)
    wanted: dict[str, None] = {
        service.id: None for service in truth.services if service.slug == slug
    }
    waiting = list(wanted)
    while waiting:
        for upstream in upstreams.get(waiting.pop(), ()):
            if upstream not in wanted:
                wanted[upstream] = None
                waiting.append(upstream)
    return replace(
        snapshot,
        truth=replace(
            truth,
            services=tuple(
                replace(service, visibility=Visibility.PUBLIC.value)
                for service in truth.services
                if service.id in wanted
            ),
            edges=tuple(edge for edge in truth.edges if edge.dependant in wanted),
        ),
    )


def published(snapshot: Snapshot, slug: str, now: datetime) -> PublishedService | None:
    """What the reader says of `slug` at `now`, and why; None where the snapshot lacks it."""
    narrow = narrowed(snapshot, slug)
    said = reader.read(narrow, now)
    service = said.services.get(slug)
    if service is None:
        return None
    facts = {fact.id: fact for fact in snapshot.truth.services}
    by_dependant: dict[str, list[EdgeFact]] = {}
    for edge in narrow.truth.edges:
        by_dependant.setdefault(edge.dependant, []).append(edge)

    channels = tuple(
        _channel(
            channel,
            [
                arriving
                for edge in by_dependant.get(service.fact.id, ())
                if edge.channel in {None, channel.fact.id}
                and (arriving := _arriving(edge, said, facts)) is not None
            ],
            _is_seen(channel, snapshot.observed, now),
        )
        for channel in service.channels
    )
    return PublishedService(
        health=service.health,
        since=service.since,
        reason=service.reason,
        grounds=_grounds(service, channels),
        channels=channels,
        upstreams=_upstreams(service, by_dependant, said, facts, told={service.fact.id}),
        built_at=snapshot.built_at,
    )


def _arriving(edge: EdgeFact, said: Said, facts: Mapping[str, ServiceFact]) -> Health | None:
    """What `edge` carries to its dependant (rule 12)."""
    upstream = facts.get(edge.upstream)
    if upstream is None or upstream.slug not in said.services:
        return None
    health, _is_note = carried(EdgeKind(edge.kind), said.services[upstream.slug].health)
    return health


_SAID_BY_PEOPLE: dict[Fact | None, Ground] = {
    Fact.WINDOW: Ground.WINDOW,
    Fact.DECLARED: Ground.DECLARED,
    Fact.OVERRIDE: Ground.OVERRIDE,
    Fact.HELD: Ground.HELD,
}


def _channel(said: ChannelSaid, arriving: Iterable[Health], is_seen: bool) -> PublishedChannel:
    decided = publish(ChannelInput(said.measured, cascade=worst(arriving)))
    if said.health is None:
        ground = Ground.NOT_MONITORED
    elif decided.fact is Fact.CASCADE and decided.health is said.health:
        ground = Ground.CASCADE
    elif said.fact_shown in _SAID_BY_PEOPLE:
        ground = _SAID_BY_PEOPLE[said.fact_shown]
    elif said.health is Health.UNKNOWN:
        ground = Ground.UNDECIDED if is_seen else Ground.STALE
    elif said.reason is Reason.UNSTABLE:
        ground = Ground.UNSTABLE
    else:
        ground = Ground.MEASURED
    return PublishedChannel(
        id=said.fact.id,
        kind=said.fact.kind,
        health=said.health,
        measured=said.measured,
        since=said.since,
        reason=said.reason,
        ground=ground,
    )


def _is_seen(
    said: ChannelSaid, observed: Mapping[int, Sequence[datetime | None]], now: datetime
) -> bool:
    """Whether any of its checks was seen from anywhere so lately that it still counts (rule 20)."""
    return any(
        still_counts(seen_at, now, timedelta(seconds=check.fresh_for))
        for check in said.fact.checks
        for seen_at in observed.get(check.id, ())
    )


def _grounds(service: ServiceSaid, channels: Collection[PublishedChannel]) -> tuple[Ground, ...]:
    """The grounds of the channels that make the service what it is, each once (rule 10)."""
    if service.health is None:
        return (Ground.NOT_MONITORED,)
    counted = [channel for channel in channels if channel.health is not None]
    known = [channel for channel in counted if channel.health is not Health.UNKNOWN] or counted
    most = max(rank(channel.health) for channel in known if channel.health is not None)
    deciding = [
        channel.ground
        for channel in known
        if channel.health is not None and rank(channel.health) == most
    ]
    return tuple(dict.fromkeys(deciding))


def _upstreams(
    service: ServiceSaid,
    by_dependant: Mapping[str, Sequence[EdgeFact]],
    said: Said,
    facts: Mapping[str, ServiceFact],
    told: set[str],
) -> tuple[PublishedUpstream, ...]:
    """The dependencies of `service`, worst first; `told` grows by what is told of."""
    edges = sorted(
        (
            edge
            for edge in by_dependant.get(service.fact.id, ())
            if edge.upstream in facts and facts[edge.upstream].slug in said.services
        ),
        key=lambda edge: -_severity(edge, said, facts),
    )
    kinds = {channel.fact.id: channel.fact.kind for channel in service.channels}
    # Everything may hang on one login: what it needs is told once, as near as possible.
    is_first = [_claims(edge.upstream, told) for edge in edges]
    found = []
    for edge, first in zip(edges, is_first, strict=True):
        fact = facts[edge.upstream]
        upstream = said.services[fact.slug]
        health, is_note = carried(EdgeKind(edge.kind), upstream.health)
        found.append(
            PublishedUpstream(
                slug=fact.slug,
                name=fact.name,
                visibility=fact.visibility,
                health=upstream.health,
                since=upstream.since,
                kind=EdgeKind(edge.kind),
                channel="" if edge.channel is None else kinds.get(edge.channel, ""),
                carried=health,
                is_note=is_note,
                alternative=edge.alternative,
                upstreams=_upstreams(upstream, by_dependant, said, facts, told) if first else (),
                is_repeated=not first and fact.id in by_dependant,
            )
        )
    return tuple(found)


def _claims(service: str, told: set[str]) -> bool:
    """Whether nobody told of `service` before; from now on somebody did."""
    is_first = service not in told
    told.add(service)
    return is_first


def _severity(edge: EdgeFact, said: Said, facts: Mapping[str, ServiceFact]) -> int:
    health = said.services[facts[edge.upstream].slug].health
    return -1 if health is None else rank(health)
