"""What is true at `now`, from one snapshot: a pure function (rule 20).

Staleness, roll-up and cascade are decided here and not when the snapshot is built, so that a
page turns honest by itself when no worker is left to say so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from core.bilingual import Bilingual
from services.labels import Visibility
from services.status.cascade import Edge, EdgeKind, Effective, effective
from services.status.flapping import floored
from services.status.headline import ServiceReading, headline
from services.status.health import CheckHealth, Health, rank, worst
from services.status.observation import Reason
from services.status.publication import ChannelInput, Fact, before_cascade, publish
from services.status.rollup import (
    CheckReading,
    Located,
    channel_health,
    check_health,
    still_counts,
)
from services.status.window import Phase, Window, phase, standing
from statusportal.public import announced, declared
from statusportal.public.declared import Held, Word
from statusportal.public.said import (
    Cause,
    ChannelSaid,
    GroupSaid,
    IncidentSaid,
    Said,
    ServiceSaid,
)
from statusportal.public.shape import (
    AgencyFact,
    ChannelFact,
    CheckFact,
    EdgeFact,
    IncidentFact,
    ListedFact,
    ServiceFact,
    Snapshot,
    Truth,
)

STEP = timedelta(seconds=5)
# Of a nation without a single check; any copy of such a page claims nothing green anyway.
_STALE_AFTER_WITHOUT_CHECKS_S = 60.0

_Observed = Mapping[int, tuple[datetime | None, ...]]


def step(now: datetime) -> datetime:
    """`now` rounded down to a multiple of 5 s: what pages are a function of (rule 20)."""
    return now - timedelta(seconds=now.second % STEP.seconds, microseconds=now.microsecond)


def read(snapshot: Snapshot, now: datetime) -> Said:
    """Everything that may be said at `now`, with every rule applied; hidden services left out."""
    truth = snapshot.truth
    measured = {
        service.id: [
            _channel(channel, truth.locations, snapshot.observed, now)
            for channel in service.channels
        ]
        for service in truth.services
    }
    windows = announced.by_service(truth.windows)
    incidents = declared.by_service(truth.incidents)
    words = {
        said.fact.id: _word(said, incidents[service.id], snapshot, now)
        for service in truth.services
        if service.id in incidents
        for said in measured[service.id]
    }
    own = {
        service.id: {
            str(said.fact.id): _input(
                said,
                windows.get(service.id, ()),
                words.get(said.fact.id, declared.NOTHING),
                now,
            )
            for said in measured[service.id]
        }
        for service in truth.services
    }
    after = effective(
        {name: before_cascade(channels) for name, channels in own.items()},
        [_edge(edge) for edge in truth.edges],
    )
    facts = {service.id: service for service in truth.services}
    since = _Since(measured, own, after, windows, words, now)
    alternatives = {(edge.upstream, edge.dependant): edge for edge in truth.edges}
    agencies = {agency.code: agency for agency in truth.agencies}
    categories = {category.slug: category for category in truth.categories}
    told = announced.announced(truth, facts, agencies, now)
    notices = declared.said(truth, facts, agencies, after, now)
    concerning = _concerning(notices)

    services = {}
    for fact in truth.services:
        if fact.visibility != Visibility.PUBLIC:
            continue
        effect = after[fact.id]
        channels = tuple(
            replace(
                said,
                health=effect.channels[str(said.fact.id)],
                fact_shown=publish(own[fact.id][str(said.fact.id)]).fact,
                override_lost=words.get(said.fact.id, declared.NOTHING).override_lost,
            )
            for said in measured[fact.id]
        )
        services[fact.slug] = ServiceSaid(
            fact=fact,
            agency=agencies[fact.agency],
            category=categories.get(fact.category),
            health=effect.health,
            since=since.of(fact.id),
            reason=_reason(channels),
            causes=_causes(fact, effect, facts, after, alternatives),
            channels=channels,
            windows=tuple(said for said in told if any(one.id == fact.id for one in said.services))
            if told
            else (),
            incidents=concerning.get(fact.id, ()),
        )

    return Said(
        now=now,
        as_of=_newest(snapshot.observed) or snapshot.built_at,
        built_at=snapshot.built_at,
        version=snapshot.version,
        headline=headline(
            (
                ServiceReading(said.health, said.fact.tier, said.fact.shared)
                for said in services.values()
            ),
            blind=_is_blind(truth),
        ),
        services=services,
        agencies=_by_agency(truth.agencies, services.values()),
        categories=_by_category(services.values(), [c.slug for c in truth.categories]),
        stale_after=_stale_after(truth.services),
        is_demo=truth.is_demo,
        windows=told,
        incidents=notices,
    )


def _concerning(notices: Iterable[IncidentSaid]) -> dict[str, tuple[IncidentSaid, ...]]:
    """The open notices of each service: those that list it, then those of its upstreams."""
    found: dict[str, tuple[IncidentSaid, ...]] = {}
    current = [one for one in notices if one.is_open]
    for services in ("services", "derived"):
        for notice in current:
            for fact in getattr(notice, services):
                found[fact.id] = (*found.get(fact.id, ()), notice)
    return found


def _word(
    said: ChannelSaid,
    listings: Iterable[tuple[IncidentFact, ListedFact]],
    snapshot: Snapshot,
    now: datetime,
) -> Word:
    """What people say of a channel; of one that fell silent, with what it was before."""
    word = declared.word(said.fact.id, listings, said.measured, now)
    if not word.incident_open or said.measured is not Health.UNKNOWN:
        return word
    before = _last_known(said.fact, snapshot)
    return word if before is None else replace(word, held=before)


def _last_known(fact: ChannelFact, snapshot: Snapshot) -> Held | None:
    """What the channel's checks said last, whatever its age; None where that was nothing."""
    locations = snapshot.truth.locations
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
    seen = [at for check in fact.checks if (at := _seen_at(check, snapshot.observed)) is not None]
    return Held(health, min(since, default=None), max(seen, default=None))


