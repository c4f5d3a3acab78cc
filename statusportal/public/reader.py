"""What is true at `now`, from one snapshot: a pure function (rule 20).

Staleness, roll-up and cascade are decided here and not when the snapshot is built, so that a
page turns honest by itself when no worker is left to say so.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.bilingual import Bilingual
from services.labels import Visibility
from services.status.cascade import (
    Edge,
    EdgeKind,
    Effective,
    Wiring,
    effective,
    wired,
)
from services.status.headline import ServiceReading, headline
from services.status.health import Health, rank
from services.status.observation import Reason
from services.status.window import Window
from statusportal.public import announced, declared, groups, measured
from statusportal.public.heard import Heard, hear, is_led
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
from statusportal.public.since import Since

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
        self._observed: Observed = {}
        self._heard: dict[str, Heard] = {}
        self._after: dict[str, Effective] = {}
        self._led: frozenset[str] = frozenset()
        self._said: Said | None = None

    def read(self, snapshot: Snapshot, now: datetime) -> Said:
        """As the function of this name."""
        with self._lock:
            plan = _plan(snapshot.truth, self._plan)
            backwards = self._now is not None and now < self._now
            if backwards or (self._plan and self._plan.truth.locations != plan.truth.locations):
                # What is silent now may have been fresh then.
                self._heard = {}
            # Forgotten first: should anything fail on the way, the next reading says all anew.
            last, self._said = self._said, None
            moved = self._hear(plan, snapshot.observed, now)
            self._plan, self._now, self._observed = plan, now, snapshot.observed
            self._said = self._say(plan, snapshot, now, moved, last)
            return self._said

    def _hear(self, plan: _Plan, observed: Observed, now: datetime) -> Set[str] | None:
        """Every service by itself, and then with its upstreams (rule 12).

        The ids of those of which something else may be said than the last time; None: of all.
        """
        before = self._heard
        again = bool(before) and self._plan is plan
        names = self._may_differ(plan, observed, now) if again else plan.facts.keys()
        heard = dict(before) if again else {}
        steady = self._plan is not None and self._plan.wiring is plan.wiring
        for name in names:
            known = before.get(name)
            heard[name] = now_heard = hear(
                plan.facts[name],
                plan.truth.locations,
                observed,
                now,
                windows=plan.windows.get(name, ()),
                listings=plan.listings.get(name, ()),
                known=known,
            )
            steady = steady and (
                known is now_heard or (known is not None and known.input == now_heard.input)
            )
        if steady and len(before) == len(heard):
            self._heard = heard
            return names | self._led if again else None
        after = effective({name: one.input for name, one in heard.items()}, plan.wiring)
        self._heard, self._after = heard, after
        self._led = frozenset(name for name, effect in after.items() if is_led(effect))
        return None

    def _may_differ(self, plan: _Plan, observed: Observed, now: datetime) -> set[str]:
        """Of the same truth those that were seen, whose time is up, or of whom people speak."""
        known, names = self._observed, set()
        if observed is not known:
            checks = [check for check, row in observed.items() if known.get(check) != row]
            checks += known.keys() - observed.keys()
            names = {plan.service_of[check] for check in checks if check in plan.service_of}
        for name, one in self._heard.items():
            if not one.is_plain or now > one.holds_until:
                names.add(name)
        return names

    def _say(
        self,
        plan: _Plan,
        snapshot: Snapshot,
        now: datetime,
        moved: Set[str] | None,
        last: Said | None,
    ) -> Said:
        truth, after = plan.truth, self._after
        told = announced.at(plan.announced, now)
        notices = declared.said(truth, plan.facts, plan.agencies, after, now)
        as_of = measured.newest(snapshot.observed) or snapshot.built_at
        if last and moved is not None and told == last.windows and notices == last.incidents:
            services = self._services(plan, moved, told, notices, now)
            # Nobody's health is another than it was, and so the headline stands.
            again = replace(
                last,
                now=now,
                as_of=as_of,
                built_at=snapshot.built_at,
                version=snapshot.version,
            )
            if all(last.services[slug] is said for slug, said in services.items()):
                return again
            services = {**last.services, **services}
            return replace(
                again,
                services=services,
                agencies=groups.by_agency(truth.agencies, services.values()),
                categories=groups.by_category(truth.categories, services.values()),
            )
        services = self._services(plan, plan.facts.keys(), told, notices, now)
        return Said(
            now=now,
            as_of=as_of,
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

    def _services(
        self,
        plan: _Plan,
        names: Set[str],
        told: tuple[WindowSaid, ...],
        notices: tuple[IncidentSaid, ...],
        now: datetime,
    ) -> dict[str, ServiceSaid]:
        """What is said of each public one of them, by its slug."""
        heard, after = self._heard, self._after
        since = Since(lambda name: heard[name].own(plan.windows.get(name, ())), after, now)
        windows_of, concerning = _windows_of(told), _concerning(notices)
        services = {}
        for name in names:
            fact, one, effect = plan.facts[name], heard[name], after[name]
            if fact.visibility != Visibility.PUBLIC:
                continue
            said = _service(
                one,
                effect,
                plan,
                since=since.of(name) if one.may_move(effect) else one.since,
                causes=_causes(fact, effect, plan, after) if effect.causes else (),
                windows=windows_of.get(name, ()),
                incidents=concerning.get(name, ()),
            )
            one.effect, one.since, one.said = effect, said.since, said
            services[fact.slug] = said
        return services


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
    # Of each check.
    service_of: Mapping[int, str]
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
        service_of={
            check.id: service.id
            for service in truth.services
            for channel in service.channels
            for check in channel.checks
        },
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


# --- one service as it is said ------------------------------------------------------------------


def _service(
    heard: Heard,
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
