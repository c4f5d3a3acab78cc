"""What is true at `now`, from one snapshot: a pure function (rule 20).

Staleness, roll-up and cascade are decided here and not when the snapshot is built, so that a
page turns honest by itself when no worker is left to say so.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.bilingual import Bilingual
from services.labels import Visibility
from services.status.cascade import (
    Edge,
    EdgeKind,
    Effective,
    ServiceInput,
    Wiring,
    effective,
    wired,
)
from services.status.headline import ServiceReading, headline
from services.status.health import Health, rank
from services.status.observation import Reason
from services.status.publication import ChannelInput, Published, publish, stopped_channels
from services.status.window import Window, standing
from statusportal.public import announced, declared, groups, measured
from statusportal.public.declared import Word
from statusportal.public.measured import Observed
from statusportal.public.said import (
    Cause,
    ChannelSaid,
    IncidentSaid,
    Said,
    ServiceSaid,
    WindowSaid,
)
from statusportal.public.shape import (
    AgencyFact,
    CategoryFact,
    EdgeFact,
    IncidentFact,
    ListedFact,
    ServiceFact,
    Snapshot,
    Truth,
)
from statusportal.public.since import Own, Since

STEP = timedelta(seconds=5)
# Of a nation without a single check; any copy of such a page claims nothing green anyway.
_STALE_AFTER_WITHOUT_CHECKS_S = 60.0


def step(now: datetime) -> datetime:
    """`now` rounded down to a multiple of 5 s: what pages are a function of (rule 20)."""
    return now - timedelta(seconds=now.second % STEP.seconds, microseconds=now.microsecond)


def read(snapshot: Snapshot, now: datetime) -> Said:
    """Everything that may be said at `now`, with every rule applied; hidden services left out."""
    return Reader().read(snapshot, now)


class Reader:
    """Reads the same nation again and again: says what `read` says, sooner.

    Of ten thousand services a few are seen, and fewer change, from one step to the next. What
    cannot have changed since the last reading is not worked out again. May be shared by threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._plan: _Plan | None = None
        self._now: datetime | None = None
        self._heard: dict[str, _Heard] = {}
        self._after: dict[str, Effective] = {}

    def read(self, snapshot: Snapshot, now: datetime) -> Said:
        """As the function of this name."""
        with self._lock:
            plan = _plan(snapshot.truth, self._plan)
            backwards = self._now is not None and now < self._now
            if backwards or (self._plan and self._plan.truth.locations != plan.truth.locations):
                # What is silent now may have been fresh then.
                self._heard = {}
            self._after, self._heard = self._hear(plan, snapshot.observed, now)
            self._plan, self._now = plan, now
            return self._say(plan, snapshot, now)

    def _hear(
        self, plan: _Plan, observed: Observed, now: datetime
    ) -> tuple[dict[str, Effective], dict[str, _Heard]]:
        """Every service by itself, and then with its upstreams (rule 12)."""
        before, heard = self._heard, {}
        steady = self._plan is not None and self._plan.wiring is plan.wiring
        for fact in plan.truth.services:
            known = before.get(fact.id)
            heard[fact.id] = now_heard = _hear(fact, plan, observed, now, known)
            steady = steady and (
                known is now_heard or (known is not None and known.input == now_heard.input)
            )
        if steady and len(before) == len(heard):
            return self._after, heard
        return effective({name: one.input for name, one in heard.items()}, plan.wiring), heard

    def _say(self, plan: _Plan, snapshot: Snapshot, now: datetime) -> Said:
        truth, after, heard = plan.truth, self._after, self._heard
        since = Since(lambda name: heard[name].own(plan.windows.get(name, ())), after, now)
        told = announced.at(plan.announced, now)
        windows_of = _windows_of(told)
        notices = declared.said(truth, plan.facts, plan.agencies, after, now)
        concerning = _concerning(notices)
        services = {}
        for fact in truth.services:
            if fact.visibility != Visibility.PUBLIC:
                continue
            one, effect = heard[fact.id], after[fact.id]
            said = _service(
                one,
                effect,
                plan,
                since=since.of(fact.id) if one.may_move(effect) else one.since,
                causes=_causes(fact, effect, plan, after) if effect.causes else (),
                windows=windows_of.get(fact.id, ()),
                incidents=concerning.get(fact.id, ()),
            )
            one.effect, one.since, one.said = effect, said.since, said
            services[fact.slug] = said
        return Said(
            now=now,
            as_of=measured.newest(snapshot.observed) or snapshot.built_at,
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
            agencies=groups.by_agency(truth.agencies, services.values()),
            categories=groups.by_category(truth.categories, services.values()),
            stale_after=plan.stale_after,
            is_demo=truth.is_demo,
            windows=told,
            incidents=notices,
        )