_NOTHING_WRONG = frozenset({CheckHealth.OK, CheckHealth.UNKNOWN})


def _input(said: ChannelSaid, windows: Iterable[Window], word: Word, now: datetime) -> ChannelInput:
    """A channel with the windows that are begun and not closed, and what people say of it."""
    down_since = said.since if said.measured is Health.MAJOR_OUTAGE else None
    standings = (
        standing(window, channel=str(said.fact.id), now=now, outage_started_at=down_since)
        for window in windows
    )
    return ChannelInput(
        measured=said.measured,
        declared=word.declared,
        windows=tuple(found for found in standings if found is not None),
        incident_open=word.incident_open,
        last_known=word.held.health if word.held else None,
        override=word.override,
    )


def _is_blind(truth: Truth) -> bool:
    """Whether there is a network that no location can trust any more (rules 7 and 21)."""
    in_doubt = Counter(network for _location, network in truth.doubts)
    return any(count >= len(truth.locations) for count in in_doubt.values())


def _channel(
    fact: ChannelFact, locations: tuple[str, ...], observed: _Observed, now: datetime
) -> ChannelSaid:
    """What our own checks say of one channel (rules 8, 9 and 20)."""
    verdicts = [
        (check, _check(check, locations, observed, now), _seen_at(check, observed))
        for check in fact.checks
    ]
    health = channel_health(
        [CheckReading(verdict, check.essential) for check, verdict, _seen in verdicts]
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
            observed_at=max((seen for _c, _v, seen in verdicts if seen is not None), default=None),
        )
    since: datetime | None = None
    reason: Reason | None = None
    if health is Health.UNKNOWN:
        # Nobody knows since when it is otherwise: only when it was seen last.
        since = max((seen for _c, _v, seen in verdicts if seen is not None), default=None)
    elif health is not None:
        deciding = [
            measure
            for check, verdict, _seen in verdicts
            if verdict is _worst_known(verdicts)
            for measure in check.measures
            if measure.health == verdict
        ]
        since = min((m.since for m in deciding if m.since is not None), default=None)
        reason = next((Reason(m.reason) for m in deciding if m.reason is not None), None)
    return ChannelSaid(
        fact=fact,
        health=health,
        measured=health,
        since=since,
        reason=reason,
        observed_at=max((seen for _c, _v, seen in verdicts if seen is not None), default=None),
    )


def _worst_known(
    verdicts: Iterable[tuple[CheckFact, CheckHealth, datetime | None]],
) -> CheckHealth:
    known = [verdict for _c, verdict, _s in verdicts if verdict is not CheckHealth.UNKNOWN]
    return max(known, default=CheckHealth.UNKNOWN)


def _check(
    fact: CheckFact, locations: tuple[str, ...], observed: _Observed, now: datetime
) -> CheckHealth:
    seen = dict(zip(locations, observed.get(fact.id, ()), strict=False))
    lasts = timedelta(seconds=fact.fresh_for)
    located = [
        Located(CheckHealth(measure.health), still_counts(seen.get(measure.location), now, lasts))
        for measure in fact.measures
    ]
    return check_health(located, configured=len(locations))


def _seen_at(fact: CheckFact, observed: _Observed) -> datetime | None:
    return max((at for at in observed.get(fact.id, ()) if at is not None), default=None)


def _newest(observed: _Observed) -> datetime | None:
    return max((at for row in observed.values() for at in row if at is not None), default=None)


def _edge(fact: EdgeFact) -> Edge:
    channel = None if fact.channel is None else str(fact.channel)
    return Edge(fact.upstream, fact.dependant, EdgeKind(fact.kind), channel)


