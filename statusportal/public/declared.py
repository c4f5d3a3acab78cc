"""Incidents as the reader needs them: by service for the rules, in order for the pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.labels import Visibility
from services.status.cascade import Effective
from services.status.health import Health, rank, worst
from services.status.publication import Override, stands
from statusportal.public.said import IncidentSaid
from statusportal.public.shape import (
    AgencyFact,
    IncidentFact,
    ListedFact,
    ServiceFact,
    Truth,
)

INCIDENT = "incident"


@dataclass(frozen=True, slots=True)
class Held:
    """What was last measured of a channel while it was known, and when it was seen last."""

    health: Health
    since: datetime | None
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Word:
    """What people say of one channel at one instant (rule 17)."""

    incident_open: bool = False
    declared: Health | None = None
    declared_since: datetime | None = None
    override: Health | None = None
    # It was given for longer, and ended because what is measured got worse.
    override_lost: bool = False
    held: Held | None = None


NOTHING = Word()


def by_service(
    incidents: Iterable[IncidentFact],
) -> dict[str, list[tuple[IncidentFact, ListedFact]]]:
    """The open incidents that list each service; announcements and clarifications say nothing of
    a status (rule 18)."""
    found: dict[str, list[tuple[IncidentFact, ListedFact]]] = {}
    for incident in incidents:
        if incident.kind != INCIDENT or incident.resolved_at is not None:
            continue
        for listed in incident.services:
            found.setdefault(listed.id, []).append((incident, listed))
    return found


def word(
    channel: int,
    listings: Iterable[tuple[IncidentFact, ListedFact]],
    measured: Health | None,
    now: datetime,
) -> Word:
    """What the open incidents of its service say of `channel`; of several the worse counts."""
    touching = [
        (incident, listed)
        for incident, listed in listings
        if not listed.channels or channel in listed.channels
    ]
    if not touching:
        return NOTHING
    declared = worst(Health(listed.declared) for _incident, listed in touching if listed.declared)
    given = [listed.override for _incident, listed in touching if listed.override is not None]
    overrides = [
        Override(Health(one.health), one.given_at, one.expires_at, measured=Health(one.measured))
        for one in given
    ]
    standing = [one.health for one in overrides if stands(one, measured, now)]
    return Word(
        incident_open=True,
        declared=declared,
        declared_since=min(
            (i.started_at for i, listed in touching if listed.declared == declared), default=None
        ),
        # Everyone whose word counts for it has to say so.
        override=worst(standing) if len(standing) == len(touching) else None,
        override_lost=any(_is_lost(one, measured, now) for one in overrides),
        held=_worst_held(channel, touching),
    )


def _is_lost(override: Override, measured: Health | None, now: datetime) -> bool:
    return (
        measured is not None
        and override.given_at <= now < override.expires_at
        and rank(measured) > rank(override.measured)
    )


def _worst_held(channel: int, touching: Iterable[tuple[IncidentFact, ListedFact]]) -> Held | None:
    held = [
        Held(Health(health), since, seen_at)
        for _incident, listed in touching
        if channel in listed.held
        for health, since, seen_at in (listed.held[channel],)
    ]
    return max(held, key=lambda one: rank(one.health), default=None)


def said(
    truth: Truth,
    facts: Mapping[str, ServiceFact],
    agencies: Mapping[str, AgencyFact],
    after: Mapping[str, Effective],
    now: datetime,
) -> tuple[IncidentSaid, ...]:
    """Every incident that concerns a public service or all of them: open ones first, worst first;
    then the others, newest first."""
    if not truth.incidents:
        return ()
    caused = _caused(after)
    found = []
    for fact in truth.incidents:
        named = [facts[one.id] for one in fact.services if one.id in facts]
        public = tuple(one for one in named if one.visibility == Visibility.PUBLIC)
        derived: tuple[ServiceFact, ...] = ()
        if fact.resolved_at is None and fact.kind == INCIDENT:
            derived = _derived({one.id for one in named}, caused, facts)
        if (
            fact.services
            and not public
            and not derived
            # What is over was felt by whoever needs it: its page stays where people found it.
            and (fact.resolved_at is None or not felt({one.id for one in named}, truth))
        ):
            continue
        found.append(
            IncidentSaid(
                fact=fact,
                agency=agencies.get(fact.agency),
                services=public,
                derived=derived,
                overdue_since=overdue_since(fact, now),
                has_unspoken=len(public) < len(named),
            )
        )
    return tuple(sorted(found, key=_order))


def overdue_since(fact: IncidentFact, now: datetime) -> datetime | None:
    """The update that was promised and did not come (rule 20); None while it is kept."""
    if fact.resolved_at is not None or fact.next_update_by is None:
        return None
    return fact.next_update_by if now >= fact.next_update_by else None


def _caused(after: Mapping[str, Effective]) -> dict[str, set[str]]:
    """Upstream → the services that it takes along now, near or far."""
    caused: dict[str, set[str]] = {}
    for service, effect in after.items():
        for cause in effect.causes:
            if cause.carried is not None:
                caused.setdefault(cause.upstream, set()).add(service)
                caused.setdefault(cause.root, set()).add(service)
    return caused


def _derived(
    named: set[str], caused: Mapping[str, set[str]], facts: Mapping[str, ServiceFact]
) -> tuple[ServiceFact, ...]:
    reached = set().union(*(caused.get(name, set()) for name in named)) - named
    if not reached:
        return ()
    return tuple(
        fact
        for name, fact in facts.items()
        if name in reached and fact.visibility == Visibility.PUBLIC
    )


def felt(named: set[str], truth: Truth) -> bool:
    """Whether a public service needs one of `named`, near or far."""
    reached, generation = set(named), set(named)
    while generation:
        generation = {
            edge.dependant for edge in truth.edges if edge.upstream in generation
        } - reached
        reached |= generation
    return any(
        one.visibility == Visibility.PUBLIC and one.id in reached - named for one in truth.services
    )


def _order(incident: IncidentSaid) -> tuple[int, str, float, str]:
    fact = incident.fact
    if incident.is_open:
        # Incidents before announcements; of one severity the newest first.
        worst_first = fact.severity if incident.is_incident else "Z"
        return 0, worst_first, -fact.started_at.timestamp(), fact.ref
    return 1, "", -fact.started_at.timestamp(), fact.ref