# --- what is the same for every instant of one truth --------------------------------------------


@dataclass(frozen=True, slots=True)
class _Plan:
    """A truth made ready for being read: what does not depend on the clock."""

    truth: Truth
    facts: Mapping[str, ServiceFact]
    agencies: Mapping[str, AgencyFact]
    categories: Mapping[str, CategoryFact]
    wiring: Wiring
    alternatives: Mapping[tuple[str, str], EdgeFact]
    windows: Mapping[str, list[Window]]
    announced: tuple[WindowSaid, ...]
    listings: Mapping[str, list[tuple[IncidentFact, ListedFact]]]
    stale_after: float


def _plan(truth: Truth, last: _Plan | None) -> _Plan:
    if last is not None and last.truth is truth:
        return last
    facts = {service.id: service for service in truth.services}
    agencies = {agency.code: agency for agency in truth.agencies}
    # A new version mostly changes a state, and neither the services nor who needs whom.
    same = last is not None and last.truth.edges == truth.edges and [*last.facts] == [*facts]
    wiring = last.wiring if same and last else wired(facts, [_edge(edge) for edge in truth.edges])
    return _Plan(
        truth=truth,
        facts=facts,
        agencies=agencies,
        categories={category.slug: category for category in truth.categories},
        wiring=wiring,
        alternatives=last.alternatives
        if same and last
        else {(edge.upstream, edge.dependant): edge for edge in truth.edges},
        windows=announced.by_service(truth.windows),
        announced=announced.named(truth, facts, agencies),
        listings=declared.by_service(truth.incidents),
        stale_after=_stale_after(truth.services),
    )


def _edge(fact: EdgeFact) -> Edge:
    channel = None if fact.channel is None else str(fact.channel)
    return Edge(fact.upstream, fact.dependant, EdgeKind(fact.kind), channel)


def _is_blind(truth: Truth) -> bool:
    """Whether there is a network that no location can trust any more (rules 7 and 21)."""
    in_doubt = Counter(network for _location, network in truth.doubts)
    return any(count >= len(truth.locations) for count in in_doubt.values())


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


# --- one service by itself ----------------------------------------------------------------------


@dataclass(slots=True)
class _Heard:
    """A service before its upstreams are heard, and what was said of it the last time."""

    fact: ServiceFact
    seen: tuple[tuple[datetime | None, ...], ...]
    # What is measured stays as it is until then, unless something else is seen.
    holds_until: datetime
    channels: tuple[ChannelSaid, ...]
    published: Mapping[str, Published]
    input: ServiceInput
    # Channel → what people say of it; None where no open incident lists the service.
    words: Mapping[int, Word] | None
    # Nobody says anything of it but our own checks.
    is_plain: bool
    effect: Effective | None = None
    since: datetime | None = None
    said: ServiceSaid | None = None

    def own(self, windows: Iterable[Window]) -> Own:
        return Own(self.channels, self.published, windows, self.words)

    def may_move(self, effect: Effective) -> bool:
        """Whether `since` may be another one than the last time."""
        if self.said is None or not self.is_plain or any(c.carried for c in effect.causes):
            return True
        return self.effect is not effect and self.effect != effect


def _hear(
    fact: ServiceFact, plan: _Plan, observed: Observed, now: datetime, known: _Heard | None
) -> _Heard:
    seen = measured.seen(fact, observed)
    windows = plan.windows.get(fact.id, ())
    listings = plan.listings.get(fact.id, ())
    is_plain = not windows and not listings
    stands = (
        known is not None
        and now <= known.holds_until
        and known.seen == seen
        and (known.fact is fact or known.fact == fact)
    )
    if known is not None and stands and is_plain and known.is_plain:
        return known
    locations = plan.truth.locations
    if known is not None and stands:
        channels, holds_until = known.channels, known.holds_until
    else:
        channels = measured.channels(fact, locations, observed, now)
        holds_until = measured.holds_until(fact, observed, now)
    if is_plain:
        published = {str(said.fact.id): _PLAIN[said.measured] for said in channels}
        return _Heard(
            fact=fact,
            seen=seen,
            holds_until=holds_until,
            channels=channels,
            published=published,
            input=ServiceInput({name: shown.health for name, shown in published.items()}),
            words=None,
            is_plain=True,
        )
    words = (
        {said.fact.id: _word(said, listings, locations, observed, now) for said in channels}
        if listings
        else None
    )
    inputs = {
        str(said.fact.id): _input(said, windows, (words or {}).get(said.fact.id), now)
        for said in channels
    }
    published = {name: publish(channel) for name, channel in inputs.items()}
    return _Heard(
        fact=fact,
        seen=seen,
        holds_until=holds_until,
        channels=channels,
        published=published,
        # All facts but what its upstreams carry; worst of worsts is worst, so they come after.
        input=ServiceInput(
            {name: shown.health for name, shown in published.items()}, stopped_channels(inputs)
        ),
        words=words,
        is_plain=False,
    )