class _Since:
    """Since when each service is what it is: its own channels, its windows, or the upstream."""

    def __init__(
        self,
        measured: Mapping[str, list[ChannelSaid]],
        own: Mapping[str, Mapping[str, ChannelInput]],
        after: Mapping[str, Effective],
        windows: Mapping[str, list[Window]],
        words: Mapping[int, Word],
        now: datetime,
    ) -> None:
        self._now = now
        self._measured = measured
        self._own = own
        self._after = after
        self._windows = windows
        self._words = words
        self._known: dict[str, datetime | None] = {}

    def of(self, service: str) -> datetime | None:
        if service not in self._known:
            # Set first, so that a circle that two edits at once made ends here.
            self._known[service] = None
            self._known[service] = self._find(service)
        return self._known[service]

    def _find(self, service: str) -> datetime | None:
        effect = self._after[service]
        if effect.health is None:
            return None
        instants = []
        for said in self._measured[service]:
            name = str(said.fact.id)
            shown = publish(self._own[service][name])
            if shown.health is None or effect.channels[name] is not shown.health:
                continue
            if not _shows(shown.health, effect.health):
                continue
            if shown.fact is Fact.WINDOW:
                instants += [
                    begun
                    for window in self._windows.get(service, ())
                    if window.touches(name)
                    and phase(window, self._now) in {Phase.RUNNING, Phase.RUNNING_OVER}
                    and (begun := window.in_force_at) is not None
                ]
                continue
            word = self._words.get(said.fact.id, declared.NOTHING)
            at = said.since
            if shown.fact is Fact.OVERRIDE:
                # A person says that it is better: nobody measured since when.
                continue
            if shown.fact is Fact.DECLARED:
                at = word.declared_since
            elif shown.fact is Fact.HELD and word.held is not None:
                at = word.held.since
            if at is not None:
                instants.append(at)
        instants += [
            since
            for cause in effect.causes
            if cause.carried is not None and (since := self.of(cause.upstream)) is not None
        ]
        # It has worked since the last of them recovered, and failed since the first of them failed.
        latest = effect.health is Health.OPERATIONAL
        return (max if latest else min)(instants, default=None)


def _shows(channel: Health, service: Health) -> bool:
    """Whether a channel of this health is what makes the service what it is."""
    if service is Health.PARTIAL_OUTAGE:
        return channel is Health.MAJOR_OUTAGE
    return channel is service


def _reason(channels: Iterable[ChannelSaid]) -> Reason | None:
    """The reason of the worst channel that our own checks find in trouble."""
    troubled = [
        said
        for said in channels
        if said.reason is not None and said.measured not in {None, Health.OPERATIONAL}
    ]
    if not troubled:
        return None
    return max(troubled, key=lambda said: rank(said.measured or Health.UNKNOWN)).reason


def _causes(
    fact: ServiceFact,
    effect: Effective,
    facts: Mapping[str, ServiceFact],
    after: Mapping[str, Effective],
    edges: Mapping[tuple[str, str], EdgeFact],
) -> tuple[Cause, ...]:
    """Where the trouble begins, once for each origin: the origin itself where it is public, else
    the public neighbour, else nobody by name (rule 12)."""
    causes: dict[str | None, Cause] = {}
    for cause in effect.causes:
        named = next(
            (
                facts[known]
                for known in (cause.root, cause.upstream)
                if facts[known].visibility == Visibility.PUBLIC
            ),
            None,
        )
        key = named.slug if named else None
        if key in causes:
            continue
        edge = edges.get((cause.upstream, fact.id))
        health = after[named.id if named else cause.upstream].health
        causes[key] = Cause(
            slug=key,
            name=named.name if named else None,
            health=health or Health.UNKNOWN,
            is_note=cause.note,
            alternative=edge.alternative if edge else Bilingual(),
        )
    return tuple(causes.values())


def _by_agency(
    agencies: Iterable[AgencyFact], services: Iterable[ServiceSaid]
) -> dict[str, GroupSaid]:
    members: dict[str, list[ServiceSaid]] = {}
    for said in services:
        members.setdefault(said.fact.agency, []).append(said)
    return {
        agency.code: GroupSaid(
            code=agency.code,
            name=agency.name,
            services=tuple(members[agency.code]),
            health=_worst_of(members[agency.code]),
            problems=sum(said.has_problem for said in members[agency.code]),
            agency=agency,
        )
        for agency in agencies
        if agency.code in members
    }


def _by_category(services: Iterable[ServiceSaid], order: list[str]) -> dict[str, GroupSaid]:
    members: dict[str, list[ServiceSaid]] = {}
    for said in services:
        if said.category is not None:
            members.setdefault(said.category.slug, []).append(said)
    groups = {}
    for slug in order:
        if slug not in members:
            continue
        category = members[slug][0].category
        assert category is not None
        groups[slug] = GroupSaid(
            code=slug,
            name=category.name,
            services=tuple(members[slug]),
            health=_worst_of(members[slug]),
            problems=sum(said.has_problem for said in members[slug]),
        )
    return groups


def _worst_of(services: Iterable[ServiceSaid]) -> Health | None:
    return worst(said.health for said in services if said.health is not None)


def _stale_after(services: Iterable[ServiceFact]) -> float:
    """Seconds after which a copy of a page may not claim anything green any more (rule 20)."""
    return min(
        (
            check.fresh_for
            for service in services
            for channel in service.channels
            for check in channel.checks
        ),
        default=_STALE_AFTER_WITHOUT_CHECKS_S,
    )