# What is published where only our own checks speak: the same for every such channel.
_PLAIN: dict[Health | None, Published] = {
    health: publish(ChannelInput(measured=health)) for health in (None, *Health)
}


def _word(
    said: ChannelSaid,
    listings: Iterable[tuple[IncidentFact, ListedFact]],
    locations: tuple[str, ...],
    observed: Observed,
    now: datetime,
) -> Word:
    """What people say of a channel; of one that fell silent, with what it was before."""
    word = declared.word(said.fact.id, listings, said.measured, now)
    if not word.incident_open or said.measured is not Health.UNKNOWN:
        return word
    before = measured.last_known(said.fact, locations, observed)
    return word if before is None else replace(word, held=before)


def _input(
    said: ChannelSaid, windows: Iterable[Window], word: Word | None, now: datetime
) -> ChannelInput:
    """A channel with the windows that are begun and not closed, and what people say of it."""
    down_since = said.since if said.measured is Health.MAJOR_OUTAGE else None
    standings = (
        standing(window, channel=str(said.fact.id), now=now, outage_started_at=down_since)
        for window in windows
    )
    word = word or declared.NOTHING
    return ChannelInput(
        measured=said.measured,
        declared=word.declared,
        windows=tuple(found for found in standings if found is not None),
        incident_open=word.incident_open,
        last_known=word.held.health if word.held else None,
        override=word.override,
    )


# --- one service as it is said ------------------------------------------------------------------


def _service(
    heard: _Heard,
    effect: Effective,
    plan: _Plan,
    *,
    since: datetime | None,
    causes: tuple[Cause, ...],
    windows: tuple[WindowSaid, ...],
    incidents: tuple[IncidentSaid, ...],
) -> ServiceSaid:
    fact, last = heard.fact, heard.said
    agency, category = plan.agencies[fact.agency], plan.categories.get(fact.category)
    if (
        last is not None
        and (heard.effect is effect or heard.effect == effect)
        and last.since == since
        and last.causes == causes
        and last.windows == windows
        and last.incidents == incidents
        and last.agency == agency
        and last.category == category
    ):
        return last
    channels = tuple(
        replace(
            said,
            health=effect.channels[str(said.fact.id)],
            fact_shown=heard.published[str(said.fact.id)].fact,
            override_lost=bool(heard.words and heard.words[said.fact.id].override_lost),
        )
        for said in heard.channels
    )
    return ServiceSaid(
        fact=fact,
        agency=agency,
        category=category,
        health=effect.health,
        since=since,
        reason=_reason(channels),
        causes=causes,
        channels=channels,
        windows=windows,
        incidents=incidents,
    )


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
    plan: _Plan,
    after: Mapping[str, Effective],
) -> tuple[Cause, ...]:
    """Where the trouble begins, once for each origin: the origin itself where it is public, else
    the public neighbour, else nobody by name (rule 12)."""
    causes: dict[str | None, Cause] = {}
    for cause in effect.causes:
        named = next(
            (
                plan.facts[known]
                for known in (cause.root, cause.upstream)
                if plan.facts[known].visibility == Visibility.PUBLIC
            ),
            None,
        )
        key = named.slug if named else None
        if key in causes:
            continue
        edge = plan.alternatives.get((cause.upstream, fact.id))
        health = after[named.id if named else cause.upstream].health
        causes[key] = Cause(
            slug=key,
            name=named.name if named else None,
            health=health or Health.UNKNOWN,
            is_note=cause.note,
            alternative=edge.alternative if edge else Bilingual(),
        )
    return tuple(causes.values())


def _windows_of(told: Iterable[WindowSaid]) -> dict[str, tuple[WindowSaid, ...]]:
    found: dict[str, tuple[WindowSaid, ...]] = {}
    for said in told:
        for fact in said.services:
            found[fact.id] = (*found.get(fact.id, ()), said)
    return found


def _concerning(notices: Iterable[IncidentSaid]) -> dict[str, tuple[IncidentSaid, ...]]:
    """The open notices of each service: those that list it, then those of its upstreams."""
    found: dict[str, tuple[IncidentSaid, ...]] = {}
    current = [one for one in notices if one.is_open]
    for services in ("services", "derived"):
        for notice in current:
            for fact in getattr(notice, services):
                found[fact.id] = (*found.get(fact.id, ()), notice)
    return found
